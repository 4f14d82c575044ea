import { describe, expect, it } from 'vitest';
import { ACME, createWorld, type World } from '../support/world.ts';

const acme = (world: World) => {
  const found = world.sandbox.snapshot().organizations.find(({ name }) => name.startsWith('Acme'));
  if (!found) throw new Error('Acme is not there');
  return found;
};
const writes = (world: World) => world.requests.filter(({ method }) => method !== 'GET').map(({ body }) => body);

/** An organization of ours to which other people have added keys until it has `keys` of them. */
async function crowded(keys: number): Promise<World> {
  const world = createWorld();
  world.declare('acme-coffee.yaml', ACME);
  await world.pass();
  const { id, metadata } = acme(world);
  const others = Array.from({ length: keys - Object.keys(metadata).length }, (_, at) => [`crm-${at}`, 'x']);
  world.sandbox.hands.patchOrganization(id, { metadata: { ...metadata, ...Object.fromEntries(others) } });
  world.forgetRequests();
  return world;
}

const settles = async (world: World) => {
  world.forgetRequests();
  await world.pass({ full: true });
  expect(writes(world)).toEqual([]);
};

describe('metadata', () => {
  it('merges: what a file changes changes, `""` unsets, what it drops stays, and our marks survive', async () => {
    const world = createWorld();
    world.declare('acme-coffee.yaml', ACME.replace('{ plan: growth }', '{ plan: growth, tier: gold, crm: "7" }'));
    await world.pass();
    world.declare('acme-coffee.yaml', ACME.replace('{ plan: growth }', '{ plan: scale, tier: "" }'));
    const report = await world.pass();
    expect(report.customers[0]?.steps).toMatchObject([
      { before: { 'metadata.plan': 'growth', 'metadata.tier': 'gold' }, after: { 'metadata.tier': null } },
    ]);
    expect(acme(world).metadata).toEqual({
      externalId: 'acme-coffee',
      rcn: '1',
      rcn_inc: '1',
      plan: 'scale',
      crm: '7',
    });
    await settles(world);
  });

  it('fits up to the 50th key', async () => {
    const world = await crowded(49);
    world.declare('acme-coffee.yaml', ACME.replace('{ plan: growth }', '{ plan: growth, tier: gold }'));
    expect((await world.pass()).customers[0]).toMatchObject({ phase: 'Ready' });
    await settles(world);
  });

  it('that would pass 50 keys with those of other people is said before any call, and the rest goes on', async () => {
    const world = await crowded(50);
    const declared = ACME.replace('name: Acme Coffee', 'name: Acme').replace(
      '{ plan: growth }',
      '{ plan: scale, tier: gold }',
    );
    world.declare('acme-coffee.yaml', declared);
    const report = await world.pass();
    expect(writes(world)).toEqual(['{"name":"Acme"}']);
    expect(report.customers[0]).toMatchObject({
      phase: 'Stalled',
      problems: [{ code: 'MetadataFull', at: { line: 4 }, message: expect.stringContaining('51 metadata keys') }],
    });
    await settles(world);
  });

  it('is changed again once the file makes room in the same change', async () => {
    const world = await crowded(50);
    world.declare('acme-coffee.yaml', ACME.replace('{ plan: growth }', '{ plan: scale, tier: gold, crm-3: "" }'));
    expect((await world.pass()).customers[0]).toMatchObject({ phase: 'Ready' });
    expect(acme(world).metadata).toMatchObject({ plan: 'scale', tier: 'gold', rcn: '1' });
    await settles(world);
  });

  it.each(['suspended', 'archived'])('without room for the mark lets nobody be %s', async (state) => {
    const world = await crowded(50);
    world.declare('acme-coffee.yaml', `${ACME}state: ${state}\n`);
    expect((await world.pass()).customers[0]).toMatchObject({ phase: 'Stalled', problems: [{ code: 'MetadataFull' }] });
    expect(writes(world)).toEqual([]);
    expect(acme(world).status).toBe('active');
  });

  it('without room for our marks lets nobody be adopted', async () => {
    const world = createWorld();
    const metadata = Object.fromEntries(Array.from({ length: 48 }, (_, at) => [`crm-${at}`, 'x']));
    const made = world.sandbox.hands.createOrganization({ name: 'Acme Coffee', metadata });
    if (!made.done) throw new Error('it was not made');
    world.declare('acme-coffee.yaml', `${ACME}adopt: { organizationId: ${made.organization.id}, grantedCredits: 0 }\n`);
    expect((await world.pass()).customers[0]).toMatchObject({ phase: 'Stalled', problems: [{ code: 'MetadataFull' }] });
    expect(writes(world)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { ACME, createWorld, WORKSPACE, type World } from '../support/world.ts';

const writes = (world: World) =>
  world.requests
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path.split('/').at(-1)}`);

async function onboarded(options: Parameters<typeof createWorld>[0] = {}): Promise<World> {
  const world = createWorld(options);
  world.declare('acme-coffee.yaml', ACME);
  await world.pass();
  world.forgetRequests();
  return world;
}

const statusText = (world: World) => {
  const text = world.disk.textOf(`${WORKSPACE}/customers/acme-coffee.yaml`) ?? '';
  return text.slice(text.indexOf('\nstatus:') + 1);
};
const organizationId = (world: World) =>
  /organizationId: (org_[0-9a-f-]+)\n {2}phase/.exec(statusText(world))?.[1] ?? '';

describe('recorded status may veto, never authorise (I7)', () => {
  it('forged as settled, it does not switch a refill on before the grant is on the ledger (I10)', async () => {
    const world = await onboarded({ prepaidCredits: 4000 });
    const forged = statusText(world)
      .replace(/phase: Held/, 'phase: Ready')
      .replace(/credits: \{.*\}/, 'credits: { declared: 5000, granted: 5000, slots: 1 }');
    world.declare('acme-coffee.yaml', ACME + forged);
    const report = await world.pass();
    expect(writes(world)).toEqual([]);
    expect(report.customers[0]?.phase).toBe('Held');
  });

  it('forged to name another organization, it changes no target', async () => {
    const world = await onboarded();
    const other = world.sandbox.hands.createOrganization({ name: 'Somebody else' });
    if (!other.done) throw new Error('not made');
    const forged = statusText(world).replaceAll(organizationId(world), other.organization.id);
    world.declare('acme-coffee.yaml', ACME.replace('credits: 5000', 'credits: 6000') + forged);
    await world.pass();
    expect(
      world.requests.filter(({ method, path }) => method !== 'GET' && path.includes(other.organization.id)),
    ).toEqual([]);
  });

  it('naming an organization that is gone, it vetoes creating another', async () => {
    const world = await onboarded();
    const gone = 'org_00000000-0000-4000-8000-000000000000';
    const empty = createWorld();
    const text = ACME + statusText(world).replaceAll(organizationId(world), gone);
    empty.declare('acme-coffee.yaml', text);
    const report = await empty.pass();
    expect(report.customers[0]).toMatchObject({ phase: 'Stalled', problems: [{ code: 'OrgMissing' }] });
    expect(writes(empty)).toEqual([]);
  });

  it('naming an organization of another parent, it does not hold back everybody who is new', async () => {
    const before = await onboarded();
    const elsewhere = 'org_00000000-0000-4000-8000-000000000000';
    const body = JSON.stringify({
      id: elsewhere,
      parentOrganizationId: 'org_99999999-0000-4000-8000-000000000000',
      name: 'Somebody else',
      status: 'active',
      metadata: {},
      billingEmail: null,
      createdAt: '2026-06-01T00:00:00Z',
      archivedAt: null,
      summary: { projectCount: 0, balance: 0, available: 0, creditConfig: { monthlyCreditCap: null } },
    });
    const headers = { 'content-type': 'application/json' };
    const world = createWorld({
      transport: (inner) => ({
        send: async (request) =>
          request.path.endsWith(elsewhere) ? { kind: 'response', status: 200, headers, body } : inner.send(request),
      }),
    });
    world.declare('acme-coffee.yaml', ACME + statusText(before).replaceAll(organizationId(before), elsewhere));
    world.declare('bolt.yaml', 'externalId: bolt\nname: Bolt\n');
    const report = await world.pass();
    expect(report.customers.map(({ phase, problems }) => [phase, problems.map(({ code }) => code)])).toEqual([
      ['Stalled', ['ForeignOrganization']],
      ['Ready', []],
    ]);
  });
});

describe('an organization that two files adopt', () => {
  const both = (id: string) =>
    ['acme', 'birch'].map((name) => {
      return `externalId: ${name}\nname: ${name}\ncredits: 9\nadopt: { organizationId: ${id}, grantedCredits: 0 }\n`;
    });

  it('is marked for neither of them, and paid for by neither (I6, I9)', async () => {
    const world = createWorld();
    const made = world.sandbox.hands.createOrganization({ name: 'By hand' });
    if (!made.done) throw new Error('it was not made');
    for (const [index, yaml] of both(made.organization.id).entries()) world.declare(`${index}.yaml`, yaml);
    const { customers } = await world.pass();
    expect(customers.map(({ problems }) => problems.map(({ code, message }) => [code, message]))).toEqual([
      [['AdoptionRefused', expect.stringContaining('customers/1.yaml')]],
      [['AdoptionRefused', expect.stringContaining('customers/0.yaml')]],
    ]);
    expect(writes(world)).toEqual([]);
  });

  it('stays with the one that has it: only the later file is refused', async () => {
    const world = createWorld();
    const made = world.sandbox.hands.createOrganization({ name: 'By hand' });
    if (!made.done) throw new Error('it was not made');
    const [first = '', second = ''] = both(made.organization.id);
    world.declare('0.yaml', first);
    await world.pass();
    world.declare('1.yaml', second);
    expect((await world.pass({ full: true })).customers.map(({ phase }) => phase)).toEqual(['Ready', 'Stalled']);
  });
});

describe('drift', () => {
  it('of a limit is corrected, and told apart from an edit', async () => {
    const world = await onboarded();
    await world.effects().writer?.patchCreditConfig(organizationId(world), { monthlyCreditCap: 1 }, 'by-hand');
    world.forgetRequests();
    const report = await world.pass();
    expect(report.customers[0]?.steps).toMatchObject([
      { name: 'cap', drift: true, outcome: 'done', before: { cap: 1 } },
    ]);
    expect(writes(world)).toEqual(['PATCH credit-config']);
    world.declare('acme-coffee.yaml', ACME.replace('cap: 5000', 'cap: 7000') + statusText(world));
    expect((await world.pass()).customers[0]?.steps).toMatchObject([{ name: 'cap', drift: false }]);
    expect((await world.pass()).planHash).toBeNull();
  });

  it('of what the file does not manage is none', async () => {
    const world = createWorld();
    world.declare('acme-coffee.yaml', 'externalId: acme-coffee\nname: Acme Coffee\n');
    await world.pass();
    await world.effects().writer?.patchCreditConfig(organizationId(world), { monthlyCreditCap: 1 }, 'by-hand');
    expect((await world.pass({ full: true })).planHash).toBeNull();
  });
});

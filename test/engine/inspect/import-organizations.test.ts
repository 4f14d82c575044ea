import { describe, expect, it } from 'vitest';
import { surveyForImport } from '../../../src/engine/inspect/import-organizations.ts';
import type { OrganizationRow } from '../../../src/sandbox/state.ts';
import { ACME, createWorld, WORKSPACE, type World, type WorldOptions } from '../../support/world.ts';

async function survey(world: World, wanted: 'none' | 'all' | readonly string[] = 'all') {
  const result = await surveyForImport(world.effects(true), {
    wanted,
    concurrency: 4,
    bindingRequired: true,
    signal: new AbortController().signal,
    fileOf: (externalId) => `customers/${externalId}.yaml`,
  });
  if (!result.ok) throw new Error(result.refusal.message);
  return result;
}

/** Writes the drafts as the command does. */
async function imported(world: World) {
  const { drafts } = await survey(world);
  const made = drafts.flatMap((one) => ('text' in one ? [one] : []));
  for (const { candidate, text } of made) world.declare(`${candidate.externalId}.yaml`, text);
  return made;
}

function madeByHand(world: World, fields: Partial<OrganizationRow> = {}): string {
  const made = world.sandbox.hands.createOrganization({ name: 'Birch Books', ...fields });
  if (!made.done) throw new Error('it was not made');
  return made.organization.id;
}

const writes = (world: World) => world.requests.filter(({ method }) => method !== 'GET');
const balances = (world: World) =>
  world.sandbox.snapshot().wallets.map(({ id, prepaidBalance }) => [id, prepaidBalance]);

describe('an organization made by hand, imported', () => {
  async function withOneByHand(options: WorldOptions = {}) {
    const world = createWorld(options);
    const id = madeByHand(world, { billingEmail: 'ops@birch.example', metadata: { plan: 'growth' } });
    world.sandbox.hands.foreignTransfer(id, 2_000);
    world.sandbox.hands.mintKey(id, {
      name: 'theirs',
      scopes: ['content:read'],
      env: 'live',
      rateLimitTier: 'partner',
    });
    return { world, id };
  }

  it('is taken over by its first pass, which moves nothing and makes no key; the second plans nothing', async () => {
    const { world, id } = await withOneByHand();
    const before = balances(world);
    const [draft] = await imported(world);
    expect(draft).toMatchObject({ credits: 2000, grantedCredits: 2000, keys: 1 });
    expect(draft?.firstPass).toEqual(['adopt organization', 'UndeclaredKey']);
    expect(writes(world)).toEqual([]);
    const report = await world.pass();
    expect(report.customers).toMatchObject([
      { externalId: 'birch-books', organizationId: id, phase: 'Ready', steps: [{ action: 'adopt', outcome: 'done' }] },
    ]);
    expect(balances(world)).toEqual(before);
    expect((await world.pass()).customers).toMatchObject([{ phase: 'Ready', steps: [] }]);
  });

  it('is granted only the difference when its file is raised later', async () => {
    const { world } = await withOneByHand();
    const [draft] = await imported(world);
    await world.pass();
    world.declare('birch-books.yaml', (draft?.text ?? '').replace('credits: 2000', 'credits: 2500'));
    const report = await world.pass();
    expect(report.customers[0]?.steps).toMatchObject([{ action: 'grant', credits: 500, outcome: 'done' }]);
  });

  it('keeps what it is where reconcile.yaml has defaults', async () => {
    const { world } = await withOneByHand({
      workspaceYaml: 'defaults: { cap: 7000, refill: { threshold: 1, amount: 2 }, metadata: { plan: basic } }\n',
    });
    const [draft] = await imported(world);
    expect(draft?.firstPass).toEqual(['adopt organization', 'UndeclaredKey']);
  });

  it('counts refills and grants of ours for what they are', async () => {
    const { world, id } = await withOneByHand();
    await imported(world);
    await world.pass();
    world.declare(
      'birch-books.yaml',
      ACME.replaceAll('acme-coffee', 'birch-books').replace('Acme Coffee', 'Birch Books'),
    );
    await world.pass();
    // Somebody replaced its metadata, and the file is lost: what was granted stands on the ledger.
    world.sandbox.hands.patchOrganization(id, { metadata: { externalId: 'birch-books' } });
    world.disk.unlink(`${WORKSPACE}/customers/birch-books.yaml`);
    const [draft] = await imported(world);
    expect(draft).toMatchObject({ credits: 5000, grantedCredits: 2000, candidate: { origin: 'by-hand' } });
    expect((await world.pass()).customers).toMatchObject([
      { phase: 'Ready', steps: [{ action: 'adopt', outcome: 'done' }] },
    ]);
  });
});

describe('an organization whose file was lost, imported', () => {
  async function orphaned(options: WorldOptions = {}) {
    const world = createWorld(options);
    world.declare('acme-coffee.yaml', ACME);
    await world.pass();
    world.disk.unlink(`${WORKSPACE}/customers/acme-coffee.yaml`);
    world.forgetRequests();
    return world;
  }

  it('has a file that plans nothing at all, with the key whose secret the store holds', async () => {
    const world = await orphaned();
    const [draft] = await imported(world);
    expect(draft).toMatchObject({ credits: 5000, grantedCredits: null, firstPass: [] });
    const report = await world.pass();
    expect(report.customers).toMatchObject([{ phase: 'Ready', steps: [], problems: [] }]);
    expect(writes(world)).toEqual([]);
  });

  it('says of a key whose secret is lost that it is undeclared, and rotates it once it is uncommented', async () => {
    const world = await orphaned();
    for (const path of Object.keys(world.disk.files())) if (path.includes('/secrets/')) world.disk.unlink(path);
    world.sandbox.clock.advance(3_600_000);
    const [draft] = await imported(world);
    expect(draft?.firstPass).toEqual(['UndeclaredKey']);
    world.declare('acme-coffee.yaml', (draft?.text ?? '').replace(/^#(keys:| {2}- | {4}\w)/gm, '$1'));
    expect((await world.pass()).customers[0]?.steps).toMatchObject([{ action: 'rotate', outcome: 'done' }]);
  });

  it('is declared suspended where we suspended it', async () => {
    const world = createWorld();
    world.declare('acme-coffee.yaml', `${ACME}state: suspended\n`.replace('state: suspended\n', ''));
    await world.pass();
    world.declare('acme-coffee.yaml', `${ACME}state: suspended\n`);
    await world.pass();
    world.disk.unlink(`${WORKSPACE}/customers/acme-coffee.yaml`);
    const [draft] = await imported(world);
    expect(draft?.firstPass).toEqual([]);
    expect((await world.pass()).customers).toMatchObject([{ phase: 'Suspended', steps: [] }]);
  });

  it('is refused when its ledger does not add up', async () => {
    const world = await orphaned();
    const state = world.sandbox.snapshot();
    const ledger = state.ledger.map((row) => (row.credits === 5000 ? { ...row, credits: 4000 } : row));
    world.sandbox.restore({ ...state, ledger });
    expect((await survey(world)).drafts).toMatchObject([{ kind: 'refused', why: expect.stringMatching(/add up/) }]);
  });
});

describe('what cannot be told apart is not imported', () => {
  it('while a file is there whose identity cannot be read', async () => {
    const world = createWorld();
    madeByHand(world);
    world.declare('broken.yaml', '{');
    const options = { concurrency: 1, bindingRequired: true, signal: new AbortController().signal, fileOf: String };
    expect(await surveyForImport(world.effects(true), { ...options, wanted: 'all' })).toMatchObject({
      refusal: { kind: 'invalid-input', code: 'UnreadableIdentity' },
    });
  });

  it('says why of an organization that is named', async () => {
    const world = createWorld();
    const id = madeByHand(world);
    world.sandbox.hands.archive(id);
    expect((await survey(world, [id])).drafts).toMatchObject([{ why: expect.stringMatching(/archived/) }]);
    expect((await survey(world)).drafts).toEqual([]);
  });
});

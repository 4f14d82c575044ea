import { describe, expect, it } from 'vitest';
import { explain } from '../../src/engine/inspect/explain-customer.ts';
import { resumeCustomer } from '../../src/engine/resume.ts';
import { ACME, createWorld, WORKSPACE, type World } from '../support/world.ts';

const DAY_MS = 86_400_000;

async function onboarded(): Promise<World> {
  const world = createWorld();
  world.declare('acme-coffee.yaml', ACME);
  await world.pass();
  world.forgetRequests();
  return world;
}

const redeclare = (world: World, extra: string) => world.declare('acme-coffee.yaml', ACME + extra);
/** As a person edits the file: the status block stays. */
const redeclareKept = (world: World, extra: string) => {
  const text = world.disk.textOf(`${WORKSPACE}/customers/acme-coffee.yaml`) ?? '';
  world.declare('acme-coffee.yaml', text.replace('status:', `${extra}status:`));
};
const acme = (world: World) => {
  const found = world.sandbox.snapshot().organizations.findLast(({ name }) => name === 'Acme Coffee');
  if (!found) throw new Error('Acme Coffee is not there');
  return found;
};
const writes = (world: World) =>
  world.requests
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path.replace(/org_[0-9a-f-]+/, '<org>')}`);

async function settledPass(world: World) {
  const report = await world.pass();
  world.forgetRequests();
  const again = await world.pass();
  expect(again.planHash).toBeNull();
  expect(writes(world)).toEqual([]);
  return report;
}

describe('a declared suspension', () => {
  it('marks, suspends, and freezes everything else', async () => {
    const world = await onboarded();
    world.declare('acme-coffee.yaml', `${ACME.replace('credits: 5000', 'credits: 9000')}state: suspended\n`);
    const report = await world.pass();
    expect(writes(world)).toEqual(['PATCH /v1/organizations/<org>', 'POST /v1/organizations/<org>/suspend']);
    expect(report.customers[0]).toMatchObject({ phase: 'Suspended' });
    expect(acme(world)).toMatchObject({ status: 'suspended', metadata: { rcn_suspended: '1' } });
    expect((await world.pass()).planHash).toBeNull();
  });

  it('ends with `state: active`, which takes the mark off', async () => {
    const world = await onboarded();
    redeclare(world, 'state: suspended\n');
    await settledPass(world);
    redeclare(world, 'state: active\n');
    const report = await settledPass(world);
    expect(report.customers[0]).toMatchObject({ phase: 'Ready' });
    expect(acme(world).status).toBe('active');
    expect(acme(world).metadata).not.toHaveProperty('rcn_suspended');
  });
});

describe('a suspension by hand', () => {
  it('is a kill switch: nothing is written, whatever the file says', async () => {
    const world = await onboarded();
    world.sandbox.hands.suspend(acme(world).id);
    world.declare('acme-coffee.yaml', ACME.replace('credits: 5000', 'credits: 9000').replace('cap: 5000', 'cap: 1'));
    const report = await world.pass();
    expect(writes(world)).toEqual([]);
    expect(report.customers[0]).toMatchObject({ phase: 'Stalled', problems: [{ code: 'SuspendedByHand' }] });
  });
});

describe('a declared archive', () => {
  it('suspends first, archives, and gives the credits back', async () => {
    const world = await onboarded();
    redeclare(world, 'state: archived\n');
    const report = await settledPass(world);
    expect(report.customers[0]).toMatchObject({ phase: 'Archived' });
    expect(report.customers[0]?.steps.map(({ action, outcome }) => [action, outcome])).toEqual([
      ['suspend', 'done'],
      ['archive', 'done'],
    ]);
    expect(acme(world).status).toBe('archived');
  });

  it('shows in its plan what comes back and which keys die, and counts neither into wallet nor hash', async () => {
    const world = await onboarded();
    const { id } = acme(world);
    world.sandbox.hands.mintKey(id, { name: 'laptop', scopes: ['content:read'], env: 'live' });
    world.sandbox.hands.spend(id, 120);
    redeclare(world, 'state: archived\n');
    const plan = await world.pass({ dryRun: true });
    expect(plan.customers[0]?.steps.at(-1)).toMatchObject({
      action: 'archive',
      credits: 0,
      ends: { keys: 2, lastUsedAt: null, creditsBack: 4880, creditsLost: 0 },
    });
    expect(plan.parentWallet).toEqual({ before: null, after: null });
    world.sandbox.hands.spend(id, 1000);
    expect((await world.pass({ dryRun: true })).planHash).toBe(plan.planHash);
    const report = await world.pass();
    expect(report.customers[0]?.steps.at(-1)).toMatchObject({ detail: '3,880 credits came back, 2 keys were revoked' });
  });

  it('waits its day from when it began to wait, however long the customer needed a person before', async () => {
    const world = await onboarded();
    world.sandbox.hands.reserve(acme(world).id, 100);
    world.sandbox.hands.suspend(acme(world).id);
    await world.pass();
    world.sandbox.clock.advance(3 * DAY_MS);
    redeclareKept(world, 'state: archived\n');
    expect((await world.pass()).customers[0]).toMatchObject({ phase: 'Held' });
    world.sandbox.clock.advance(DAY_MS / 2);
    expect((await world.pass()).customers[0]).toMatchObject({ phase: 'Held', steps: [] });
    world.sandbox.clock.advance(DAY_MS);
    expect((await world.pass()).customers[0]).toMatchObject({
      phase: 'Stalled',
      steps: [{ blockedBy: 'ArchiveWaiting', ends: { creditsLost: 100 } }],
    });
  });

  it('says until when it waits, in words that stay the same from pass to pass', async () => {
    const world = await onboarded();
    world.sandbox.hands.reserve(acme(world).id, 100);
    redeclareKept(world, 'state: archived\n');
    await world.pass();
    const end = new Date(world.sandbox.clock.now() + DAY_MS).toISOString().replace(/\.\d+Z$/, 'Z');
    const recorded = () => world.disk.textOf(`${WORKSPACE}/customers/acme-coffee.yaml`) ?? '';
    const first = recorded();
    expect(first.split(`From ${end} on, an approval archives it all the same.`)).toHaveLength(3);
    world.sandbox.clock.advance(DAY_MS / 2);
    await world.pass();
    expect(recorded()).toBe(first);
    const explained = await explain(world.effects(true), {
      externalId: 'acme-coffee',
      bindingRequired: true,
      signal: new AbortController().signal,
    });
    const [organization] = explained.ok ? explained.explanation.steps : [];
    expect(organization).toMatchObject({ state: 'waiting', next: expect.stringContaining(`From ${end} on`) });
    world.disk.plant(
      `${WORKSPACE}/customers/acme-coffee.yaml`,
      first.replaceAll(/lastTransitionTime: "[^"]*"/g, 'lastTransitionTime: "soon"'),
    );
    expect((await world.pass()).customers[0]).toMatchObject({ phase: 'Stalled' });
  });

  it('goes on counting that day when the organization cannot be looked at in between', async () => {
    let isDown = false;
    const world = createWorld({
      transport: (inner) => ({
        send: (request) =>
          isDown && /\/org_[0-9a-f-]+$/.test(request.path)
            ? Promise.resolve({ kind: 'failure', certainty: 'unknown', code: 'NETWORK', message: 'reset' })
            : inner.send(request),
      }),
    });
    redeclare(world, '');
    await world.pass();
    world.sandbox.hands.reserve(acme(world).id, 100);
    redeclareKept(world, 'state: archived\n');
    await world.pass();
    world.sandbox.clock.advance(DAY_MS / 2);
    isDown = true;
    await world.pass();
    isDown = false;
    world.sandbox.clock.advance(DAY_MS / 2 + 60_000);
    expect((await world.pass()).customers[0]).toMatchObject({ phase: 'Stalled', steps: [{ action: 'archive' }] });
  });

  it('waits for reserved credits, asks after a day, and goes on when approved', async () => {
    const world = await onboarded();
    world.sandbox.hands.reserve(acme(world).id, 100);
    redeclare(world, 'state: archived\n');
    const waiting = await world.pass();
    expect(waiting.customers[0]).toMatchObject({
      phase: 'Held',
      problems: [{ code: 'ArchiveWaiting', severity: 'waiting' }],
    });
    expect(acme(world).status).toBe('suspended');
    world.sandbox.clock.advance(DAY_MS - 60_000);
    expect((await world.pass()).customers[0]).toMatchObject({ phase: 'Held', steps: [] });
    world.sandbox.clock.advance(120_000);
    const asking = await world.pass();
    expect(asking.customers[0]).toMatchObject({
      phase: 'Stalled',
      problems: [{ code: 'ArchiveWaiting', severity: 'error' }],
    });
    expect(acme(world).status).toBe('suspended');
    const hash = asking.customers[0]?.approvalHash;
    const report = await world.pass({ approved: hash ? [hash] : [] });
    expect(acme(world).status).toBe('archived');
    expect(report.customers[0]).toMatchObject({ phase: 'Archived', problems: [] });
  });

  it('is not undone by `state: active`: only a higher incarnation onboards again, with a full grant', async () => {
    const world = await onboarded();
    redeclare(world, 'state: archived\n');
    await world.pass();
    redeclare(world, 'state: active\n');
    expect((await world.pass()).customers[0]).toMatchObject({ problems: [{ code: 'OrganizationArchived' }] });
    redeclare(world, 'incarnation: 2\n');
    const report = await settledPass(world);
    expect(report.customers[0]).toMatchObject({ phase: 'Ready', credits: { granted: 5000 } });
    expect(acme(world)).toMatchObject({ status: 'active', metadata: { rcn_inc: '2' } });
  });

  it('is approved for one incarnation: the credits of the next one are not lost by an old approval', async () => {
    const world = await onboarded();
    const ask = async (declared: string) => {
      world.sandbox.hands.reserve(acme(world).id, 100);
      redeclare(world, declared);
      await world.pass();
      world.sandbox.clock.advance(DAY_MS + 60_000);
      return (await world.pass()).customers[0]?.approvalHash ?? '';
    };
    const first = await ask('state: archived\n');
    await world.pass({ approved: [first] });
    expect(acme(world).status).toBe('archived');
    redeclare(world, 'incarnation: 2\n');
    await settledPass(world);
    const second = await ask('incarnation: 2\nstate: archived\n');
    expect(second).not.toBe(first);
    await world.pass({ approved: [first] });
    expect(acme(world)).toMatchObject({ status: 'suspended', metadata: { rcn_inc: '2' } });
  });
});

describe('a customer that does not exist', () => {
  it.each([
    { state: 'archived', phase: 'Archived' },
    { state: 'suspended', phase: 'Suspended' },
  ])('is not created to be $state', async ({ state, phase }) => {
    const world = createWorld();
    redeclare(world, `state: ${state}\n`);
    const report = await world.pass();
    expect(report.customers[0]).toMatchObject({ phase, steps: [] });
    expect(writes(world)).toEqual([]);
  });
});

describe('an adoption', () => {
  it('takes over an organization made by hand, and grants only what its baseline lacks', async () => {
    const world = createWorld();
    const made = world.sandbox.hands.createOrganization({ name: 'Acme Coffee' });
    if (!made.done) throw new Error('the organization could not be made');
    const { id } = made.organization;
    world.sandbox.hands.foreignTransfer(id, 3000);
    world.declare('acme-coffee.yaml', ACME);
    expect((await world.pass()).customers[0]).toMatchObject({ problems: [{ code: 'AdoptionRequired' }] });
    expect(writes(world)).toEqual([]);
    redeclare(world, `adopt: { organizationId: ${id}, grantedCredits: 3000 }\n`);
    const report = await settledPass(world);
    expect(report.customers[0]).toMatchObject({ phase: 'Ready', organizationId: id, credits: { granted: 5000 } });
    expect(acme(world).metadata).toMatchObject({ externalId: 'acme-coffee', rcn: '1', rcn_base: '3000' });
    redeclare(world, `adopt: { organizationId: ${id}, grantedCredits: 0 }\n`);
    expect((await world.pass()).customers[0]).toMatchObject({ problems: [{ code: 'AdoptionMismatch' }] });
  });
});

describe('`reconcile resume`', () => {
  const resume = (world: World, confirm = true, externalId = 'acme-coffee') =>
    resumeCustomer(world.effects(), {
      externalId,
      bindingRequired: true,
      signal: new AbortController().signal,
      confirm: async () => confirm,
    });

  it('ends a suspension by hand, once somebody said yes', async () => {
    const world = await onboarded();
    world.sandbox.hands.suspend(acme(world).id);
    expect(await resume(world, false)).toEqual({ kind: 'declined' });
    expect(acme(world).status).toBe('suspended');
    expect(await resume(world)).toMatchObject({ kind: 'resumed' });
    expect((await world.pass()).customers[0]).toMatchObject({ phase: 'Ready' });
  });

  it('does nothing when the file declares otherwise by the time somebody says yes (I5)', async () => {
    const world = await onboarded();
    world.sandbox.hands.suspend(acme(world).id);
    const result = await resumeCustomer(world.effects(), {
      externalId: 'acme-coffee',
      bindingRequired: true,
      signal: new AbortController().signal,
      confirm: async () => {
        redeclare(world, 'state: suspended\n');
        return true;
      },
    });
    expect(result).toMatchObject({ kind: 'failed', message: expect.stringContaining('changed') });
    expect(acme(world).status).toBe('suspended');
  });

  it('says who was meant when nobody is called so', async () => {
    const world = await onboarded();
    expect(await resume(world, true, 'acme-cofee')).toMatchObject({
      kind: 'not-needed',
      message: 'No file declares "acme-cofee".',
      next: expect.stringContaining('Did you mean "acme-coffee"?'),
    });
  });

  it('leaves alone what is active, and what the file declares', async () => {
    const world = await onboarded();
    expect(await resume(world)).toMatchObject({ kind: 'not-needed' });
    redeclare(world, 'state: suspended\n');
    await world.pass();
    expect(await resume(world)).toMatchObject({ kind: 'not-needed' });
    expect(acme(world).status).toBe('suspended');
  });
});

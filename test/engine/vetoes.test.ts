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

describe('guards', () => {
  const guarded = (guards: string) => {
    const world = createWorld({ workspaceYaml: `guards:\n${guards}` });
    world.declare('acme-coffee.yaml', ACME);
    world.declare('birch.yaml', 'externalId: birch\nname: Birch\ncredits: 500\ncap: 500\n');
    return world;
  };
  const money = (world: World) => world.sandbox.snapshot().operations.filter(({ kind }) => kind.startsWith('credits.'));

  it.each([
    { reason: 'the parent would fall below its floor', guards: '  minParentBalance: 994501\n' },
    { reason: 'more waits at once than is allowed', guards: '  maxGrant: 5499\n' },
    { reason: 'more than a day allows', guards: '  maxGrantPerDay: 5499\n' },
  ])('hold back every grant, never the first few, when $reason; cap and keys go on (I8)', async ({ guards }) => {
    const world = guarded(guards);
    const report = await world.pass();
    expect(money(world)).toEqual([]);
    expect(report.fleet.problems).toMatchObject([{ code: 'GuardBlocked' }]);
    expect(
      report.customers.flatMap(({ steps }) =>
        steps.map(({ resource, name, outcome }) => `${name ?? resource} ${outcome}`),
      ),
    ).toEqual([
      'organization done',
      'credits blocked',
      'cap done',
      'refill not-started',
      'acme-integration done',
      'organization done',
      'credits blocked',
      'cap done',
    ]);
  });

  it('hold back only the customer that is too dear', async () => {
    const world = guarded('  maxGrantPerCustomer: 4999\n');
    const report = await world.pass();
    expect(report.customers.map(({ phase }) => phase)).toEqual(['Stalled', 'Ready']);
  });

  it('let new customers wait together when there are too many', async () => {
    const world = guarded('  maxNewCustomers: 1\n');
    await world.pass();
    expect(world.sandbox.snapshot().operations).toEqual([]);
  });

  it('of a frozen workspace let nothing through, approved or not', async () => {
    const world = guarded('  freeze: true\n');
    const report = await world.pass();
    const approved = report.customers.flatMap(({ approvalHash }) => approvalHash ?? []);
    await world.pass({ approved: [...approved, report.planHash ?? ''] });
    expect(world.sandbox.snapshot().operations).toEqual([]);
  });

  it('are passed by the hash of one customer, which releases no other', async () => {
    const world = guarded('  maxGrant: 400\n');
    const plan = await world.pass({ dryRun: true });
    const hash = plan.customers.find(({ externalId }) => externalId === 'birch')?.approvalHash ?? '';
    const report = await world.pass({ approved: [hash] });
    expect(report.staleApprovals).toEqual([]);
    expect(report.customers.map(({ phase }) => phase)).toEqual(['Stalled', 'Ready']);
    const again = await world.pass({ approved: [hash] });
    expect(again.staleApprovals).toEqual([hash]);
  });

  it('count the whole fleet when only one customer is named', async () => {
    const world = guarded('  maxGrant: 5000\n');
    await world.pass({ customers: ['birch'] });
    expect(money(world)).toEqual([]);
  });
});

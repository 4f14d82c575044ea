import { describe, expect, it } from 'vitest';
import type { WireRequest } from '../../src/effects/layers/transport.ts';
import { ACME, createWorld, FIREHOSE, WORKSPACE, type World } from '../support/world.ts';

const lines = (requests: readonly WireRequest[]) => requests.map(({ method, path }) => `${method} ${path}`);
const writes = (world: World) => world.requests.filter(({ method }) => method !== 'GET');
const withoutIds = (text: string) => text.replace(/(org|key)_[0-9a-f-]{36}|[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>');

async function onboarded(options: Parameters<typeof createWorld>[0] = {}): Promise<World> {
  const world = createWorld(options);
  world.declare('acme-coffee.yaml', ACME);
  const report = await world.pass();
  expect(report.customers.map(({ phase }) => phase)).toEqual(['Ready']);
  return world;
}

function acmeOrganization(world: World) {
  const [organization] = world.sandbox.snapshot().organizations.filter(({ name }) => name === 'Acme Coffee');
  if (!organization) throw new Error('Acme Coffee was not created');
  return organization;
}

describe('onboarding the guide’s customer', () => {
  it('takes exactly four writes for the customer and one for the webhook, in the order that moves no money early', async () => {
    const world = await onboarded({ workspaceYaml: FIREHOSE });
    expect(lines(writes(world)).map(withoutIds)).toEqual([
      'POST /v1/webhook-endpoints',
      'POST /v1/organizations',
      'POST /v1/organizations/<id>/credits/allocate',
      'PATCH /v1/organizations/<id>/credit-config',
      'POST /v1/organizations/<id>/api-keys',
    ]);
  });

  it('takes six reads of its own', async () => {
    const world = await onboarded();
    const shared = 5; // whoami, the listing, the plan's wallet, the archived, the parent ledger of two days: one each a pass
    expect(lines(world.requests.filter(({ method }) => method === 'GET'))).toHaveLength(shared + 6);
  });

  it('ends with the summary of the guide’s step 6', async () => {
    const world = await onboarded();
    const answer = await world.effects().reader.getOrganization(acmeOrganization(world).id);
    expect(answer).toMatchObject({
      outcome: 'ok',
      value: { summary: { balance: 5000, creditConfig: { monthlyCreditCap: 5000, autoRefillEnabled: true } } },
    });
  });

  it('stores the key’s secret, 0600, and it authenticates as the child’s key', async () => {
    const world = await onboarded();
    const path = `${WORKSPACE}/.reconcile/secrets/${world.sandbox.parent().organizationId}/customers/acme-coffee/acme-integration`;
    expect(world.disk.modeOf(path) & 0o777).toBe(0o600);
    const answer = world.sandbox.handle({
      method: 'GET',
      path: '/v1/whoami',
      headers: { authorization: `Bearer ${world.disk.textOf(path) ?? ''}` },
    });
    expect(answer.kind === 'response' && JSON.parse(answer.body)).toMatchObject({
      organizationId: acmeOrganization(world).id,
    });
  });

  it('plans the same without a single write when it is a dry run', async () => {
    const world = createWorld({ workspaceYaml: FIREHOSE });
    world.declare('acme-coffee.yaml', ACME);
    const before = world.disk.files();
    const report = await world.pass({ dryRun: true });
    expect(report.customers[0]?.steps.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'create planned',
      'grant planned',
      'change planned',
      'change planned',
      'mint planned',
    ]);
    expect(report.parentWallet).toEqual({ before: 1_000_000, after: 995_000 });
    expect(writes(world)).toEqual([]);
    expect(world.disk.files()).toEqual(before);
  });
});

describe('the second pass', () => {
  it('writes nothing to the API and changes no byte on the disk (V3)', async () => {
    const world = await onboarded({ workspaceYaml: FIREHOSE });
    const before = world.disk.files();
    const operations = world.sandbox.snapshot().operations.length;
    world.forgetRequests();
    world.sandbox.clock.advance(3_600_000);
    const report = await world.pass();
    expect(report.planHash).toBeNull();
    expect(lines(world.requests).map(withoutIds)).toEqual([
      'GET /v1/whoami',
      'GET /v1/organizations?limit=200',
      'GET /v1/webhook-endpoints?limit=100',
      'GET /v1/organizations/<id>',
    ]);
    expect(world.sandbox.snapshot().operations).toHaveLength(operations);
    expect(world.disk.files()).toEqual(before);
  });

  it('finds everything by its marks when status and journal are lost: nothing is granted or minted twice', async () => {
    const world = await onboarded({ workspaceYaml: FIREHOSE });
    const operations = world.sandbox.snapshot().operations;
    world.declare('acme-coffee.yaml', ACME);
    world.disk.unlink(`${WORKSPACE}/.reconcile/journal.jsonl`);
    const report = await world.pass();
    expect(report.customers[0]).toMatchObject({
      phase: 'Ready',
      steps: [],
      organizationId: acmeOrganization(world).id,
    });
    expect(world.sandbox.snapshot().operations).toEqual(operations);
  });
});

describe('credits are a cumulative grant', () => {
  const redeclare = (world: World, credits: number) =>
    world.declare('acme-coffee.yaml', ACME.replace('credits: 5000', `credits: ${credits}`));

  it('usage is never topped up', async () => {
    const world = await onboarded();
    world.sandbox.hands.spend(acmeOrganization(world).id, 3000);
    world.forgetRequests();
    expect((await world.pass({ full: true })).customers[0]?.phase).toBe('Ready');
    expect(writes(world)).toEqual([]);
  });

  it('a raised declaration grants only the difference, in the next slot', async () => {
    const world = await onboarded();
    world.forgetRequests();
    redeclare(world, 8000);
    const report = await world.pass();
    expect(report.parentWallet).toEqual({ before: 995_000, after: 992_000 });
    expect(writes(world)).toHaveLength(1);
    expect(writes(world)[0]?.body).toContain('s1 base=5000 delta=3000 cum=8000');
  });

  it('a lowered declaration writes nothing and is reported', async () => {
    const world = await onboarded();
    world.forgetRequests();
    redeclare(world, 2000);
    const report = await world.pass();
    expect(writes(world)).toEqual([]);
    expect(report.customers[0]).toMatchObject({
      phase: 'Ready',
      problems: [{ code: 'OverGranted', severity: 'warning' }],
    });
    const again = await world.pass();
    expect(again.customers[0]?.problems).toMatchObject([{ code: 'OverGranted' }]);
  });

  it('a raise after a lowering counts from what was granted', async () => {
    const world = await onboarded();
    redeclare(world, 2000);
    await world.pass();
    world.forgetRequests();
    redeclare(world, 6000);
    await world.pass();
    expect(writes(world)[0]?.body).toContain('s1 base=5000 delta=1000 cum=6000');
  });

  it('a transfer by hand is shown, never counted', async () => {
    const world = await onboarded();
    world.sandbox.hands.foreignTransfer(acmeOrganization(world).id, 700);
    world.forgetRequests();
    const report = await world.pass({ full: true });
    expect(writes(world)).toEqual([]);
    expect(report.customers[0]?.problems.map(({ code }) => code)).toEqual(['ForeignCredits']);
  });

  it('a parent short of credits holds the grant, and lets the cap and the key go', async () => {
    const world = createWorld({ prepaidCredits: 4000 });
    world.declare('acme-coffee.yaml', ACME);
    const report = await world.pass();
    expect(report.customers[0]).toMatchObject({ phase: 'Held' });
    expect(report.customers[0]?.steps.map(({ action, name, outcome }) => [action, name, outcome])).toEqual([
      ['create', null, 'done'],
      ['grant', null, 'failed'],
      ['change', 'cap', 'done'],
      ['change', 'refill', 'not-started'],
      ['mint', 'acme-integration', 'done'],
    ]);
    world.sandbox.hands.fundParent(10_000);
    expect((await world.pass()).customers[0]?.phase).toBe('Ready');
    expect((await world.pass()).planHash).toBeNull();
  });
});

describe('a workspace that is not bound', () => {
  it.each([
    { reason: 'neither line is there', yaml: '{}\n', code: 'NotBound' },
    {
      reason: 'another parent',
      yaml: 'parentOrganizationId: org_00000000-0000-4000-8000-000000000000\napiKeyId: key_x\n',
      code: 'WrongParent',
    },
  ])('writes nothing: $reason', async ({ yaml, code }) => {
    const world = createWorld();
    world.disk.plant(`${WORKSPACE}/reconcile.yaml`, yaml);
    world.declare('acme-coffee.yaml', ACME);
    const report = await world.pass();
    expect(report.refused).toMatchObject({ kind: 'cannot-run', code });
    expect(lines(world.requests)).toEqual(['GET /v1/whoami']);
  });
});

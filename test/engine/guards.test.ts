import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../../src/cli/exit-code.ts';
import type { PassReport } from '../../src/core/report.ts';
import { resumeCustomer } from '../../src/engine/resume.ts';
import { daemonPasses } from '../support/daemon.ts';
import { ACME, createWorld, FIREHOSE, WORKSPACE, type World, type WorldOptions } from '../support/world.ts';

const BIRCH = 'externalId: birch\nname: Birch\ncredits: 500\ncap: 500\n';

interface Guarded {
  readonly guard: string;
  /** The line of reconcile.yaml, below `guards:`. */
  readonly line: string;
  /** What the message has to say: the numbers. */
  readonly message: RegExp;
  /** What was there before the guard stood in the file. */
  readonly before?: readonly string[];
  readonly declares: readonly string[];
  readonly webhooks?: string;
  readonly blocked: readonly string[];
  /** Steps that do not depend on the blocked ones; those that do are not started. */
  readonly goesOn: readonly string[];
  /** Operations of the API that must not happen. */
  readonly forbidden: RegExp;
}

const guards: readonly Guarded[] = [
  {
    guard: 'minParentBalance',
    line: 'minParentBalance: 994501',
    message: /from 1,000,000 to 994,500 credits, below the floor of 994,501/,
    declares: [ACME, BIRCH],
    blocked: ['acme-coffee grant credits', 'birch grant credits'],
    goesOn: [
      'acme-coffee create organization',
      'acme-coffee change cap',
      'acme-coffee mint acme-integration',
      'birch create organization',
      'birch change cap',
    ],
    forbidden: /^credits\./,
  },
  {
    guard: 'maxGrantPerCustomer',
    line: 'maxGrantPerCustomer: 4999',
    message: /the limit of 4,999 for one customer: 5,000 for acme-coffee/,
    declares: [ACME],
    blocked: ['acme-coffee grant credits'],
    goesOn: ['acme-coffee create organization', 'acme-coffee change cap', 'acme-coffee mint acme-integration'],
    forbidden: /^credits\./,
  },
  {
    guard: 'maxGrant',
    line: 'maxGrant: 5499',
    message: /5,500 credits wait to be granted, above the limit of 5,499 at once/,
    declares: [ACME, BIRCH],
    blocked: ['acme-coffee grant credits', 'birch grant credits'],
    goesOn: [
      'acme-coffee create organization',
      'acme-coffee change cap',
      'acme-coffee mint acme-integration',
      'birch create organization',
      'birch change cap',
    ],
    forbidden: /^credits\./,
  },
  {
    guard: 'maxGrantPerDay',
    line: 'maxGrantPerDay: 5499',
    message: /5,000 credits were granted since 00:00 UTC and 500 more wait, above the limit of 5,499 a day/,
    before: [ACME],
    declares: [ACME, BIRCH],
    blocked: ['birch grant credits'],
    goesOn: ['birch create organization', 'birch change cap'],
    forbidden: /^credits\./,
  },
  {
    guard: 'maxNewCustomers',
    line: 'maxNewCustomers: 1',
    message: /2 new customers wait, above the limit of 1 at once/,
    declares: [ACME, BIRCH],
    blocked: [
      'acme-coffee create organization',
      'acme-coffee grant credits',
      'acme-coffee change cap',
      'acme-coffee change refill',
      'acme-coffee mint acme-integration',
      'birch create organization',
      'birch grant credits',
      'birch change cap',
    ],
    goesOn: [],
    forbidden: /./,
  },
  {
    guard: 'maxArchives',
    line: 'maxArchives: 1',
    message: /2 customers wait to be archived, above the limit of 1 at once/,
    before: [ACME, BIRCH],
    declares: [`${ACME}state: archived\n`, `${BIRCH}state: archived\n`],
    blocked: [
      'acme-coffee suspend organization',
      'acme-coffee archive organization',
      'birch suspend organization',
      'birch archive organization',
    ],
    goesOn: [],
    forbidden: /./,
  },
  {
    guard: 'maxKeyRevocations',
    line: 'maxKeyRevocations: 0',
    message: /1 key waits to be revoked, above the limit of 0 at once/,
    before: [ACME],
    declares: [`${ACME.replace('cap: 5000', 'cap: 4000')}    state: revoked\n`],
    blocked: ['acme-coffee revoke acme-integration'],
    goesOn: ['acme-coffee change cap'],
    forbidden: /^key\./,
  },
  {
    guard: 'requireCapWithRefill',
    line: 'requireCapWithRefill: true',
    message: /A refill without a monthly cap has no upper bound: acme-coffee/,
    before: [ACME],
    declares: [ACME.replace('cap: 5000', 'cap: null').replace('credits: 5000', 'credits: 6000')],
    blocked: ['acme-coffee change cap'],
    goesOn: ['acme-coffee grant credits'],
    forbidden: /^credit-config\./,
  },
  {
    guard: 'allowedWebhookHosts',
    line: 'allowedWebhookHosts: ["*.elsewhere.example"]',
    message: /"firehose" would send every customer's events to hooks\.partner\.example/,
    declares: [BIRCH],
    webhooks: FIREHOSE,
    blocked: ['create firehose'],
    goesOn: ['birch create organization', 'birch grant credits', 'birch change cap'],
    forbidden: /^webhook/,
  },
];

const file = (yaml: string) => `${/externalId: (\S+)/.exec(yaml)?.[1]}.yaml`;

/** The file as a person edits it: the status block of its last pass stays. */
function declare(world: World, yaml: string): void {
  const old = world.disk.textOf(`${WORKSPACE}/customers/${file(yaml)}`) ?? '';
  const at = old.search(/^status:/m);
  world.declare(file(yaml), yaml + (at < 0 ? '' : old.slice(at)));
}

function editWorkspace(world: World, change: (text: string) => string): void {
  const path = `${WORKSPACE}/reconcile.yaml`;
  world.disk.plant(path, change(world.disk.textOf(path) ?? ''));
}

async function held({ line, before = [], declares, webhooks = '' }: Guarded, options: WorldOptions = {}) {
  const world = createWorld({ ...options, workspaceYaml: 'daemon: { resync: 10m }\n' });
  for (const yaml of before) declare(world, yaml);
  if (before.length > 0) await world.pass();
  editWorkspace(world, (text) => `${text}guards:\n  ${line}\n${webhooks}`);
  for (const yaml of declares) declare(world, yaml);
  const done = world.sandbox.snapshot().operations.length;
  return {
    world,
    operations: () =>
      world.sandbox
        .snapshot()
        .operations.slice(done)
        .map(({ kind }) => kind),
  };
}

const stepsThat = (report: PassReport, ...outcomes: readonly string[]) =>
  [{ externalId: '', steps: report.fleet.steps }, ...report.customers].flatMap(({ externalId, steps }) =>
    steps
      .filter(({ outcome }) => outcomes.includes(outcome))
      .map(({ action, resource, name }) => `${externalId} ${action} ${name ?? resource}`.trim()),
  );

const code = (report: PassReport) => exitCodeOf(report, { signal: null, detailedExitcode: false });
const hashesOf = ({ customers, fleet }: PassReport) => [
  ...customers.flatMap(({ approvalHash }) => approvalHash ?? []),
  ...(fleet.approvalHash === null ? [] : [fleet.approvalHash]),
];

describe.each(guards)('$guard', (guarded) => {
  const { guard, line, message, blocked, goesOn, forbidden } = guarded;
  const everything = [...blocked, ...goesOn].toSorted();

  it('holds back every step above its limit and none besides, and says what to change (exit 4)', async () => {
    const { world, operations } = await held(guarded);
    const report = await world.pass();
    expect(stepsThat(report, 'blocked')).toEqual(blocked);
    expect(stepsThat(report, 'done')).toEqual(goesOn);
    expect(operations().filter((kind) => forbidden.test(kind))).toEqual([]);
    expect(code(report)).toBe(4);
    const problems = report.fleet.problems.filter((problem) => problem.code === 'GuardBlocked');
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toMatch(message);
    expect(problems[0]?.next).toContain(`guards.${guard}`);
    const at = problems[0]?.at.line ?? 0;
    const said = world.disk.textOf(`${WORKSPACE}/reconcile.yaml`)?.split('\n')[at - 1];
    expect(said).toContain(guard === 'allowedWebhookHosts' ? 'url:' : line);
  });

  it('holds them back in every pass of the daemon', async () => {
    const { world, operations } = await held(guarded);
    const reports = await daemonPasses(world, 3);
    expect(reports.map((report) => stepsThat(report, 'blocked'))).toEqual([blocked, blocked, blocked]);
    expect(operations().filter((kind) => forbidden.test(kind))).toEqual([]);
  });

  it.each([
    { reason: 'the hashes of what is blocked', approvals: hashesOf },
    { reason: 'the hash of the whole plan', approvals: ({ planHash }: PassReport) => [planHash ?? ''] },
  ])('is passed by --approve with $reason, once', async ({ approvals }) => {
    const { world } = await held(guarded);
    const report = await world.pass({ approved: approvals(await world.pass({ dryRun: true })) });
    expect(report.staleApprovals).toEqual([]);
    expect(stepsThat(report, 'blocked', 'not-started', 'failed')).toEqual([]);
    expect(stepsThat(report, 'done').toSorted()).toEqual(expect.arrayContaining(everything));
    expect(code(report)).toBe(0);
    expect((await world.pass()).planHash).toBeNull();
  });

  it('is passed by guards.approved, also in the daemon', async () => {
    const { world } = await held(guarded);
    const hashes = hashesOf(await world.pass({ dryRun: true }));
    editWorkspace(world, (text) => text.replace('guards:\n', `guards:\n  approved: [${hashes.join(', ')}]\n`));
    const [first, second] = await daemonPasses(world, 2);
    expect(first && stepsThat(first, 'blocked', 'not-started')).toEqual([]);
    expect(second?.planHash).toBeNull();
  });

  it('is not passed by an approval of something else, which is stale (exit 6)', async () => {
    const { world, operations } = await held(guarded);
    const report = await world.pass({ approved: [`sha256:${'0'.repeat(64)}`] });
    expect(stepsThat(report, 'blocked')).toEqual(blocked);
    expect(operations().filter((kind) => forbidden.test(kind))).toEqual([]);
    expect(code(report)).toBe(6);
  });

  it('cannot approve `freeze` away', async () => {
    const { world, operations } = await held(guarded);
    editWorkspace(world, (text) => text.replace('guards:\n', 'guards:\n  freeze: true\n'));
    const plan = await world.pass({ dryRun: true });
    const reports = [
      await world.pass({ approved: [...hashesOf(plan), plan.planHash ?? ''] }),
      ...(await daemonPasses(world, 2)),
    ];
    expect(operations()).toEqual([]);
    for (const report of reports) {
      expect(stepsThat(report, 'blocked').toSorted()).toEqual(expect.arrayContaining(everything));
      expect(report.fleet.problems).toContainEqual(
        expect.objectContaining({ code: 'GuardBlocked', message: 'All writes are frozen.' }),
      );
    }
  });
});

describe('an approval', () => {
  const [, , maxGrant] = guards;

  it('of one customer releases no other', async () => {
    if (!maxGrant) throw new Error('there is no such guard');
    const { world } = await held({ ...maxGrant, line: 'maxGrant: 400' });
    const plan = await world.pass({ dryRun: true });
    const hash = plan.customers.find(({ externalId }) => externalId === 'birch')?.approvalHash ?? '';
    const report = await world.pass({ approved: [hash] });
    expect(report.staleApprovals).toEqual([]);
    expect(stepsThat(report, 'blocked')).toEqual(['acme-coffee grant credits']);
    expect((await world.pass({ approved: [hash] })).staleApprovals).toEqual([hash]);
  });

  it('of the plan of a named customer releases that customer alone', async () => {
    if (!maxGrant) throw new Error('there is no such guard');
    const { world } = await held(maxGrant);
    const { planHash } = await world.pass({ dryRun: true, customers: ['birch'] });
    const report = await world.pass({ customers: ['birch'], approved: [planHash ?? ''] });
    expect(report.staleApprovals).toEqual([]);
    expect(report.customers).toMatchObject([{ externalId: 'birch', phase: 'Ready' }]);
    expect(stepsThat(await world.pass({ dryRun: true }), 'planned')).toContain('acme-coffee grant credits');
  });

  it('of one customer stands when another one changes', async () => {
    if (!maxGrant) throw new Error('there is no such guard');
    const { world } = await held({ ...maxGrant, line: 'maxGrant: 400' });
    const plan = await world.pass({ dryRun: true });
    const hash = plan.customers.find(({ externalId }) => externalId === 'birch')?.approvalHash ?? '';
    declare(world, ACME.replace('credits: 5000', 'credits: 7000'));
    const report = await world.pass({ approved: [hash] });
    expect(report.staleApprovals).toEqual([]);
    expect(stepsThat(report, 'done')).toContain('birch grant credits');
    expect(stepsThat(report, 'blocked')).toEqual(['acme-coffee grant credits']);
  });

  it('fits another amount no more', async () => {
    if (!maxGrant) throw new Error('there is no such guard');
    const { world } = await held(maxGrant);
    const hashes = hashesOf(await world.pass({ dryRun: true }));
    declare(world, ACME.replace('credits: 5000', 'credits: 5001'));
    const report = await world.pass({ approved: hashes });
    expect(stepsThat(report, 'blocked')).toEqual(['acme-coffee grant credits']);
  });
});

describe('guards', () => {
  it('count the whole fleet when only one customer is named', async () => {
    const world = createWorld({ workspaceYaml: 'guards: { maxGrant: 5000 }\n' });
    for (const yaml of [ACME, BIRCH]) declare(world, yaml);
    const report = await world.pass({ customers: ['birch'] });
    expect(stepsThat(report, 'blocked')).toEqual(['birch grant credits']);
  });

  it('count a grant of the day also where the parent’s ledger does not show it', async () => {
    const world = createWorld({
      transport: (inner) => ({
        send: (request) =>
          request.path.startsWith('/v1/credits/events')
            ? Promise.resolve({
                kind: 'response',
                status: 200,
                headers: { 'content-type': 'application/json' },
                body: '{"items":[],"nextCursor":null}',
              })
            : inner.send(request),
      }),
      workspaceYaml: 'guards: { maxGrantPerDay: 5500 }\n',
    });
    declare(world, ACME);
    await world.pass();
    declare(world, ACME.replace('credits: 5000', 'credits: 6000'));
    expect(stepsThat(await world.pass(), 'blocked')).toEqual(['acme-coffee grant credits']);
  });

  it('do not count the keys that an archive kills as revocations', async () => {
    const world = createWorld();
    declare(world, ACME);
    await world.pass();
    editWorkspace(world, (text) => `${text}guards: { maxKeyRevocations: 0 }\n`);
    declare(world, `${ACME}state: archived\n`);
    expect(stepsThat(await world.pass(), 'done')).toEqual([
      'acme-coffee suspend organization',
      'acme-coffee archive organization',
    ]);
  });

  it('count a refill that fires at once as money', async () => {
    const world = createWorld({ workspaceYaml: 'guards: { maxGrant: 1999 }\n' });
    declare(world, ACME.replace(/refill.*\n/, '').replace('credits: 5000', 'credits: 900'));
    await world.pass();
    declare(world, ACME.replace('credits: 5000', 'credits: 900'));
    expect(stepsThat(await world.pass(), 'blocked')).toEqual(['acme-coffee change refill']);
  });

  it('judge what needs no wallet also when the wallet cannot be read (I8)', async () => {
    const world = createWorld({
      transport: (inner) => ({
        send: (request) =>
          request.path === '/v1/credits'
            ? Promise.resolve({
                kind: 'response',
                status: 500,
                headers: { 'content-type': 'application/json' },
                body: '{"error":{"code":"INTERNAL","message":"On purpose.","requestId":"req_1"}}',
              })
            : inner.send(request),
      }),
      workspaceYaml: 'guards: { freeze: true }\n',
    });
    declare(world, ACME);
    const report = await world.pass();
    expect(stepsThat(report, 'done')).toEqual([]);
    expect(world.sandbox.snapshot().operations).toEqual([]);
    editWorkspace(world, (text) => text.replace('freeze: true', 'maxNewCustomers: 0'));
    await world.pass();
    expect(world.sandbox.snapshot().operations).toEqual([]);
    editWorkspace(world, (text) => text.replace('maxNewCustomers: 0', 'maxNewCustomers: 1'));
    expect(stepsThat(await world.pass(), 'blocked')).toEqual(['acme-coffee grant credits']);
  });

  it('hold `reconcile resume` back while everything is frozen', async () => {
    const world = createWorld();
    declare(world, ACME);
    const { organizationId } = (await world.pass()).customers[0] ?? {};
    world.sandbox.hands.suspend(organizationId ?? '');
    editWorkspace(world, (text) => `${text}guards: { freeze: true }\n`);
    world.forgetRequests();
    const result = await resumeCustomer(world.effects(), {
      externalId: 'acme-coffee',
      bindingRequired: true,
      signal: new AbortController().signal,
      confirm: async () => true,
    });
    expect(result).toMatchObject({ kind: 'blocked' });
    expect(world.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});

describe('the day of maxGrantPerDay on a ledger that shows no marks (P2)', () => {
  it.each(['neither', 'server'] as const)(
    'counts whatever left the parent that nobody signed: %s (I8)',
    async (ledgerMarkers) => {
      const world = createWorld({
        behaviour: { ledgerMarkers },
        workspaceYaml: 'guards: { maxGrantPerDay: 5400, requireCapWithRefill: false }\n',
      });
      world.declare('acme-coffee.yaml', ACME);
      await world.pass();
      world.declare('birch.yaml', BIRCH);
      const { customers, fleet } = await world.pass();
      expect(customers.find(({ externalId }) => externalId === 'birch')?.phase).toBe('Stalled');
      expect(fleet.problems.map(({ message }) => message)).toEqual([
        expect.stringContaining('5,000 credits were granted since 00:00 UTC and 500 more wait'),
      ]);
      world.sandbox.clock.advance(24 * 3_600_000);
      const later = await world.pass();
      expect(later.customers.find(({ externalId }) => externalId === 'birch')?.credits.granted).toBe(500);
    },
  );
});

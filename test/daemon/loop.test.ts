import { describe, expect, it } from 'vitest';
import type { PassReport } from '../../src/core/report.ts';
import { WEBHOOKS } from '../../src/daemon/observer.ts';
import { createDaemonWorld, type DaemonWorld, type DaemonWorldOptions } from '../support/daemon-world.ts';
import { ACME, createWorld, FIREHOSE, WORKSPACE } from '../support/world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

function plain(externalId: string, credits = 100): string {
  return `externalId: ${externalId}\nname: ${externalId}\ncredits: ${credits}\n`;
}

function declare({ world }: DaemonWorld, ...externalIds: readonly string[]): void {
  for (const externalId of externalIds) world.declare(`${externalId}.yaml`, plain(externalId));
}

/** A fleet that has come to rest. */
async function atRest(externalIds: readonly string[], options: DaemonWorldOptions = {}): Promise<DaemonWorld> {
  const daemon = createDaemonWorld(options);
  declare(daemon, ...externalIds);
  await daemon.start();
  await daemon.advance(30_000);
  daemon.takeRequests();
  daemon.takeEvents();
  return daemon;
}

const edit = ({ world }: DaemonWorld, file: string, change: (text: string) => string) => {
  const path = `${WORKSPACE}/${file}`;
  world.disk.plant(path, change(world.disk.textOf(path) ?? ''));
};
const visited = (daemon: DaemonWorld) => daemon.takeVisits().map(({ item }) => item);
const phasesOf = (daemon: DaemonWorld) =>
  Object.fromEntries(
    daemon
      .takeVisits()
      .flatMap(({ visit }) => (visit?.kind === 'customer' ? [[visit.report.externalId, visit.report.phase]] : [])),
  );
const writesOf = (requests: readonly string[]) => requests.filter((one) => !one.startsWith('GET'));
const grantsIn = ({ world }: DaemonWorld) =>
  world.sandbox.snapshot().operations.filter(({ kind }) => kind === 'credits.allocate').length;

describe('a daemon', () => {
  it('brings everybody to rest, and then writes nothing anywhere for a day', async () => {
    const daemon = createDaemonWorld({ workspaceYaml: FIREHOSE });
    daemon.world.declare('acme-coffee.yaml', ACME);
    declare(daemon, 'birch', 'cedar');
    await daemon.start();
    await daemon.advance(30_000);
    expect(phasesOf(daemon)).toEqual({ 'acme-coffee': 'Ready', birch: 'Ready', cedar: 'Ready' });
    daemon.takeRequests();
    const disk = daemon.world.disk.fingerprint({ powerMayFail: false });
    await daemon.advance(24 * HOUR_MS);
    expect(writesOf(daemon.takeRequests())).toEqual([]);
    expect(daemon.world.disk.fingerprint({ powerMayFail: false })).toBe(disk);
    expect(await daemon.stop()).toEqual({ exitCode: 0, abandoned: [] });
  });

  it('asks one question a customer when it has come to rest', async () => {
    const daemon = await atRest(['acme', 'birch', 'cedar']);
    await daemon.advance(10 * MINUTE_MS);
    const requests = daemon.takeRequests();
    const looks = requests.filter((one) => /^GET \/v1\/organizations\/org_[^/]+$/.test(one));
    expect(looks).toHaveLength(3);
    expect(requests.length - looks.length).toBeLessThanOrEqual(2);
  });
});

describe('a file that changes', () => {
  it('costs the requests of its own customer and wakes nobody else', async () => {
    const daemon = await atRest(['acme', 'birch', 'cedar']);
    edit(daemon, 'customers/birch.yaml', (text) => text.replace('credits: 100', 'credits: 150'));
    await daemon.hint();
    expect(visited(daemon)).toEqual(['birch']);
    const { organizations } = daemon.world.sandbox.snapshot();
    const birch = organizations.find(({ name }) => name === 'birch')?.id ?? '';
    const requests = daemon.takeRequests();
    expect(requests.every((one) => one.includes(birch) || /GET \/v1\/(credits|organizations\/org_)/.test(one))).toBe(
      true,
    );
    expect(requests.some((one) => one.startsWith('GET /v1/organizations?'))).toBe(false);
    expect(writesOf(requests)).toEqual([`POST /v1/organizations/${birch}/credits/allocate`]);
  });

  it('that nothing but our own status changed wakes nobody', async () => {
    const daemon = await atRest(['acme', 'birch']);
    await daemon.hint();
    await daemon.advance(0);
    expect(visited(daemon)).toEqual([]);
    expect(daemon.takeRequests()).toEqual([]);
  });

  it('is new: its customer is created from a listing that was made after it was read', async () => {
    const daemon = await atRest(['acme']);
    declare(daemon, 'birch');
    await daemon.hint();
    const requests = daemon.takeRequests();
    const listed = requests.findIndex((one) => one.startsWith('GET /v1/organizations?'));
    const created = requests.indexOf('POST /v1/organizations');
    expect(listed).toBeGreaterThanOrEqual(0);
    expect(created).toBeGreaterThan(listed);
  });

  it('changes again while its customer is visited: it is visited again, and ends as declared last', async () => {
    const daemon = await atRest(['acme'], { delayMs: ({ method }) => (method === 'GET' ? 1_000 : 0) });
    edit(daemon, 'customers/acme.yaml', (text) => text.replace('credits: 100', 'credits: 200'));
    await daemon.hint();
    edit(daemon, 'customers/acme.yaml', (text) => text.replace('credits: 200', 'credits: 300'));
    await daemon.hint();
    await daemon.advance(MINUTE_MS);
    const granted = daemon.world.sandbox.snapshot().operations.reduce((sum, { credits = 0 }) => sum + credits, 0);
    expect(granted).toBe(300);
    expect(phasesOf(daemon)).toEqual({ acme: 'Ready' });
  });

  it('disappears: nothing is done, and it is told once', async () => {
    const daemon = await atRest(['acme', 'birch']);
    daemon.world.disk.unlink(`${WORKSPACE}/customers/birch.yaml`);
    await daemon.hint();
    await daemon.advance(HOUR_MS);
    expect(writesOf(daemon.takeRequests())).toEqual([]);
    const gone = daemon.takeEvents().flatMap((event) => (event.kind === 'declarations-loaded' ? event.gone : []));
    expect(gone).toEqual(['birch']);
  });
});

describe('the guards', () => {
  it.each([1, 8, 50])(
    'hold back all of 50 files that pass a limit together, looked at %d at once',
    async (concurrency) => {
      const names = Array.from({ length: 50 }, (_, index) => `customer-${index}`);
      const daemon = createDaemonWorld({ concurrency, workspaceYaml: 'guards: { maxGrant: 4999 }\n' });
      declare(daemon, ...names);
      await daemon.start();
      await daemon.advance(2 * HOUR_MS);
      expect(grantsIn(daemon)).toBe(0);
      expect(new Set(Object.values(phasesOf(daemon)))).toEqual(new Set(['Stalled']));
    },
  );

  it('count what was known before when more files come', async () => {
    const daemon = await atRest(['acme', 'birch'], { workspaceYaml: 'guards: { maxGrant: 250 }\n' });
    expect(grantsIn(daemon)).toBe(2);
    declare(daemon, 'cedar', 'dogwood', 'elm');
    await daemon.hint();
    await daemon.advance(HOUR_MS);
    expect(grantsIn(daemon)).toBe(2);
    // Two of them are withdrawn, and the third fits.
    for (const name of ['dogwood', 'elm']) daemon.world.disk.unlink(`${WORKSPACE}/customers/${name}.yaml`);
    await daemon.hint();
    await daemon.advance(MINUTE_MS);
    expect(grantsIn(daemon)).toBe(3);
  });

  it('wait for a customer whose first look takes long, before anybody is paid', async () => {
    const names = ['acme', 'birch', 'cedar'];
    const first = await atRest(names);
    await first.stop();
    const { sandbox, disk } = first.world;
    const slow = sandbox.snapshot().organizations.find(({ name }) => name === 'cedar')?.id ?? '';
    disk.plant(
      `${WORKSPACE}/reconcile.yaml`,
      `${disk.textOf(`${WORKSPACE}/reconcile.yaml`)}guards: { maxGrant: 250 }\n`,
    );
    for (const name of names) disk.plant(`${WORKSPACE}/customers/${name}.yaml`, plain(name, 200));
    const daemon = createDaemonWorld({ sandbox, disk, delayMs: ({ path }) => (path.includes(slow) ? 20_000 : 0) });
    await daemon.start();
    expect(grantsIn(daemon)).toBe(3);
    await daemon.advance(5 * MINUTE_MS);
    expect(grantsIn(daemon)).toBe(3);
    expect(new Set(Object.values(phasesOf(daemon)))).toEqual(new Set(['Stalled']));
  });

  it.each([
    { of: 'each customer', approvals: (plan: PassReport) => plan.customers.flatMap((one) => one.approvalHash ?? []) },
    { of: 'the whole plan', approvals: (plan: PassReport) => [plan.planHash ?? ''] },
  ])('let everything through that the approval of $of names, to the last customer', async ({ approvals }) => {
    const reviewed = createWorld({ workspaceYaml: 'guards: { maxGrantPerCustomer: 150 }\n' });
    for (const name of ['acme', 'birch', 'cedar']) reviewed.declare(`${name}.yaml`, plain(name, 200));
    const approved = approvals(await reviewed.pass({ dryRun: true }));
    const { sandbox, disk } = reviewed;
    // So slow that the guards are asked again in the middle of it.
    const delayMs = ({ method }: { method: string }) => (method === 'GET' ? 0 : 25_000);
    const daemon = createDaemonWorld({ sandbox, disk, approved, delayMs, concurrency: 1 });
    await daemon.start();
    await daemon.advance(5 * MINUTE_MS);
    expect(new Set(Object.values(phasesOf(daemon)))).toEqual(new Set(['Ready']));
    expect(grantsIn(daemon)).toBe(3);
    edit(daemon, 'customers/acme.yaml', (text) => text.replace('credits: 200', 'credits: 400'));
    await daemon.hint();
    await daemon.advance(5 * MINUTE_MS);
    expect(phasesOf(daemon)).toMatchObject({ acme: 'Stalled' });
    expect(grantsIn(daemon)).toBe(3);
  });

  it('let an approval through as soon as it stands in reconcile.yaml', async () => {
    const daemon = createDaemonWorld({ workspaceYaml: 'guards: { maxGrant: 50 }\n' });
    declare(daemon, 'acme');
    await daemon.start();
    const approval = daemon
      .takeVisits()
      .flatMap(({ visit }) => (visit?.kind === 'customer' ? visit.report.approvalHash : []));
    edit(daemon, 'reconcile.yaml', (text) =>
      text.replace('maxGrant: 50', `maxGrant: 50, approved: [${approval.at(-1)}]`),
    );
    await daemon.hint();
    await daemon.advance(1_000);
    expect(phasesOf(daemon)).toMatchObject({ acme: 'Ready' });
    expect(grantsIn(daemon)).toBe(1);
  });
});

describe('one customer that hangs', () => {
  async function hanging(): Promise<{ daemon: DaemonWorld; recover: () => void }> {
    let hung = '';
    const daemon = await atRest(['acme', 'birch', 'cedar'], {
      concurrency: 2,
      delayMs: ({ path }) => (hung !== '' && path.includes(hung) ? Number.POSITIVE_INFINITY : 0),
    });
    hung = daemon.world.sandbox.snapshot().organizations.find(({ name }) => name === 'birch')?.id ?? '';
    const recover = () => {
      hung = '';
    };
    return { daemon, recover };
  }
  const raise = (daemon: DaemonWorld, ...names: readonly string[]) => {
    for (const name of names)
      edit(daemon, `customers/${name}.yaml`, (text) => text.replace('credits: 100', 'credits: 150'));
  };

  it('delays no other', async () => {
    const { daemon } = await hanging();
    await daemon.hangup();
    raise(daemon, 'acme', 'cedar');
    await daemon.hint();
    expect(grantsIn(daemon)).toBe(5);
    expect(visited(daemon)).toEqual(expect.arrayContaining(['acme', 'cedar']));
  });

  it('at the first look at a new declaration holds back what guards have to count, no longer than its own deadline', async () => {
    const { daemon, recover } = await hanging();
    raise(daemon, 'acme', 'birch', 'cedar');
    await daemon.hint();
    expect(grantsIn(daemon)).toBe(3);
    await daemon.advance(2 * MINUTE_MS);
    expect(grantsIn(daemon)).toBe(5);
    // And it comes to rest by itself when it answers again.
    recover();
    await daemon.advance(10 * MINUTE_MS);
    expect(phasesOf(daemon)).toMatchObject({ birch: 'Ready' });
    expect(grantsIn(daemon)).toBe(6);
  });
});

describe('the resync', () => {
  it('is spread over the interval: no second sees more than its share', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `customer-${String(index).padStart(2, '0')}`);
    const daemon = await atRest(names, { resyncMs: 100_000 });
    // In steps that leave time to read files that changed, of which a virtual clock knows nothing.
    for (let second = 0; second < 210; second += 1) {
      await daemon.advance(1_000);
      expect(daemon.takeRequests().length).toBeLessThanOrEqual(4);
    }
    const looked = visited(daemon).filter((item) => item !== WEBHOOKS);
    const rare = names.filter((name) => looked.filter((item) => item === name).length < 2);
    expect(rare).toEqual([]);
  });

  it('tells once a round how the fleet is', async () => {
    const daemon = await atRest(['acme', 'birch']);
    await daemon.advance(25 * MINUTE_MS);
    const told = daemon.takeEvents().flatMap((event) => (event.kind === 'resync-ended' ? [event.summary.phases] : []));
    expect(told).toEqual([{ Ready: 2 }, { Ready: 2 }]);
  });
});

describe('the audit', () => {
  it('reads keys and ledger of each customer once a day, whoever was converged before', async () => {
    const names = ['acme', 'birch', 'cedar', 'dogwood', 'elm'];
    const daemon = await atRest(names);
    await daemon.advance(24 * HOUR_MS);
    const requests = daemon.takeRequests();
    for (const { id } of daemon.world.sandbox.snapshot().organizations.slice(1)) {
      expect(requests.filter((one) => one.startsWith(`GET /v1/organizations/${id}/api-keys`))).toHaveLength(1);
      expect(requests.filter((one) => one.startsWith(`GET /v1/organizations/${id}/credits/events`))).toHaveLength(1);
    }
  });
});

describe('what does not come to rest', () => {
  it('is tried again with growing waits while it may settle by itself, then as often as everybody', async () => {
    const daemon = createDaemonWorld({ prepaidCredits: 50 });
    declare(daemon, 'acme');
    await daemon.start();
    await daemon.advance(HOUR_MS);
    const visits = daemon.takeVisits().filter(({ item }) => item === 'acme');
    const waits = visits.map(({ result, retryAfterMs }) => `${result} ${retryAfterMs}`);
    expect(waits.slice(0, 7)).toEqual([
      'requeue 1500',
      'requeue 2500',
      'requeue 4500',
      'requeue 8500',
      'requeue 16500',
      'requeue 30500',
      'requeue 30500',
    ]);
    expect(visits.length).toBeLessThanOrEqual(1 + 10 + 6);
    daemon.world.sandbox.hands.fundParent(1_000);
    await daemon.advance(11 * MINUTE_MS);
    expect(phasesOf(daemon)).toEqual({ acme: 'Ready' });
  });

  it('and needs a person is left to the resync, which also finds what a person has mended', async () => {
    const daemon = await atRest(['acme', 'birch']);
    const { organizations } = daemon.world.sandbox.snapshot();
    const acme = organizations.find(({ name }) => name === 'acme')?.id ?? '';
    daemon.world.sandbox.hands.suspend(acme);
    await daemon.advance(10 * MINUTE_MS);
    expect(phasesOf(daemon)).toMatchObject({ acme: 'Stalled' });
    await daemon.advance(30 * MINUTE_MS);
    expect(daemon.takeVisits().filter(({ item }) => item === 'acme').length).toBeLessThanOrEqual(3);
    expect(writesOf(daemon.takeRequests())).toEqual([]);
    daemon.world.sandbox.hands.resume(acme);
    await daemon.advance(21 * MINUTE_MS);
    expect(phasesOf(daemon)).toMatchObject({ acme: 'Ready' });
  });

  it('is a bug in one visit: it is told, tried again, and ends nothing', async () => {
    let fails = false;
    const daemon = await atRest(['acme', 'birch'], { isBroken: ({ path }) => fails && path.includes('allocate') });
    fails = true;
    for (const name of ['acme', 'birch'])
      edit(daemon, `customers/${name}.yaml`, (text) => text.replace('credits: 100', 'credits: 150'));
    await daemon.hint();
    expect(daemon.events.filter(({ kind }) => kind === 'defect').length).toBeGreaterThanOrEqual(2);
    fails = false;
    await daemon.advance(MINUTE_MS);
    expect(phasesOf(daemon)).toEqual({ acme: 'Ready', birch: 'Ready' });
    expect(grantsIn(daemon)).toBe(4);
  });
});

describe('SIGHUP', () => {
  it('looks at files, binding, listing and everybody now', async () => {
    const daemon = await atRest(['acme', 'birch', 'cedar']);
    await daemon.hangup();
    expect(visited(daemon).toSorted()).toEqual([WEBHOOKS, 'acme', 'birch', 'cedar']);
    const requests = daemon.takeRequests();
    expect(requests.filter((one) => one.startsWith('GET /v1/whoami'))).toHaveLength(1);
    expect(requests.filter((one) => one.startsWith('GET /v1/organizations?'))).toHaveLength(1);
    expect(writesOf(requests)).toEqual([]);
  });
});

describe('files that cannot be used', () => {
  it('freeze their own customer until they are mended, and it is told once at either end', async () => {
    const daemon = await atRest(['acme', 'birch']);
    edit(daemon, 'customers/acme.yaml', (text) => text.replace('credits: 100', 'credits: 1e3'));
    edit(daemon, 'customers/birch.yaml', (text) => text.replace('credits: 100', 'credits: 200'));
    await daemon.hint();
    await daemon.advance(HOUR_MS);
    const looked = visited(daemon);
    expect(looked).not.toContain('acme');
    expect(looked).toContain('birch');
    const broken = daemon.takeEvents().flatMap((event) => (event.kind === 'declarations-loaded' ? event.broken : []));
    expect(broken.map(({ file }) => file)).toEqual(['customers/acme.yaml']);
    edit(daemon, 'customers/acme.yaml', (text) => text.replace('credits: 1e3', 'credits: 100'));
    await daemon.hint();
    expect(phasesOf(daemon)).toEqual({ acme: 'Ready' });
    const mended = daemon.takeEvents().flatMap((event) => (event.kind === 'declarations-loaded' ? event.mended : []));
    expect(mended).toEqual(['customers/acme.yaml']);
  });

  it.each([
    { reason: 'reconcile.yaml is broken', file: 'reconcile.yaml', broken: 'guards: [' },
    { reason: 'reconcile.yaml says something unknown', file: 'reconcile.yaml', broken: 'gards: {}' },
  ])('freeze everybody when $reason, and everything goes on when it is mended', async ({ file, broken }) => {
    const daemon = await atRest(['acme', 'birch']);
    const whole = daemon.world.disk.textOf(`${WORKSPACE}/${file}`) ?? '';
    edit(daemon, file, (text) => `${text}${broken}\n`);
    declare(daemon, 'cedar');
    await daemon.hint();
    await daemon.advance(HOUR_MS);
    expect(daemon.takeRequests()).toEqual([]);
    expect(daemon.takeEvents().some(({ kind }) => kind === 'declarations-failed')).toBe(true);
    edit(daemon, file, () => whole);
    await daemon.hint();
    await daemon.advance(1_000);
    expect(phasesOf(daemon)).toMatchObject({ cedar: 'Ready' });
  });

  it('are gone with the whole directory: that is unknown, never "nobody is wanted"', async () => {
    const daemon = await atRest(['acme', 'birch']);
    const texts = ['acme', 'birch'].map(
      (name) => [name, daemon.world.disk.textOf(`${WORKSPACE}/customers/${name}.yaml`)] as const,
    );
    for (const [name] of texts) daemon.world.disk.unlink(`${WORKSPACE}/customers/${name}.yaml`);
    await daemon.hint();
    await daemon.advance(HOUR_MS);
    expect(daemon.takeRequests()).toEqual([]);
    for (const [name, text] of texts) daemon.world.declare(`${name}.yaml`, text ?? '');
    await daemon.hint();
    await daemon.advance(20 * MINUTE_MS);
    expect(phasesOf(daemon)).toEqual({ acme: 'Ready', birch: 'Ready' });
    expect(writesOf(daemon.takeRequests())).toEqual([]);
  });
});

describe('an API that does not let anybody in', () => {
  it('is asked by one question at a time, further and further apart, and no status changes', async () => {
    let isAway = false;
    const daemon = await atRest(['acme', 'birch', 'cedar'], { isRefused: () => isAway });
    const disk = daemon.world.disk.fingerprint({ powerMayFail: false });
    isAway = true;
    await daemon.hangup();
    await daemon.advance(20 * MINUTE_MS);
    const asked = daemon.takeRequests();
    expect(new Set(asked)).toEqual(new Set(['GET /v1/whoami']));
    expect(asked.length).toBeLessThan(45);
    isAway = false;
    await daemon.advance(2 * MINUTE_MS);
    expect(phasesOf(daemon)).toEqual({ acme: 'Ready', birch: 'Ready', cedar: 'Ready' });
    expect(daemon.world.disk.fingerprint({ powerMayFail: false })).toBe(disk);
  });
});

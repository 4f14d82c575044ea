import { describe, expect, it } from 'vitest';
import type { Leadership } from '../../src/effects/leadership.ts';
import { createDaemonWorld, type DaemonWorld, type DaemonWorldOptions } from '../support/daemon-world.ts';
import { ACME, type World } from '../support/world.ts';

const ACME_ID = 'acme-coffee';

function begin(options: DaemonWorldOptions = {}): DaemonWorld {
  const daemon = createDaemonWorld(options);
  daemon.world.declare('acme-coffee.yaml', ACME);
  return daemon;
}

const operations = ({ sandbox }: World) => sandbox.snapshot().operations.map(({ kind }) => kind);
const leaderships = (daemon: DaemonWorld) =>
  daemon.events.flatMap((event) => (event.kind === 'leadership' ? [event.state] : []));

/** A lease in the hands of a test. */
function lease() {
  const lost = new AbortController();
  let give: (leads: boolean) => void = () => {};
  const released: number[] = [];
  const leadership: Leadership = {
    acquire: (signal) =>
      new Promise((resolve) => {
        give = resolve;
        signal.addEventListener('abort', () => resolve(false), { once: true });
      }),
    lost: lost.signal,
    release: async () => void released.push(1),
  };
  return { leadership, grant: () => give(true), lose: () => lost.abort(), released };
}

/** Whatever a process left behind, the next one comes to rest from it, and nothing is paid or made twice. */
async function settlesAfter({ world }: DaemonWorld): Promise<void> {
  const next = createDaemonWorld({ sandbox: world.sandbox, disk: world.disk });
  await next.start();
  await next.advance(60_000);
  const done = operations(world);
  for (const kind of ['organization.create', 'credits.allocate', 'key.mint'])
    expect(done.filter((one) => one === kind).length).toBeLessThanOrEqual(1);
  const last = next.takeVisits().findLast(({ item }) => item === ACME_ID)?.visit;
  expect(last?.kind === 'customer' && last.report.phase).toBe('Ready');
  expect(await next.stop()).toEqual({ exitCode: 0, abandoned: [] });
}

describe('a stop', () => {
  it('of a daemon at rest is at once, with 0', async () => {
    const daemon = begin();
    await daemon.start();
    expect(await daemon.stop()).toEqual({ exitCode: 0, abandoned: [] });
    expect(daemon.events.at(-1)).toEqual({ kind: 'stopped', abandoned: [] });
  });

  it('lets the request under way end, begins no other write, and the next start goes on', async () => {
    const daemon = begin({ delayMs: ({ method }) => (method === 'POST' ? 5_000 : 0) });
    await daemon.start();
    expect(operations(daemon.world)).toEqual(['organization.create']);
    const before = daemon.clock.monotonic();
    expect(await daemon.stop()).toEqual({ exitCode: 0, abandoned: [] });
    expect(daemon.clock.monotonic() - before).toBeLessThanOrEqual(5_000);
    expect(operations(daemon.world)).toEqual(['organization.create']);
    await settlesAfter(daemon);
  });

  it('waits no longer than the grace period for a request that hangs, and names whom it left', async () => {
    const daemon = begin({ delayMs: ({ path }) => (path.endsWith('/allocate') ? Number.POSITIVE_INFINITY : 0) });
    await daemon.start();
    const before = daemon.clock.monotonic();
    expect(await daemon.stop()).toEqual({ exitCode: 0, abandoned: [ACME_ID] });
    expect(daemon.clock.monotonic() - before).toBe(25_000);
    expect(daemon.events.at(-1)).toEqual({ kind: 'stopped', abandoned: [ACME_ID] });
    await settlesAfter(daemon);
  });

  it('that comes before the first look ends it without a request', async () => {
    const { leadership } = lease();
    const daemon = begin({ leadership });
    await daemon.start();
    expect(await daemon.stop()).toEqual({ exitCode: 0, abandoned: [] });
    expect(daemon.takeRequests()).toEqual([]);
  });
});

describe('a standby', () => {
  it('looks at the files, says what is wrong with them, and asks nobody for anything', async () => {
    const { leadership } = lease();
    const daemon = begin({ leadership });
    daemon.world.declare('broken.yaml', 'externalId: broken\n');
    await daemon.start();
    await daemon.advance(3_600_000);
    expect(daemon.takeRequests()).toEqual([]);
    const loads = daemon.events.filter(({ kind }) => kind === 'declarations-loaded');
    expect(loads).toMatchObject([{ customers: 1, broken: [{ file: 'customers/broken.yaml' }] }]);
    expect(leaderships(daemon)).toEqual(['waiting']);
  });

  it('works as soon as it leads, and lets the next one lead when its last visit has ended', async () => {
    const { leadership, grant, released } = lease();
    const daemon = begin({ leadership, delayMs: ({ method }) => (method === 'POST' ? 1_000 : 0) });
    await daemon.start();
    grant();
    await daemon.advance(1_500);
    expect(operations(daemon.world)).toContain('organization.create');
    const end = daemon.stop();
    expect(released).toEqual([]);
    expect(await end).toEqual({ exitCode: 0, abandoned: [] });
    expect(released).toEqual([1]);
    expect(leaderships(daemon)).toEqual(['waiting', 'leading', 'released']);
  });

  it('that lost the lead ends at once, gives up nothing, and what was under way is settled by the next', async () => {
    const { leadership, grant, lose, released } = lease();
    const daemon = begin({ leadership, delayMs: ({ path }) => (path.endsWith('/allocate') ? 20_000 : 0) });
    await daemon.start();
    grant();
    await daemon.advance(10);
    const before = daemon.clock.monotonic();
    lose();
    await daemon.advance(0);
    await daemon.advance(0);
    expect(daemon.ended()).toEqual({ exitCode: 1, abandoned: [ACME_ID] });
    expect(daemon.clock.monotonic()).toBe(before);
    expect(released).toEqual([]);
    expect(leaderships(daemon)).toEqual(['waiting', 'leading', 'lost']);
    await settlesAfter(daemon);
  });

  it('does not give up the lease while something it left may still arrive', async () => {
    const { leadership, grant, released } = lease();
    const daemon = begin({ leadership, delayMs: ({ path }) => (path.endsWith('/allocate') ? 29_000 : 0) });
    await daemon.start();
    grant();
    await daemon.advance(10);
    expect(await daemon.stop()).toEqual({ exitCode: 0, abandoned: [ACME_ID] });
    expect(released).toEqual([]);
  });
});

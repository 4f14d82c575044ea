import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { CallOptions, KubernetesClient } from '../../../src/effects/kubernetes/client.ts';
import type { Kind } from '../../../src/effects/kubernetes/kind.ts';
import { createLeaseLeadership } from '../../../src/effects/kubernetes/lease.ts';
import { type Lease, leases } from '../../../src/effects/kubernetes/lease-record.ts';
import type { Outcome, Trouble } from '../../../src/effects/kubernetes/outcome.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';

const place = { namespace: 'layers', name: 'reconcile' };
const FOR_EVER = new AbortController().signal;

/** What stands between one replica and the API server. */
type Weather =
  | 'fine'
  /** Nothing arrives, and the call ends at its deadline. */
  | 'hangs'
  /** It arrives and is carried out, but the answer does not come. */
  | 'answers are lost'
  /** Not even deadlines are kept, as a defect of ours might do it. */
  | 'deaf'
  | Trouble;

const notFound: Trouble = { outcome: 'not-found', message: 'there is none' };
const late: Trouble = { outcome: 'unreachable', message: 'too late', nothingDone: false, retryAfterMs: null };
const stale: Trouble = { outcome: 'conflict', reason: 'stale', message: 'it was changed' };
const exists: Trouble = { outcome: 'conflict', reason: 'exists', message: 'it exists' };

const written = z.looseObject({ metadata: z.looseObject({}) });

/** As it arrives: what was undefined is not there. */
function received(object: object): Lease {
  const { metadata, ...rest } = written.parse(JSON.parse(JSON.stringify(object)));
  return leases.shape.parse({ ...rest, metadata: { uid: 'u', resourceVersion: '', ...metadata } });
}

/** One lease behind compare-and-swap. */
function createServer(clock: VirtualClock) {
  let version = 0;
  const server = {
    lease: null as Lease | null,
    writes: 0,
    /** By a hand that asks nobody; a holder that is put here is dead, since it renews nothing. */
    put(spec: Lease['spec']): Lease {
      version += 1;
      server.lease = { metadata: { name: place.name, uid: 'u', resourceVersion: String(version) }, spec };
      return server.lease;
    },
  };
  const write = (object: object, isAllowed: (version: string) => Trouble | null): Lease | Trouble => {
    const { metadata, spec } = received(object);
    const refusal = isAllowed(metadata.resourceVersion);
    if (refusal) return refusal;
    server.writes += 1;
    return server.put(spec);
  };
  const clientIn = (weather: () => Weather): Pick<KubernetesClient, 'get' | 'create' | 'replace'> => {
    const ask = async <T>(
      kind: Kind<T>,
      call: CallOptions | undefined,
      act: () => Lease | Trouble,
    ): Promise<Outcome<T>> => {
      const now = weather();
      if (now === 'answers are lost') act();
      if (now === 'deaf') await clock.sleep(1e9);
      if (now === 'hangs' || now === 'answers are lost') {
        await clock.sleep(call?.deadlineMs ?? Number.NaN, call?.signal);
        return late;
      }
      if (typeof now === 'object') return now;
      await clock.sleep(8);
      const came = act();
      return 'outcome' in came ? came : { outcome: 'ok', value: kind.shape.parse(came) };
    };
    return {
      get: (kind, _at, call) => ask(kind, call, () => server.lease ?? notFound),
      create: (kind, _at, object, call) => ask(kind, call, () => write(object, () => (server.lease ? exists : null))),
      replace: (kind, _at, object, call) =>
        ask(kind, call, () =>
          write(object, (given) =>
            server.lease === null ? notFound : given === server.lease.metadata.resourceVersion ? null : stale,
          ),
        ),
    };
  };
  return Object.assign(server, { clientIn });
}

function setUp() {
  const clock = createVirtualClock();
  const server = createServer(clock);
  const replica = (identity: string, wallOffsetMs = 0) => {
    const lines: { msg: string; why?: string; holder?: string }[] = [];
    const state = { weather: 'fine' as Weather, wallOffsetMs };
    const leadership = createLeaseLeadership({
      client: server.clientIn(() => state.weather),
      clock: { ...clock, now: () => clock.now() + state.wallOffsetMs },
      chance: { random: () => 1 },
      place,
      identity,
      durationMs: 15_000,
      log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    });
    return Object.assign(state, { leadership, lines, said: () => lines.map(({ msg }) => msg) });
  };
  const holder = () => server.lease?.spec?.holderIdentity;
  return { clock, server, replica, holder };
}

/** How long it takes in virtual time, in seconds. */
async function secondsOf(clock: VirtualClock, work: Promise<unknown>): Promise<number> {
  const startedAt = clock.monotonic();
  let endedAt = Number.NaN;
  await clock.run(
    work.then(() => {
      endedAt = clock.monotonic();
    }),
  );
  return (endedAt - startedAt) / 1_000;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

describe('a lease', () => {
  test('that does not exist is made at once, with what kubectl shows of it', async () => {
    const { clock, server, replica } = setUp();
    const a = replica('a');
    expect(await secondsOf(clock, a.leadership.acquire(FOR_EVER))).toBeLessThan(0.1);
    expect(server.lease?.spec).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-11-02T08:00:00.008000Z',
      renewTime: '2026-11-02T08:00:00.008000Z',
      leaseTransitions: 0,
    });
    expect(a.said()).toEqual(['leading']);
  });

  test('that nobody holds, or that is ours from an earlier life, is taken at once', async () => {
    for (const holderIdentity of ['', 'a']) {
      const { clock, server, replica, holder } = setUp();
      server.put({ holderIdentity, leaseDurationSeconds: 15 });
      expect(await secondsOf(clock, replica('a').leadership.acquire(FOR_EVER))).toBeLessThan(0.1);
      expect(holder()).toBe('a');
    }
  });

  test('whose holder is dead is taken when it was seen unchanged for its whole duration, and not before', async () => {
    const { clock, server, replica, holder } = setUp();
    server.put({ holderIdentity: 'dead', leaseDurationSeconds: 15, leaseTransitions: 3 });
    const a = replica('a');
    const seconds = await secondsOf(clock, a.leadership.acquire(FOR_EVER));
    expect(seconds).toBeGreaterThanOrEqual(15);
    expect(seconds).toBeLessThanOrEqual(17);
    expect(holder()).toBe('a');
    expect(server.lease?.spec?.leaseTransitions).toBe(4);
    expect(a.said()).toEqual(['standing by', 'leading']);
  });

  test('whose leader dies right after a renewal is taken a second before the 17 that we promise', async () => {
    for (let afterMs = 0; afterMs < 4_000; afterMs += 250) {
      const { clock, server, replica } = setUp();
      const a = replica('a');
      server.put({ holderIdentity: 'dies', leaseDurationSeconds: 15 });
      const acquired = a.leadership.acquire(FOR_EVER);
      await clock.advance(afterMs);
      server.put({ holderIdentity: 'dies', leaseDurationSeconds: 15 });
      const seconds = await secondsOf(clock, acquired);
      expect(seconds).toBeGreaterThanOrEqual(15);
      expect(seconds).toBeLessThanOrEqual(16.1);
    }
  });

  test('is waited for as long as its holder says, not as long as we would', async () => {
    const { clock, server, replica } = setUp();
    server.put({ holderIdentity: 'dead', leaseDurationSeconds: 60 });
    expect(await secondsOf(clock, replica('a').leadership.acquire(FOR_EVER))).toBeGreaterThanOrEqual(60);
  });

  test.each([
    ['an hour behind', -3_600_000],
    ['a year ahead', 31_536_000_000],
  ])('is judged by no wall clock: a standby whose clock is %s waits just as long', async (_reason, offsetMs) => {
    const { clock, server, replica } = setUp();
    server.put({ holderIdentity: 'dead', leaseDurationSeconds: 15, renewTime: '2026-11-02T08:00:00.000000Z' });
    const seconds = await secondsOf(clock, replica('a', offsetMs).leadership.acquire(FOR_EVER));
    expect(Math.floor(seconds)).toBeGreaterThanOrEqual(15);
    expect(seconds).toBeLessThanOrEqual(17);
  });

  test('is held by one of many that want it', async () => {
    const { clock, replica } = setUp();
    const all = ['a', 'b', 'c', 'd'].map((identity) => replica(identity));
    const leading: string[] = [];
    for (const [index, one] of all.entries())
      void one.leadership.acquire(FOR_EVER).then(() => leading.push('abcd'[index] ?? ''));
    await clock.advance(600_000);
    expect(leading).toHaveLength(1);
    expect(all.filter(({ leadership }) => leadership.lost.aborted)).toEqual([]);
  });
});

describe('who leads', () => {
  async function leading(wallOffsetMs = 0) {
    const stage = setUp();
    const a = stage.replica('a', wallOffsetMs);
    await stage.clock.run(a.leadership.acquire(FOR_EVER));
    return { ...stage, a };
  }

  test('renews every 2 seconds, in one write each, and goes on doing so for a day', async () => {
    const { clock, server, a } = await leading();
    const before = server.writes;
    await clock.advance(86_400_000);
    expect(a.leadership.lost.aborted).toBe(false);
    expect(server.writes - before).toBeGreaterThan(43_000);
    expect(server.writes - before).toBeLessThan(43_201);
    expect(a.said()).toEqual(['leading']);
  });

  test('is not put off by a wall clock that jumps', async () => {
    const { clock, a, holder } = await leading();
    for (const jump of [3_600_000, -7_200_000, 0]) {
      a.wallOffsetMs = jump;
      await clock.advance(20_000);
    }
    expect([a.leadership.lost.aborted, holder()]).toEqual([false, 'a']);
  });

  test.each<[string, Weather]>([
    ['calls hang', 'hangs'],
    ['answers are lost', 'answers are lost'],
    ['even our own deadlines fail', 'deaf'],
    ['the server is away', { outcome: 'unreachable', message: 'refused', nothingDone: true, retryAfterMs: null }],
    ['the role was taken away', { outcome: 'forbidden', message: 'We may not update leases' }],
  ])('has stopped before anybody else may begin when %s', async (_reason, weather) => {
    const { clock, replica, a } = await leading();
    const b = replica('b');
    const taken = b.leadership.acquire(FOR_EVER);
    await clock.advance(7_000);
    a.weather = weather;
    const lostAfter = await secondsOf(clock, aborted(a.leadership.lost));
    expect(lostAfter).toBeLessThanOrEqual(10);
    expect(b.said()).not.toContain('leading');
    expect(a.lines.at(-1)).toMatchObject({ msg: 'leadership lost', why: 'it could not be renewed for 10 s' });
    // Ours may have been the last renewal that arrived, up to the moment in which we stopped.
    expect(await secondsOf(clock, taken)).toBeLessThanOrEqual(17);
  });

  test('goes on over a trouble that ends in time, and says it once', async () => {
    const { clock, a } = await leading();
    a.weather = { outcome: 'unreachable', message: 'refused', nothingDone: true, retryAfterMs: null };
    await clock.advance(7_000);
    a.weather = 'fine';
    await clock.advance(20_000);
    expect(a.leadership.lost.aborted).toBe(false);
    expect(a.said()).toEqual(['leading', 'the lease could not be renewed; it is tried again']);
  });

  test('goes on when the answer to a renewal was lost, although its version is then unknown', async () => {
    const { clock, a } = await leading();
    a.weather = 'answers are lost';
    await clock.advance(6_000);
    a.weather = 'fine';
    await clock.advance(60_000);
    expect(a.leadership.lost.aborted).toBe(false);
  });

  test('goes on when somebody labels the lease, or deletes it', async () => {
    const { clock, server, a, holder } = await leading();
    server.put(server.lease?.spec);
    await clock.advance(10_000);
    server.lease = null;
    await clock.advance(10_000);
    expect([a.leadership.lost.aborted, holder()]).toEqual([false, 'a']);
  });

  test('stops at the next look when somebody else took the lease', async () => {
    const { clock, server, a } = await leading();
    server.put({ holderIdentity: 'thief', leaseDurationSeconds: 15 });
    expect(await secondsOf(clock, aborted(a.leadership.lost))).toBeLessThan(2.1);
    expect(a.lines.at(-1)).toMatchObject({ msg: 'leadership lost', why: 'it is held by thief now' });
  });

  test('and was asleep for longer than the lease has lost it, even to itself', async () => {
    const { clock, server, replica } = setUp();
    // A process that is stopped does nothing; its clock goes on.
    let asleep: Promise<void> | null = null;
    const dozing = {
      ...clock,
      sleep: (ms: number, signal?: AbortSignal) => asleep?.then(() => undefined) ?? clock.sleep(ms, signal),
    };
    const lines: string[] = [];
    const a = createLeaseLeadership({
      client: server.clientIn(() => 'fine'),
      clock: dozing,
      chance: { random: () => 1 },
      place,
      identity: 'a',
      durationMs: 15_000,
      log: pino({}, { write: (line: string) => void lines.push(line) }),
    });
    await clock.run(a.acquire(FOR_EVER));
    asleep = clock.sleep(40_000);
    const b = replica('b');
    await clock.run(b.leadership.acquire(FOR_EVER));
    expect(a.lost.aborted).toBe(false);
    await clock.run(aborted(a.lost));
    expect(lines.at(-1)).toContain('leadership lost');
  });
});

describe('release', () => {
  test('lets a standby begin at its next look, within 2 seconds', async () => {
    const { clock, server, replica } = setUp();
    const [a, b] = [replica('a'), replica('b')];
    await clock.run(a.leadership.acquire(FOR_EVER));
    const taken = b.leadership.acquire(FOR_EVER);
    await clock.advance(31_000);
    await clock.run(a.leadership.release());
    expect(server.lease?.spec?.holderIdentity).toBe('');
    expect(await secondsOf(clock, taken)).toBeLessThan(2.1);
    expect(a.said()).toEqual(['leading', 'leadership released']);
    await clock.advance(60_000);
    expect([a.leadership.lost.aborted, b.leadership.lost.aborted]).toEqual([false, false]);
  });

  test('waits for a renewal in flight, which would take the lease again', async () => {
    const { clock, replica, holder } = setUp();
    const a = replica('a');
    await clock.run(a.leadership.acquire(FOR_EVER));
    await clock.advance(2_004);
    await clock.run(a.leadership.release());
    expect(holder()).toBe('');
    await clock.advance(60_000);
    expect(holder()).toBe('');
  });

  test('takes nothing from who leads by now', async () => {
    const { clock, server, replica, holder } = setUp();
    const a = replica('a');
    await clock.run(a.leadership.acquire(FOR_EVER));
    server.put({ holderIdentity: 'b', leaseDurationSeconds: 15 });
    await clock.run(a.leadership.release());
    expect(holder()).toBe('b');
  });

  test('of who never led does nothing, nor does a second one', async () => {
    const { clock, server, replica } = setUp();
    const [a, b] = [replica('a'), replica('b')];
    await clock.run(b.leadership.release());
    await clock.run(a.leadership.acquire(FOR_EVER));
    await clock.run(a.leadership.release());
    const { writes } = server;
    await clock.run(a.leadership.release());
    expect(server.writes).toBe(writes);
  });

  test('ends with a warning when the server does not answer', async () => {
    const { clock, replica } = setUp();
    const a = replica('a');
    await clock.run(a.leadership.acquire(FOR_EVER));
    a.weather = 'hangs';
    expect(await secondsOf(clock, a.leadership.release())).toBeLessThanOrEqual(10);
    expect(a.said().at(-1)).toBe('the lease could not be released; the next leader waits until it runs out');
  });
});

describe('a stop', () => {
  test('ends a wait for the lease', async () => {
    const { clock, server, replica } = setUp();
    server.put({ holderIdentity: 'b', leaseDurationSeconds: 3_600 });
    const stop = new AbortController();
    const acquired = replica('a').leadership.acquire(stop.signal);
    await clock.advance(5_000);
    stop.abort();
    expect(await clock.run(acquired)).toBe(false);
  });

  test('in the moment in which the lease is taken leaves it free', async () => {
    const { clock, replica, holder } = setUp();
    const stop = new AbortController();
    const acquired = replica('a').leadership.acquire(stop.signal);
    await clock.advance(12);
    stop.abort();
    expect(await clock.run(acquired)).toBe(false);
    expect(holder()).toBe('');
  });
});

test('who may not touch the lease says so once, and leads as soon as it may', async () => {
  const { clock, replica } = setUp();
  const a = replica('a');
  a.weather = { outcome: 'forbidden', message: 'We may not get leases' };
  const acquired = a.leadership.acquire(FOR_EVER);
  await clock.advance(60_000);
  a.weather = 'fine';
  expect(await clock.run(acquired)).toBe(true);
  expect(a.lines).toMatchObject([
    { msg: 'the lease cannot be read or taken; it is tried again', why: 'We may not get leases' },
    { msg: 'leading' },
  ]);
});

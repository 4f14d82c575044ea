import { beforeAll, describe, expect, test } from 'vitest';
import { createPacer, type Pacer, type RequestClass } from '../../../src/effects/layers/pacer.ts';
import type { WireAnswer } from '../../../src/effects/layers/transport.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';

const chance = { random: () => 0 };
const patient = { urgent: false, patienceMs: 3_600_000 };

function response(status: number, headers: Readonly<Record<string, string>>): WireAnswer {
  return { kind: 'response', status, headers, body: '' };
}

/** Takes `count` permits one after the other and returns the times at which they were given, in virtual milliseconds. */
async function takeMany(pacer: Pacer, clock: VirtualClock, requestClass: RequestClass, count: number) {
  const times: number[] = [];
  await clock.run(
    (async () => {
      for (let taken = 0; taken < count; taken += 1) {
        await pacer.take(requestClass, patient);
        times.push(clock.monotonic());
      }
    })(),
  );
  return times;
}

/** Arrival times of requests that travel up to 900 ms, in no regular pattern. */
function arrivals(times: readonly number[]): readonly number[] {
  return times.map((at, index) => at + ((index * 7_919) % 900)).toSorted((a, b) => a - b);
}

type Counter = (limit: number) => (at: number) => boolean;

/** Three ways in which a server may count; each says whether it lets a request pass. */
const counters: Readonly<Record<string, Counter>> = {
  'fixed windows that begin with the clock': fixedWindows(0),
  'fixed windows that begin somewhere else': fixedWindows(17_345),
  'a sliding window': (limit) => {
    const passed: number[] = [];
    return (at) => {
      while ((passed[0] ?? at) <= at - 60_000) passed.shift();
      return passed.length < limit && passed.push(at) > 0;
    };
  },
  'a bucket of tokens': (limit) => {
    let tokens = limit;
    let filledAt = 0;
    return (at) => {
      tokens = Math.min(limit, tokens + ((at - filledAt) * limit) / 60_000);
      filledAt = at;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    };
  },
};

function fixedWindows(phaseMs: number): Counter {
  return (limit) => {
    const counts = new Map<number, number>();
    return (at) => {
      const window = Math.floor((at + phaseMs) / 60_000);
      const count = (counts.get(window) ?? 0) + 1;
      counts.set(window, count);
      return count <= limit;
    };
  };
}

describe.each([
  { tier: 'standard', requestClass: 'read', limit: 120, minutes: 20 },
  { tier: 'standard', requestClass: 'write', limit: 60, minutes: 20 },
  { tier: 'pilot', requestClass: 'read', limit: 1_200, minutes: 6 },
  { tier: 'pilot', requestClass: 'write', limit: 600, minutes: 6 },
  { tier: 'partner', requestClass: 'read', limit: 6_000, minutes: 3 },
  { tier: 'partner', requestClass: 'write', limit: 3_000, minutes: 3 },
] as const)('$tier tier, $requestClass, under load', ({ tier, requestClass, limit, minutes }) => {
  let times: readonly number[] = [];

  beforeAll(async () => {
    const clock = createVirtualClock();
    times = await takeMany(createPacer({ clock, chance, tier }), clock, requestClass, limit * minutes);
  });

  test('uses at least 97 % of the quota, the burst of the first minute not counted', () => {
    const steady = times.filter((at) => at >= 60_000);
    const spanMinutes = ((steady.at(-1) ?? 0) - 60_000) / 60_000;
    expect(steady.length / (limit * spanMinutes)).toBeGreaterThanOrEqual(0.97);
  });

  test.each(Object.keys(counters))('earns no 429 from a server that counts in %s', (name) => {
    const passes = counters[name]?.(limit);
    const refused = arrivals(times).filter((at) => passes?.(at) !== true);
    expect(refused).toEqual([]);
  });

  test('makes nobody wait longer than a grant stays good', () => {
    const gaps = times.map((at, index) => at - (times[index - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(15_000);
  });
});

test('a small fleet does not wait at all', async () => {
  const clock = createVirtualClock();
  const pacer = createPacer({ clock, chance });
  expect((await takeMany(pacer, clock, 'read', 20)).at(-1)).toBe(0);
  expect((await takeMany(pacer, clock, 'write', 10)).at(-1)).toBe(0);
});

describe('what the server says', () => {
  test('the tier that whoami names changes the pace; an unknown one is taken for standard', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer({ clock, chance });
    pacer.setTier('partner');
    expect((await takeMany(pacer, clock, 'write', 500)).at(-1)).toBe(0);
    pacer.setTier('sandbox');
    expect((await takeMany(pacer, clock, 'write', 2)).at(-1)).toBeGreaterThan(0);
  });

  test('X-RateLimit-Limit is believed before the tier', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer({ clock, chance });
    pacer.observe('write', response(200, { 'x-ratelimit-limit': '600' }));
    pacer.setTier('standard');
    expect((await takeMany(pacer, clock, 'write', 100)).at(-1)).toBe(0);
  });

  test('a count of another endpoint class says nothing about ours', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer({ clock, chance });
    const longRunning = { 'x-ratelimit-endpoint-class': 'long-running', 'x-ratelimit-limit': '1' };
    pacer.observe('write', response(200, longRunning));
    expect((await takeMany(pacer, clock, 'write', 10)).at(-1)).toBe(0);
  });

  test.each([
    ['in Unix seconds', String(Date.parse('2026-11-02T08:00:40Z') / 1_000)],
    ['in seconds from now', '40'],
  ])('what others use of the quota is left to them until the reset, said %s, but for the reserve', async (_, reset) => {
    const clock = createVirtualClock(Date.parse('2026-11-02T08:00:00Z'));
    const pacer = createPacer({ clock, chance });
    const headers = { 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '5', 'x-ratelimit-reset': reset };
    pacer.observe('write', response(200, headers));
    const patientOnes = takeMany(pacer, clock, 'write', 3);
    expect(await patientOnes).toEqual([0, 0, 40_000]);

    const other = createPacer({ clock, chance });
    other.observe('write', response(200, { ...headers, 'x-ratelimit-reset': '40' }));
    const before = clock.monotonic();
    const urgent = async () => {
      for (let taken = 0; taken < 5; taken += 1) await other.take('write', { urgent: true, patienceMs: 0 });
    };
    await clock.run(urgent());
    expect(clock.monotonic()).toBe(before);
  });

  test('our own requests are not mistaken for those of others', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer({ clock, chance });
    await takeMany(pacer, clock, 'write', 5);
    pacer.observe('write', response(200, { 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '55' }));
    expect((await takeMany(pacer, clock, 'write', 5)).at(-1)).toBe(0);
  });

  test.each([
    { reason: 'seconds', headers: { 'retry-after': '7' }, pauseMs: 7_000 },
    {
      reason: 'a date by the server’s own clock',
      headers: { date: 'Mon, 02 Nov 2026 20:00:00 GMT', 'retry-after': 'Mon, 02 Nov 2026 20:00:09 GMT' },
      pauseMs: 9_000,
    },
    { reason: 'nothing', headers: {}, pauseMs: 5_000 },
    { reason: 'nonsense', headers: { 'retry-after': '-3' }, pauseMs: 5_000 },
    { reason: 'too little to matter', headers: { 'retry-after': '0' }, pauseMs: 1_000 },
  ])('a 429 stops its class, and only that, for as long as it says: $reason', async ({ headers, pauseMs }) => {
    const clock = createVirtualClock();
    const pacer = createPacer({ clock, chance });
    pacer.observe('write', response(429, headers));
    expect(await takeMany(pacer, clock, 'read', 1)).toEqual([0]);
    expect(await takeMany(pacer, clock, 'write', 1)).toEqual([pauseMs]);
  });
});

describe('the queue', () => {
  test('urgent requests go first, and each kind keeps its order', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer({ clock, chance });
    await takeMany(pacer, clock, 'write', 10);
    const order: string[] = [];
    const wait = async (name: string, urgent: boolean) => {
      await pacer.take('write', { urgent, patienceMs: 0 });
      order.push(name);
    };
    await clock.run(Promise.all([wait('a', false), wait('b', false), wait('money 1', true), wait('money 2', true)]));
    expect(order).toEqual(['money 1', 'money 2', 'a', 'b']);
  });

  test('an aborted wait ends at once and takes nothing from the others', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer({ clock, chance });
    await takeMany(pacer, clock, 'write', 10);
    const stop = new AbortController();
    const stopped = pacer.take('write', { ...patient, signal: stop.signal });
    const others = takeMany(pacer, clock, 'write', 1);
    stop.abort();
    expect(await stopped).toEqual({ ok: false, reason: 'stopped' });
    expect((await others)[0]).toBeLessThan(2_000);
    expect(await pacer.take('write', { ...patient, signal: stop.signal })).toEqual({ ok: false, reason: 'stopped' });
  });

  test('a pause longer than somebody’s patience is refused to the waiting and to the coming', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer({ clock, chance });
    await takeMany(pacer, clock, 'write', 10);
    const waiting = pacer.take('write', { urgent: false, patienceMs: 60_000 });
    pacer.observe('write', response(429, { 'retry-after': '1800' }));
    const refusal = { ok: false, reason: 'limited', retryAfterMs: 1_800_000 };
    expect(await waiting).toEqual(refusal);
    expect(await pacer.take('write', { urgent: false, patienceMs: 60_000 })).toEqual(refusal);
  });

  test('a used-up day of writes is refused until midnight UTC, but for a reserve for money, and reads go on', async () => {
    const clock = createVirtualClock(Date.parse('2026-11-02T08:00:00Z'));
    const pacer = createPacer({ clock, chance, tier: 'standard' });
    await takeMany(pacer, clock, 'write', 9_900);
    const refusal = await pacer.take('write', { urgent: false, patienceMs: 120_000 });
    const midnight = Date.parse('2026-11-03T00:00:00Z');
    expect(refusal).toEqual({ ok: false, reason: 'limited', retryAfterMs: midnight - clock.now() });
    expect(await pacer.take('read', { urgent: false, patienceMs: 0 })).toEqual({ ok: true });
    const money = async () => {
      for (let taken = 0; taken < 100; taken += 1)
        expect(await pacer.take('write', { urgent: true, patienceMs: 0 })).toEqual({ ok: true });
    };
    await clock.run(money());
    expect(await pacer.take('write', { urgent: true, patienceMs: 0 })).toMatchObject({ reason: 'limited' });
    await clock.advance(midnight - clock.now());
    expect(await pacer.take('write', { urgent: false, patienceMs: 0 })).toEqual({ ok: true });
  });

  test('a permit whose request was never sent can be given back', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer({ clock, chance });
    await takeMany(pacer, clock, 'write', 10);
    pacer.refund('write');
    expect(await takeMany(pacer, clock, 'write', 1)).toEqual([0]);
  });

  test('the day ends by the server’s clock, not by ours', async () => {
    const clock = createVirtualClock(Date.parse('2026-11-02T08:00:00Z'));
    const pacer = createPacer({ clock, chance });
    const headers = { date: 'Sun, 01 Nov 2026 22:00:00 GMT', 'x-ratelimit-limit': '60000' };
    pacer.observe('write', response(200, headers));
    await takeMany(pacer, clock, 'write', 9_900);
    const refusal = await pacer.take('write', { urgent: false, patienceMs: 120_000 });
    expect(refusal).toEqual({ ok: false, reason: 'limited', retryAfterMs: 2 * 3_600_000 - clock.monotonic() });
  });

  test('tells who waits, until when, and for whom', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer({ clock, chance });
    expect(pacer.waiting('write')).toBeNull();
    await takeMany(pacer, clock, 'write', 10);
    const both = Promise.all([pacer.take('write', patient), pacer.take('write', patient)]);
    expect(pacer.waiting('write')).toMatchObject({ requests: 2, reason: 'quota' });
    pacer.observe('write', response(429, { 'retry-after': '30' }));
    expect(pacer.waiting('write')).toEqual({ requests: 2, reason: 'server', untilMs: clock.now() + 30_000 });
    await clock.run(both);
    expect(pacer.waiting('write')).toBeNull();
  });
});

test('tells metrics the limit, what is left of it, and how long everybody waited', async () => {
  const clock = createVirtualClock();
  const pacer = createPacer({ clock, chance });
  expect(pacer.state('write')).toEqual({ limit: 60, remaining: 60, waiting: 0, waitedMs: 0 });
  const [, ...times] = await takeMany(pacer, clock, 'write', 12);
  const waitedMs = times.at(-1) ?? 0;
  expect(pacer.state('write')).toEqual({ limit: 60, remaining: 48, waiting: 0, waitedMs });
  pacer.observe('write', response(200, { 'x-ratelimit-limit': '600', 'x-ratelimit-remaining': '580' }));
  expect(pacer.state('write')).toMatchObject({ limit: 600, remaining: 580 - 11 });
});

test('without a limit only a 429 makes anybody wait', async () => {
  const clock = createVirtualClock();
  const pacer = createPacer({ clock, chance, tier: 'unlimited' });
  pacer.setTier('standard');
  pacer.observe('read', response(200, { 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0' }));
  expect((await takeMany(pacer, clock, 'read', 5_000)).at(-1)).toBe(0);
  pacer.observe('read', response(429, { 'retry-after': '2' }));
  expect(await takeMany(pacer, clock, 'read', 1)).toEqual([2_000]);
});

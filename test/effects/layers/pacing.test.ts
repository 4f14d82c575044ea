import { describe, expect, test } from 'vitest';
import { createPacerRig, LIMITS, type PacerRig, type Program, shareUsed } from '../../support/pacer-rig.ts';

/**
 * The pacer against the sandbox's own rate limiter, through the real client and a network that takes its time, all of it
 * in virtual time. `npm run bench:pacer` prints the whole table.
 */

/** Any window of our own; the first one is left out, because it begins with a burst. */
const WINDOW_MS = 61_000;

const BUSY = { standard: { read: 6, write: 4 }, pilot: { read: 40, write: 30 }, partner: { read: 150, write: 100 } };

function refusals({ refused }: Program): number {
  return refused.read.length + refused.write.length;
}

/** How much of the tier's quota programs used together, by class. */
function sharesOf(programs: readonly Program[], tier: keyof typeof LIMITS, windows: number) {
  const share = (requestClass: 'read' | 'write') =>
    shareUsed(
      programs.flatMap(({ answered }) => answered[requestClass]),
      LIMITS[tier][requestClass],
      WINDOW_MS,
      windows * WINDOW_MS,
    );
  return { read: share('read'), write: share('write') };
}

/** A client that knows nothing of rate limits: so many reads and writes at the beginning of each of the server's minutes. */
async function bursts(rig: PacerRig, program: Program, until: number, skewMs: number): Promise<void> {
  const { client } = program;
  while (rig.clock.monotonic() < until) {
    const reads = Array.from({ length: 60 }, () => client.parentWallet());
    const writes = Array.from({ length: 30 }, () => client.suspendOrganization(NOBODY));
    await Promise.all([...reads, ...writes]);
    await rig.clock.sleep(60_000 - ((rig.clock.now() + skewMs) % 60_000));
  }
}

const NOBODY = 'org_00000000-0000-4000-8000-000000000000';

test.each([
  { tier: 'standard', windows: 5, skewMs: 0 },
  { tier: 'standard', windows: 5, skewMs: 17_345 },
  { tier: 'standard', windows: 5, skewMs: -172_800_000 },
  { tier: 'pilot', windows: 2, skewMs: 17_345 },
  { tier: 'partner', windows: 2, skewMs: -31_007 },
] as const)(
  'tier $tier, the server’s clock $skewMs ms ahead: 97 % of the quota and no 429',
  async ({ tier, windows, skewMs }) => {
    const rig = createPacerRig({ tier, skewMs });
    const program = rig.program();
    const work = async () => {
      await program.client.whoami();
      await rig.load(program, windows * WINDOW_MS, BUSY[tier]);
    };
    await rig.clock.run(work());
    expect(refusals(program)).toBe(0);
    const { read, write } = sharesOf([program], tier, windows);
    expect(read).toBeGreaterThanOrEqual(0.97);
    expect(write).toBeGreaterThanOrEqual(0.97);
  },
);

describe('a key that others use too', () => {
  test.each([2, 3])('%i daemons share the quota, earn no 429 and leave little of it unused', async (count) => {
    const windows = 8;
    const rig = createPacerRig({ tier: 'standard', skewMs: 12_345 });
    const programs = Array.from({ length: count }, () => rig.program());
    await rig.clock.run(Promise.all(programs.map((program) => rig.load(program, windows * WINDOW_MS, BUSY.standard))));
    const { read, write } = sharesOf(programs, 'standard', windows);
    expect(read).toBeGreaterThanOrEqual(0.9);
    expect(write).toBeGreaterThanOrEqual(0.9);
    // Who begins cannot know that others are there already.
    const later = programs.flatMap(({ refused }) => [...refused.read, ...refused.write]).filter((at) => at > WINDOW_MS);
    expect(later).toEqual([]);
  });

  test('a client that heeds nothing gets its share, and ours settles beside it', async () => {
    const windows = 8;
    const skewMs = 12_345;
    const rig = createPacerRig({ tier: 'standard', skewMs });
    const ours = rig.program();
    const theirs = rig.program({ isPaced: false });
    const until = windows * WINDOW_MS;
    await rig.clock.run(Promise.all([rig.load(ours, until, BUSY.standard), bursts(rig, theirs, until, skewMs)]));
    expect(refusals(ours)).toBeLessThanOrEqual(2 * windows);
    const { read, write } = sharesOf([ours], 'standard', windows);
    expect(read).toBeGreaterThan(0.35);
    expect(write).toBeGreaterThan(0.35);
  });
});

test('a key that is moved to another tier is used as the new one allows, up and down', async () => {
  const rig = createPacerRig({ tier: 'standard' });
  const program = rig.program();
  const work = rig.load(program, 9 * WINDOW_MS, BUSY.pilot);
  const provider = async () => {
    await rig.clock.sleep(3 * WINDOW_MS);
    rig.changeTier('pilot');
    await rig.clock.sleep(3 * WINDOW_MS);
    rig.changeTier('standard');
  };
  await rig.clock.run(Promise.all([work, provider()]));
  const perWindow = (times: readonly number[]) =>
    Array.from({ length: 9 }, (_, index) => times.filter((at) => Math.floor(at / WINDOW_MS) === index).length);
  const [, , before, , , up, , , down] = perWindow(program.answered.read);
  expect(before).toBeGreaterThanOrEqual(0.97 * 120);
  expect(up).toBeGreaterThanOrEqual(0.97 * 1_200);
  expect(down).toBeGreaterThanOrEqual(0.97 * 120);
  // Only those that were under way when the limit fell.
  expect(refusals(program)).toBeLessThan(30);
  expect(program.refused.read.every((at) => at > 6 * WINDOW_MS && at < 7 * WINDOW_MS)).toBe(true);
});

test('what a grant rests on does not wait behind a flood of other reads', async () => {
  const rig = createPacerRig({ tier: 'standard' });
  const program = rig.program();
  const waits: number[] = [];
  const money = async () => {
    await rig.clock.sleep(2 * WINDOW_MS);
    for (let grant = 0; grant < 20; grant += 1) {
      const askedAt = rig.clock.monotonic();
      await program.client.parentWallet();
      waits.push(rig.clock.monotonic() - askedAt);
      await rig.clock.sleep(3_000);
    }
  };
  await rig.clock.run(Promise.all([rig.load(program, 4 * WINDOW_MS, { read: 60 }), money()]));
  // Two gaps of the even flow and the way there and back, where sixty others wait half a minute each.
  expect(Math.max(...waits)).toBeLessThan(2_000);
  expect(refusals(program)).toBe(0);
});

test('a day of writes that others have used up is found out once an hour, and ends at the server’s midnight', async () => {
  const skewMs = 5 * 60_000;
  const rig = createPacerRig({ tier: 'standard', skewMs, startMs: Date.parse('2026-11-02T21:00:00Z') });
  rig.useUpWritesOfTheDay();
  const program = rig.program();
  const untilMidnight = 3 * 3_600_000 - skewMs;
  await rig.clock.run(rig.load(program, untilMidnight + 120_000, { write: 4 }));
  expect(program.refused.write.length).toBeLessThanOrEqual(12);
  expect(program.answered.write[0]).toBeGreaterThanOrEqual(untilMidnight);
  expect(program.answered.write.length).toBeGreaterThan(0);
});

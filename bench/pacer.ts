import { createPacerRig, LIMITS, type Program, shareUsed, type Tier } from '../test/support/pacer-rig.ts';

/**
 * How much of the quota the pacer uses under load, and what it costs in 429s: the real client against the sandbox's own
 * rate limiter, behind a network of up to 0.9 s, in virtual time. Prints figures; nothing is asserted. `npm run bench:pacer`
 */
const WINDOW_MS = 61_000;
const BUSY: Readonly<Record<Tier, { readonly read: number; readonly write: number }>> = {
  standard: { read: 6, write: 4 },
  pilot: { read: 40, write: 30 },
  partner: { read: 150, write: 100 },
};

interface Case {
  readonly tier: Tier;
  readonly windows: number;
  readonly skewMs: number;
  readonly programs: number;
}

const alone = (tier: Tier, windows: number): readonly Case[] =>
  [0, 17_345, -172_800_000].map((skewMs) => ({ tier, windows, skewMs, programs: 1 }));

const cases: readonly Case[] = [
  ...alone('standard', 60),
  ...alone('pilot', 10),
  ...alone('partner', 4),
  { tier: 'standard', windows: 60, skewMs: 17_345, programs: 2 },
  { tier: 'standard', windows: 60, skewMs: 17_345, programs: 3 },
  { tier: 'pilot', windows: 10, skewMs: 17_345, programs: 2 },
];

console.log(`Node ${process.version}; the first ${WINDOW_MS / 1000} s, which begin with a burst, are not counted`);
console.log('| tier | class | clients | minutes | server ahead | quota used | 429s | longest pause |');
console.log('| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |');
for (const one of cases) await measure(one);

async function measure({ tier, windows, skewMs, programs: count }: Case): Promise<void> {
  const rig = createPacerRig({ tier, skewMs });
  const programs = Array.from({ length: count }, () => rig.program());
  const work = async (program: Program): Promise<void> => {
    await program.client.whoami();
    await rig.load(program, windows * WINDOW_MS, BUSY[tier]);
  };
  await rig.clock.run(Promise.all(programs.map(work)));
  for (const requestClass of ['read', 'write'] as const) {
    const times = programs.flatMap(({ answered }) => answered[requestClass]).toSorted((a, b) => a - b);
    const share = shareUsed(times, LIMITS[tier][requestClass], WINDOW_MS, windows * WINDOW_MS);
    const refused = programs.reduce((sum, { refused: all }) => sum + all[requestClass].length, 0);
    const pause = Math.max(
      ...times.filter((at) => at >= WINDOW_MS).map((at, index, all) => at - (all[index - 1] ?? at)),
    );
    const cells = [
      tier,
      requestClass,
      count,
      windows - 1,
      `${skewMs / 1000} s`,
      `${(share * 100).toFixed(2)} %`,
      refused,
      `${(pause / 1000).toFixed(1)} s`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

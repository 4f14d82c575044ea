/**
 * `npm run soak`: real processes of the built command, killed at random moments while they work against a sandbox in
 * another process, and judged after every kill. `--kills 1000 --seed N --minutes M --freeze-ms 3000 --workers 2`; a round is replayed by
 * `--seed <its seed> --kills <kills a round>`, which makes the same choices (what the scheduler does in between is its own).
 */
import { parseArgs } from 'node:util';
import { type RoundResult, runRound } from '../test/soak/round.ts';

const KILLS_PER_ROUND = 20;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    minutes: { type: 'string', default: '60' },
    workers: { type: 'string', default: '2' },
    'freeze-ms': { type: 'string', default: '3000' },
  },
});
const wanted = Number(values.kills);
const firstSeed = Number(values.seed);
const deadlineMs = Date.now() + Number(values.minutes) * 60_000;
const results: RoundResult[] = [];
let nextRound = 0;

const killsSoFar = () => results.reduce((total, { kills }) => total + kills, 0);
const isBroken = () => results.some(({ violations }) => violations.length > 0);

async function work(): Promise<void> {
  while (nextRound * KILLS_PER_ROUND < wanted && Date.now() < deadlineMs && !isBroken()) {
    // Seeds of rounds stand apart, since a round uses a few after its own.
    const seed = firstSeed + nextRound * 10;
    const kills = Math.min(KILLS_PER_ROUND, wanted - nextRound * KILLS_PER_ROUND);
    nextRound += 1;
    const result = await runRound({ seed, kills, freezeMostMs: Number(values['freeze-ms']) });
    results.push(result);
    const { writers, freezes, passesToConverge, violations } = result;
    const verdict =
      violations.length === 0
        ? 'holds'
        : `VIOLATED\n${violations.join('\n')}\nreplay: npm run soak -- --seed ${seed} --kills ${kills} --workers 1`;
    console.log(
      `seed ${seed}: ${result.kills} kills, ${writers} writers, ${freezes} freezes, converged in ${passesToConverge.join(' and ')} passes (${killsSoFar()} of ${wanted}): ${verdict}`,
    );
  }
}

function tally<T extends string | number>(values: readonly T[]): string {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([value, count]) => `${String(count).padStart(6)}  ${value}`)
    .join('\n');
}

const startMs = Date.now();
console.log(`soak: ${wanted} kills, seed ${firstSeed}`);
await Promise.all(Array.from({ length: Number(values.workers) }, work));
const phases = results.flatMap((result) =>
  [...result.phases].flatMap(([phase, count]) => Array<string>(count).fill(phase)),
);
console.log(`\nWhere the kills hit:\n${tally(phases)}`);
console.log(
  `\nPasses to convergence after the last kill of a round:\n${tally(results.flatMap(({ passesToConverge }) => passesToConverge))}`,
);
const violations = results.flatMap((result) => result.violations);
console.log(
  `\n${killsSoFar()} kills in ${results.length} rounds, ${Math.round((Date.now() - startMs) / 1_000)} s: ${violations.length} violations`,
);
process.exitCode = violations.length === 0 ? 0 : 1;

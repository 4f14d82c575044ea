import { randomFate, runUntil } from './assassin.ts';
import { converge } from './converge.ts';
import type { Declared } from './declarations.ts';
import { randomFault, randomWeather } from './faults.ts';
import { changeSomething, onStage, type Stage } from './stage.ts';

export interface RoundOptions {
  readonly seed: number;
  /** Kills after which the round lets the writers converge. */
  readonly kills: number;
  /** The longest SIGSTOP, in milliseconds. */
  readonly freezeMostMs: number;
}

export interface RoundResult {
  readonly seed: number;
  readonly writers: number;
  readonly kills: number;
  readonly freezes: number;
  /** Where the kills hit, and how often. */
  readonly phases: ReadonlyMap<string, number>;
  /** Passes that each writer needed after the last kill until one planned nothing. */
  readonly passesToConverge: readonly number[];
  readonly violations: readonly string[];
}

/** Real processes, killed again and again, judged after every kill, then left to converge. */
export function runRound(options: RoundOptions): Promise<RoundResult> {
  return onStage({ seed: options.seed, writers: null, status: 'inline' }, async (stage) => {
    const { violations, writers } = stage;
    const told = await killAgainAndAgain(stage, options);
    const passesToConverge = violations.size > 0 ? [] : await converge(stage);
    return { seed: options.seed, writers: writers.length, ...told, passesToConverge, violations: [...violations] };
  });
}

/** More runs than this for a kill each means that the kills no longer find their moments. */
const RUNS_PER_KILL_MOST = 6;

async function killAgainAndAgain(
  stage: Stage,
  { kills, freezeMostMs }: RoundOptions,
): Promise<Pick<RoundResult, 'kills' | 'freezes' | 'phases'>> {
  const { seeded, sandbox, writers, judge, violations } = stage;
  const customers: Declared[] = [];
  const told = { kills: 0, freezes: 0, phases: new Map<string, number>() };
  for (let run = 0; run < kills * RUNS_PER_KILL_MOST && told.kills < kills && violations.size === 0; run += 1) {
    changeSomething(stage, customers);
    if (seeded.isHit(0.4)) await sandbox.control('POST', 'faults', randomFault(seeded));
    const fates = writers.map((writer) => ({
      writer,
      fate: randomFate(seeded, freezeMostMs),
      weather: randomWeather(seeded),
    }));
    let left = fates.length;
    await Promise.all(
      fates.map(async ({ writer, fate, weather }) => {
        const outcome = await runUntil(writer, fate, weather);
        left -= 1;
        if (outcome.wasFrozen) told.freezes += 1;
        if (outcome.wasKilled) {
          told.kills += 1;
          told.phases.set(outcome.phase, (told.phases.get(outcome.phase) ?? 0) + 1);
        }
        judge(left === 0 ? writers : [writer], outcome);
      }),
    );
  }
  return told;
}

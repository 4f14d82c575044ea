import fc from 'fast-check';
import { Violation } from '../oracle.ts';
import { type Command, growingHistories, histories, told } from './commands.ts';
import { type Ending, tell } from './run.ts';

export interface Checking {
  readonly seed: number;
  readonly runs: number;
  readonly length: readonly [least: number, most: number];
  /** Goes straight to one history of a seed, as a failure names it. */
  readonly path?: string;
  readonly onEnding?: (ending: Ending) => void;
}

export type Claim = 'any' | 'growing';

/** Tells `runs` histories; null when all of them keep every promise, else what a person needs to see. */
export async function checkHistories(claim: Claim, options: Checking): Promise<string | null> {
  const { seed, runs, length, path, onEnding } = options;
  const property = fc.asyncProperty(claim === 'any' ? histories(...length) : growingHistories, async (history) => {
    const ending = await tell(history);
    onEnding?.(ending);
    if (claim === 'growing') compare(ending, await tell({ ...history, commands: history.commands.map(withoutFault) }));
  });
  const details = await fc.check(property, { seed, numRuns: runs, ...(path === undefined ? {} : { path }) });
  if (!details.failed) return null;
  const [history] = details.counterexample ?? [];
  const replay = `npm run check:deep -- --claim ${claim} --seed ${details.seed} --path ${details.counterexamplePath ?? ''}`;
  return [
    details.errorInstance instanceof Error ? details.errorInstance.stack : String(details.errorInstance),
    `The shortest history that does this (seed ${details.seed}, after ${details.numShrinks} simplifications):`,
    `  ${history ? told(history) : ''}`,
    `Replay: ${replay} --length ${length.join(',')}`,
  ].join('\n');
}

function withoutFault(command: Command): Command {
  return command.kind === 'pass' ? { ...command, fault: null } : command;
}

/** Spending differs: what a fault delayed may have come too late to be spent. */
function compare(faulted: Ending, smooth: Ending): void {
  const visible = ({ granted, live, keys, limits }: Ending) => JSON.stringify({ granted, live, keys, limits });
  if (visible(faulted) !== visible(smooth))
    throw new Violation(`V1: with faults it ends in ${visible(faulted)}, without them in ${visible(smooth)}`);
}

import { isDeepStrictEqual } from 'node:util';
import { createMachine, DIRECTORY, type Machine, type Moment } from '../support/machine.ts';
import type { Violation } from '../support/oracle.ts';
import type { Variant } from '../support/variants.ts';
import type { Walk } from '../walks/walk.ts';
import type { EndState } from './end-state.ts';
import { type Between, beginHistory, type History, type Points, type StrikeAt } from './history.ts';

export interface Outcome {
  readonly violations: readonly Violation[];
  /** What the struck pass consisted of: where further faults may strike. */
  readonly struck: Points;
  readonly end: EndState;
  /** Passes behind the struck one until the first that found nothing to do. */
  readonly passes: number;
}

/** A walk under a variant, ready to be struck over and over. */
export interface Prepared {
  readonly walk: Walk;
  readonly variant: Variant;
  readonly machine: Machine;
  readonly start: Moment;
  /** The history without faults. */
  readonly clean: Outcome;
  /** The ends that a history may have: that of no faults, and that of an edit which came before the struck pass. */
  readonly ends: readonly EndState[];
  /** What histories of this walk promise under this variant: see {@link Walk.promise}. */
  readonly promise: Variant['promise'];
  readonly settled: Settled;
}

/**
 * How histories ended from moments between two passes after which no fault strikes any more, and nothing was wrong until
 * the end. The same moment has the same future, so who meets it again need not play it again.
 */
type Settled = Map<string, { readonly end: EndState; readonly passes: number }>;

const EDITED_FIRST: StrikeAt = { pass: 'struck', on: 'request', index: 0, fault: 'edit-before', sticky: false };
const PASSES_MAX = 7;

export async function prepare(walk: Walk, variant: Variant): Promise<Prepared> {
  const machine = createMachine(variant, walk.options);
  await walk.before(machine);
  // What people did last can be seen when the pass begins, also where reads are late: before, nobody can know of it.
  const { ledgerDelayMs, listDelayMs, keyListDelayMs } = machine.sandbox.behaviour();
  machine.wait(2 * Math.max(ledgerDelayMs, listDelayMs, keyListDelayMs));
  const start = machine.now();
  const settled: Settled = new Map();
  const scene = { walk, variant, machine, start, settled };
  const clean = await play(scene, []);
  const early = walk.after ? await play(scene, [EDITED_FIRST]) : null;
  const ends = [clean, ...(early ? [early] : [])].map(({ end }) => end);
  return { ...scene, clean, ends, promise: promiseOf(walk, variant, machine) };
}

/**
 * A clock that is behind calls the moment of a `createdAfter` the future, and refuses the file: how far a history comes
 * depends on when somebody wrote that, so only safety is promised.
 */
function promiseOf(walk: Walk, { promise, skewMs = 0 }: Variant, { disk }: Machine): Variant['promise'] {
  const asksForYounger = disk.textsBelow(DIRECTORY).some(([, text]) => /createdAfter:/i.test(text));
  return walk.promise === 'safe' || (skewMs < 0 && asksForYounger) ? 'safe' : promise;
}

/**
 * Plays one history: the struck pass, then passes of new processes until one of them finds nothing to do. With `from` it
 * begins behind a struck pass that was played before, by {@link strikeFirst}.
 */
export async function runCase(prepared: Prepared, strikes: readonly StrikeAt[], from?: Between): Promise<Outcome> {
  const outcome = await play(prepared, strikes, from);
  const { ends, machine, promise } = prepared;
  if (promise === 'safe') return outcome;
  const found = [...outcome.violations];
  // Where reads are late by more than a pass waits, each write of a chain takes a pass of its own, without faults too.
  const bound = strikes.length + Math.max(2, prepared.clean.passes);
  if (outcome.passes > bound)
    found.push({ invariant: 'V1', message: `${outcome.passes} passes to settle, not ${bound}` });
  const [expected = {}] = ends;
  if (!ends.some((end) => isDeepStrictEqual(outcome.end, end)))
    found.push({
      invariant: 'END',
      message: `it differs from the history without faults:\n${difference(expected, outcome.end)}`,
    });
  machine.trace?.(`settled after ${outcome.passes} passes`);
  return { ...outcome, violations: found };
}

/** A struck pass with one fault in it, and what the pass behind it consists of: where the second fault may strike. */
export interface Struck {
  readonly struck: Points;
  readonly between: Between;
  /** Equal where everything goes on alike, a loss of power included. */
  readonly fingerprint: string;
}

export async function strikeFirst({ walk, machine, start }: Prepared, first: StrikeAt): Promise<Struck> {
  const history = beginHistory(walk, machine, [first], start);
  const { points } = await history.pass('struck');
  return { struck: points, between: history.between(), fingerprint: history.fingerprint({ powerMayFail: true }) };
}

export async function recoveryPoints({ walk, machine }: Prepared, between: Between): Promise<Points> {
  return (await beginHistory(walk, machine, [], between).pass('recovery')).points;
}

async function play(
  { walk, machine, start, settled }: Pick<Prepared, 'walk' | 'machine' | 'start' | 'settled'>,
  strikes: readonly StrikeAt[],
  from?: Between,
): Promise<Outcome> {
  const history = beginHistory(walk, machine, strikes, from ?? start);
  const struck = from ? { requests: [], operations: [] } : (await history.pass('struck')).points;
  const met: { readonly fingerprint: string; readonly passes: number }[] = [];
  let passes = 0;
  for (; passes < PASSES_MAX; passes += 1) {
    if (isUneventful(history, machine, strikes, passes)) {
      const fingerprint = history.fingerprint({ powerMayFail: false });
      const known = settled.get(fingerprint);
      if (known) return { violations: [], struck, end: known.end, passes: passes + known.passes };
      met.push({ fingerprint, passes });
    }
    const { isQuiet } = await history.pass(passes === 0 ? 'recovery' : 'later');
    // A pass that was struck may be quiet only because it could not see what is to be done.
    if (isQuiet && !areToCome(strikes, passes)) break;
  }
  const end = await history.end();
  const violations = [...machine.oracle.violations];
  if (violations.length === 0 && passes < PASSES_MAX)
    for (const one of met) settled.set(one.fingerprint, { end, passes: passes - one.passes });
  return { violations, struck, end, passes };
}

/** True when nothing is to happen any more but passes, and nothing was wrong so far. Who traces wants to see them. */
function isUneventful(history: History, machine: Machine, strikes: readonly StrikeAt[], passes: number): boolean {
  const isFree = !areToCome(strikes, passes) && !history.hasLateRequests() && machine.oracle.violations.length === 0;
  return isFree && machine.trace === null;
}

/** True when the pass to come is struck. */
function areToCome(strikes: readonly StrikeAt[], passes: number): boolean {
  return passes === 0 && strikes.some(({ pass }) => pass === 'recovery');
}

function difference(expected: unknown, found: unknown): string {
  const lines = (value: unknown) => (JSON.stringify(value, null, 1) ?? 'nothing').replaceAll('\\n', '\n').split('\n');
  const [wanted, got] = [lines(expected), lines(found)];
  const missing = wanted.filter((line) => !got.includes(line)).map((line) => `  - ${line}`);
  const extra = got.filter((line) => !wanted.includes(line)).map((line) => `  + ${line}`);
  return [...missing, ...extra].join('\n');
}

import { variantNamed } from '../support/variants.ts';
import { walkNamed } from '../walks/list.ts';
import { caseId, type Extent, singleStrikes } from './cases.ts';
import { changes } from './disk-faults.ts';
import type { Between, Points, StrikeAt } from './history.ts';
import { type Prepared, prepare, recoveryPoints, runCase, strikeFirst } from './run-case.ts';

/** One walk under one variant, with all single faults or all ordered pairs. */
export interface Unit {
  readonly walk: string;
  readonly variant: string;
  /** `slice`: at every point a few of the faults, others at each, as the quick suite runs them. */
  readonly mode: 'singles' | 'pairs' | 'slice';
  /** Runs every `of`th case, of pairs every `of`th first fault with all its second ones, beginning with `part`. */
  readonly part: number;
  readonly of: number;
}

export interface Failure {
  readonly id: string;
  readonly violations: readonly string[];
}

export interface UnitResult {
  /** Those among them included that begin like one which was played, and therefore go on like it. */
  readonly cases: number;
  readonly alike: number;
  readonly failures: readonly Failure[];
  /** How many of those played needed so many passes behind the last fault, by the number of passes. */
  readonly passes: Readonly<Record<number, number>>;
}

/** A case to be played, or how many others are alike to what was played. */
type Case = { readonly at: readonly StrikeAt[]; readonly from?: Between } | { readonly alike: number };

export async function runUnit(unit: Unit, onCase: () => void = () => {}): Promise<UnitResult> {
  const prepared = await prepare(walkNamed(unit.walk), variantNamed(unit.variant));
  const failures: Failure[] = [];
  const clean = violationsOf(prepared);
  if (clean.length > 0) failures.push({ id: caseId(unit.walk, unit.variant, []), violations: clean });
  let cases = 0;
  let alike = 0;
  const byPasses: Record<number, number> = {};
  for await (const one of casesOf(prepared, unit)) {
    if ('alike' in one) {
      alike += one.alike;
      continue;
    }
    cases += 1;
    const { violations, passes } = await runCase(prepared, one.at, one.from);
    const behindLast = passes - (one.at.some(({ pass }) => pass === 'recovery') ? 1 : 0);
    byPasses[behindLast] = (byPasses[behindLast] ?? 0) + 1;
    onCase();
    if (violations.length > 0)
      failures.push({
        id: caseId(unit.walk, unit.variant, one.at),
        violations: violations.map(({ invariant, message }) => `${invariant}: ${message}`),
      });
  }
  return { cases: cases + alike, alike, failures, passes: byPasses };
}

function violationsOf({ clean }: Prepared): string[] {
  return clean.violations.map(({ invariant, message }) => `${invariant}: ${message}`);
}

async function* casesOf(prepared: Prepared, unit: Unit): AsyncGenerator<Case> {
  if (unit.mode === 'pairs') {
    yield* pairsOf(prepared, unit);
    return;
  }
  const { walk, variant, clean } = prepared;
  // File operations know nothing of the provider: they meet every walk, and every status store, once.
  const operations = variant.name === 'default' || variant.statusStore !== undefined;
  const edits = walk.after !== undefined;
  const all: Extent = { requests: true, operations, sticky: variant.name === 'default', edits };
  const singles = [...singleStrikes(clean.struck, 'struck', all)];
  const chosen = unit.mode === 'slice' ? [...sliceOf(singles)] : singles;
  for (const strike of everyOf(unit, chosen)) yield { at: [strike] };
}

async function* pairsOf(prepared: Prepared, unit: Unit): AsyncGenerator<Case> {
  const { walk, clean } = prepared;
  const pairable: Extent = { requests: true, operations: true, sticky: false, edits: walk.after !== undefined };
  const pairableIn = (points: Points, pass: StrikeAt['pass']) =>
    [...singleStrikes(points, pass, pairable)].filter(isPairable);
  /** Recoveries by the moment in which they begin, with how many second faults each had. */
  const recoveries = new Map<string, number>();
  for (const first of everyOf(unit, pairableIn(clean.struck, 'struck'))) {
    const { struck, between, fingerprint } = await strikeFirst(prepared, first);
    const later = pairableIn(struck, 'struck').filter(({ on, index }) => on !== first.on || index > first.index);
    for (const second of later) yield isAlikeToAnother(second, struck) ? { alike: 1 } : { at: [first, second] };
    const known = recoveries.get(fingerprint);
    if (known !== undefined) {
      yield { alike: known };
      continue;
    }
    const points = await recoveryPoints(prepared, between);
    const seconds = pairableIn(points, 'recovery');
    recoveries.set(fingerprint, seconds.length);
    for (const second of seconds)
      yield isAlikeToAnother(second, points) ? { alike: 1 } : { at: [first, second], from: between };
  }
}

function everyOf<T>({ part, of }: Unit, all: readonly T[]): T[] {
  return all.filter((_, index) => index % of === part);
}

/** Two of the faults at every request and one at every file operation; the next point has the next ones. */
function* sliceOf(strikes: readonly StrikeAt[]): Generator<StrikeAt> {
  const points = new Map<string, StrikeAt[]>();
  for (const strike of strikes) {
    const point = `${strike.on} ${strike.index}`;
    points.set(point, [...(points.get(point) ?? []), strike]);
  }
  let turn = 0;
  for (const here of points.values()) {
    const count = here[0]?.on === 'request' ? 2 : 1;
    for (let at = 0; at < count; at += 1) {
      const chosen = here[(turn + Math.floor((at * here.length) / count)) % here.length];
      if (chosen) yield chosen;
    }
    turn += 1;
  }
}

/**
 * Who dies before a mere read dies in the same world as before whatever comes after it; a GET whose answer is lost did no
 * more than one that was lost on its way, and leaves as much behind whether the process dies before or after it.
 */
function isAlikeToAnother({ on, index, fault }: StrikeAt, { requests, operations }: Points): boolean {
  if (on === 'request')
    return requests[index]?.method === 'GET' && (fault === 'lost-answer' || fault === 'crash-after');
  const kind = operations[index]?.kind;
  return fault === 'crash' && kind !== undefined && !changes(kind);
}

/** The kinds of faults that differ in kind; those left out differ in detail and are met alone. */
function isPairable({ on, fault }: StrikeAt): boolean {
  return on === 'request' ? PAIRED.has(fault) : PAIRED_ON_DISK.has(fault);
}

const PAIRED: ReadonlySet<string> = new Set([
  'lost-request',
  'lost-answer',
  '500-after',
  'late-next-request',
  'late-end-of-pass',
  'late-first-write-of-recovery',
  'late-after-convergence',
  'twice-second-answer',
  'stale-one-write',
  'page-lost',
  'crash-before',
  'crash-after',
  'edit-before',
]);

const PAIRED_ON_DISK: ReadonlySet<string> = new Set(['crash', 'EIO', 'power-all-lost']);

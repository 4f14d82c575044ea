import { variantNamed } from '../support/variants.ts';
import { walkNamed } from '../walks/list.ts';
import { caseId, type Extent, singleStrikes } from './cases.ts';
import { type Prepared, prepare, runCase, type StrikeAt } from './run-case.ts';

/** One walk under one variant, with all single faults or all ordered pairs. */
export interface Unit {
  readonly walk: string;
  readonly variant: string;
  /** `slice`: at every point a few of the faults, others at each, as the quick suite runs them. */
  readonly mode: 'singles' | 'pairs' | 'slice';
  /** Runs every `of`th case, beginning with `part`. */
  readonly part: number;
  readonly of: number;
}

export interface Failure {
  readonly id: string;
  readonly violations: readonly string[];
}

export interface UnitResult {
  readonly cases: number;
  readonly failures: readonly Failure[];
}

export async function runUnit(unit: Unit, onCase: () => void = () => {}): Promise<UnitResult> {
  const prepared = await prepare(walkNamed(unit.walk), variantNamed(unit.variant));
  const failures: Failure[] = [];
  const clean = violationsOf(prepared);
  if (clean.length > 0) failures.push({ id: caseId(unit.walk, unit.variant, []), violations: clean });
  let index = 0;
  let cases = 0;
  for await (const at of strikesOf(prepared, unit)) {
    if (index++ % unit.of !== unit.part) continue;
    cases += 1;
    const { violations } = await runCase(prepared, at);
    onCase();
    if (violations.length > 0)
      failures.push({
        id: caseId(unit.walk, unit.variant, at),
        violations: violations.map(({ invariant, message }) => `${invariant}: ${message}`),
      });
  }
  return { cases, failures };
}

function violationsOf({ clean }: Prepared): string[] {
  return clean.violations.map(({ invariant, message }) => `${invariant}: ${message}`);
}

async function* strikesOf(prepared: Prepared, { mode }: Unit): AsyncGenerator<readonly StrikeAt[]> {
  const { walk, variant, clean } = prepared;
  const edits = walk.after !== undefined;
  // File operations know nothing of the provider: they meet every walk, and every status store, once.
  const operations = variant.name === 'default' || variant.statusStore !== undefined;
  const all: Extent = { requests: true, operations, sticky: variant.name === 'default', edits };
  if (mode === 'slice') {
    yield* sliceOf([...singleStrikes(clean.struck, 'struck', all)]);
    return;
  }
  if (mode === 'singles') {
    for (const strike of singleStrikes(clean.struck, 'struck', all)) yield [strike];
    return;
  }
  const pairable: Extent = { requests: true, operations: true, sticky: false, edits };
  for (const first of singleStrikes(clean.struck, 'struck', pairable)) {
    if (!isPairable(first)) continue;
    const { struck, recovery } = await runCase(prepared, [first]);
    for (const second of singleStrikes(struck, 'struck', pairable)) {
      const isLater = second.on === first.on ? second.index > first.index : true;
      if (isLater && isPairable(second)) yield [first, second];
    }
    if (recovery)
      for (const second of singleStrikes(recovery, 'recovery', pairable)) if (isPairable(second)) yield [first, second];
  }
}

/** Two of the faults at every request and one at every file operation; the next point has the next ones. */
function* sliceOf(strikes: readonly StrikeAt[]): Generator<readonly StrikeAt[]> {
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
      if (chosen) yield [chosen];
    }
    turn += 1;
  }
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

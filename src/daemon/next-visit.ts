import { backoffMs } from '../core/backoff.ts';
import type { Problem } from '../core/problem.ts';
import { isSettled } from '../core/status.ts';
import { concernsEverybody } from '../engine/failure.ts';
import type { Visit } from '../engine/fleet/visit.ts';
import type { ItemResult } from './observer.ts';

export interface NextVisit {
  readonly result: ItemResult;
  /** Null: nothing but a changed declaration, a person, or the next resync brings it back. */
  readonly retryAfterMs: number | null;
}

/** So many tries in a row, over some minutes; what lasts longer is looked at as often as everybody else. */
const TRIES_MAX = 10;

/** For what is known to last, where the resync is further apart than this. */
const LASTING_MS = 600_000;

/** Held for longer than seconds: two keys overlap for a day. */
const LASTING: ReadonlySet<string> = new Set(['KeyOverlap']);

/**
 * What follows a visit. What settles by itself is tried again, further and further apart; what needs a person waits for
 * one, because the same question would only get the same answer (V5).
 *
 * @param failures visits in a row that did not come to rest, this one included
 */
export function nextVisit(visit: Visit, failures: number, random: number): NextVisit {
  switch (visit.kind) {
    case 'frozen':
      return { result: 'success', retryAfterMs: null };
    case 'unavailable':
      return { result: 'requeue_after', retryAfterMs: visit.retryAfterMs };
    case 'webhooks': {
      const isUnfinished = visit.steps.some(({ outcome }) => outcome !== 'done' && outcome !== 'blocked');
      return byProblems(visit.problems, isUnfinished, failures, random);
    }
    case 'customer': {
      const { phase, problems } = visit.report;
      if (isSettled(phase)) return { result: 'success', retryAfterMs: null };
      return byProblems(problems, phase === 'Progressing', failures, random);
    }
  }
}

function byProblems(problems: readonly Problem[], isUnfinished: boolean, failures: number, random: number): NextVisit {
  const holding = problems.filter(({ severity }) => severity !== 'warning');
  const needsPerson = holding.some((one) => one.severity === 'error' && !concernsEverybody(one));
  if (needsPerson) return { result: 'error', retryAfterMs: null };
  if (holding.length === 0 && !isUnfinished) return { result: 'success', retryAfterMs: null };
  const lasts = holding.length > 0 && holding.every(isLasting);
  if (lasts || failures > TRIES_MAX) return { result: 'requeue_after', retryAfterMs: LASTING_MS };
  return { result: 'requeue', retryAfterMs: backoffMs(failures, random) };
}

function isLasting({ severity, code }: Problem): boolean {
  return severity === 'waiting' || LASTING.has(code);
}

import type { Answer } from '../core/answer.ts';
import type { Notices } from '../core/notice.ts';
import type { Problem } from '../core/problem.ts';
import type { Pass } from './context.ts';
import { failed, type StepResult } from './customer-run.ts';
import { problemOf, waitBeforeRetry } from './failure.ts';

/** A try that settled nothing: what it means if it was the last one, and how long the API asks to wait. */
export interface Unsettled {
  readonly problem: Problem;
  readonly retryAfterMs: number | undefined;
}

/**
 * Tries a step until it is settled, 1, 2, 4 and 8 s apart. What was in doubt once stays the answer until a later try
 * settles it: that the next one certainly failed says nothing about the first.
 */
export async function retrying(
  pass: Pass,
  customer: string | null,
  tryOnce: () => Promise<StepResult | Unsettled>,
): Promise<StepResult> {
  let doubt: Problem | null = null;
  for (let attempt = 0; ; attempt += 1) {
    const result = await tryOnce();
    if ('outcome' in result) return doubt && result.outcome !== 'done' ? failed(doubt) : result;
    if (result.problem.severity === 'doubt') doubt = result.problem;
    if (!(await waitBeforeRetry(pass, customer, result.problem.message, attempt, result.retryAfterMs)))
      return failed(doubt ?? result.problem);
  }
}

/** A read of what was made a moment ago: where reads are late it answers 404 for a while, and is asked again (P7). */
export async function untilVisible<T>(
  pass: Pass,
  customer: string | null,
  read: () => Promise<Answer<T>>,
): Promise<Answer<T>> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await read();
    if (answer.outcome === 'ok' || answer.problem.code !== 'NOT_FOUND') return answer;
    if (!(await waitBeforeRetry(pass, customer, answer.problem.message, attempt))) return answer;
  }
}

/** The end of a try by its answer: final when a person is needed, to be repeated when it may settle by itself. */
export function byAnswer(
  answer: Answer<unknown>,
  doing: string,
  pointer: string,
  notices: Notices,
): StepResult | Unsettled {
  if (answer.outcome === 'ok') return { problem: notReadBack(pointer, notices), retryAfterMs: undefined };
  const problem = problemOf(answer, doing, pointer, notices);
  return problem.severity === 'error' ? failed(problem) : { problem, retryAfterMs: answer.problem.retryAfterMs };
}

function notReadBack(pointer: string, notices: Notices): Problem {
  return notices.problem(pointer, 'held', 'ChangeNotVisible', 'The change was accepted but does not read back.', {
    next: 'The next pass looks again.',
  });
}

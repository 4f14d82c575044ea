import type { Answer } from '../core/answer.ts';
import type { Json } from '../core/canonical.ts';
import type { Pass } from './context.ts';
import { noteFailure } from './failure.ts';

/** What the journal says about a write. Never a secret; the key of a step that shows a secret stays out of it (I4). */
export interface WriteRecord {
  readonly step: string;
  readonly customer: string | null;
  readonly organizationId?: string;
  /** The name of the key or webhook. */
  readonly name?: string;
  readonly idempotencyKey?: string;
  readonly body?: Json;
}

/**
 * Writes the intent, durably, before the request leaves, and its answer after (correctness A5 and K2). A write whose
 * intent could not be journalled is not sent.
 */
export async function journalled<T>(
  pass: Pass,
  record: WriteRecord,
  send: () => Promise<Answer<T>>,
  noteOf: (value: T) => { readonly [key: string]: Json },
): Promise<Answer<T>> {
  const { journal, clock, progress } = pass.effects;
  const at = () => new Date(clock.now()).toISOString();
  const intent = journal.append({ at: at(), event: 'intent', ...record });
  if (!intent.ok)
    return {
      outcome: 'not-done',
      problem: { code: 'JOURNAL', message: `the journal cannot be written, so nothing was sent: ${intent.message}` },
      meta: {},
    };
  const answer = await send();
  noteFailure(pass, answer);
  const { step, customer, name } = record;
  const noted = journal.append({
    at: at(),
    event: 'answer',
    step,
    customer,
    ...(name === undefined ? {} : { name }),
    outcome: answer.outcome,
    requestId: answer.meta.requestId ?? null,
    ...(answer.outcome === 'ok' ? noteOf(answer.value) : { code: answer.problem.code }),
  });
  if (!noted.ok) progress({ kind: 'journal-failed', message: noted.message });
  return answer;
}

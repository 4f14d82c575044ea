/**
 * What a call to the Layers API came to. Nothing is thrown for what a server or a network does: an answer is data.
 *
 * - `ok`: the server said it did it.
 * - `not-done`: it is certain that nothing was done.
 * - `in-doubt`: it may have been done. Only a read can tell, and the same bytes may be sent again under the same
 *   idempotency key. (Jepsen's ok / fail / info.)
 */
export type Answer<T> = Ok<T> | Failure;

export interface Ok<T> {
  readonly outcome: 'ok';
  readonly value: T;
  readonly meta: AnswerMeta;
}

export interface Failure {
  readonly outcome: 'not-done' | 'in-doubt';
  readonly problem: ApiProblem;
  readonly meta: AnswerMeta;
}

export interface AnswerMeta {
  /** HTTP status; absent when no answer arrived. */
  readonly status?: number;
  /** `X-Request-Id`, or `error.requestId` of the envelope. */
  readonly requestId?: string;
  /** The server's clock from the `Date` header, in milliseconds since the epoch. */
  readonly serverTimeMs?: number;
}

export interface ApiProblem {
  /** `error.code` of the API, or one of {@link TransportCode}. Branch on this before the status. */
  readonly code: string;
  /** The server's sentence or ours; control characters removed, never a secret. */
  readonly message: string;
  /** From `Retry-After`, clamped to 1 s..1 h. */
  readonly retryAfterMs?: number;
}

/** Codes of our own, for answers that carry none of the API's. */
export type TransportCode =
  | 'NETWORK' // refused, reset, DNS, TLS
  | 'TIMEOUT'
  | 'BAD_ANSWER' // not JSON, truncated, too large, or not of the documented shape
  | 'REDIRECTED' // 3xx: never followed
  | 'HTTP_ERROR' // an error status without the API's envelope
  | 'STALE_INTENT' // the two clocks say too much time passed between the read and the send; nothing was sent
  | 'UNREACHABLE' // the API has not answered for a while; nothing was sent
  | 'SWITCHED_OFF' // our key or our organization is switched off, as whoami said before; nothing was sent
  | 'STOPPED'; // we are shutting down; nothing was sent

export function isOk<T>(answer: Answer<T>): answer is Ok<T> {
  return answer.outcome === 'ok';
}

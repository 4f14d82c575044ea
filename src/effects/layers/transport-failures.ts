import type { WireAnswer } from './transport.ts';

type TransportFailure = Extract<WireAnswer, { kind: 'failure' }>;

export interface FailureFacts {
  readonly origin: string;
  /** The status line had arrived. */
  readonly answering: boolean;
  /** The fence threw. */
  readonly fenced: boolean;
  /** The request has a body, and no connection ever asked for it. */
  readonly neverAsked: boolean;
  /** The connection could not be made: refused, DNS, TLS. */
  readonly connecting: boolean;
}

/**
 * What an exception of undici means. The exception's own message is not passed on: it is not ours to vouch that it
 * repeats nothing of the request.
 */
export function failureOf(error: unknown, facts: FailureFacts): TransportFailure {
  if (facts.fenced) {
    const message = 'Too much time passed between the read that this request rests on and the moment to send it.';
    return { kind: 'failure', certainty: 'nothing-sent', code: 'STALE_INTENT', message };
  }
  const name = codeOf(error);
  const nothingSent = facts.neverAsked || facts.connecting || refusedByUndici.has(name);
  const code = isTimeout(name) ? 'TIMEOUT' : facts.answering || isGarbled(name) ? 'BAD_ANSWER' : 'NETWORK';
  const what = facts.answering
    ? 'The answer ended early'
    : facts.connecting
      ? 'No connection could be made'
      : problems[code];
  const message = `${what} (${name}, ${facts.origin}).`;
  return { kind: 'failure', certainty: nothingSent ? 'nothing-sent' : 'unknown', code, message };
}

const problems = {
  TIMEOUT: 'The server did not answer in time',
  BAD_ANSWER: 'The answer is not valid HTTP',
  NETWORK: 'The connection failed before an answer arrived',
} as const;

/** Raised before a request is queued: a header that cannot be sent, or a pool that is closed. */
const refusedByUndici: ReadonlySet<string> = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_CLOSED']);

function isTimeout(name: string): boolean {
  return /TIMEOUT|TIMEDOUT|^TimeoutError$/.test(name);
}

function isGarbled(name: string): boolean {
  return /^(?:HPE_|HTTPParserError$)|^UND_ERR_(?:HEADERS_OVERFLOW|RES_|RESPONSE)/.test(name);
}

/** A short name for people and for the table above: `ECONNREFUSED`, `UND_ERR_HEADERS_TIMEOUT`, `TimeoutError`. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return /^[A-Za-z0-9_]{1,60}$/.test(code) ? code : 'unknown error';
}

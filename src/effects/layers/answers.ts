import { z } from 'zod';
import type { Answer, AnswerMeta, ApiProblem, Failure, TransportCode } from '../../core/answer.ts';
import { asRequestId, retryAfterMs, serverTimeMs } from './headers.ts';
import { readJson } from './json.ts';
import type { WireAnswer } from './transport.ts';
import { cleanText } from './wording.ts';

/** What kind of request an answer belongs to: the same status says different things about each. */
export type RequestKind = 'read' | 'write' | 'allocate';

/** Reads the JSON of a success; a message names fields and expectations, never a received value. */
export type Shape<T> = (json: unknown, meta: AnswerMeta) => Shaped<T>;
type Shaped<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

export interface Reading<T> {
  readonly kind: RequestKind;
  readonly shape: Shape<T>;
  /** Values that may appear in no message: the token and the idempotency key in all their forms. */
  readonly hidden: readonly string[];
  readonly nowMs: number;
}

type Response = Extract<WireAnswer, { kind: 'response' }>;

/** correctness 2.6: `error.code` first, then the status; never throws, whatever the server sent. */
export function readAnswer<T>(wire: WireAnswer, reading: Reading<T>): Answer<T> {
  if (wire.kind === 'failure') {
    const outcome = wire.certainty === 'nothing-sent' ? 'not-done' : 'in-doubt';
    return { outcome, problem: { code: wire.code, message: cleanText(wire.message, reading.hidden) }, meta: {} };
  }
  if (wire.status >= 200 && wire.status < 300) return readSuccess(wire, reading);
  if (wire.status >= 300 && wire.status < 400) {
    const message = `The server answered ${wire.status}, a redirect; redirects are never followed, since the token would travel along.`;
    return ourFailure('in-doubt', 'REDIRECTED', message, metaOf(wire));
  }
  return readError(wire, reading);
}

function readSuccess<T>(wire: Response, reading: Reading<T>): Answer<T> {
  const meta = metaOf(wire);
  const unusable = (why: string): Failure =>
    ourFailure(
      'in-doubt',
      'BAD_ANSWER',
      cleanText(`The server answered ${wire.status}, but ${why}.`, reading.hidden),
      meta,
    );
  if (!isJson(wire)) return unusable(`its content type is ${contentType(wire)} instead of application/json`);
  const json = readJson(wire.body);
  if (!json.ok) return unusable(`the body cannot be used: ${json.message}`);
  const shaped = reading.shape(json.value, meta);
  return shaped.ok
    ? { outcome: 'ok', value: shaped.value, meta }
    : unusable(`not in the documented shape: ${shaped.message}`);
}

function readError(wire: Response, { kind, hidden, nowMs }: Reading<unknown>): Failure {
  const envelope = readEnvelope(wire);
  const after = retryAfterMs(wire.headers, nowMs);
  const code = envelope?.code ?? codeOfStatus(wire.status);
  const said = cleanText(envelope?.message ?? '', hidden);
  const message =
    envelope === null
      ? `The server answered ${wire.status} without the API's error envelope (${contentType(wire)}).`
      : said || `The server answered ${wire.status} ${code} and gave no reason.`;
  const problem: ApiProblem = { code, message, ...(after === undefined ? {} : { retryAfterMs: after }) };
  return { outcome: outcomeOf(wire.status, code, kind), problem, meta: metaOf(wire, envelope?.requestId) };
}

const refusingCodes = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN_SCOPE',
  'RETURN_URL_NOT_ALLOWED',
  'APPROVAL_REQUIRED',
  'NOT_FOUND',
  'VALIDATION',
  'IDEMPOTENCY_REQUIRED',
  'IDEMPOTENCY_CONFLICT',
  'BILLING_EXHAUSTED',
]);

/** Statuses by which HTTP itself says that the request was turned away. */
const refusingStatuses = new Set([400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415, 421, 422, 428, 431, 451]);

function outcomeOf(status: number, code: string, kind: RequestKind): Failure['outcome'] {
  // A suspended organization or a killed key: a state, not an outage, despite its 503 (operational/errors).
  if (code === 'KILL_SWITCH') return 'not-done';
  // A 5xx may follow a committed write, whatever its envelope says.
  if (status < 400 || status >= 500) return 'in-doubt';
  if (refusingCodes.has(code)) return 'not-done';
  // Documented as turned away, but not proved for money (correctness 2.6).
  if (code === 'RATE_LIMITED') return kind === 'allocate' ? 'in-doubt' : 'not-done';
  // The IETF draft on idempotency keys uses 409 and 425 for "the first request is still running".
  if (code === 'CONFLICT' || status === 409 || status === 425) return kind === 'read' ? 'not-done' : 'in-doubt';
  return refusingStatuses.has(status) ? 'not-done' : 'in-doubt';
}

function codeOfStatus(status: number): string {
  // Meaningful from a proxy too: everybody has to wait, or nobody may pass.
  if (status === 429) return 'RATE_LIMITED';
  return status === 401 ? 'UNAUTHENTICATED' : 'HTTP_ERROR';
}

const ownCodes: ReadonlySet<string> = new Set<TransportCode>([
  'NETWORK',
  'TIMEOUT',
  'BAD_ANSWER',
  'REDIRECTED',
  'HTTP_ERROR',
  'STALE_INTENT',
  'UNREACHABLE',
  'SWITCHED_OFF',
  'STOPPED',
]);

const envelopeSchema = z.object({
  error: z.object({
    // A server that used one of our own codes could pass its answer off as "nothing was sent".
    code: z
      .string()
      .regex(/^[A-Z][A-Z0-9_]{0,63}$/)
      .refine((code) => !ownCodes.has(code)),
    message: z.string().catch(''),
    requestId: z.unknown().optional().transform(asRequestId),
  }),
});

function readEnvelope(wire: Response): z.output<typeof envelopeSchema>['error'] | null {
  if (!isJson(wire)) return null;
  const json = readJson(wire.body);
  const parsed = envelopeSchema.safeParse(json.ok ? json.value : null);
  return parsed.success ? parsed.data.error : null;
}

function metaOf(wire: Response, envelopeRequestId?: string): AnswerMeta {
  const requestId = asRequestId(wire.headers['x-request-id']) ?? envelopeRequestId;
  const serverTime = serverTimeMs(wire.headers);
  return {
    status: wire.status,
    ...(requestId === undefined ? {} : { requestId }),
    ...(serverTime === undefined ? {} : { serverTimeMs: serverTime }),
  };
}

function isJson(wire: Response): boolean {
  return /^application\/(?:[a-z0-9.-]+\+)?json\s*(?:;|$)/i.test(wire.headers['content-type'] ?? '');
}

function contentType(wire: Response): string {
  const text = /^[a-z0-9.+/-]{1,60}/i.exec(wire.headers['content-type'] ?? '');
  return text === null ? 'no content type' : text[0];
}

export function ourFailure(
  outcome: Failure['outcome'],
  code: TransportCode,
  message: string,
  meta: AnswerMeta = {},
): Failure {
  return { outcome, problem: { code, message }, meta };
}

import type { Answer } from '../../core/answer.ts';
import type { Secret } from '../../core/secret.ts';
import type { Clock } from '../clock.ts';
import { packageVersion } from '../version.ts';
import { type RequestKind, readAnswer, type Shape } from './answers.ts';
import type { KeyPurpose } from './keyring.ts';
import type { Pacer, RequestClass } from './pacer.ts';
import type { Transport, WireRequest } from './transport.ts';
import { formsOf } from './wording.ts';

/** One operation of the API with its arguments: what to send, and how to read what comes back. */
export interface Call<T> {
  /** `organizations.create`: names the operation in metrics and traces. */
  readonly operation: string;
  readonly kind: RequestKind;
  readonly method: WireRequest['method'];
  /** Segments behind `/v1`, not yet encoded. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
  readonly idempotencyKey?: string;
  readonly fence?: () => void;
  /** Belongs to the seconds between a ledger read and the grant that rests on it: goes before what has time. */
  readonly urgent?: boolean;
  /** Whose key it travels with; left out, that of every call. */
  readonly keyPurpose?: KeyPurpose;
  readonly shape: Shape<T>;
}

/** What may be counted, logged and traced about one request; holds no secret and no idempotency key. */
export interface RequestEvent {
  readonly operation: string;
  readonly requestClass: RequestClass;
  readonly method: WireRequest['method'];
  readonly path: string;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly outcome: Answer<unknown>['outcome'];
  readonly status: number | null;
  /** `error.code` or one of our own; null on success. */
  readonly code: string | null;
  readonly requestId: string | null;
  readonly durationMs: number;
}

export interface SenderOptions {
  readonly transport: Transport;
  /** Asked anew for every request, so that a token file may change under a running daemon. */
  readonly token: (purpose: KeyPurpose) => Secret;
  readonly clock: Clock;
  /** Told about every request after its answer. */
  readonly onRequest?: (event: RequestEvent) => void;
}

/** A call as it goes on the wire, the same bytes however often it does. */
export interface Prepared {
  readonly path: string;
  readonly body: string | null;
}

/** One request on the wire, its answer read, counted and told about. Whether to send it again is for the caller. */
export async function sendOnce<T>(
  { transport, token, clock, onRequest }: SenderOptions,
  pacer: Pacer,
  call: Call<T>,
  { path, body }: Prepared,
  attempt: number,
): Promise<Answer<T>> {
  const bearer = token(call.keyPurpose ?? 'call').reveal();
  const startedAt = clock.monotonic();
  const wire = await transport.send({
    method: call.method,
    path,
    headers: headersOf(call, bearer),
    ...(body === null ? {} : { body }),
    ...(call.fence ? { fence: call.fence } : {}),
  });
  if (wire.kind === 'failure' && wire.certainty === 'nothing-sent') pacer.refund(classOf(call));
  else pacer.observe(classOf(call), wire);
  const hidden = [bearer, call.idempotencyKey ?? ''].flatMap(formsOf);
  const answer = readAnswer(wire, { kind: call.kind, shape: call.shape, hidden, nowMs: clock.now() });
  onRequest?.({
    operation: call.operation,
    requestClass: classOf(call),
    method: call.method,
    path,
    attempt,
    outcome: answer.outcome,
    status: answer.meta.status ?? null,
    code: answer.outcome === 'ok' ? null : answer.problem.code,
    requestId: answer.meta.requestId ?? null,
    durationMs: clock.monotonic() - startedAt,
  });
  return answer;
}

function headersOf(call: Call<unknown>, bearer: string): Readonly<Record<string, string>> {
  return {
    Accept: 'application/json',
    Authorization: `Bearer ${bearer}`,
    'User-Agent': `layers-reconciler/${packageVersion}`,
    ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...(call.idempotencyKey === undefined ? {} : { 'Idempotency-Key': call.idempotencyKey }),
  };
}

/** null when a segment is empty, a dot or two, or not Unicode: such a path would reach another resource than meant. */
export function pathOf({ path, query = {} }: Call<unknown>): string | null {
  if (path.some((segment) => /^\.{0,2}$|\p{Cs}/u.test(segment))) return null;
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.append(name, String(value));
  }
  const search = parameters.toString();
  return `/v1/${path.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
}

export function classOf(call: Call<unknown>): RequestClass {
  return call.kind === 'read' ? 'read' : 'write';
}

import { openPool, withDeadline } from '../deadline-request.ts';
import { readResponse } from '../layers/read-response.ts';
import type { WireAnswer } from '../layers/transport.ts';
import { formsOf } from '../layers/wording.ts';
import { packageVersion } from '../version.ts';
import type { KubernetesConnection } from './connection.ts';

export interface KubernetesRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, from `/api` or `/apis` on. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  /** From the call to the last byte of the answer; of a stream, to its first. */
  readonly deadlineMs: number;
  /** Gives up. What a write did by then is not known. */
  readonly signal?: AbortSignal | undefined;
}

/** Bytes to one API server and to no other. Never rejects; redirects come back as answers. */
export interface KubernetesWire {
  send(request: KubernetesRequest): Promise<WireAnswer>;
  /** Opens an answer that goes on and on; anything but a success comes back whole. */
  open(
    request: KubernetesRequest,
    idleMs: number,
  ): Promise<WireAnswer | { readonly kind: 'stream'; readonly stream: ByteStream }>;
  /** What may appear in no message: the token in all its forms. */
  hidden(): readonly string[];
  close(): Promise<void>;
}

/** Ends by itself, by an error, or when its request is given up. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** The largest object of etcd is 1.5 MiB; a page of 500 small ones is of that order too. */
const BODY_BYTES_MAX = 32 * 1024 * 1024;

export function createKubernetesWire(connection: KubernetesConnection): KubernetesWire {
  const { origin, basePath, tls, token } = connection;
  const { dispatcher, connectErrors } = openPool(origin, tls);
  const bearer = () => token()?.reveal() ?? null;

  const begin = (request: KubernetesRequest, signal: AbortSignal, idleMs: number) => {
    const credential = bearer();
    return dispatcher.request({
      path: `${basePath}${request.path}`,
      method: request.method,
      headers: {
        accept: 'application/json',
        'user-agent': `layers-reconciler/${packageVersion}`,
        ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
        ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
      },
      body: request.body ?? null,
      signal,
      headersTimeout: request.deadlineMs,
      bodyTimeout: idleMs,
    });
  };

  let closing: Promise<void> | undefined;
  return {
    send: (request) =>
      withDeadline(request, origin, connectErrors, async (signal, answering) => {
        const response = await begin(request, signal, request.deadlineMs);
        answering();
        return readResponse(response, BODY_BYTES_MAX);
      }),
    open(request, idleMs) {
      const stop = new AbortController();
      const signal = request.signal ? AbortSignal.any([request.signal, stop.signal]) : stop.signal;
      return withDeadline(request, origin, connectErrors, async (deadline, answering) => {
        const giveUp = () => stop.abort();
        deadline.addEventListener('abort', giveUp, { once: true });
        const response = await begin(request, signal, idleMs);
        // From here on only the idle limit and the caller end it.
        deadline.removeEventListener('abort', giveUp);
        answering();
        if (response.statusCode !== 200) return readResponse(response, BODY_BYTES_MAX);
        response.body.on('error', () => {});
        return { kind: 'stream' as const, stream: response.body };
      });
    },
    hidden: () => formsOf(bearer() ?? ''),
    close: () => {
      // Streams end when their callers let go of them; a watch that nobody reads any more must not keep us here.
      closing ??= dispatcher.destroy();
      return closing;
    },
  };
}

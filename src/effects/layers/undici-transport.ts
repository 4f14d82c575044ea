import { type Dispatcher, Pool } from 'undici';
import { parseBaseUrl } from './base-url.ts';
import { createLazyBody } from './lazy-body.ts';
import { readResponse } from './read-response.ts';
import type { Transport, WireAnswer, WireRequest } from './transport.ts';
import { failureOf } from './transport-failures.ts';

/** Milliseconds, bytes and a count; the defaults are those of correctness 4.2. */
interface TransportLimits {
  readonly connectMs: number;
  readonly headersMs: number;
  /** The longest pause inside an answer's body. */
  readonly bodyIdleMs: number;
  /** From the call to the last byte of the answer, waiting for a free connection included. */
  readonly totalMs: number;
  readonly bodyBytes: number;
  readonly connections: number;
}

const defaultLimits: TransportLimits = {
  connectMs: 5_000,
  headersMs: 10_000,
  bodyIdleMs: 10_000,
  totalMs: 30_000,
  // A page of 200 organizations may carry 16 KB of metadata each.
  bodyBytes: 8 * 1024 * 1024,
  connections: 64,
};

export interface UndiciTransportOptions {
  /** Must satisfy {@link parseBaseUrl}; anything else is a bug of the caller and throws. */
  readonly baseUrl: string;
  /** Replaces the pool of our own, in tests; it is not closed by us. */
  readonly dispatcher?: Dispatcher;
  readonly limits?: Partial<TransportLimits>;
}

export interface UndiciTransport extends Transport {
  /** Waits for the requests in flight, then closes the connections; may be called again. */
  close(): Promise<void>;
}

/**
 * Carries bytes to one origin and to no other: redirects come back as answers, there are no cookies, no proxy from the
 * environment, no retries and no log. Never rejects.
 */
export function createUndiciTransport(options: UndiciTransportOptions): UndiciTransport {
  const limits = { ...defaultLimits, ...options.limits };
  const base = parseBaseUrl(options.baseUrl);
  if (!base.ok) throw new TypeError(base.message);
  const ownPool = options.dispatcher ? null : createPool(base.origin, limits);
  const dispatcher = options.dispatcher ?? ownPool;
  if (dispatcher === null) throw new TypeError('A transport needs a dispatcher.');

  // An error that a connection attempt ended with proves that no request travelled on it.
  const connectErrors = new WeakSet<object>();
  dispatcher.on('connectionError', (_origin, _targets, error) => connectErrors.add(error));

  let closing: Promise<void> | undefined;
  return {
    send: (request) => exchange(dispatcher, base.origin, request, limits, connectErrors),
    close: () => {
      closing ??= ownPool === null ? Promise.resolve() : ownPool.close();
      return closing;
    },
  };
}

function createPool(origin: string, limits: TransportLimits): Pool {
  return new Pool(origin, {
    connections: limits.connections,
    pipelining: 1,
    allowH2: false,
    // Below the 5 s after which many servers close an idle connection, so that we seldom write into a dead one.
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 4_000,
    // rejectUnauthorized is said aloud so that NODE_TLS_REJECT_UNAUTHORIZED=0 cannot hand the token to a stranger.
    connect: { timeout: limits.connectMs, minVersion: 'TLSv1.2', rejectUnauthorized: true },
  });
}

/**
 * One request, ended by its answer or by its deadline. undici looks at an abort signal only once a request has reached a
 * connection, so the deadline is kept here as well; a request that is given up while it waits is never written later,
 * because undici sees the signal before it writes.
 */
async function exchange(
  dispatcher: Dispatcher,
  origin: string,
  request: WireRequest,
  limits: TransportLimits,
  connectErrors: WeakSet<object>,
): Promise<WireAnswer> {
  const deadline = new AbortController();
  const body = request.body === undefined ? null : createLazyBody(request.body, request.fence, deadline.signal);
  let answering = false;
  const failed = (error: unknown): WireAnswer =>
    failureOf(error, {
      answering,
      origin,
      fenced: body?.state() === 'fenced',
      neverAsked: body?.state() === 'never-asked',
      connecting: error instanceof Error && connectErrors.has(error),
    });
  const expired = new Promise<WireAnswer>((resolve) => {
    deadline.signal.addEventListener('abort', () => resolve(failed(deadline.signal.reason)), { once: true });
  });
  const carried = async (): Promise<WireAnswer> => {
    try {
      const response = await dispatcher.request({
        origin,
        path: request.path,
        method: request.method,
        headers: body === null ? request.headers : { ...request.headers, 'Content-Length': String(body.bytes) },
        body: body === null ? null : body.stream,
        signal: deadline.signal,
        headersTimeout: limits.headersMs,
        bodyTimeout: limits.bodyIdleMs,
      });
      answering = true;
      return await readResponse(response, limits.bodyBytes);
    } catch (error) {
      return failed(error);
    }
  };
  const timer = setTimeout(() => deadline.abort(new DOMException('too late', 'TimeoutError')), limits.totalMs);
  try {
    return await Promise.race([carried(), expired]);
  } finally {
    clearTimeout(timer);
  }
}

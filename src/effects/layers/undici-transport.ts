import { Readable } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import { parseBaseUrl } from './base-url.ts';
import type { Transport, WireAnswer, WireRequest } from './transport.ts';
import { failureOf } from './transport-failures.ts';

/** Milliseconds, bytes and a count; the defaults are those of correctness 4.2. */
export interface TransportLimits {
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
  /** Waits for the requests in flight, then closes the connections. */
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

  return {
    send: (request) => exchange(dispatcher, base.origin, request, limits, connectErrors),
    close: async () => {
      await ownPool?.close();
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

async function exchange(
  dispatcher: Dispatcher,
  origin: string,
  request: WireRequest,
  limits: TransportLimits,
  connectErrors: WeakSet<object>,
): Promise<WireAnswer> {
  const body = request.body === undefined ? null : createLazyBody(request.body, request.fence);
  let answering = false;
  try {
    const response = await dispatcher.request({
      origin,
      path: request.path,
      method: request.method,
      headers: body === null ? request.headers : { ...request.headers, 'Content-Length': String(body.bytes) },
      body: body === null ? null : body.stream,
      signal: AbortSignal.timeout(limits.totalMs),
      headersTimeout: limits.headersMs,
      bodyTimeout: limits.bodyIdleMs,
    });
    answering = true;
    return await readResponse(response, limits.bodyBytes);
  } catch (error) {
    return failureOf(error, {
      answering,
      origin,
      fenced: body?.state() === 'fenced',
      neverAsked: body?.state() === 'never-asked',
      connecting: error instanceof Error && connectErrors.has(error),
    });
  }
}

interface LazyBody {
  readonly stream: Readable;
  readonly bytes: number;
  /** `never-asked`: no connection was ready to take it. `fenced`: the fence threw. Both prove that nothing was sent. */
  state(): 'never-asked' | 'fenced' | 'handed-over';
}

/**
 * A body that is made when a connection asks for it. undici writes the request's head together with the first bytes of
 * the body, so a fence that throws here keeps back the head as well; and a stream can be read only once, so undici
 * cannot quietly send the request again on another connection (correctness A6).
 */
function createLazyBody(text: string, fence: (() => void) | undefined): LazyBody {
  const bytes = Buffer.from(text);
  let state: ReturnType<LazyBody['state']> = 'never-asked';
  const stream = new Readable({
    read() {
      try {
        fence?.();
      } catch {
        state = 'fenced';
        this.destroy(new Error('The fence did not let the request pass.'));
        return;
      }
      state = 'handed-over';
      this.push(bytes);
      this.push(null);
    },
  });
  return { stream, bytes: bytes.length, state: () => state };
}

async function readResponse(response: Dispatcher.ResponseData, bytesMax: number): Promise<WireAnswer> {
  const { body, statusCode: status } = response;
  // Destroying a body that is not read to its end emits an error that nobody else waits for.
  body.on('error', () => {});
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early destroys the body and its connection: an endless answer is cut off, not drained.
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue;
    size += chunk.length;
    if (size > bytesMax) return badAnswer(status, `its body is larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  const text = decodeUtf8(chunks);
  if (text === null) return badAnswer(status, 'its body is not UTF-8 text');
  return { kind: 'response', status, headers: joinHeaders(response.headers), body: text };
}

function badAnswer(status: number, why: string): WireAnswer {
  const message = `The server answered ${status}, but ${why}.`;
  return { kind: 'failure', certainty: 'unknown', code: 'BAD_ANSWER', message };
}

function decodeUtf8(chunks: readonly Uint8Array[]): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    return null;
  }
}

function joinHeaders(headers: Dispatcher.ResponseData['headers']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

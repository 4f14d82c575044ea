import { Pool } from 'undici';
import type { Secret } from '../core/secret.ts';
import type { WireAnswer } from './layers/transport.ts';
import { failureOf } from './layers/transport-failures.ts';

/** What the wires to other servers than the API of Layers have in common: a checked connection, and an end to each wait. */

export interface TlsSettings {
  /** PEM of whoever signs the server's certificate; null trusts whom the system trusts. */
  readonly ca: string | null;
  /** The name that the certificate must carry where it is not the host's. */
  readonly serverName: string | null;
  readonly client: { readonly certificate: string; readonly key: Secret } | null;
}

export interface OpenPool {
  readonly dispatcher: Pool;
  /** Errors that came before a request could leave. */
  readonly connectErrors: WeakSet<object>;
}

export function openPool(origin: string, tls: TlsSettings): OpenPool {
  const dispatcher = new Pool(origin, {
    connections: 32,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 30_000,
    connect: {
      timeout: 5_000,
      minVersion: 'TLSv1.2',
      // Said aloud so that NODE_TLS_REJECT_UNAUTHORIZED=0 cannot hand the token to a stranger.
      rejectUnauthorized: true,
      ...(tls.ca === null ? {} : { ca: tls.ca }),
      ...(tls.serverName === null ? {} : { servername: tls.serverName }),
      ...(tls.client === null ? {} : { cert: tls.client.certificate, key: tls.client.key.reveal() }),
    },
  });
  const connectErrors = new WeakSet<object>();
  dispatcher.on('connectionError', (_origin, _targets, error) => connectErrors.add(error));
  return { dispatcher, connectErrors };
}

export interface Deadline {
  /** From the call to the last byte of the answer; of a stream, to its first. */
  readonly deadlineMs: number;
  /** Gives up. What a write did by then is not known. */
  readonly signal?: AbortSignal | undefined;
}

/** undici looks at a signal only once a request has reached a connection, so the deadline is kept here as well. */
export async function withDeadline<T>(
  { deadlineMs, signal }: Deadline,
  origin: string,
  connectErrors: WeakSet<object>,
  carry: (signal: AbortSignal, answering: () => void) => Promise<T>,
): Promise<T | Extract<WireAnswer, { kind: 'failure' }>> {
  const deadline = new AbortController();
  const giveUp = () => deadline.abort(new DOMException('given up', 'AbortError'));
  const timer = setTimeout(() => deadline.abort(new DOMException('too late', 'TimeoutError')), deadlineMs);
  if (signal?.aborted) giveUp();
  signal?.addEventListener('abort', giveUp, { once: true });
  let isAnswering = false;
  const failed = (error: unknown) =>
    failureOf(error, {
      answering: isAnswering,
      origin,
      fenced: false,
      neverAsked: false,
      connecting: error instanceof Error && connectErrors.has(error),
    });
  const expired = new Promise<ReturnType<typeof failed>>((resolve) => {
    if (deadline.signal.aborted) return resolve(failed(deadline.signal.reason));
    deadline.signal.addEventListener('abort', () => resolve(failed(deadline.signal.reason)), { once: true });
  });
  const carried = carry(deadline.signal, () => {
    isAnswering = true;
  }).catch(failed);
  try {
    return await Promise.race([carried, expired]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

import { openPool, withDeadline } from '../deadline-request.ts';
import { readResponse } from '../layers/read-response.ts';
import type { WireAnswer } from '../layers/transport.ts';
import { packageVersion } from '../version.ts';
import type { VaultConnection } from './connection.ts';

export interface VaultRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** From `/v1/` on. */
  readonly path: string;
  readonly body?: string;
  /** Null asks as nobody, to log in. */
  readonly token: string | null;
}

/** Bytes to one server and to no other. Never rejects; redirects come back as answers, so that no token follows one. */
export interface VaultWire {
  send(request: VaultRequest): Promise<WireAnswer>;
}

const DEADLINE_MS = 10_000;
/** The largest entry of Vault's storage is 1 MiB. */
const BODY_BYTES_MAX = 2 * 1024 * 1024;

/** An idle connection keeps no process alive, and is closed after seconds; there is nothing to close. */
export function createVaultWire({ origin, basePath, tls, namespace }: VaultConnection): VaultWire {
  const { dispatcher, connectErrors } = openPool(origin, tls);
  return {
    send: ({ method, path, body, token }) =>
      withDeadline({ deadlineMs: DEADLINE_MS }, origin, connectErrors, async (signal, answering) => {
        const response = await dispatcher.request({
          path: `${basePath}${path}`,
          method,
          headers: {
            accept: 'application/json',
            'user-agent': `layers-reconciler/${packageVersion}`,
            // Proof against requests that a server is tricked into making ("X-Vault-Request").
            'x-vault-request': 'true',
            ...(token === null ? {} : { 'x-vault-token': token }),
            ...(namespace === null ? {} : { 'x-vault-namespace': namespace }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          body: body ?? null,
          signal,
          headersTimeout: DEADLINE_MS,
          bodyTimeout: DEADLINE_MS,
        });
        answering();
        return readResponse(response, BODY_BYTES_MAX);
      }),
  };
}

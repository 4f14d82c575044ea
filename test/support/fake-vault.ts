import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isRecord } from '../../src/core/declaration/reading.ts';

/** What is done to one request on its way. `lost-answer` carries it out and says nothing. */
export type VaultFault =
  | 'lost-request'
  | 'lost-answer'
  | { readonly status: number; readonly errors: readonly string[]; readonly headers?: Record<string, string> }
  | null;

export interface VaultCall {
  readonly method: string;
  /** Decoded, from `/v1/` on. */
  readonly path: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

/**
 * What a server of Vault keeps and how it answers, as far as the store relies on it: KV v2 with check-and-set, logins,
 * a seal. Over real HTTP on loopback; test/vault holds the store to the real one.
 */
export interface FakeVault {
  readonly address: string;
  /** Every request that arrived, oldest first. */
  readonly calls: VaultCall[];
  /** Asked before each request. */
  fault: (call: VaultCall) => VaultFault;
  /** Latest data by path below the mount; null for a version that somebody deleted. */
  readonly entries: Map<string, { data: Record<string, unknown> | null; version: number }>;
  /** The tokens that are let in. */
  readonly tokens: Set<string>;
  /** Of the engine at `secret`. */
  version: 1 | 2;
  deleteVersionAfter: string | null;
  /** Seconds that a token of a login lives. */
  leaseSeconds: number;
  readonly logins: unknown[];
  close(): Promise<void>;
}

export const TOKEN = 'hvs.CAESIFakeTokenOfTests0123456789';

interface Reply {
  readonly status: number;
  readonly json: unknown;
  readonly headers?: Record<string, string>;
}

export async function startFakeVault(): Promise<FakeVault> {
  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = addressOf(server.address());
  const vault: FakeVault = {
    address: `http://127.0.0.1:${port}`,
    calls: [],
    fault: () => null,
    entries: new Map(),
    tokens: new Set([TOKEN]),
    version: 2,
    deleteVersionAfter: null,
    leaseSeconds: 3600,
    logins: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const path = decodeURIComponent(request.url ?? '');
    const call: VaultCall = {
      method: request.method ?? '',
      path,
      body: Buffer.concat(chunks).toString('utf8'),
      headers: request.headers,
    };
    const fault = vault.fault(call);
    vault.calls.push(call);
    if (fault === 'lost-request') return void response.destroy();
    const reply: Reply =
      fault !== null && fault !== 'lost-answer'
        ? { status: fault.status, json: { errors: fault.errors }, headers: fault.headers ?? {} }
        : carryOut(call);
    if (fault === 'lost-answer') return void response.destroy();
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(reply.json === null ? '' : JSON.stringify(reply.json));
  }

  function carryOut(call: VaultCall): Reply {
    const { method, path, headers } = call;
    if (/^\/v1\/auth\/[^/]+\/login$/.test(path)) return logIn(call);
    if (!vault.tokens.has(String(headers['x-vault-token'])))
      return { status: 403, json: { errors: ['permission denied', 'invalid token'] } };
    if (path === '/v1/auth/token/lookup-self') return { status: 200, json: { data: {} } };
    if (path === '/v1/sys/internal/ui/mounts/secret')
      return { status: 200, json: { data: { type: 'kv', options: { version: String(vault.version) } } } };
    const [, kind, at = ''] = /^\/v1\/secret\/(data|metadata)\/(.+)$/.exec(path) ?? [];
    if (kind === undefined) return { status: 404, json: { errors: [`no handler for route "${path.slice(4)}"`] } };
    if (method === 'DELETE') return removed(at);
    return method === 'GET' ? read(at) : written(at, JSON.parse(call.body));
  }

  function logIn(call: VaultCall): Reply {
    vault.logins.push({ path: call.path, ...JSON.parse(call.body) });
    const token = `hvs.CAESIOfLoginNumber00000000${vault.logins.length}`;
    vault.tokens.add(token);
    return { status: 200, json: { auth: { client_token: token, lease_duration: vault.leaseSeconds } } };
  }

  function read(at: string): Reply {
    const entry = vault.entries.get(at);
    if (!entry) return { status: 404, json: { errors: [] } };
    const metadata = { version: entry.version, deletion_time: '', destroyed: false };
    return { status: entry.data === null ? 404 : 200, json: { data: { data: entry.data, metadata } } };
  }

  function written(at: string, body: { data: Record<string, unknown>; options?: { cas?: number } }): Reply {
    if (vault.version === 1) return { status: 204, json: null };
    const version = vault.entries.get(at)?.version ?? 0;
    if (body.options?.cas !== undefined && body.options.cas !== version)
      return { status: 400, json: { errors: ['check-and-set parameter did not match the current version'] } };
    if (!isRecord(body.data)) return { status: 400, json: { errors: ['no data provided'] } };
    vault.entries.set(at, { data: body.data, version: version + 1 });
    const deletion_time = vault.deleteVersionAfter ?? '';
    return { status: 200, json: { data: { version: version + 1, deletion_time, destroyed: false } } };
  }

  function removed(at: string): Reply {
    vault.entries.delete(at);
    return { status: 204, json: null };
  }
  return vault;
}

function addressOf(address: string | AddressInfo | null): AddressInfo {
  if (typeof address !== 'object' || address === null) throw new Error('the fake Vault listens on no port');
  return address;
}

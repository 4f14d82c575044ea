import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { ListenAddress } from '../core/declaration/listen-address.ts';
import type { Health, Verdict } from './health.ts';

export interface HttpServerOptions {
  readonly health: Pick<Health, 'live' | 'ready'>;
  /** The registry that `/metrics` shows. */
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
  readonly log: Logger;
}

export interface HttpServer {
  /**
   * Answers there from now on, and nowhere else; null for nowhere. What comes back is null, or for people why the address
   * cannot be had: then it answers where it did.
   */
  follow(address: ListenAddress | null): Promise<string | null>;
  /** Where it answers; null for nowhere. */
  port(): number | null;
  close(): Promise<void>;
}

/** Nobody who asks honestly needs longer, or sends more. */
const ASKING_MAX_MS = 10_000;
const HEADERS_MAX_BYTES = 8_192;
const CONNECTIONS_MAX = 64;

type Routes = Readonly<Record<string, (response: ServerResponse) => void | Promise<void>>>;

/** Answers `/livez`, `/readyz`, `/healthz` and `/metrics`, and nothing else. */
export function createHttpServer({ health, metrics, log }: HttpServerOptions): HttpServer {
  const routes: Routes = {
    '/livez': (response) => answerVerdict(response, health.live()),
    // What most probes are set up to ask for.
    '/healthz': (response) => answerVerdict(response, health.live()),
    '/readyz': (response) => answerVerdict(response, health.ready()),
    '/metrics': async (response) => answer(response, 200, await metrics.metrics(), metrics.contentType),
  };
  let open: { readonly server: Server; readonly address: ListenAddress } | null = null;

  async function close(): Promise<void> {
    const { server } = open ?? {};
    open = null;
    if (server) await closeServer(server);
  }

  return {
    async follow(address) {
      if (open?.address.host === address?.host && open?.address.port === address?.port) return null;
      if (address === null) {
        await close();
        return null;
      }
      const server = createGuardedServer(routes, log);
      const failure = await listenOn(server, address);
      if (failure) return failure;
      await close();
      open = { server, address };
      // Nothing that happens to the socket of somebody who looks may end the daemon.
      server.on('error', (error) => log.warn({ err: error }, 'the server of probes and metrics had trouble'));
      log.info({ host: address.host, port: portOf(server) }, 'probes and metrics listening');
      return null;
    },
    port: () => (open ? portOf(open.server) : null),
    close,
  };
}

/**
 * Whoever asks slowly, asks for too much or does not fetch the answer is cut off: looking at the daemon must never cost
 * it anything.
 */
function createGuardedServer(routes: Routes, log: Logger): Server {
  const server = createServer({ maxHeaderSize: HEADERS_MAX_BYTES, connectionsCheckingInterval: 1_000 });
  server.headersTimeout = ASKING_MAX_MS / 2;
  server.requestTimeout = ASKING_MAX_MS;
  server.timeout = ASKING_MAX_MS;
  server.keepAliveTimeout = ASKING_MAX_MS / 2;
  server.maxConnections = CONNECTIONS_MAX;
  server.maxRequestsPerSocket = 100;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void respond(request, response, routes).catch((error: unknown) => {
      log.error({ err: error }, 'a scrape failed');
      if (!response.headersSent) answer(response, 500, 'the metrics could not be collected; the log says why\n');
    });
  });
  return server;
}

async function respond(request: IncomingMessage, response: ServerResponse, routes: Routes): Promise<void> {
  const path = request.url?.split('?')[0] ?? '';
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    // A body that nobody reads must not keep the connection.
    response.setHeader('connection', 'close');
    return answer(response, 405, 'only GET and HEAD\n');
  }
  if (!route) return answer(response, 404, `not found; there are ${Object.keys(routes).join(', ')}\n`);
  await route(response);
}

function answerVerdict(response: ServerResponse, verdict: Verdict): void {
  answer(response, verdict.ok ? 200 : 503, `${oneLine(verdict.ok ? verdict.note : verdict.why)}\n`);
}

function answer(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  // Node leaves the body of an answer to HEAD out by itself.
  response.end(body);
}

/** What is told may hold words of a server. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').slice(0, 500);
}

/** null once it listens; otherwise why it cannot, for people. */
function listenOn(server: Server, { host, port }: ListenAddress): Promise<string | null> {
  const shown = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Promise((resolve) => {
    const fail = ({ code, message }: NodeJS.ErrnoException) => resolve(whyNot(shown, code, message));
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve(null);
    });
  });
}

function whyNot(shown: string, code: string | undefined, message: string): string {
  const choose = 'Choose another address with `--listen <host:port>`, or `--listen off` for none.';
  if (code === 'EADDRINUSE')
    return `Probes and metrics cannot listen on ${shown}: another process does already. ${choose}`;
  if (code === 'EACCES')
    return `Probes and metrics cannot listen on ${shown}: this user may not use that port. ${choose}`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `Probes and metrics cannot listen on ${shown}: this machine has no such address. ${choose}`;
  return `Probes and metrics cannot listen on ${shown}: ${message}. ${choose}`;
}

function portOf(server: Server): number | null {
  const address: AddressInfo | string | null = server.address();
  return typeof address === 'object' ? (address?.port ?? null) : null;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { SandboxAnswer } from '../exchange.ts';
import type { Sandbox } from '../sandbox.ts';
import { control, isControlPath } from './control.ts';
import { readFault } from './read-fault.ts';

export interface ListenOptions {
  /** Loopback only; default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: the system chooses. */
  readonly port?: number;
  /** One call per request, for a log on stderr. Never given a secret. */
  readonly onRequest?: (line: RequestLine) => void;
}

export interface RequestLine {
  readonly method: string;
  readonly path: string;
  /** null when the answer was lost on purpose. */
  readonly status: number | null;
  readonly replayed: boolean;
  /** The kind of the fault that struck. */
  readonly fault: string | null;
}

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:4010` */
  readonly url: string;
  /** Stops accepting, closes idle connections, waits for answers under way. */
  close(): Promise<void>;
}

const BODY_MAX_BYTES = 1024 * 1024;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/**
 * Serves a sandbox over HTTP. `/v1/…` is the API; `/__sandbox/…` and the header `X-Sandbox-Fault` are for the person
 * who plays (docs/sandbox.md). Rejects when the host is not loopback or the port is taken.
 */
export async function listen(sandbox: Sandbox, options: ListenOptions = {}): Promise<Listening> {
  const host = options.host ?? '127.0.0.1';
  if (!LOOPBACK.has(host)) {
    throw new Error(`The sandbox hands out credits to anybody, so it listens on loopback only, not on ${host}.`);
  }
  const server = createServer((request, response) => {
    serve(sandbox, request, response, options.onRequest).catch((error: unknown) => giveUp(response, error));
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = addressOf(server);
  const name = host.includes(':') ? `[${host}]` : host;
  return { host, port, url: `http://${name}:${port}`, close: () => close(server, sockets) };
}

function addressOf(server: Server): Pick<AddressInfo, 'port'> {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address : { port: 0 };
}

async function close(server: Server, sockets: Set<Socket>): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    // A connection whose answer was lost on purpose would keep the server open for ever.
    setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, 200).unref();
  });
}

async function serve(
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
  onRequest: ListenOptions['onRequest'],
): Promise<void> {
  const method = request.method ?? 'GET';
  const path = request.url ?? '/';
  const body = await readBody(request);
  if (body === null) {
    const error = { code: 'PAYLOAD_TOO_LARGE', message: `The body is larger than ${BODY_MAX_BYTES} bytes.` };
    send(response, 413, { 'content-type': 'application/json', connection: 'close' }, JSON.stringify({ error }));
    return;
  }
  if (isControlPath(path)) {
    const answer = control(sandbox, method, path, body);
    send(response, answer.status, { 'content-type': 'application/json' }, `${JSON.stringify(answer.body, null, 2)}\n`);
    return;
  }
  const headers = lowerCase(request);
  const fault = faultOf(headers['x-sandbox-fault']);
  if (fault !== null && 'problem' in fault) {
    const error = { code: 'VALIDATION', message: `X-Sandbox-Fault: ${fault.problem}` };
    send(response, 422, { 'content-type': 'application/json' }, JSON.stringify({ error }));
    return;
  }
  const asked = { method, path, headers, ...(body !== '' && { body }) };
  const answer = fault === null ? sandbox.handle(asked) : sandbox.handle(asked, fault);
  const status = answer.kind === 'none' ? null : answer.status;
  const entry = sandbox.requests().at(-1);
  onRequest?.({ method, path, status, replayed: entry?.replayed ?? false, fault: entry?.fault ?? null });
  deliver(response, answer);
}

/** The state could not be kept, or the caller went away: say so rather than claim success. */
function giveUp(response: ServerResponse, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (response.headersSent || response.destroyed) response.destroy();
  else
    send(
      response,
      500,
      { 'content-type': 'application/json' },
      JSON.stringify({ error: { code: 'INTERNAL', message } }),
    );
}

/** `lost-answer`, or the whole fault as JSON: `{"kind":"slow","ms":2000}`. */
function faultOf(header: string | undefined): ReturnType<typeof readFault> | null {
  if (header === undefined) return null;
  return readFault(header.startsWith('{') ? safeParse(header) : { kind: header });
}

function safeParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The whole body as text, or null when it is too large. A broken connection gives what arrived. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > BODY_MAX_BYTES) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function lowerCase(request: IncomingMessage): Record<string, string> {
  const entries = Object.entries(request.headers).map(([name, value]): [string, string] => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  return Object.fromEntries(entries);
}

/** Hands the answer over, or closes the connection the way the fault wants it. */
function deliver(response: ServerResponse, answer: SandboxAnswer): void {
  const act = () => {
    if (answer.kind === 'none') {
      response.destroy();
      return;
    }
    if (answer.kind === 'truncated') {
      const promised = Buffer.byteLength(answer.body) + 1;
      response.writeHead(answer.status, { ...answer.headers, 'content-length': promised });
      response.write(answer.body, () => response.destroy());
      return;
    }
    send(response, answer.status, answer.headers, answer.body);
  };
  if (answer.afterMs === 0) act();
  else setTimeout(act, answer.afterMs).unref();
}

function send(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, body: string): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

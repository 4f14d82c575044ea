import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Verdict } from '../../src/daemon/health.ts';
import { createHttpServer, type HttpServer } from '../../src/daemon/http-server.ts';

interface Served {
  readonly port: number;
  verdicts: { live: Verdict; ready: Verdict };
  readonly logged: string[];
  readonly get: (path: string, method?: string) => Promise<Answered>;
}

interface Answered {
  readonly status: number | undefined;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

const fine: Verdict = { ok: true, note: 'ok' };

async function serve(metrics: () => Promise<string> = async () => 'up 1\n'): Promise<Served> {
  const logged: string[] = [];
  const verdicts = { live: fine, ready: fine };
  const server = createHttpServer({
    health: { live: () => verdicts.live, ready: () => verdicts.ready },
    metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', metrics },
    log: pino({ level: 'info' }, { write: (line: string) => logged.push(line) }),
  });
  const port = await openPort(server);
  return {
    port,
    verdicts,
    logged,
    get: (path, method = 'GET') => ask(port, path, method),
  };
}

/** Opens it on a port that the system chooses. */
async function openPort(server: HttpServer): Promise<number> {
  onTestFinished(() => server.close());
  expect(await server.follow(LOOPBACK)).toBeNull();
  const port = server.port();
  if (port === null) throw new Error('the server does not listen');
  return port;
}

const LOOPBACK = { host: '127.0.0.1', port: 0 };

const quietServer = () =>
  createHttpServer({
    health: { live: () => fine, ready: () => fine },
    metrics: { contentType: 'text/plain', metrics: async () => '' },
    log: pino({ level: 'silent' }),
  });

function ask(port: number, path: string, method: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode, body, headers: response.headers }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Sends bytes and waits until the server has hung up; all that came back. */
function sendRaw(port: number, bytes: string, whenOpen: (socket: Socket) => void = () => {}): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes);
      whenOpen(socket);
    });
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}

describe('probes', () => {
  it('answer with one word when all is well, /healthz like /livez', async () => {
    const { get } = await serve();
    for (const path of ['/livez', '/healthz', '/readyz', '/readyz?verbose'])
      expect(await get(path)).toMatchObject({ status: 200, body: 'ok\n' });
  });

  it('say in one line why not', async () => {
    const served = await serve();
    served.verdicts.live = { ok: false, why: 'the loop has not moved for 1801 s' };
    served.verdicts.ready = { ok: false, why: 'The server said:\nno\u0007 more' };
    for (const path of ['/livez', '/healthz'])
      expect(await served.get(path)).toMatchObject({ status: 503, body: 'the loop has not moved for 1801 s\n' });
    expect(await served.get('/readyz')).toMatchObject({ status: 503, body: 'The server said: no  more\n' });
  });

  it('are read with GET or HEAD and with nothing else', async () => {
    const { get } = await serve();
    expect(await get('/livez', 'HEAD')).toMatchObject({ status: 200, body: '' });
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await get('/metrics', method);
      expect([method, status, headers.allow]).toEqual([method, 405, 'GET, HEAD']);
    }
  });

  it('are all there is', async () => {
    const { get } = await serve();
    expect(await get('/')).toMatchObject({ status: 404, body: expect.stringContaining('/livez') });
    for (const path of ['/metrics/', '/toString', '/__proto__', '/livez/../metrics2', '//'])
      expect([path, (await get(path)).status]).toEqual([path, 404]);
  });
});

describe('metrics', () => {
  it('come in the exposition format, uncached', async () => {
    const { get } = await serve();
    const { status, body, headers } = await get('/metrics');
    expect([status, body]).toEqual([200, 'up 1\n']);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(headers['cache-control']).toBe('no-store');
  });

  it('that cannot be collected are a 500 and a line in the log, and the next scrape is served', async () => {
    let isBroken = true;
    const served = await serve(async () => {
      if (isBroken) throw new Error('a defect in here');
      return 'up 1\n';
    });
    expect(await served.get('/metrics')).toMatchObject({ status: 500, body: expect.not.stringContaining('defect') });
    expect(served.logged.join('')).toContain('a defect in here');
    isBroken = false;
    expect((await served.get('/metrics')).status).toBe(200);
  });
});

describe('the server', () => {
  it('cuts off headers that are too long, and what is not HTTP', async () => {
    const { port, get } = await serve();
    expect(await sendRaw(port, `GET /livez HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`)).toMatch(/ 431 /);
    expect(await sendRaw(port, 'nonsense\r\n\r\n')).toMatch(/ 400 /);
    expect((await get('/livez')).status).toBe(200);
  });

  it('does not wait for the body of a request that it refuses', async () => {
    const { port } = await serve();
    const unfinished = 'POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx';
    expect(await sendRaw(port, unfinished)).toMatch(/ 405 [\s\S]*connection: close/i);
  });

  it('is closed at once, whoever still holds a connection', async () => {
    const server = quietServer();
    const port = await openPort(server);
    const closed: Promise<void>[] = [];
    const held = sendRaw(port, 'GET /livez HTTP/1.1\r\n', () => closed.push(server.close()));
    expect(await held).toBe('');
    await Promise.all(closed);
  });

  it('says in words that an address is taken, that there is none such, or that it may not be used', async () => {
    const { port } = await serve();
    const server = quietServer();
    expect(await server.follow({ host: '127.0.0.1', port })).toBe(
      `Probes and metrics cannot listen on 127.0.0.1:${port}: another process does already. Choose another address with \`--listen <host:port>\`, or \`--listen off\` for none.`,
    );
    expect(await server.follow({ host: '2001:db8::1', port: 9465 })).toContain(
      'cannot listen on [2001:db8::1]:9465: this machine has no such address',
    );
  });

  it('moves when it is told to, and stays where it was when it cannot', async () => {
    const taken = (await serve()).port;
    const server = quietServer();
    const first = await openPort(server);
    expect(await server.follow({ host: '127.0.0.1', port: taken })).toContain('another process does already');
    expect((await ask(first, '/livez', 'GET')).status).toBe(200);
    expect(await server.follow({ host: 'localhost', port: 0 })).toBeNull();
    const second = server.port() ?? 0;
    expect((await ask(second, '/livez', 'GET')).status).toBe(200);
    await expect(ask(first, '/livez', 'GET')).rejects.toThrow('ECONNREFUSED');
    expect(await server.follow(null)).toBeNull();
    expect(server.port()).toBeNull();
    await expect(ask(second, '/livez', 'GET')).rejects.toThrow('ECONNREFUSED');
  });
});

import { createServer, type Server, type Socket } from 'node:net';
import { Pool } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { parseBaseUrl } from '../../../src/effects/layers/base-url.ts';
import type { WireRequest } from '../../../src/effects/layers/transport.ts';
import { createUndiciTransport, type UndiciTransport } from '../../../src/effects/layers/undici-transport.ts';
import { type RawServer, rawResponse, startRawServer } from '../../support/raw-server.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const closable of open.splice(0).toReversed()) await closable.close();
});

async function server(answer: (socket: Socket, request: string) => void): Promise<RawServer> {
  const started = await startRawServer(answer);
  open.push(started);
  return started;
}

function transportTo(
  origin: string,
  limits: Parameters<typeof createUndiciTransport>[0]['limits'] = {},
): UndiciTransport {
  const transport = createUndiciTransport({ baseUrl: origin, limits });
  open.push(transport);
  return transport;
}

function post(fence?: () => void, headers: Readonly<Record<string, string>> = {}): WireRequest {
  return { method: 'POST', path: '/v1/x', headers, body: '{"a":"é"}', ...(fence ? { fence } : {}) };
}

const get: WireRequest = { method: 'GET', path: '/v1/x', headers: {} };

/** Lets everything happen that can happen without waiting for the network. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

describe('the base URL', () => {
  test.each([
    ['https://api.layers.com', 'https://api.layers.com'],
    ['https://api.layers.com/', 'https://api.layers.com'],
    ['https://api.layers.com:8443', 'https://api.layers.com:8443'],
    ['http://127.0.0.1:4010', 'http://127.0.0.1:4010'],
    ['http://127.9.8.7', 'http://127.9.8.7'],
    ['http://[::1]:80', 'http://[::1]'],
    ['http://localhost:1', 'http://localhost:1'],
  ])('%s is accepted', (text, origin) => {
    expect(parseBaseUrl(text)).toEqual({ ok: true, origin });
  });

  test.each([
    ['api.layers.com', 'not a URL'],
    ['', 'not a URL'],
    ['http://api.layers.com', 'https://'],
    ['http://127.0.0.1.evil.example', 'https://'],
    ['http://localhost.evil.example', 'https://'],
    ['http://10.0.0.1', 'https://'],
    ['ftp://127.0.0.1', 'https://'],
    ['https://lp_live_X:hunter2@api.layers.com', 'password'],
    ['https://api.layers.com/v1', 'must end after the host'],
    ['https://api.layers.com/?a=b', 'must end after the host'],
    ['https://api.layers.com/#a', 'must end after the host'],
  ])('%s is refused with a reason, and never repeated', (text, reason) => {
    const result = parseBaseUrl(text);
    expect(result).toMatchObject({ ok: false, message: expect.stringContaining(reason) });
    expect(JSON.stringify(result)).not.toContain('hunter2');
    expect(() => createUndiciTransport({ baseUrl: text })).toThrow(TypeError);
  });
});

test('bytes, headers and length go out as given, and come back as text with joined headers', async () => {
  const echo = await server((socket) => {
    socket.write(rawResponse(201, '"ü"', { 'X-A': '1', 'x-a': '2', 'Content-Length': '4' }));
  });
  const answer = await transportTo(echo.origin).send(post(undefined, { 'X-B': 'b' }));
  expect(answer).toMatchObject({ kind: 'response', status: 201, body: '"ü"', headers: { 'x-a': '1, 2' } });
  expect(echo.requests).toHaveLength(1);
  expect(echo.requests[0]).toMatch(/^POST \/v1\/x HTTP\/1\.1\r\n/);
  expect(echo.requests[0]).toMatch(/\r\nX-B: b\r\n/);
  expect(echo.requests[0]).toMatch(/\r\ncontent-length: 10\r\n/i);
  expect(Buffer.from(echo.requests[0] ?? '', 'latin1').toString()).toMatch(/\r\n\r\n\{"a":"é"\}$/);
});

describe('the fence', () => {
  test('that throws keeps the whole request back, its head included', async () => {
    const received: Buffer[] = [];
    const listener = createServer((socket) => socket.on('data', (chunk) => received.push(chunk)));
    const port = await listen(listener);
    const answer = await transportTo(`http://127.0.0.1:${port}`).send(
      post(() => {
        throw new Error('too old: lp_live_X');
      }),
    );
    expect(answer).toMatchObject({ kind: 'failure', certainty: 'nothing-sent', code: 'STALE_INTENT' });
    expect(answer.kind === 'failure' && answer.message).not.toContain('lp_live');
    await turns(20);
    expect(received).toEqual([]);
  });

  test('runs when the connection is ready to take the body, not while the request waits for it', async () => {
    const held: Socket[] = [];
    const slow = await server((socket) => held.push(socket));
    const transport = transportTo(slow.origin, { connections: 1 });
    const first = transport.send(post());
    let fences = 0;
    const second = transport.send(post(() => (fences += 1)));
    while (held.length === 0) await turns(1);
    await turns(20);
    expect(fences).toBe(0);
    held[0]?.write(rawResponse(200, '{}'));
    await first;
    while (held.length === 1) await turns(1);
    expect(fences).toBe(1);
    held[1]?.write(rawResponse(200, '{}'));
    expect(await second).toMatchObject({ kind: 'response' });
    expect(fences).toBe(1);
  });
});

describe('"nothing was sent" is said only when it is certain', () => {
  test('a refused connection proves it', async () => {
    const gone = await server(() => {});
    await gone.close();
    for (const request of [get, post()]) {
      const answer = await transportTo(gone.origin).send(request);
      expect(answer).toMatchObject({ kind: 'failure', certainty: 'nothing-sent', code: 'NETWORK' });
      expect(answer.kind === 'failure' && answer.message).toContain('ECONNREFUSED');
    }
  });

  test.each([
    ['speaks no TLS', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 'NETWORK'],
    ['hangs up in the handshake', (socket: Socket) => socket.once('data', () => socket.resetAndDestroy()), 'NETWORK'],
    ['never ends the handshake', () => {}, 'TIMEOUT'],
  ])('so does a server that %s', async (_, greet, code) => {
    const listener = createServer((socket) => {
      socket.on('error', () => {});
      greet(socket);
    });
    const port = await listen(listener);
    const transport = transportTo(`https://127.0.0.1:${port}`, { connectMs: 100, totalMs: 5_000 });
    for (const request of [get, post()]) {
      expect(await transport.send(request)).toMatchObject({ kind: 'failure', certainty: 'nothing-sent', code });
    }
  });

  test('so does the end of the time while the request still waits for a free connection', async () => {
    const held: Socket[] = [];
    const slow = await server((socket) => held.push(socket));
    const dispatcher = new Pool(slow.origin, { connections: 1 });
    open.push(dispatcher);
    const patient = createUndiciTransport({ baseUrl: slow.origin, dispatcher });
    const impatient = createUndiciTransport({ baseUrl: slow.origin, dispatcher, limits: { totalMs: 100 } });
    const first = patient.send(post());
    while (held.length === 0) await turns(1);
    expect(await impatient.send(post())).toMatchObject({ certainty: 'nothing-sent', code: 'TIMEOUT' });
    held[0]?.write(rawResponse(200, '{}'));
    expect(await first).toMatchObject({ kind: 'response' });
    expect(slow.requests).toHaveLength(1);
  });

  test('a header that cannot be sent proves it, and is not repeated', async () => {
    const never = await server(() => {});
    const answer = await transportTo(never.origin).send(post(undefined, { Authorization: 'Bearer lp_live_X\r\nY: z' }));
    expect(answer).toMatchObject({ kind: 'failure', certainty: 'nothing-sent' });
    expect(answer.kind === 'failure' && answer.message).not.toContain('lp_live');
    expect(never.connections()).toBe(0);
  });

  test('a closed transport proves it', async () => {
    const never = await server(() => {});
    const transport = transportTo(never.origin);
    await transport.close();
    expect(await transport.send(post())).toMatchObject({ kind: 'failure', certainty: 'nothing-sent' });
  });

  test('a connection that dies after the bytes were handed over proves nothing', async () => {
    const dying = await server((socket) => socket.resetAndDestroy());
    for (const request of [get, post()]) {
      expect(await transportTo(dying.origin).send(request)).toMatchObject({ kind: 'failure', certainty: 'unknown' });
    }
  });
});

describe('a server that drops idle connections', () => {
  /** Answers every request and destroys its socket `turnsLater` turns of the event loop after. */
  async function dropping(turnsLater: number) {
    const dropper = await server((socket) => {
      socket.write(rawResponse(200, '{}'));
      void turns(turnsLater).then(() => socket.resetAndDestroy());
    });
    return { dropper, transport: transportTo(dropper.origin, { connections: 1 }) };
  }

  test.each([0, 1, 2, 3, 5, 8])(
    '(after %i turns) never sees one send twice, nor one that "nothing was sent" of',
    async (later) => {
      const { dropper, transport } = await dropping(later);
      for (let send = 0; send < 100; send += 1) {
        let fences = 0;
        const answer = await transport.send(post(() => (fences += 1), { 'X-Send': `n${send}` }));
        const seen = dropper.requests.filter((request) => request.includes(`X-Send: n${send}\r\n`)).length;
        expect(fences).toBeLessThanOrEqual(1);
        expect(seen).toBeLessThanOrEqual(fences);
        if (answer.kind === 'response') expect(seen).toBe(1);
        else if (answer.certainty === 'nothing-sent') expect(seen).toBe(0);
      }
    },
  );

  test('that waits for the next request before it drops: the send is in doubt and is not repeated', async () => {
    let answered = 0;
    const trap = await server((socket) => {
      answered += 1;
      if (answered === 1) socket.write(rawResponse(200, '{}'));
      else socket.resetAndDestroy();
    });
    const transport = transportTo(trap.origin, { connections: 1 });
    await transport.send(post());
    let fences = 0;
    expect(await transport.send(post(() => (fences += 1)))).toMatchObject({ certainty: 'unknown', code: 'NETWORK' });
    await turns(50);
    expect(fences).toBe(1);
    expect(trap.requests).toHaveLength(2);
    expect(trap.connections()).toBe(1);
  });
});

test('connections are kept: a hundred requests in turn need a few', async () => {
  const steady = await server((socket) => socket.write(rawResponse(200, '{}')));
  const transport = transportTo(steady.origin);
  for (let send = 0; send < 100; send += 1) await transport.send(send % 2 === 0 ? get : post());
  expect(steady.connections()).toBeLessThan(10);
});

test('never more connections than allowed', async () => {
  const held: Socket[] = [];
  const busy = await server((socket) => {
    held.push(socket);
    if (held.length === 4) for (const waiting of held.splice(0)) waiting.write(rawResponse(200, '{}'));
  });
  const transport = transportTo(busy.origin, { connections: 4 });
  const answers = await Promise.all(Array.from({ length: 40 }, () => transport.send(get)));
  expect(answers.every(({ kind }) => kind === 'response')).toBe(true);
  expect(busy.connections()).toBe(4);
});

test('closing waits for the answers that are on their way', async () => {
  const held: Socket[] = [];
  const slow = await server((socket) => held.push(socket));
  const transport = transportTo(slow.origin);
  const answer = transport.send(post());
  while (held.length === 0) await turns(1);
  const closed = transport.close();
  held[0]?.write(rawResponse(200, '{}'));
  expect(await answer).toMatchObject({ kind: 'response', status: 200 });
  await closed;
});

async function listen(listener: Server): Promise<number> {
  const sockets = new Set<Socket>();
  listener.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => {
    listener.listen(0, '127.0.0.1', resolve);
  });
  open.push({
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        listener.close(() => resolve());
      }),
  });
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('The listener has no port.');
  return address.port;
}

import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createSandbox, type Listening, listen, type RequestLine, type Sandbox } from '../../src/sandbox/index.ts';

const open: Listening[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** One request over a real socket; rejects when the connection breaks before the answer is whole. */
function send(
  server: Listening,
  method: string,
  path: string,
  options: { token?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const headers = { ...(options.token && { authorization: `Bearer ${options.token}` }), ...options.headers };
    const outgoing = httpRequest({ host: server.host, port: server.port, method, path, headers, agent: false });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (incoming.complete) resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text });
        else reject(new Error('the answer was cut off'));
      });
    });
    outgoing.end(options.body);
  });
}

async function start(
  onRequest?: (line: RequestLine) => void,
): Promise<{ sandbox: Sandbox; server: Listening; token: string }> {
  const sandbox = createSandbox();
  const server = await listen(sandbox, onRequest ? { onRequest } : {});
  open.push(server);
  return { sandbox, server, token: sandbox.parent().token };
}

describe('the listening server', () => {
  it('serves the API with its headers and logs one line a request', async () => {
    const lines: RequestLine[] = [];
    const { server, token, sandbox } = await start((line) => lines.push(line));
    const reply = await send(server, 'GET', '/v1/whoami', { token });
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.text)).toMatchObject({ organizationId: sandbox.parent().organizationId });
    expect(reply.headers).toMatchObject({ 'content-type': 'application/json', 'x-ratelimit-limit': '6000' });
    sandbox.faults.add({ fault: { kind: 'rate-limited' } });
    await send(server, 'GET', '/v1/whoami', { token });
    const line = { method: 'GET', path: '/v1/whoami', replayed: false };
    expect(lines).toEqual([
      { ...line, status: 200, fault: null },
      { ...line, status: 429, fault: 'rate-limited' },
    ]);
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
  });

  it('listens on loopback only and says so when the port is taken', async () => {
    await expect(listen(createSandbox(), { host: '0.0.0.0' })).rejects.toThrow(/loopback only/);
    const { server } = await start();
    await expect(listen(createSandbox(), { port: server.port })).rejects.toThrow(/EADDRINUSE/);
  });

  it('refuses a body larger than 1 MiB', async () => {
    const { server, token, sandbox } = await start();
    const body = 'x'.repeat(1024 * 1024 + 1);
    const reply = await send(server, 'POST', '/v1/organizations', { token, body });
    expect([reply.status, JSON.parse(reply.text).error.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    expect(sandbox.snapshot().ephemeral.requests).toEqual([]);
  });

  it('loses answers for real: the connection breaks, and the effect is there or not', async () => {
    const { server, token, sandbox } = await start();
    const create = (fault: string) =>
      send(server, 'POST', '/v1/organizations', { token, body: '{"name":"a"}', headers: { 'x-sandbox-fault': fault } });
    await expect(create('lost-request')).rejects.toThrow(/hang up|ECONNRESET/);
    expect(sandbox.snapshot().operations).toHaveLength(0);
    await expect(create('lost-answer')).rejects.toThrow(/hang up|ECONNRESET/);
    expect(sandbox.snapshot().operations).toHaveLength(1);
    await expect(create('truncated-answer')).rejects.toThrow(/aborted|cut off|ECONNRESET/);
    expect(sandbox.snapshot().operations).toHaveLength(2);
    expect(await create('{"kind":"error-before","status":503}')).toMatchObject({ status: 503 });
    expect(await create('{"kind":"slow","ms":1}')).toMatchObject({ status: 201 });
  });

  it('refuses a fault header that it does not understand, before anything happens', async () => {
    const { server, token, sandbox } = await start();
    const headers = { 'x-sandbox-fault': 'earthquake' };
    const reply = await send(server, 'POST', '/v1/organizations', { token, body: '{"name":"a"}', headers });
    expect(reply.status).toBe(422);
    expect(reply.text).toContain('lost-answer');
    expect(sandbox.snapshot().operations).toHaveLength(0);
  });

  it('closes cleanly, with an answer that never comes still open', async () => {
    const { server, token } = await start();
    const headers = { 'x-sandbox-fault': '{"kind":"slow","ms":60000}' };
    const waiting = send(server, 'GET', '/v1/whoami', { token, headers }).catch((error: unknown) => error);
    await send(server, 'GET', '/v1/whoami', { token });
    await server.close();
    expect(await waiting).toBeInstanceOf(Error);
  });
});

describe('the control routes', () => {
  async function play() {
    const { server, sandbox, token } = await start();
    const made = await send(server, 'POST', '/v1/organizations', { token, body: '{"name":"a"}' });
    const organizationId: string = JSON.parse(made.text).id;
    const control = async (method: string, route: string, body?: unknown) => {
      const reply = await send(
        server,
        method,
        `/__sandbox/${route}`,
        body === undefined ? {} : { body: JSON.stringify(body) },
      );
      return { status: reply.status, body: JSON.parse(reply.text) };
    };
    return { server, sandbox, token, organizationId, control };
  }

  it('fund, transfer, spend, suspend, resume and archive', async () => {
    const { sandbox, organizationId, control } = await play();
    expect((await control('POST', 'fund', { credits: 500 })).status).toBe(200);
    expect((await control('POST', 'transfer', { organizationId, credits: 90 })).status).toBe(200);
    expect((await control('POST', 'spend', { organizationId, credits: 40 })).status).toBe(200);
    expect(await control('POST', 'spend', { organizationId, credits: 4000 })).toMatchObject({ status: 402 });
    expect((await control('POST', 'reserve', { organizationId, credits: 10 })).status).toBe(200);
    const { body } = await control('GET', 'state');
    expect(body.organizations).toEqual([
      { id: organizationId, name: 'a', status: 'active', balance: 50, reserved: 10, activeKeys: 0 },
    ]);
    expect(JSON.stringify(body)).not.toContain(sandbox.parent().token);
    for (const step of ['suspend', 'resume', 'archive']) {
      expect((await control('POST', step, { organizationId })).status).toBe(200);
    }
    expect(await control('POST', 'resume', { organizationId })).toMatchObject({ status: 409 });
    expect((await control('GET', 'operations')).body.map(({ kind }: { kind: string }) => kind)).toContain(
      'credits.fund',
    );
  });

  it('arm, list and clear faults, and advance the clock', async () => {
    const { server, token, control } = await play();
    const rule = {
      match: { method: 'GET', path: '/v1/whoami' },
      nth: 1,
      times: 1,
      fault: { kind: 'rate-limited', retryAfterSeconds: 3 },
    };
    expect((await control('POST', 'faults', rule)).body).toEqual([{ rule, seen: 0 }]);
    expect((await send(server, 'GET', '/v1/whoami', { token })).headers['retry-after']).toBe('3');
    await control('POST', 'faults', { ...rule, times: 5 });
    await control('DELETE', 'faults');
    expect((await control('GET', 'faults')).body).toEqual([]);
    expect((await control('POST', 'clock', { advanceMs: 86_400_000 })).body).toEqual({
      now: '2026-06-16T12:00:00.000Z',
    });
    expect((await control('GET', 'requests')).body.length).toBeGreaterThan(1);
  });

  const wrong = [
    { reason: 'an unknown route', method: 'GET', route: 'wallet', body: undefined, status: 404 },
    { reason: 'an unknown kind', method: 'POST', route: 'faults', body: { fault: { kind: 'flood' } }, status: 422 },
    { reason: 'no fault', method: 'POST', route: 'faults', body: {}, status: 422 },
    { reason: 'a bad nth', method: 'POST', route: 'faults', body: { nth: 0, fault: { kind: 'slow' } }, status: 422 },
    { reason: 'no amount', method: 'POST', route: 'fund', body: {}, status: 422 },
    { reason: 'time running backwards', method: 'POST', route: 'clock', body: { advanceMs: -1 }, status: 422 },
    {
      reason: 'an unknown organization',
      method: 'POST',
      route: 'suspend',
      body: { organizationId: 'org_x' },
      status: 404,
    },
  ];
  it.each(wrong)('answer $status with a sentence for $reason', async ({ method, route, body, status }) => {
    const { control } = await play();
    const reply = await control(method, route, body);
    expect(reply.status).toBe(status);
    expect(reply.body.message).toMatch(/\w/);
  });
});

import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Answer } from '../../../src/core/answer.ts';
import { Secret } from '../../../src/core/secret.ts';
import type { Clock } from '../../../src/effects/clock.ts';
import type { LayersClient } from '../../../src/effects/layers/client.ts';
import { createLayersClient } from '../../../src/effects/layers/layers-client.ts';
import { createUndiciTransport, type UndiciTransport } from '../../../src/effects/layers/undici-transport.ts';
import { type RawServer, rawResponse, startRawServer } from '../../support/raw-server.ts';
import * as samples from './samples.ts';

const { apiKey, idempotencyKey, mintedSecret, orgId, token } = samples;
const bodyBytesMax = 64 * 1024;

/** Jumps over every wait: what is waited for is another test's business. */
function createLeapingClock(): Clock {
  let leaptMs = 0;
  return {
    now: () => Date.now() + leaptMs,
    monotonic: () => performance.now() + leaptMs,
    sleep: async (ms) => {
      leaptMs += ms;
    },
  };
}

type Run = (client: LayersClient) => Promise<Answer<unknown>>;
const mint: Run = (client) =>
  client.mintApiKey(orgId, { name: 'k', scopes: ['content:read'], env: 'live' }, idempotencyKey);
const allocate: Run = (client) =>
  client.allocate(orgId, { credits: 5000, description: 'd', metadata: {} }, idempotencyKey, () => {});
const suspend: Run = (client) => client.suspendOrganization(orgId);
const get: Run = (client) => client.getOrganization(orgId);
const list: Run = (client) => client.listOrganizations({});

interface Case {
  readonly reason: string;
  readonly run: Run;
  /** Raw bytes, or what to do with the socket. */
  readonly says: string | Buffer | ((socket: Socket) => void);
  /** Outcome and code as `in-doubt BAD_ANSWER`, or `ok`. */
  readonly means: string;
}

const minted = JSON.stringify({ apiKey, secret: mintedSecret });
const error = (code: unknown, message: unknown = 'no') =>
  JSON.stringify({ error: { code, message, requestId: 'req_1' } });
const html = (status: number) => rawResponse(status, '<html>no</html>', { 'Content-Type': 'text/html' });
const badAnswer = 'in-doubt BAD_ANSWER';

function drip(socket: Socket, head: string): void {
  socket.write(head);
  const timer = setInterval(() => socket.write('x'), 20);
  socket.on('close', () => clearInterval(timer));
}

function pour(socket: Socket, head: string, piece: string): void {
  socket.write(head);
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

const garbledSuccesses: readonly Case[] = [
  { reason: 'HTML instead of JSON', run: mint, says: html(200), means: badAnswer },
  {
    reason: 'no content type',
    run: mint,
    says: `HTTP/1.1 200 OK\r\nContent-Length: ${minted.length}\r\n\r\n${minted}`,
    means: badAnswer,
  },
  {
    reason: 'JSON that calls itself text',
    run: mint,
    says: rawResponse(201, minted, { 'Content-Type': 'text/plain' }),
    means: badAnswer,
  },
  { reason: 'HTML that calls itself JSON', run: mint, says: rawResponse(200, '<html>'), means: badAnswer },
  { reason: 'an empty body', run: mint, says: rawResponse(200, ''), means: badAnswer },
  { reason: 'no content at all', run: mint, says: 'HTTP/1.1 204 No Content\r\n\r\n', means: badAnswer },
  { reason: 'null', run: mint, says: rawResponse(200, 'null'), means: badAnswer },
  { reason: 'an array', run: mint, says: rawResponse(200, `[${minted}]`), means: badAnswer },
  { reason: 'half a document', run: mint, says: rawResponse(200, minted.slice(0, -9)), means: badAnswer },
  { reason: 'two documents', run: mint, says: rawResponse(200, minted + minted), means: badAnswer },
  {
    reason: 'a member named twice',
    run: mint,
    says: rawResponse(200, `{"secret":"${mintedSecret}",${minted.slice(1)}`),
    means: badAnswer,
  },
  {
    reason: 'a member named twice, once escaped',
    run: mint,
    says: rawResponse(200, `{"\\u0073ecret" : "${mintedSecret}",${minted.slice(1)}`),
    means: badAnswer,
  },
  {
    reason: '33 levels',
    run: mint,
    says: rawResponse(200, `{"secret":"${mintedSecret}","x":${'['.repeat(32)}${']'.repeat(32)}}`),
    means: badAnswer,
  },
  {
    reason: '30,000 levels',
    run: mint,
    says: rawResponse(200, '['.repeat(30_000) + ']'.repeat(30_000)),
    means: badAnswer,
  },
  {
    reason: 'a prototype instead of members',
    run: mint,
    says: rawResponse(200, `{"__proto__":${minted}}`),
    means: badAnswer,
  },
  {
    reason: 'a prototype beside the members',
    run: mint,
    says: rawResponse(201, `{"__proto__":{"polluted":true},${minted.slice(1)}`),
    means: 'ok',
  },
  {
    reason: 'bytes that are not UTF-8',
    run: mint,
    says: Buffer.concat([
      Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n'),
      Buffer.from([0x22, 0xff, 0x22]),
    ]),
    means: badAnswer,
  },
  {
    reason: 'an error envelope in a success',
    run: mint,
    says: rawResponse(200, error('VALIDATION')),
    means: badAnswer,
  },
  {
    reason: 'no secret, as on a replay',
    run: mint,
    says: rawResponse(200, JSON.stringify({ apiKey })),
    means: badAnswer,
  },
  {
    reason: 'a null secret',
    run: mint,
    says: rawResponse(200, JSON.stringify({ apiKey, secret: null })),
    means: badAnswer,
  },
  {
    reason: 'a secret with line breaks',
    run: mint,
    says: rawResponse(200, JSON.stringify({ apiKey, secret: 'lp_live_X\r\nX: y' })),
    means: badAnswer,
  },
  {
    reason: 'an id that climbs directories',
    run: mint,
    says: rawResponse(200, JSON.stringify({ apiKey: { ...apiKey, id: '../../x' }, secret: mintedSecret })),
    means: badAnswer,
  },
  {
    reason: 'an id with an escape sequence',
    run: mint,
    says: rawResponse(200, JSON.stringify({ apiKey: { ...apiKey, id: '\u001b[2J' }, secret: mintedSecret })),
    means: badAnswer,
  },
  {
    reason: 'nothing but id and secret',
    run: mint,
    says: rawResponse(200, JSON.stringify({ id: apiKey.id, secret: mintedSecret })),
    means: 'ok',
  },
  {
    reason: 'every field but id and secret of a wrong type',
    run: mint,
    says: rawResponse(
      200,
      JSON.stringify({
        apiKey: { id: apiKey.id, name: 7, scopes: 'x', env: 3, status: null, createdAt: 'soon' },
        secret: mintedSecret,
      }),
    ),
    means: 'ok',
  },
];

const amounts: readonly Case[] = ['NaN', '1e999', '"5000"', '5000.5', '9007199254740993', 'null', '[5000]', '0x10'].map(
  (amount) => ({
    reason: `an allocated amount of ${amount}`,
    run: allocate,
    says: rawResponse(201, `{"id":"txn_1","allocated":${amount},"replayed":false}`),
    means: badAnswer,
  }),
);

const wrongThings: readonly Case[] = [
  {
    reason: 'another organization than asked for',
    run: get,
    says: rawResponse(200, JSON.stringify({ ...samples.organization, id: samples.parentId, summary: samples.summary })),
    means: badAnswer,
  },
  {
    reason: 'the same organization without its prefix',
    run: get,
    says: rawResponse(200, JSON.stringify({ ...samples.organization, id: orgId.slice(4), summary: samples.summary })),
    means: 'ok',
  },
  {
    reason: 'a status nobody knows',
    run: suspend,
    says: rawResponse(200, JSON.stringify({ ...samples.organization, status: 'frozen' })),
    means: badAnswer,
  },
  { reason: 'a list without items', run: list, says: rawResponse(200, '{"nextCursor":null}'), means: badAnswer },
  { reason: 'an empty cursor', run: list, says: rawResponse(200, '{"items":[],"nextCursor":""}'), means: badAnswer },
  {
    reason: 'metadata that is not text',
    run: list,
    says: rawResponse(200, JSON.stringify({ items: [{ ...samples.organization, metadata: { rcn: 1 } }] })),
    means: badAnswer,
  },
  {
    reason: 'metadata with a prototype',
    run: list,
    says: rawResponse(200, `{"items":[${JSON.stringify(samples.organization).replace('"plan"', '"__proto__"')}]}`),
    means: 'ok',
  },
  {
    reason: 'a name with an escape sequence',
    run: list,
    says: rawResponse(200, JSON.stringify({ items: [{ ...samples.organization, name: '\u001b]0;x\u0007' }] })),
    means: 'ok',
  },
];

const brokenHttp: readonly Case[] = [
  {
    reason: 'a body shorter than announced',
    run: mint,
    says: (socket) => socket.end(rawResponse(200, minted, { 'Content-Length': '9999' })),
    means: badAnswer,
  },
  {
    reason: 'chunks that end early',
    run: mint,
    says: (socket) =>
      socket.end(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"sec`),
    means: badAnswer,
  },
  {
    reason: 'a chunk size that is none',
    run: mint,
    says: 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}',
    means: badAnswer,
  },
  { reason: 'a status line that is none', run: mint, says: 'BANANA\r\n\r\n', means: badAnswer },
  {
    reason: 'two lengths',
    run: mint,
    says: `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
    means: badAnswer,
  },
  {
    reason: '100 KB of headers',
    run: mint,
    says: `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(13_000)}\r\n`,
    means: badAnswer,
  },
  {
    reason: 'a 1 GB body, announced',
    run: mint,
    says: (socket) =>
      pour(
        socket,
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n',
        ' '.repeat(16_384),
      ),
    means: badAnswer,
  },
  {
    reason: 'an endless body',
    run: mint,
    says: (socket) =>
      pour(
        socket,
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
        `4000\r\n${' '.repeat(16_384)}\r\n`,
      ),
    means: badAnswer,
  },
  {
    reason: 'an endless error',
    run: mint,
    says: (socket) =>
      pour(
        socket,
        'HTTP/1.1 404 No\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
        `4000\r\n${' '.repeat(16_384)}\r\n`,
      ),
    means: badAnswer,
  },
  { reason: 'a gzip bomb', run: mint, says: gzipAnswer(), means: badAnswer },
  {
    reason: 'a head that never ends',
    run: mint,
    says: (socket) => drip(socket, 'HTTP/1.1 200 OK\r\nX-A: '),
    means: 'in-doubt TIMEOUT',
  },
  {
    reason: 'a body that drips',
    run: mint,
    says: (socket) => drip(socket, 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n'),
    means: 'in-doubt TIMEOUT',
  },
  {
    reason: 'a body that stops',
    run: mint,
    says: (socket) => socket.write(rawResponse(200, minted, { 'Content-Length': '9999' })),
    means: 'in-doubt TIMEOUT',
  },
  { reason: 'no answer', run: mint, says: () => {}, means: 'in-doubt TIMEOUT' },
  { reason: 'no answer to a read', run: get, says: () => {}, means: 'in-doubt TIMEOUT' },
  { reason: 'goodbye', run: mint, says: (socket) => socket.end(), means: 'in-doubt NETWORK' },
  { reason: 'a reset', run: mint, says: (socket) => socket.resetAndDestroy(), means: 'in-doubt NETWORK' },
  {
    reason: 'a reset of a write without a body',
    run: suspend,
    says: (socket) => socket.resetAndDestroy(),
    means: 'in-doubt NETWORK',
  },
  {
    reason: 'a continue that nobody asked for',
    run: mint,
    says: `HTTP/1.1 100 Continue\r\n\r\n${rawResponse(201, minted)}`,
    means: 'in-doubt NETWORK',
  },
  {
    reason: 'a second answer nobody asked for',
    run: mint,
    says: rawResponse(201, minted) + rawResponse(200, '{"stolen":1}'),
    means: 'ok',
  },
];

function gzipAnswer(): Buffer {
  const body = gzipSync(Buffer.alloc(4 * 1024 * 1024, ' '));
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

const redirects: readonly Case[] = [301, 302, 303, 304, 307, 308].flatMap((status) =>
  ['elsewhere', 'https', 'same'].map((where) => ({
    reason: `a ${status} (${where})`,
    run: status === 302 ? get : mint,
    says: (socket: Socket) => socket.write(rawResponse(status, '', { Location: locations(where) })),
    means: 'in-doubt REDIRECTED',
  })),
);

const refusals: readonly Case[] = [
  {
    reason: '400',
    run: mint,
    says: rawResponse(400, error('IDEMPOTENCY_REQUIRED')),
    means: 'not-done IDEMPOTENCY_REQUIRED',
  },
  { reason: '401', run: mint, says: rawResponse(401, error('UNAUTHENTICATED')), means: 'not-done UNAUTHENTICATED' },
  {
    reason: '402',
    run: allocate,
    says: rawResponse(402, error('BILLING_EXHAUSTED')),
    means: 'not-done BILLING_EXHAUSTED',
  },
  { reason: '403', run: mint, says: rawResponse(403, error('FORBIDDEN_SCOPE')), means: 'not-done FORBIDDEN_SCOPE' },
  { reason: '404', run: mint, says: rawResponse(404, error('NOT_FOUND')), means: 'not-done NOT_FOUND' },
  { reason: '422', run: mint, says: rawResponse(422, error('VALIDATION')), means: 'not-done VALIDATION' },
  {
    reason: 'a slot taken by other bytes',
    run: allocate,
    says: rawResponse(409, error('IDEMPOTENCY_CONFLICT')),
    means: 'not-done IDEMPOTENCY_CONFLICT',
  },
  {
    reason: 'the same with the status of the IETF draft',
    run: allocate,
    says: rawResponse(422, error('IDEMPOTENCY_CONFLICT')),
    means: 'not-done IDEMPOTENCY_CONFLICT',
  },
  {
    reason: 'a 409 that may mean "still running"',
    run: mint,
    says: rawResponse(409, error('CONFLICT')),
    means: 'in-doubt CONFLICT',
  },
  { reason: 'a 409 without an envelope', run: mint, says: html(409), means: 'in-doubt HTTP_ERROR' },
  { reason: 'a 409 to a read', run: get, says: rawResponse(409, error('CONFLICT')), means: 'not-done CONFLICT' },
  { reason: 'too early', run: mint, says: html(425), means: 'in-doubt HTTP_ERROR' },
  {
    reason: 'a kill switch, which is no outage',
    run: mint,
    says: rawResponse(503, error('KILL_SWITCH')),
    means: 'not-done KILL_SWITCH',
  },
  {
    reason: 'a kill switch on money',
    run: allocate,
    says: rawResponse(503, error('KILL_SWITCH')),
    means: 'not-done KILL_SWITCH',
  },
  { reason: 'an internal error', run: mint, says: rawResponse(500, error('INTERNAL')), means: 'in-doubt INTERNAL' },
  {
    reason: 'a 500 that claims to be a refusal',
    run: allocate,
    says: rawResponse(500, error('VALIDATION')),
    means: 'in-doubt VALIDATION',
  },
  { reason: 'a gateway', run: allocate, says: html(502), means: 'in-doubt HTTP_ERROR' },
  { reason: 'an overloaded gateway', run: mint, says: html(503), means: 'in-doubt HTTP_ERROR' },
  { reason: 'a gateway to a read', run: get, says: html(504), means: 'in-doubt HTTP_ERROR' },
  { reason: "somebody else's 404", run: mint, says: html(404), means: 'not-done HTTP_ERROR' },
  { reason: "somebody else's 401", run: mint, says: html(401), means: 'not-done UNAUTHENTICATED' },
  { reason: 'a 408', run: mint, says: html(408), means: 'in-doubt HTTP_ERROR' },
  { reason: 'a status nobody uses', run: mint, says: html(499), means: 'in-doubt HTTP_ERROR' },
  { reason: 'a status that does not exist', run: mint, says: html(999), means: 'in-doubt HTTP_ERROR' },
  { reason: 'an unknown code', run: mint, says: rawResponse(400, error('BRAND_NEW')), means: 'not-done BRAND_NEW' },
  {
    reason: 'a code of our own',
    run: allocate,
    says: rawResponse(409, error('STALE_INTENT')),
    means: 'in-doubt HTTP_ERROR',
  },
  {
    reason: 'a code that is a sentence',
    run: mint,
    says: rawResponse(400, error('not a code')),
    means: 'not-done HTTP_ERROR',
  },
  { reason: 'a code that is a number', run: mint, says: rawResponse(400, error(42)), means: 'not-done HTTP_ERROR' },
  {
    reason: 'an envelope that is text',
    run: mint,
    says: rawResponse(400, '{"error":"VALIDATION"}'),
    means: 'not-done HTTP_ERROR',
  },
  {
    reason: 'an envelope named twice',
    run: mint,
    says: rawResponse(503, '{"error":{"code":"KILL_SWITCH"},"error":{"code":"X"}}'),
    means: 'in-doubt HTTP_ERROR',
  },
  {
    reason: 'a message that is no text',
    run: mint,
    says: rawResponse(422, error('VALIDATION', { a: token })),
    means: 'not-done VALIDATION',
  },
  {
    reason: 'a message of 50 KB',
    run: mint,
    says: rawResponse(422, error('VALIDATION', 'x'.repeat(50_000))),
    means: 'not-done VALIDATION',
  },
];

const rateLimits: readonly Case[] = [
  '1',
  '-5',
  '1e9',
  'soon',
  'Mon, 02 Nov 2020 08:00:00 GMT',
  'Mon, 02 Nov 2099 08:00:00 GMT',
  '',
].flatMap((after) => [
  {
    reason: `Retry-After: ${after}`,
    run: suspend,
    says: rawResponse(429, error('RATE_LIMITED'), { 'Retry-After': after }),
    means: 'not-done RATE_LIMITED',
  },
  {
    reason: `Retry-After: ${after}, for money`,
    run: allocate,
    says: rawResponse(429, error('RATE_LIMITED'), { 'Retry-After': after }),
    means: 'in-doubt RATE_LIMITED',
  },
]);

const echoes: readonly Case[] = [
  ['the token', token],
  ['the token in base64', Buffer.from(token).toString('base64')],
  ['the token in hex', Buffer.from(token).toString('hex')],
  ['the secret part of the token', token.slice(25)],
  ['a minted secret', mintedSecret],
  ['a minted secret behind a colour', `\u001b[31m${mintedSecret}\u001b[0m`],
  ['a minted secret cut by zero-width spaces', mintedSecret.replaceAll('m', 'm\u200b')],
  ['a signing secret', samples.signingSecret],
  ['the idempotency key', idempotencyKey],
].map(([reason, echo]) => ({
  reason: `an error that echoes ${reason}`,
  run: mint,
  says: rawResponse(422, error('VALIDATION', `Unexpected value "${echo}".`)),
  means: 'not-done VALIDATION',
}));

let server: RawServer;
let elsewhere: RawServer;
let transport: UndiciTransport;
/** For the answers that never come to an end. */
let impatient: UndiciTransport;
let says: Case['says'] = '';
let sockets: Socket[] = [];

function locations(where: string): string {
  if (where === 'same') return `${server.origin}/v1/whoami`;
  return where === 'https' ? `https://127.0.0.1:${elsewhere.port}/` : `${elsewhere.origin}/v1/whoami`;
}

beforeAll(async () => {
  elsewhere = await startRawServer((socket) => socket.end(rawResponse(200, minted)));
  server = await startRawServer((socket) => {
    sockets.push(socket);
    if (typeof says === 'function') says(socket);
    else socket.write(says);
  });
  const limits = { bodyBytes: bodyBytesMax, headersMs: 20_000, bodyIdleMs: 20_000, totalMs: 20_000 };
  transport = createUndiciTransport({ baseUrl: server.origin, limits });
  impatient = createUndiciTransport({ baseUrl: server.origin, limits: { ...limits, totalMs: 1_000 } });
});

beforeEach(() => {
  sockets = [];
});

afterAll(async () => {
  await transport.close();
  await impatient.close();
  await server.close();
  await elsewhere.close();
});

test.each([
  ...garbledSuccesses,
  ...amounts,
  ...wrongThings,
  ...brokenHttp,
  ...redirects,
  ...refusals,
  ...rateLimits,
  ...echoes,
])('$reason means $means', async (hostile) => {
  says = hostile.says;
  const client = createLayersClient({
    transport: hostile.means.endsWith('TIMEOUT') ? impatient : transport,
    token: () => new Secret(token),
    clock: createLeapingClock(),
    chance: { random: () => 0, uuid: () => idempotencyKey },
  });

  const answer = await hostile.run(client);

  expect(answer.outcome === 'ok' ? 'ok' : `${answer.outcome} ${answer.problem.code}`).toBe(hostile.means);
  if (answer.outcome !== 'ok') expectHarmless(answer.problem.message);
  if (answer.outcome !== 'ok' && answer.problem.retryAfterMs !== undefined) {
    expect(answer.problem.retryAfterMs).toBeGreaterThanOrEqual(1_000);
    expect(answer.problem.retryAfterMs).toBeLessThanOrEqual(3_600_000);
  }
  expect(JSON.stringify(answer)).not.toContain(mintedSecret);
  expect(elsewhere.connections()).toBe(0);
  expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('polluted');
  // An endless answer was cut off, not read: what the server got rid of lies in the buffers of two sockets.
  for (const socket of sockets) expect(socket.bytesWritten).toBeLessThan(32 * 1024 * 1024);
});

function expectHarmless(message: string): void {
  expect(message.length).toBeGreaterThan(0);
  expect(message.length).toBeLessThanOrEqual(300);
  expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(message).not.toMatch(/lp_live|whsec_|m{5}|t{5}|w{5}/);
  for (const plain of [token, mintedSecret, idempotencyKey]) {
    for (const encoding of ['utf8', 'base64', 'base64url', 'hex'] as const) {
      expect(message).not.toContain(Buffer.from(plain).toString(encoding));
    }
  }
}

test('an answer cannot make us send a cookie', async () => {
  says = rawResponse(201, minted, { 'Set-Cookie': 'a=b' });
  const client = createLayersClient({
    transport,
    token: () => new Secret(token),
    clock: createLeapingClock(),
    chance: { random: () => 0, uuid: () => idempotencyKey },
  });
  await mint(client);
  await mint(client);
  expect(server.requests.filter((request) => /\r\ncookie:/i.test(request))).toEqual([]);
});

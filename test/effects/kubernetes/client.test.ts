import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Secret } from '../../../src/core/secret.ts';
import { systemClock } from '../../../src/effects/clock.ts';
import { createKubernetesClient, type KubernetesClient } from '../../../src/effects/kubernetes/client.ts';
import { type Kind, objectMeta } from '../../../src/effects/kubernetes/kind.ts';
import { createKubernetesWire } from '../../../src/effects/kubernetes/wire.ts';
import { type RawServer, rawResponse, startRawServer } from '../../support/raw-server.ts';

const TOKEN = 'a-token-of-a-service-account';
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const closable of open.splice(0).toReversed()) await closable.close();
});

const things: Kind<{ metadata: { name: string } }> = {
  group: 'example.dev',
  version: 'v1',
  plural: 'things',
  shape: z.object({ metadata: z.object({ name: z.string() }) }),
};
const one = { namespace: 'n', name: 'one' };

/** A client, and the server that answers it with whole responses. */
async function meet(
  answer: (request: string, socket: Socket) => string | null,
): Promise<{ client: KubernetesClient; server: RawServer; clock: { slept: number[] } }> {
  const server = await startRawServer((socket, request) => {
    const response = answer(request, socket);
    if (response !== null) socket.write(response);
  });
  const wire = createKubernetesWire({
    origin: server.origin,
    basePath: '/prefix',
    tls: { ca: null, serverName: null, client: null },
    token: () => new Secret(TOKEN),
    namespace: 'n',
    description: 'a test',
  });
  open.push(server, wire);
  const slept: number[] = [];
  const clock = {
    ...systemClock,
    sleep: async (ms: number) => {
      slept.push(ms);
    },
  };
  return { client: createKubernetesClient({ wire, clock }), server, clock: { slept } };
}

function refusal(code: number, reason: string, message = '', headers: Record<string, string> = {}): string {
  return rawResponse(code, JSON.stringify({ kind: 'Status', status: 'Failure', code, reason, message }), headers);
}

const thing = (name: string) => ({ metadata: { name } });

describe('a request', () => {
  test('goes to the path of its kind below the prefix, with the token and what makes mistakes loud', async () => {
    const { client, server } = await meet(() => rawResponse(200, JSON.stringify(thing('one'))));
    await client.replace(things, one, { a: 1 }, { subresource: 'status' });
    const [request = ''] = server.requests;
    expect(request.split('\r\n')[0]).toBe(
      'PUT /prefix/apis/example.dev/v1/namespaces/n/things/one/status?fieldManager=layers-reconciler&fieldValidation=Strict HTTP/1.1',
    );
    expect(request).toContain(`authorization: Bearer ${TOKEN}\r\n`);
    expect(request).toContain('\r\n\r\n{"a":1}');
  });

  test('of the core group and of a kind without namespaces has another path', async () => {
    const { client, server } = await meet(() => rawResponse(200, JSON.stringify(thing('x'))));
    await client.get({ ...things, group: '' }, { namespace: null, name: 'x' });
    expect(server.requests[0]).toMatch(/^GET \/prefix\/api\/v1\/things\/x HTTP/);
  });

  test('that makes or lists objects goes to the collection, even when it is given the name of one', async () => {
    const { client, server } = await meet(() => refusal(404, 'NotFound'));
    await client.create(things, one, {});
    await client.list(things, one);
    expect(server.requests.map((request) => /things\S*/.exec(request)?.[0])).toEqual([
      'things?fieldManager=layers-reconciler&fieldValidation=Strict',
      'things?limit=500',
    ]);
  });

  test.each([['..'], ['.'], ['']])('for the name %j is not sent, since it would reach something else', async (name) => {
    const { client, server } = await meet(() => null);
    expect(await client.get(things, { namespace: 'n', name })).toMatchObject({ outcome: 'invalid' });
    expect(server.requests).toEqual([]);
  });

  test('patches say in their content type what they are', async () => {
    const { client, server } = await meet(() => rawResponse(200, JSON.stringify(thing('one'))));
    await client.patch(things, one, { type: 'merge', body: {} });
    await client.patch(things, one, { type: 'apply', body: {} });
    expect(server.requests.map((request) => /content-type: (\S+)/i.exec(request)?.[1])).toEqual([
      'application/merge-patch+json',
      'application/apply-patch+yaml',
    ]);
  });
});

describe('an answer', () => {
  test.each([
    [404, 'NotFound', { outcome: 'not-found' }],
    [409, 'AlreadyExists', { outcome: 'conflict', reason: 'exists' }],
    [409, 'Conflict', { outcome: 'conflict', reason: 'stale' }],
    [410, 'Expired', { outcome: 'gone' }],
    [401, 'Unauthorized', { outcome: 'forbidden' }],
    [422, 'Invalid', { outcome: 'invalid' }],
    [400, 'BadRequest', { outcome: 'invalid' }],
    [500, 'InternalError', { outcome: 'unreachable', nothingDone: false }],
    [504, 'Timeout', { outcome: 'unreachable', nothingDone: false }],
    [302, 'Found', { outcome: 'unreachable', nothingDone: false }],
  ])('%i %s is told apart by what to do about it', async (code, reason, expected) => {
    const { client } = await meet(() => refusal(code, reason, `because of ${TOKEN}`));
    const answer = await client.get(things, one);
    expect(answer).toMatchObject(expected);
    expect(JSON.stringify(answer)).not.toContain(TOKEN);
  });

  test('403 names the verb, the resource and the rule that is missing', async () => {
    const { client } = await meet(() => refusal(403, 'Forbidden', 'things "one" is forbidden: User "u" cannot update'));
    const answer = await client.replace(things, one, {}, { subresource: 'status' });
    expect(answer).toMatchObject({ outcome: 'forbidden' });
    expect('message' in answer && answer.message).toBe(
      'We may not update things/status of example.dev in namespace n: a Role bound to our account needs ' +
        '{ apiGroups: ["example.dev"], resources: ["things/status"], verbs: ["update"] }. ' +
        'The server said: things "one" is forbidden: User "u" cannot update',
    );
  });

  test.each([
    ['not JSON', 'oops'],
    ['of another form', '{"metadata":{"name":7}}'],
    ['that says something twice', '{"metadata":{"name":"a","name":"b"}}'],
  ])('%s is none, and is not quoted', async (_reason, body) => {
    const { client } = await meet(() => rawResponse(200, body));
    const answer = await client.get(things, one);
    expect(answer).toMatchObject({ outcome: 'unreachable', nothingDone: false });
  });

  test('that never comes ends at the deadline, and a write is then in doubt', async () => {
    const { client } = await meet(() => null);
    const answer = await client.create(things, { namespace: 'n' }, {}, { deadlineMs: 50 });
    expect(answer).toMatchObject({ outcome: 'unreachable', nothingDone: false });
  });

  test('of nobody means that nothing was done', async () => {
    const { client, server } = await meet(() => null);
    await server.close();
    expect(await client.create(things, { namespace: 'n' }, {})).toMatchObject({
      outcome: 'unreachable',
      nothingDone: true,
    });
  });

  test('429 is waited out as the server asks, and the same bytes are sent again', async () => {
    const answers = [
      refusal(429, 'TooManyRequests', '', { 'Retry-After': '2' }),
      rawResponse(201, JSON.stringify(thing('one'))),
    ];
    const { client, server, clock } = await meet(() => answers.shift() ?? null);
    expect(await client.create(things, { namespace: 'n' }, thing('one'))).toMatchObject({ outcome: 'ok' });
    expect(clock.slept).toEqual([2_000]);
    expect(server.requests[0]).toBe(server.requests[1]);
  });

  test('429 that asks for longer than the deadline leaves is an answer, with the wait', async () => {
    const { client, clock } = await meet(() => refusal(429, 'TooManyRequests', '', { 'Retry-After': '60' }));
    expect(await client.get(things, one)).toMatchObject({
      outcome: 'unreachable',
      nothingDone: true,
      retryAfterMs: 60_000,
    });
    expect(clock.slept).toEqual([]);
  });
});

test('of the metadata of an object we take what we rely on, and leave out what is new to us', () => {
  const given = { name: 'one', uid: 'u', resourceVersion: '5', generation: 2, labels: { a: 'b' } };
  expect(objectMeta.parse({ ...given, managedFields: [{ manager: 'kubectl' }] })).toEqual(given);
});

describe('a list', () => {
  const page = (names: string[], more: string) =>
    rawResponse(200, JSON.stringify({ metadata: { resourceVersion: '7', continue: more }, items: names.map(thing) }));

  test('is read to its last page', async () => {
    const { client, server } = await meet((request) =>
      request.includes('continue=p2') ? page(['c'], '') : page(['a', 'b'], 'p2'),
    );
    const listing = await client.list(things, { namespace: 'n' }, { pageSize: 2 });
    expect(listing).toEqual({ outcome: 'ok', value: { resourceVersion: '7', items: ['a', 'b', 'c'].map(thing) } });
    expect(server.requests[0]).toMatch(/^GET \S+things\?limit=2 HTTP/);
  });

  test('whose page has expired is begun anew, and nothing is listed twice', async () => {
    let isExpired = false;
    const { client } = await meet((request) => {
      if (!request.includes('continue=p2')) return page(['a'], 'p2');
      if (isExpired) return page(['b'], '');
      isExpired = true;
      return refusal(410, 'Expired');
    });
    const listing = await client.list(things, { namespace: 'n' });
    expect(listing).toMatchObject({ outcome: 'ok', value: { items: ['a', 'b'].map(thing) } });
  });

  test('that leads in a circle ends', async () => {
    const { client } = await meet(() => page(['a'], 'p2'));
    expect(await client.list(things, { namespace: 'n' })).toMatchObject({ outcome: 'unreachable' });
  });
});

describe('a watch', () => {
  async function events(client: KubernetesClient, signal = new AbortController().signal) {
    const seen = [];
    for await (const event of client.watch(things, { namespace: 'n' }, { resourceVersion: '5', lifeMs: 9_000, signal }))
      seen.push(event);
    return seen;
  }
  const chunked = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
  const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
  const event = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;
  const at = (name: string, resourceVersion: string) => ({ metadata: { name, resourceVersion } });

  test('tells changes, deletions and bookmarks as they come, however they are cut', async () => {
    const text = [
      event('ADDED', at('a', '6')),
      event('MODIFIED', at('ä', '7')),
      event('DELETED', at('a', '8')),
      event('BOOKMARK', { metadata: { resourceVersion: '9' } }),
    ].join('');
    const { client, server } = await meet((_request, socket) => {
      socket.write(chunked);
      const bytes = Buffer.from(text);
      for (let from = 0; from < bytes.length; from += 7) {
        const piece = bytes.subarray(from, from + 7);
        socket.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]));
      }
      return '0\r\n\r\n';
    });
    expect(await events(client)).toEqual([
      { type: 'changed', object: thing('a'), resourceVersion: '6' },
      { type: 'changed', object: thing('ä'), resourceVersion: '7' },
      { type: 'deleted', object: thing('a'), resourceVersion: '8' },
      { type: 'bookmark', resourceVersion: '9' },
      { type: 'ended', trouble: null },
    ]);
    expect(server.requests[0]).toContain(
      'things?watch=1&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=9 HTTP',
    );
  });

  test('that asks for what the server has forgotten is told so', async () => {
    const gone = event('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' });
    const { client } = await meet(() => `${chunked}${chunk(gone)}0\r\n\r\n`);
    expect(await events(client)).toMatchObject([{ type: 'ended', trouble: { outcome: 'gone' } }]);
  });

  test('that the server turns away says for how long', async () => {
    const { client } = await meet(() => refusal(429, 'TooManyRequests', 'starting', { 'Retry-After': '3' }));
    expect(await events(client)).toMatchObject([
      { type: 'ended', trouble: { outcome: 'unreachable', nothingDone: true, retryAfterMs: 3_000 } },
    ]);
  });

  test('that breaks off in the middle ends with trouble', async () => {
    const { client } = await meet((_request, socket) => {
      socket.end(`${chunked}${chunk(event('ADDED', at('a', '6')))}`);
      return null;
    });
    expect(await events(client)).toMatchObject([
      { type: 'changed' },
      { type: 'ended', trouble: { outcome: 'unreachable' } },
    ]);
  });

  test.each([
    ['garbage', '{"type":\n'],
    ['an object of another form', event('ADDED', { metadata: { name: 7, resourceVersion: '6' } })],
    ['an event without a version', event('ADDED', { metadata: { name: 'a' } })],
  ])('with %s ends with trouble', async (_reason, text) => {
    const { client } = await meet(() => `${chunked}${chunk(text)}`);
    expect(await events(client)).toMatchObject([{ type: 'ended', trouble: { outcome: 'unreachable' } }]);
  });

  test('that its caller gives up ends at once, in good order', async () => {
    const stop = new AbortController();
    const { client } = await meet((_request, socket) => {
      socket.write(chunked);
      setImmediate(() => stop.abort());
      return null;
    });
    expect(await events(client, stop.signal)).toEqual([{ type: 'ended', trouble: null }]);
  });
});

import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import type { CallerOptions } from '../../../src/effects/layers/call.ts';
import type { LayersClient } from '../../../src/effects/layers/client.ts';
import { createLayersClient } from '../../../src/effects/layers/layers-client.ts';
import { createPacer } from '../../../src/effects/layers/pacer.ts';
import type { RequestEvent } from '../../../src/effects/layers/request.ts';
import type { WireAnswer, WireRequest } from '../../../src/effects/layers/transport.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';
import * as samples from './samples.ts';

const { idempotencyKey, orgId } = samples;

interface Desk {
  readonly client: LayersClient;
  readonly clock: VirtualClock;
  readonly requests: WireRequest[];
  readonly events: RequestEvent[];
}

/** A client whose server gives these answers in turn, the last one for ever. */
function desk(answers: readonly WireAnswer[], options: Partial<CallerOptions> = {}): Desk {
  const clock = createVirtualClock();
  const requests: WireRequest[] = [];
  const events: RequestEvent[] = [];
  const client = createLayersClient({
    transport: {
      send: async (request) => {
        const answer = answers[Math.min(requests.length, answers.length - 1)];
        requests.push(request);
        if (answer === undefined) throw new Error('This server has no answers.');
        return answer;
      },
    },
    token: () => new Secret(samples.token),
    clock,
    chance: { random: () => 0.5, uuid: () => idempotencyKey },
    onRequest: (event) => events.push(event),
    ...options,
  });
  return { client, clock, requests, events };
}

function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): WireAnswer {
  return {
    kind: 'response',
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

const error = (status: number, code: string, headers: Readonly<Record<string, string>> = {}) =>
  json(status, { error: { code, message: 'no', requestId: 'req_1' } }, headers);
const fine = json(200, samples.whoami);
const outage = error(500, 'INTERNAL');
const tooMany = (seconds: string) => error(429, 'RATE_LIMITED', { 'retry-after': seconds });
const reset: WireAnswer = { kind: 'failure', certainty: 'unknown', code: 'NETWORK', message: 'reset' };
const refused: WireAnswer = { kind: 'failure', certainty: 'nothing-sent', code: 'NETWORK', message: 'refused' };
const late: WireAnswer = { kind: 'failure', certainty: 'unknown', code: 'TIMEOUT', message: 'late' };
const allocate = (client: LayersClient, fence = () => {}) =>
  client.allocate(orgId, { credits: 1, description: 'd', metadata: {} }, idempotencyKey, fence);
const mint = (client: LayersClient) =>
  client.mintApiKey(orgId, { name: 'k', scopes: ['a:b'], env: 'live' }, idempotencyKey);

describe('a read', () => {
  test.each([
    { reason: 'an outage', answer: outage },
    { reason: 'a reset', answer: reset },
    { reason: 'a refused connection', answer: refused },
    { reason: 'a timeout', answer: late },
    { reason: 'half an answer', answer: json(200, { organizationId: 1 }) },
    { reason: 'a 408', answer: json(408, {}) },
  ])('is tried three times in all after $reason', async ({ answer }) => {
    const { client, clock, requests } = desk([answer]);
    const result = await clock.run(client.whoami());
    expect(result.outcome).not.toBe('ok');
    expect(requests).toHaveLength(3);
    // Full jitter, drawn in the middle: 250 / 2, then 500 / 2.
    expect(clock.monotonic()).toBe(125 + 250);
  });

  test('succeeds when the second try does', async () => {
    const { client, clock, events } = desk([outage, fine]);
    expect(await clock.run(client.whoami())).toMatchObject({ outcome: 'ok' });
    expect(events.map(({ attempt, outcome, code }) => ({ attempt, outcome, code }))).toEqual([
      { attempt: 1, outcome: 'in-doubt', code: 'INTERNAL' },
      { attempt: 2, outcome: 'ok', code: null },
    ]);
  });

  test.each([
    { reason: 'a refusal', answer: error(403, 'FORBIDDEN_SCOPE') },
    { reason: 'a kill switch', answer: error(503, 'KILL_SWITCH') },
    { reason: 'a missing thing', answer: error(404, 'NOT_FOUND') },
    { reason: 'a redirect', answer: json(302, {}, { location: 'https://elsewhere.example' }) },
    {
      reason: 'an outage that asks for more time than we give',
      answer: error(503, 'INTERNAL', { 'retry-after': '21' }),
    },
  ])('is not tried again after $reason', async ({ answer }) => {
    const { client, clock, requests } = desk([answer]);
    await clock.run(client.whoami());
    expect(requests).toHaveLength(1);
  });

  test('waits at least as long as the server asks', async () => {
    const { client, clock } = desk([error(503, 'INTERNAL', { 'retry-after': '9' }), fine]);
    await clock.run(client.whoami());
    expect(clock.monotonic()).toBe(9_000 + 125);
  });

  test('in an outage adds at most a tenth to the load, and ten', async () => {
    const { client, clock, requests } = desk([error(500, 'INTERNAL')]);
    const reads = 500;
    await clock.run(
      (async () => {
        for (let read = 0; read < reads; read += 1) await client.whoami();
      })(),
    );
    const floor = 10 + clock.monotonic() / 30_000;
    expect(requests.length - reads).toBeLessThanOrEqual(reads * 0.1 + floor);
    expect(requests.length - reads).toBeGreaterThanOrEqual(reads * 0.1);
  });

  test('teaches the pacer its tier', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer({ clock, chance: { random: () => 0 } });
    const { client } = desk([json(200, { ...samples.whoami, rateLimitTier: 'partner' })], { pacer, clock });
    await client.whoami();
    await clock.run(
      Promise.all(Array.from({ length: 500 }, () => pacer.take('write', { urgent: false, patienceMs: 0 }))),
    );
    expect(clock.monotonic()).toBe(0);
  });
});

describe('a write', () => {
  test.each([
    { reason: 'an outage', answer: outage },
    { reason: 'a reset', answer: reset },
    { reason: 'a refused connection', answer: refused },
    { reason: 'a timeout', answer: late },
    { reason: 'a conflict', answer: error(409, 'CONFLICT') },
    { reason: 'half an answer', answer: json(201, {}) },
  ])('is sent once, whatever comes back: $reason', async ({ answer }) => {
    const { client, clock, requests } = desk([answer]);
    await clock.run(mint(client));
    await clock.run(client.suspendOrganization(orgId));
    await clock.run(allocate(client));
    expect(requests).toHaveLength(3);
  });

  test('that the rate limit turned away is sent again with the same bytes', async () => {
    const answer = json(201, { apiKey: samples.apiKey, secret: samples.mintedSecret });
    const { client, clock, requests } = desk([tooMany('3'), tooMany('4'), answer]);
    expect(await clock.run(mint(client))).toMatchObject({ outcome: 'ok' });
    expect(requests).toHaveLength(3);
    expect(new Set(requests.map((request) => JSON.stringify(request))).size).toBe(1);
    // As long as the server asked, and half a second of jitter each.
    expect(clock.monotonic()).toBe(3_500 + 4_500);
  });

  test('is handed back after five such resends', async () => {
    const { client, clock, requests } = desk([tooMany('1')]);
    expect(await clock.run(mint(client))).toMatchObject({ outcome: 'not-done', problem: { code: 'RATE_LIMITED' } });
    expect(requests).toHaveLength(6);
  });

  test('is handed back when the server asks for a longer pause than two minutes', async () => {
    const { client, clock, requests } = desk([tooMany('1800')]);
    const answer = await clock.run(mint(client));
    expect(answer).toMatchObject({ outcome: 'not-done', problem: { code: 'RATE_LIMITED' } });
    expect(requests).toHaveLength(1);
    expect(clock.monotonic()).toBe(0);
  });

  test('kept waiting for long says until when, and the same as long as it waits', async () => {
    const { client, clock } = desk([tooMany('1800')]);
    await clock.run(mint(client));
    const said: string[] = [];
    for (let tick = 0; tick < 3; tick += 1) {
      await clock.advance(333_333);
      const answer = await clock.run(mint(client));
      if (answer.outcome !== 'ok') said.push(answer.problem.message);
    }
    const [first] = said;
    expect(first).toBe('The rate limit leaves no room for this request before 2026-11-02T08:30Z; it was not sent.');
    expect(said[1]).toBe(first);
    expect(said[2]).toBe(first);
  });

  test('of money is not even sent again after a 429: that is a doubt', async () => {
    const { client, clock, requests } = desk([tooMany('1')]);
    expect(await clock.run(allocate(client))).toMatchObject({ outcome: 'in-doubt', problem: { code: 'RATE_LIMITED' } });
    expect(requests).toHaveLength(1);
  });

  test('carries its fence to the transport and nothing else does', async () => {
    const fence = (): void => {};
    const { client, clock, requests } = desk([outage]);
    await clock.run(allocate(client, fence));
    await clock.run(mint(client));
    expect(requests.map((request) => request.fence)).toEqual([fence, undefined]);
  });

  test('that never left gives its place in the quota back', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer({ clock, chance: { random: () => 0 } });
    const stale: WireAnswer = { kind: 'failure', certainty: 'nothing-sent', code: 'STALE_INTENT', message: 'stale' };
    const { client } = desk([stale], { pacer, clock });
    for (let sent = 0; sent < 50; sent += 1) {
      expect(await clock.run(allocate(client))).toMatchObject({
        outcome: 'not-done',
        problem: { code: 'STALE_INTENT' },
      });
    }
    expect(clock.monotonic()).toBe(0);
  });
});

test('the token is asked for anew with every request', async () => {
  const tokens = ['lp_live_A_one', 'lp_live_B_two'];
  const { client, clock, requests } = desk([outage, fine], { token: () => new Secret(tokens.shift() ?? '') });
  await clock.run(client.whoami());
  expect(requests.map(({ headers }) => headers['Authorization'])).toEqual([
    'Bearer lp_live_A_one',
    'Bearer lp_live_B_two',
  ]);
});

describe('a stop', () => {
  test('before the request leaves means that nothing was sent', async () => {
    const { client, requests } = desk([fine], { signal: AbortSignal.abort() });
    expect(await mint(client)).toMatchObject({ outcome: 'not-done', problem: { code: 'STOPPED' } });
    expect(requests).toEqual([]);
  });

  test('ends the wait before a retry', async () => {
    const stop = new AbortController();
    const { client, requests } = desk([outage], { signal: stop.signal, onRequest: () => stop.abort() });
    expect(await client.whoami()).toMatchObject({ outcome: 'not-done', problem: { code: 'STOPPED' } });
    expect(requests).toHaveLength(1);
  });
});

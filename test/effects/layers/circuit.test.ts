import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import { type CircuitEvent, createCircuit } from '../../../src/effects/layers/circuit.ts';
import { createLayersClient } from '../../../src/effects/layers/layers-client.ts';
import { createPacer } from '../../../src/effects/layers/pacer.ts';
import type { WireAnswer, WireRequest } from '../../../src/effects/layers/transport.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import * as samples from './samples.ts';

const { idempotencyKey, orgId } = samples;

function json(status: number, body: unknown): WireAnswer {
  return { kind: 'response', status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

const error = (status: number, code: string) => json(status, { error: { code, message: 'no', requestId: 'req_1' } });
const reset: WireAnswer = { kind: 'failure', certainty: 'unknown', code: 'NETWORK', message: 'reset' };
const refused: WireAnswer = { kind: 'failure', certainty: 'nothing-sent', code: 'NETWORK', message: 'refused' };
const late: WireAnswer = { kind: 'failure', certainty: 'unknown', code: 'TIMEOUT', message: 'late' };
const killed = error(503, 'KILL_SWITCH');
const well = (path: string) =>
  json(200, path === '/v1/whoami' ? samples.whoami : { ...samples.organization, summary: samples.summary });

/** A daemon's client whose server answers as the test says at the moment. */
function desk() {
  const clock = createVirtualClock();
  const chance = { random: () => 0.5, uuid: () => idempotencyKey };
  const events: CircuitEvent[] = [];
  const requests: WireRequest[] = [];
  const circuit = createCircuit({ clock, chance, onEvent: (event) => events.push(event) });
  const pacer = createPacer({ clock, chance, tier: 'standard' });
  let server = (path: string): WireAnswer => well(path);
  const client = createLayersClient({
    transport: {
      send: async (request) => {
        requests.push(request);
        return server(request.path);
      },
    },
    token: () => new Secret(samples.token),
    clock,
    chance,
    circuit,
    pacer,
  });
  const read = () => clock.run(client.getOrganization(orgId));
  return {
    clock,
    circuit,
    pacer,
    client,
    events,
    requests,
    read,
    answer: (next: WireAnswer | ((path: string) => WireAnswer)) => {
      server = typeof next === 'function' ? next : () => next;
    },
    /** Reads until nothing is sent any more. */
    open: async () => {
      for (let reads = 0; reads < 10 && !circuit.state().open; reads += 1) await read();
      requests.length = 0;
    },
    mint: () => clock.run(client.mintApiKey(orgId, { name: 'k', scopes: ['a:b'], env: 'live' }, idempotencyKey)),
  };
}

describe('an outage', () => {
  test.each([
    { reason: 'resets', answer: reset },
    { reason: 'refused connections', answer: refused },
    { reason: 'timeouts', answer: late },
    { reason: '5xx with an envelope', answer: error(500, 'INTERNAL') },
    { reason: '5xx of a proxy', answer: json(502, 'bad gateway') },
    { reason: 'a page that is no answer', answer: { ...json(200, {}), headers: { 'content-type': 'text/html' } } },
  ])('of $reason ends the asking after three of them and a look, and is told once', async ({ answer }) => {
    const { read, open, requests, events, client, clock, circuit, ...rest } = desk();
    rest.answer(answer);
    await open();
    expect(circuit.state()).toMatchObject({ open: true, reason: 'outage' });
    const refusal = await read();
    expect(refusal).toMatchObject({ outcome: 'not-done', problem: { code: 'UNREACHABLE' }, meta: {} });
    expect(await clock.run(client.whoami())).toMatchObject({ outcome: 'not-done', problem: { code: 'UNREACHABLE' } });
    expect(requests).toEqual([]);
    expect(events).toEqual([expect.objectContaining({ kind: 'opened', reason: 'outage', lookEveryMs: 15_000 })]);
  });

  test('is looked at by one request at a time, and ends by itself with the first answer', async () => {
    const { answer, open, read, requests, events, clock, client, circuit } = desk();
    answer(reset);
    await open();
    const began = clock.now();
    await clock.advance(20_000);
    const both = await clock.run(Promise.all([client.getOrganization(orgId), client.getOrganization(orgId)]));
    expect(both.map(({ outcome }) => outcome)).toEqual(['not-done', 'not-done']);
    expect(requests.map(({ path }) => path)).toEqual(['/v1/whoami']);
    answer(well);
    expect(await read()).toMatchObject({ outcome: 'not-done' });
    await clock.advance(20_000);
    expect(await read()).toMatchObject({ outcome: 'ok' });
    expect(circuit.state()).toEqual({ open: false });
    expect(requests.map(({ path }) => path)).toEqual(['/v1/whoami', '/v1/whoami', `/v1/organizations/${orgId}`]);
    expect(events).toMatchObject([{ kind: 'opened' }, { kind: 'closed', reason: 'outage' }]);
    const [opened, closed] = events;
    expect(closed?.sinceMs).toBe(opened?.sinceMs);
    expect(opened?.sinceMs).toBeLessThanOrEqual(began);
  });

  test('of ten minutes costs less than fifty requests, however many customers ask', async () => {
    const { answer, requests, clock, client, events } = desk();
    answer(late);
    const until = clock.monotonic() + 600_000;
    const customer = async (): Promise<void> => {
      while (clock.monotonic() < until) {
        await client.getOrganization(orgId);
        await clock.sleep(1_000);
      }
    };
    await clock.run(Promise.all(Array.from({ length: 20 }, customer)));
    expect(requests.length).toBeLessThan(50 + 20);
    expect(requests.slice(60).every(({ path }) => path === '/v1/whoami')).toBe(true);
    expect(events).toHaveLength(1);
  });

  test('of one customer alone stops nobody: whoami answers', async () => {
    const { answer, read, client, events, circuit, clock } = desk();
    answer((path) => (path === '/v1/whoami' ? well(path) : error(500, 'INTERNAL')));
    for (let reads = 0; reads < 20; reads += 1) expect(await read()).toMatchObject({ problem: { code: 'INTERNAL' } });
    expect(circuit.state()).toEqual({ open: false });
    expect(await clock.run(client.whoami())).toMatchObject({ outcome: 'ok' });
    expect(events).toEqual([]);
  });

  test('is no outage while answers come in between, refusals and 429 among them', async () => {
    const { answer, read, circuit, clock } = desk();
    let asked = 0;
    const answers = [reset, reset, error(404, 'NOT_FOUND'), reset, reset, error(429, 'RATE_LIMITED'), reset, reset];
    answer((path) => answers[asked++ % 9] ?? well(path));
    for (let reads = 0; reads < 20; reads += 1) {
      await read();
      await clock.advance(60_000);
    }
    expect(circuit.state()).toEqual({ open: false });
  });

  test('sends no write, and never calls a write not done that was sent', async () => {
    const { answer, mint, requests, circuit } = desk();
    answer(late);
    const outcomes: string[] = [];
    for (let writes = 0; writes < 12; writes += 1) {
      const sentBefore = requests.filter(({ method }) => method === 'POST').length;
      const { outcome } = await mint();
      const isSent = requests.filter(({ method }) => method === 'POST').length > sentBefore;
      outcomes.push(outcome);
      expect(outcome).toBe(isSent ? 'in-doubt' : 'not-done');
    }
    expect(circuit.state().open).toBe(true);
    expect(outcomes.filter((outcome) => outcome === 'in-doubt')).toHaveLength(3);
  });

  test('ends the waiting of those who are queued for the rate limit, and takes no quota for them', async () => {
    const { answer, requests, clock, client, pacer, circuit } = desk();
    answer(reset);
    const many = Promise.all(Array.from({ length: 200 }, () => client.getOrganization(orgId)));
    const answers = await clock.run(many);
    expect(circuit.state().open).toBe(true);
    expect(answers.filter(({ outcome }) => outcome === 'not-done').length).toBeGreaterThan(150);
    expect(requests.length).toBeLessThan(50);
    expect(pacer.waiting('read')).toBeNull();
  });

  test('is not mended by a rate limit of our own that keeps the look from being sent', async () => {
    const { answer, open, read, clock, circuit, pacer, requests } = desk();
    answer(reset);
    await open();
    pacer.observe('read', { ...error(429, 'RATE_LIMITED'), headers: { 'retry-after': '600' } } as WireAnswer);
    await clock.advance(20_000);
    expect(await read()).toMatchObject({ problem: { code: 'UNREACHABLE' } });
    expect(circuit.state().open).toBe(true);
    expect(requests).toEqual([]);
  });
});

describe('a kill switch', () => {
  test('on our key or our organization is a state: nothing is sent for ten minutes, and it is told once', async () => {
    const { answer, read, mint, requests, events, clock, circuit } = desk();
    answer(killed);
    expect(await read()).toMatchObject({ outcome: 'not-done', problem: { code: 'SWITCHED_OFF' } });
    expect(requests.map(({ path }) => path)).toEqual([`/v1/organizations/${orgId}`, '/v1/whoami']);
    expect(await mint()).toMatchObject({ outcome: 'not-done', problem: { code: 'SWITCHED_OFF' } });
    for (let minute = 0; minute < 9; minute += 1) {
      await clock.advance(60_000);
      await read();
    }
    expect(requests).toHaveLength(2);
    await clock.advance(240_000);
    expect(await read()).toMatchObject({ problem: { code: 'SWITCHED_OFF' } });
    expect(requests).toHaveLength(3);
    expect(events).toMatchObject([{ kind: 'opened', reason: 'switched-off', code: 'KILL_SWITCH' }]);

    answer(well);
    circuit.lookNow();
    expect(await read()).toMatchObject({ outcome: 'ok' });
    expect(events).toMatchObject([{ kind: 'opened' }, { kind: 'closed', reason: 'switched-off' }]);
  });

  test('is looked at as often as everybody, where that is sooner than every ten minutes, and never in haste', async () => {
    const { answer, read, requests, events, clock, circuit } = desk();
    const looks = () => requests.filter(({ path }) => path === '/v1/whoami').length;
    const readsIn = async (minutes: number) => {
      for (let tick = 0; tick < minutes * 12; tick += 1) {
        await clock.advance(5_000);
        await read();
      }
    };
    circuit.lookWithin(120_000);
    answer(killed);
    await read();
    expect(events).toMatchObject([{ kind: 'opened', lookEveryMs: 120_000 }]);
    await readsIn(10);
    expect(looks()).toBe(5);
    circuit.lookWithin(1_000);
    await readsIn(10);
    expect(looks()).toBeGreaterThan(25);
    expect(looks()).toBeLessThan(45);
    circuit.lookWithin(3_600_000);
    const before = looks();
    await readsIn(20);
    expect(looks() - before).toBe(2);
  });

  test('of one child is that customer’s own, and whoami is not asked about it again and again', async () => {
    const { answer, read, requests, events } = desk();
    answer((path) => (path === '/v1/whoami' ? well(path) : killed));
    for (let reads = 0; reads < 10; reads += 1)
      expect(await read()).toMatchObject({ outcome: 'not-done', problem: { code: 'KILL_SWITCH' } });
    expect(requests.filter(({ path }) => path === '/v1/whoami')).toHaveLength(1);
    expect(events).toEqual([]);
  });

  test('found in the middle of an outage is told as what it is', async () => {
    const { answer, open, read, clock, events } = desk();
    answer(reset);
    await open();
    answer(killed);
    await clock.advance(20_000);
    expect(await read()).toMatchObject({ problem: { code: 'SWITCHED_OFF' } });
    expect(events).toMatchObject([{ reason: 'outage' }, { kind: 'opened', reason: 'switched-off' }]);
  });
});

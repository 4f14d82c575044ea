import { describe, expect, it } from 'vitest';
import { createSandbox, type Fault, type SandboxBehaviour } from '../../src/sandbox/index.ts';
import { drive } from './support.ts';

const create = { method: 'POST', path: '/v1/organizations', body: '{"name":"a"}' };

describe('faults', () => {
  const kinds: { fault: Fault; answer: Record<string, unknown>; executed: boolean }[] = [
    { fault: { kind: 'lost-request' }, answer: { kind: 'none', reached: false }, executed: false },
    { fault: { kind: 'lost-answer' }, answer: { kind: 'none', reached: true }, executed: true },
    { fault: { kind: 'error-before' }, answer: { kind: 'response', status: 500 }, executed: false },
    { fault: { kind: 'error-before', status: 503 }, answer: { kind: 'response', status: 503 }, executed: false },
    { fault: { kind: 'error-after', status: 502 }, answer: { kind: 'response', status: 502 }, executed: true },
    { fault: { kind: 'rate-limited', retryAfterSeconds: 7 }, answer: { status: 429 }, executed: false },
    { fault: { kind: 'slow', ms: 250 }, answer: { kind: 'response', status: 201, afterMs: 250 }, executed: true },
    { fault: { kind: 'truncated-answer' }, answer: { kind: 'truncated', status: 201 }, executed: true },
    { fault: { kind: 'garbled-answer' }, answer: { kind: 'response', status: 200 }, executed: true },
    { fault: { kind: 'redirect' }, answer: { kind: 'response', status: 307 }, executed: false },
    {
      fault: { kind: 'redirect', status: 302, location: 'https://elsewhere.example' },
      answer: { status: 302 },
      executed: false,
    },
  ];
  it.each(kinds)('$fault: executed is $executed', ({ fault, answer, executed }) => {
    const sandbox = createSandbox();
    const headers = { authorization: `Bearer ${sandbox.parent().token}` };
    expect(sandbox.handle({ ...create, headers }, fault)).toMatchObject(answer);
    expect(sandbox.snapshot().operations).toHaveLength(executed ? 1 : 0);
    expect(sandbox.snapshot().ephemeral.requests).toMatchObject([{ fault: fault.kind }]);
  });

  it('leave a body that cannot be read as JSON when they truncate or garble', () => {
    const sandbox = createSandbox();
    const headers = { authorization: `Bearer ${sandbox.parent().token}` };
    for (const kind of ['truncated-answer', 'garbled-answer'] as const) {
      const answer = sandbox.handle({ ...create, headers }, { kind });
      if (answer.kind === 'none') throw new Error('expected an answer');
      expect(() => JSON.parse(answer.body)).toThrow(SyntaxError);
    }
  });

  it('carry Retry-After and Location', () => {
    const { call, sandbox } = drive();
    const fault: Fault = { kind: 'rate-limited', retryAfterSeconds: 7 };
    expect(call('GET', '/v1/whoami', undefined, { fault }).headers['retry-after']).toBe('7');
    const redirect = sandbox.handle(
      { ...create, headers: {} },
      { kind: 'redirect', location: 'https://evil.example/' },
    );
    expect(redirect).toMatchObject({ headers: { location: 'https://evil.example/' }, body: '' });
  });

  it('wait for the request they match, hit it as often as asked, and are then gone', () => {
    const { call, child, sandbox } = drive();
    const id = child();
    const path = '/v1/organizations/*/credits';
    sandbox.faults.add({ match: { method: 'get', path }, nth: 2, times: 2, fault: { kind: 'error-before' } });
    const read = () => call('GET', `/v1/organizations/${id}/credits?x=1`).status;
    expect(call('GET', `/v1/organizations/${id}`).status).toBe(200);
    expect([read(), read(), read(), read()]).toEqual([200, 500, 500, 200]);
    expect(sandbox.faults.list()).toEqual([]);
  });

  it('match the rest of a path with ** and can be cleared', () => {
    const { call, sandbox } = drive();
    sandbox.faults.add({ match: { path: '/v1/organizations/**' }, times: 9, fault: { kind: 'error-before' } });
    expect(call('GET', '/v1/organizations').status).toBe(200);
    expect(call('GET', '/v1/organizations/x/credits/events').status).toBe(500);
    sandbox.faults.clear();
    expect(call('GET', '/v1/organizations/x/credits/events').status).toBe(422);
  });

  it('belong to the snapshot, their counters too', () => {
    const { call, sandbox } = drive();
    sandbox.faults.add({ nth: 2, fault: { kind: 'error-before' } });
    call('GET', '/v1/whoami');
    const snapshot = sandbox.snapshot();
    expect(call('GET', '/v1/whoami').status).toBe(500);
    sandbox.restore(snapshot);
    expect(call('GET', '/v1/whoami').status).toBe(500);
  });
});

describe('stale reads', () => {
  it('show the world before the last write, or before the last two', () => {
    const { call, child, fund } = drive();
    const id = child();
    fund(id, 5);
    fund(id, 7);
    const seen = (fault: Fault) =>
      call('GET', `/v1/organizations/${id}/credits/events`, undefined, { fault }).body.items.length;
    expect(seen({ kind: 'stale-listing' })).toBe(1);
    expect(seen({ kind: 'stale-listing', writes: 2 })).toBe(0);
    expect(call('GET', `/v1/organizations/${id}/credits`).body.balance).toBe(12);
  });

  it('show the world of a while ago', () => {
    const { call, child, sandbox } = drive();
    const id = child();
    sandbox.clock.advance(60_000);
    call('PATCH', `/v1/organizations/${id}`, { name: 'New name' });
    sandbox.clock.advance(60_000);
    const name = (ageMs: number) =>
      call('GET', '/v1/organizations', undefined, { fault: { kind: 'stale-listing', ageMs } }).body.items.at(0);
    expect(name(59_999)).toMatchObject({ name: 'New name' });
    expect(name(60_001)).toMatchObject({ name: 'Acme Coffee' });
    expect(name(3_600_000)).toBeUndefined();
  });

  const delays: { behaviour: Partial<SandboxBehaviour>; stale: string }[] = [
    { behaviour: { ledgerDelayMs: 5000 }, stale: 'ledger' },
    { behaviour: { listDelayMs: 5000 }, stale: 'organizations' },
    { behaviour: { keyListDelayMs: 5000 }, stale: 'keys' },
  ];
  it.each(delays)('are the rule for $stale with $behaviour, and nothing else is stale', ({ behaviour, stale }) => {
    const { call, child, fund, key, sandbox } = drive({ behaviour });
    const id = child();
    sandbox.clock.advance(60_000);
    const second = child('second');
    fund(id, 5);
    key(id);
    const counts = () => ({
      organizations: call('GET', '/v1/organizations').body.items.length,
      ledger: call('GET', `/v1/organizations/${id}/credits/events`).body.items.length,
      keys: call('GET', `/v1/organizations/${id}/api-keys`).body.items.length,
    });
    const now = { organizations: 2, ledger: 1, keys: 1 };
    expect(counts()).toEqual({ ...now, [stale]: stale === 'organizations' ? 1 : 0 });
    sandbox.clock.advance(5000);
    expect(counts()).toEqual(now);
    expect(call('PATCH', `/v1/organizations/${second}`, { name: 'x' }).status).toBe(200);
  });
});

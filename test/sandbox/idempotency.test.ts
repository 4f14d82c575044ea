import { describe, expect, it } from 'vitest';
import type { SandboxBehaviour } from '../../src/sandbox/index.ts';
import { type CallOptions, type Driver, drive, type Reply } from './support.ts';

const DAY = 86_400_000;

function effects({ sandbox }: Driver, kind: string): number {
  return sandbox.snapshot().operations.filter((operation) => operation.kind === kind).length;
}

function secondParentKey({ sandbox }: Driver): string {
  const result = sandbox.hands.addParentKey('unlimited');
  if (!result.done) throw new Error(result.refusal.message);
  return result.apiKey.secret;
}

describe('a replay', () => {
  it('repeats status and body verbatim and has no effect', () => {
    const driver = drive();
    const create = () => driver.call('POST', '/v1/organizations', { name: 'a' }, { key: 'k' });
    const first = create();
    driver.sandbox.clock.advance(DAY - 1);
    const second = create();
    expect(second.status).toBe(first.status);
    expect(second.body).toEqual(first.body);
    expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
    expect(effects(driver, 'organization.create')).toBe(1);
  });

  it('runs again once the window has passed: the same key makes a duplicate', () => {
    const driver = drive();
    const create = () => driver.call('POST', '/v1/organizations', { name: 'a' }, { key: 'k' }).body.id;
    const first = create();
    driver.sandbox.clock.advance(DAY);
    expect(create()).not.toBe(first);
    expect(driver.sandbox.snapshot().idempotency).toHaveLength(1);
  });

  it('hands back the same secret of a mint, even after the key was revoked', () => {
    const driver = drive();
    const id = driver.child();
    const mint = () =>
      driver.call('POST', `/v1/organizations/${id}/api-keys`, { name: 'k', scopes: ['*'] }, { key: 'm' }).body;
    const first = mint();
    driver.sandbox.hands.revokeKey(first.apiKey.id);
    expect(mint().secret).toBe(first.secret);
    expect(effects(driver, 'key.mint')).toBe(1);
  });

  it('of a PATCH applies nothing: A, B, then A again under the first key leaves B', () => {
    const { call, child } = drive();
    const path = `/v1/organizations/${child()}/credit-config`;
    call('PATCH', path, { monthlyCreditCap: 1 }, { key: 'a' });
    call('PATCH', path, { monthlyCreditCap: 2 }, { key: 'b' });
    expect(call('PATCH', path, { monthlyCreditCap: 1 }, { key: 'a' }).body.config).toMatchObject({
      monthlyCreditCap: 1,
    });
    expect(call('GET', path).body.config).toMatchObject({ monthlyCreditCap: 2 });
  });

  it('ignores the order of members but not a changed value', () => {
    const { call } = drive();
    const post = (text: string) => call('POST', '/v1/organizations', undefined, { key: 'k', text });
    const first = post('{"name":"a","metadata":{"x":"1","y":"2"}}');
    expect(post('{"metadata": {"y":"2","x":"1"}, "name":"a"}').body).toEqual(first.body);
    expect(post('{"name":"b","metadata":{"x":"1","y":"2"}}').body.error.code).toBe('IDEMPOTENCY_CONFLICT');
  });

  it('compares bytes when the behaviour says so', () => {
    const { call } = drive({ behaviour: { bodyComparison: 'bytes' } });
    call('POST', '/v1/organizations', undefined, { key: 'k', text: '{"name":"a"}' });
    const reply = call('POST', '/v1/organizations', undefined, { key: 'k', text: '{"name": "a"}' });
    expect([reply.status, reply.body.error.code]).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
  });

  it('is a conflict when the same key names another organization', () => {
    const { call, child } = drive();
    const [one, two] = [child('one'), child('two')];
    const allocate = (id: string) =>
      call('POST', `/v1/organizations/${id}/credits/allocate`, { credits: 5 }, { key: 'k' });
    expect(allocate(one).status).toBe(201);
    expect(allocate(two).body.error.code).toBe('IDEMPOTENCY_CONFLICT');
  });

  it('is a fresh request under another API key, and on another endpoint', () => {
    const driver = drive();
    const other = secondParentKey(driver);
    const create = (options: CallOptions) => driver.call('POST', '/v1/organizations', { name: 'a' }, options).body.id;
    const first = create({ key: 'k' });
    expect(create({ key: 'k', token: other })).not.toBe(first);
    expect(driver.call('PATCH', `/v1/organizations/${first}`, { name: 'b' }, { key: 'k' }).status).toBe(200);
  });

  it('is shared by all keys and endpoints of a parent when the memory is the parent', () => {
    const driver = drive({ behaviour: { replayMemoryScope: 'parent' } });
    const other = secondParentKey(driver);
    const create = (options: CallOptions) => driver.call('POST', '/v1/organizations', { name: 'a' }, options).body.id;
    const first = create({ key: 'k' });
    expect(create({ key: 'k', token: other })).toBe(first);
    expect(driver.call('PATCH', `/v1/organizations/${first}`, { name: 'b' }, { key: 'k' }).status).toBe(409);
  });

  it('does not exist at all when the window is 0', () => {
    const driver = drive({ behaviour: { idempotencyWindowMs: 0, allocateKeyForever: false } });
    const id = driver.child();
    driver.fund(id, 5, 'k');
    driver.fund(id, 5, 'k');
    expect(effects(driver, 'credits.allocate')).toBe(2);
    expect(driver.sandbox.snapshot().idempotency).toEqual([]);
  });
});

describe('an allocate key', () => {
  it('answers the original with replayed: true, inside the window and for ever after', () => {
    const driver = drive();
    const id = driver.child();
    const first = driver.fund(id, 5, 'slot-0').body;
    driver.fund(id, 5, 'slot-1');
    for (const elapsed of [1000, 400 * DAY]) {
      driver.sandbox.clock.advance(elapsed);
      expect(driver.fund(id, 5, 'slot-0').body).toEqual({ ...first, replayed: true });
    }
    expect(effects(driver, 'credits.allocate')).toBe(2);
  });

  it('is remembered per parent: another API key cannot pay it twice, another amount is a conflict', () => {
    const driver = drive();
    const id = driver.child();
    const token = secondParentKey(driver);
    driver.fund(id, 5, 'slot-0');
    const allocate = (credits: number): Reply =>
      driver.call('POST', `/v1/organizations/${id}/credits/allocate`, { credits }, { key: 'slot-0', token });
    expect(allocate(5).body.replayed).toBe(true);
    expect(allocate(6).body.error.code).toBe('IDEMPOTENCY_CONFLICT');
    expect(effects(driver, 'credits.allocate')).toBe(1);
  });

  it('pays twice where only the HTTP layer remembers: after the window, and under another API key', () => {
    const driver = drive({ behaviour: { allocateKeyForever: false } });
    const id = driver.child();
    const token = secondParentKey(driver);
    driver.fund(id, 5, 'slot-0');
    driver.call('POST', `/v1/organizations/${id}/credits/allocate`, { credits: 5 }, { key: 'slot-0', token });
    driver.sandbox.clock.advance(DAY);
    driver.fund(id, 5, 'slot-0');
    expect(effects(driver, 'credits.allocate')).toBe(3);
  });
});

describe('what is remembered', () => {
  const refusals: { reason: string; behaviour: Partial<SandboxBehaviour>; repeats: boolean }[] = [
    { reason: 'a 402 by default', behaviour: {}, repeats: false },
    { reason: 'a 402 with cacheClientErrors', behaviour: { cacheClientErrors: true }, repeats: true },
  ];
  it.each(refusals)('$reason: repeated verbatim is $repeats', ({ behaviour, repeats }) => {
    const { call, child, sandbox } = drive({ behaviour, prepaidCredits: 1 });
    const path = `/v1/organizations/${child()}/credits/allocate`;
    const allocate = () => call('POST', path, { credits: 5 }, { key: 'slot-0' });
    const first = allocate();
    sandbox.hands.fundParent(100);
    const second = allocate();
    expect([first.status, second.status]).toEqual([402, repeats ? 402 : 201]);
    if (repeats) expect(second.body.error.requestId).toBe(first.body.error.requestId);
    sandbox.clock.advance(DAY);
    expect(allocate().status).toBe(201);
  });

  it('a 422 and a 409 with cacheClientErrors, but never a 404', () => {
    const { call, child } = drive({ behaviour: { cacheClientErrors: true } });
    const path = `/v1/organizations/${child()}`;
    const ids = (method: string, where: string, body: unknown, key: string) =>
      [1, 2].map(() => call(method, where, body, { key }).body.error.requestId);
    const [bad, badAgain] = ids('PATCH', path, {}, 'a');
    expect(badAgain).toBe(bad);
    const [gone, goneAgain] = ids(
      'PATCH',
      '/v1/organizations/org_00000000-0000-4000-8000-000000000000',
      { name: 'x' },
      'b',
    );
    expect(goneAgain).not.toBe(gone);
  });

  it('a 5xx after the effect: the retry gets the success, unless 5xx are remembered', () => {
    for (const cacheServerErrors of [false, true]) {
      const driver = drive({ behaviour: { cacheServerErrors, allocateKeyForever: false } });
      const path = `/v1/organizations/${driver.child()}/credits/allocate`;
      const allocate = (options: CallOptions = {}) =>
        driver.call('POST', path, { credits: 5 }, { key: 'k', ...options });
      expect(allocate({ fault: { kind: 'error-after' } }).status).toBe(500);
      expect(allocate().status).toBe(cacheServerErrors ? 500 : 201);
      expect(effects(driver, 'credits.allocate')).toBe(1);
    }
  });

  it('a 5xx before the effect poisons the key where 5xx are remembered', () => {
    for (const cacheServerErrors of [false, true]) {
      const driver = drive({ behaviour: { cacheServerErrors } });
      const create = (options: CallOptions = {}) =>
        driver.call('POST', '/v1/organizations', { name: 'a' }, { key: 'k', ...options }).status;
      expect(create({ fault: { kind: 'error-before', status: 502 } })).toBe(502);
      expect(create()).toBe(cacheServerErrors ? 502 : 201);
    }
  });

  const replays = [
    { mintReplay: 'secret', status: 201, secret: true },
    { mintReplay: 'masked', status: 201, secret: false },
    { mintReplay: 'conflict', status: 409, secret: false },
  ] as const;
  it.each(replays)(
    'mintReplay $mintReplay: a replayed mint answers $status, secret $secret',
    ({ mintReplay, status, secret }) => {
      const { call, child } = drive({ behaviour: { mintReplay } });
      const path = `/v1/organizations/${child()}/api-keys`;
      const mint = () => call('POST', path, { name: 'k', scopes: ['*'] }, { key: 'm' });
      const first = mint();
      const second = mint();
      expect(second.status).toBe(status);
      expect('secret' in second.body).toBe(secret);
      if (secret) expect(second.body.secret).toBe(first.body.secret);
    },
  );

  const duplicates = [
    { inFlightDuplicate: 'conflict', status: 409, made: 1 },
    { inFlightDuplicate: 'replay', status: 201, made: 1 },
    { inFlightDuplicate: 'execute', status: 201, made: 2 },
  ] as const;
  it.each(duplicates)(
    '$inFlightDuplicate: a second request in flight answers $status',
    ({ inFlightDuplicate, status, made }) => {
      const driver = drive({ behaviour: { inFlightDuplicate } });
      const create = (options: CallOptions = {}) =>
        driver.call('POST', '/v1/organizations', { name: 'a' }, { key: 'k', ...options });
      create({ fault: { kind: 'slow', ms: 5000 } });
      driver.sandbox.clock.advance(4999);
      expect(create().status).toBe(status);
      expect(effects(driver, 'organization.create')).toBe(made);
      driver.sandbox.clock.advance(1);
      expect(create().status).toBe(201);
      expect(effects(driver, 'organization.create')).toBe(made);
    },
  );
});

describe('the form of a key', () => {
  const forms = [
    { format: 'any', key: 'x', status: 201 },
    { format: 'any', key: '', status: 422 },
    { format: 'any', key: 'k'.repeat(256), status: 422 },
    { format: 'uuid', key: 'slot-0', status: 422 },
    { format: 'uuid', key: '2ed6657d-e927-568b-95e1-2665a8aea6a2', status: 201 },
  ] as const;
  it.each(forms)('$format: a key of $key.length characters answers $status', ({ format, key, status }) => {
    const { call } = drive({ behaviour: { idempotencyKeyFormat: format } });
    expect(call('POST', '/v1/organizations', { name: 'a' }, { key }).status).toBe(status);
  });
});

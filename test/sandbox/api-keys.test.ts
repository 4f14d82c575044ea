import { describe, expect, it } from 'vitest';
import { drive } from './support.ts';

const HOUR = 3_600_000;

describe('minting a key', () => {
  const bodies: { reason: string; body: unknown; status: number; code?: string }[] = [
    { reason: 'no scopes', body: { name: 'k' }, status: 422, code: 'VALIDATION' },
    { reason: 'an empty list of scopes', body: { name: 'k', scopes: [] }, status: 422, code: 'VALIDATION' },
    {
      reason: '65 scopes',
      body: { name: 'k', scopes: Array(65).fill('content:read') },
      status: 422,
      code: 'VALIDATION',
    },
    { reason: 'a malformed scope', body: { name: 'k', scopes: ['Content Read'] }, status: 422, code: 'VALIDATION' },
    { reason: 'a scope that is a number', body: { name: 'k', scopes: [7] }, status: 422, code: 'VALIDATION' },
    { reason: 'org:admin', body: { name: 'k', scopes: ['org:admin'] }, status: 403, code: 'FORBIDDEN_SCOPE' },
    { reason: 'no name', body: { scopes: ['content:read'] }, status: 422, code: 'VALIDATION' },
    { reason: 'a name of 121', body: { name: 'k'.repeat(121), scopes: ['*'] }, status: 422, code: 'VALIDATION' },
    { reason: 'an unknown env', body: { name: 'k', scopes: ['*'], env: 'prod' }, status: 422, code: 'VALIDATION' },
    { reason: 'the wildcard', body: { name: 'k', scopes: ['*'] }, status: 201 },
    { reason: 'a family wildcard', body: { name: 'k', scopes: ['ads:*', 'ads:write:budgets'] }, status: 201 },
    {
      reason: '64 scopes and 120 characters',
      body: { name: 'k'.repeat(120), scopes: Array(64).fill('a:b') },
      status: 201,
    },
  ];
  it.each(bodies)('answers $status for $reason', ({ body, status, code }) => {
    const { call, child } = drive();
    const reply = call('POST', `/v1/organizations/${child()}/api-keys`, body);
    expect(reply.status).toBe(status);
    if (code) expect(reply.body.error.code).toBe(code);
  });

  it('gives only scopes that the calling key holds', () => {
    const { call, child, sandbox } = drive();
    const id = child();
    const parent = sandbox.parent().organizationId;
    const narrow = { name: 'narrow', scopes: ['org:admin', 'ads:*', 'content:read'], env: 'live' } as const;
    const admin = sandbox.hands.mintKey(parent, narrow);
    if (!admin.done) throw new Error(admin.refusal.message);
    const mint = (scopes: string[]) =>
      call('POST', `/v1/organizations/${id}/api-keys`, { name: 'k', scopes }, { token: admin.apiKey.secret }).status;
    expect(mint(['content:read', 'ads:write:budgets', 'ads:*'])).toBe(201);
    expect(mint(['content:write'])).toBe(403);
    expect(mint(['*'])).toBe(403);
  });

  it('gives a test key the tier sandbox and a text that says test', () => {
    const { call, child } = drive();
    const body = { name: 'k', scopes: ['*'], env: 'test' };
    const reply = call('POST', `/v1/organizations/${child()}/api-keys`, body).body;
    expect(reply.apiKey).toMatchObject({ env: 'test', rateLimitTier: 'sandbox' });
    expect(reply.secret).toMatch(/^lp_test_/);
  });

  it('shows the secret once: the list carries the prefix only', () => {
    const { call, child, key } = drive();
    const id = child();
    const { secret } = key(id);
    const page = call('GET', `/v1/organizations/${id}/api-keys`).body;
    expect(JSON.stringify(page)).not.toContain(secret);
    expect(page.items).toMatchObject([{ prefix: secret.slice(0, 24), status: 'active', supersededBy: null }]);
  });
});

describe('rotating a child key', () => {
  it('keeps the old secret alive for 24 hours, then it ends by itself', () => {
    const { call, child, key, sandbox } = drive();
    const id = child();
    const old = key(id);
    const path = `/v1/organizations/${id}/api-keys/${old.id}/rotate`;
    const rotated = call('POST', path).body;
    const works = (token: string) => call('GET', '/v1/whoami', undefined, { token }).status;
    const rowOf = (keyId: string) =>
      call('GET', `/v1/organizations/${id}/api-keys`).body.items.find((item) => item.id === keyId);
    expect([works(old.secret), works(rotated.secret)]).toEqual([200, 200]);
    expect(rowOf(old.id)).toMatchObject({
      status: 'active',
      supersededBy: rotated.apiKey.id,
      graceUntil: '2026-06-16T12:00:00.000Z',
    });
    sandbox.clock.advance(24 * HOUR);
    expect([works(old.secret), works(rotated.secret)]).toEqual([401, 200]);
    expect(rowOf(old.id)).toMatchObject({ status: 'revoked', revokedAt: '2026-06-16T12:00:00.000Z' });
  });

  it('is refused with 409 for a superseded and for a revoked key', () => {
    const { call, child, key, sandbox } = drive();
    const id = child();
    const [first, second] = [key(id), key(id)];
    const rotate = (keyId: string) => call('POST', `/v1/organizations/${id}/api-keys/${keyId}/rotate`);
    expect(rotate(first.id).status).toBe(201);
    expect(rotate(first.id).body.error.code).toBe('CONFLICT');
    sandbox.hands.revokeKey(second.id);
    expect(rotate(second.id).body.error.code).toBe('CONFLICT');
  });

  it('leaves the old key alive until its grace ends when the new one is revoked', () => {
    const { call, child, key, sandbox } = drive();
    const id = child();
    const old = key(id);
    const { apiKey } = call('POST', `/v1/organizations/${id}/api-keys/${old.id}/rotate`).body;
    sandbox.hands.revokeKey(apiKey.id);
    expect(call('GET', '/v1/whoami', undefined, { token: old.secret }).status).toBe(200);
  });
});

describe('revoking a child key', () => {
  it('ends it at once, and repeating it answers the same terminal state', () => {
    const { call, child, key, sandbox } = drive();
    const id = child();
    const { id: keyId, secret } = key(id);
    const first = call('DELETE', `/v1/organizations/${id}/api-keys/${keyId}`).body;
    expect(first).toMatchObject({
      deleted: true,
      apiKey: { status: 'revoked', revokedAt: '2026-06-15T12:00:00.000Z' },
    });
    expect(call('GET', '/v1/whoami', undefined, { token: secret }).body.error.code).toBe('UNAUTHENTICATED');
    sandbox.clock.advance(HOUR);
    expect(call('DELETE', `/v1/organizations/${id}/api-keys/${keyId}`).body).toEqual(first);
  });

  it('hides revoked keys from the list when the behaviour says so', () => {
    const { call, child, key, sandbox } = drive();
    const id = child();
    sandbox.hands.revokeKey(key(id).id);
    const count = () => call('GET', `/v1/organizations/${id}/api-keys`).body.items.length;
    expect(count()).toBe(1);
    sandbox.configure({ revokedKeysListed: false });
    expect(count()).toBe(0);
  });

  it("is a 404 for another child's key and a 422 for a malformed id", () => {
    const { call, child, key } = drive();
    const [one, two] = [child('one'), child('two')];
    const foreign = key(two).id;
    expect(call('DELETE', `/v1/organizations/${one}/api-keys/${foreign}`).status).toBe(404);
    expect(call('DELETE', `/v1/organizations/${one}/api-keys/k1`).status).toBe(422);
  });
});

describe('own keys', () => {
  it('are rotated in place: same id, new secret, the old one is dead at once', () => {
    const { call, sandbox } = drive();
    const before = sandbox.parent();
    const rotated = call('POST', `/v1/api-keys/${before.apiKeyId}/rotate`, undefined, { key: 'r' });
    expect(rotated.body.apiKey).toMatchObject({ id: before.apiKeyId, isActive: true });
    expect(call('GET', '/v1/whoami', undefined, { token: before.token }).status).toBe(401);
    const again = call('POST', `/v1/api-keys/${before.apiKeyId}/rotate`, undefined, { key: 'r' });
    expect(again.body.secret).toBe(rotated.body.secret);
  });

  it('answer 503 KILL_SWITCH once killed, and live again after a rotation', () => {
    const { call, sandbox } = drive();
    const second = sandbox.hands.addParentKey('unlimited');
    if (!second.done) throw new Error(second.refusal.message);
    const { id, secret } = second.apiKey;
    expect(call('POST', `/v1/api-keys/${id}/kill`).body).toMatchObject({ killed: true, apiKey: { killSwitch: true } });
    const killed = call('GET', '/v1/whoami', undefined, { token: secret });
    expect([killed.status, killed.body.error.code, killed.body.error.details]).toEqual([
      503,
      'KILL_SWITCH',
      { scope: 'key' },
    ]);
    const revived = call('POST', `/v1/api-keys/${id}/rotate`).body.secret;
    expect(call('GET', '/v1/whoami', undefined, { token: revived }).status).toBe(200);
  });

  it('answer 401 once deleted, and cannot be rotated any more', () => {
    const { call, sandbox } = drive();
    const second = sandbox.hands.addParentKey();
    if (!second.done) throw new Error(second.refusal.message);
    const { id, secret } = second.apiKey;
    expect(call('DELETE', `/v1/api-keys/${id}`).body).toMatchObject({ deleted: true, apiKey: { isActive: false } });
    expect(call('DELETE', `/v1/api-keys/${id}`).status).toBe(200);
    expect(call('GET', '/v1/whoami', undefined, { token: secret }).status).toBe(401);
    expect(call('POST', `/v1/api-keys/${id}/rotate`).status).toBe(409);
    expect(call('POST', `/v1/api-keys/key_${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}/kill`).status).toBe(404);
  });
});

describe('who may call', () => {
  const headers: { reason: string; token: string }[] = [
    { reason: 'no token', token: '' },
    { reason: 'an unknown token', token: `lp_live_${'A'.repeat(16)}_${'b'.repeat(43)}` },
    { reason: 'text that is no key', token: 'sk-1234' },
  ];
  it.each(headers)('nobody with $reason', ({ token }) => {
    const reply = drive().call('GET', '/v1/whoami', undefined, { token });
    expect([reply.status, reply.body.error.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('nobody with the right secret under the wrong env', () => {
    const { call, sandbox } = drive();
    const token = sandbox.parent().token.replace('lp_live_', 'lp_test_');
    expect(call('GET', '/v1/whoami', undefined, { token }).status).toBe(401);
  });

  it('a child key: its own whoami and wallet, but nothing of the control plane', () => {
    const { call, child, key, fund } = drive();
    const id = child();
    fund(id, 70);
    const { secret: token } = key(id);
    expect(call('GET', '/v1/credits', undefined, { token }).body.balance).toBe(70);
    for (const path of ['', `/${id}`, `/${id}/credit-config`, `/${id}/api-keys`]) {
      const reply = call('GET', `/v1/organizations${path}`, undefined, { token });
      expect([path, reply.status, reply.body.error.code]).toEqual([path, 403, 'FORBIDDEN_SCOPE']);
    }
  });

  it('a child key with org:admin, which only a hand can make, still cannot create a child', () => {
    const { call, child, sandbox } = drive();
    const minted = sandbox.hands.mintKey(child(), { name: 'k', scopes: ['org:admin'], env: 'live' });
    if (!minted.done) throw new Error(minted.refusal.message);
    const reply = call('POST', '/v1/organizations', { name: 'grandchild' }, { token: minted.apiKey.secret });
    expect([reply.status, reply.body.error.code]).toEqual([422, 'VALIDATION']);
  });

  it('no key of a suspended organization, whoami included, until it is resumed', () => {
    const { call, child, key, sandbox } = drive();
    const id = child();
    const { secret: token } = key(id);
    sandbox.hands.suspend(id);
    const reply = call('GET', '/v1/whoami', undefined, { token });
    expect([reply.status, reply.body.error.code]).toEqual([503, 'KILL_SWITCH']);
    sandbox.hands.resume(id);
    expect(call('GET', '/v1/whoami', undefined, { token }).status).toBe(200);
    sandbox.hands.archive(id);
    expect(call('GET', '/v1/whoami', undefined, { token }).status).toBe(401);
  });

  it('not the parent while the provider has suspended it', () => {
    const { call, sandbox } = drive();
    sandbox.hands.suspendParent();
    expect(call('GET', '/v1/organizations').body.error.code).toBe('KILL_SWITCH');
    sandbox.hands.resumeParent();
    expect(call('GET', '/v1/organizations').status).toBe(200);
  });

  it('shows lastUsedAt after a use and leaves scopes empty when the behaviour says so', () => {
    const { call, child, key, sandbox } = drive({ behaviour: { whoamiListsScopes: false } });
    const id = child();
    const { secret: token } = key(id);
    sandbox.clock.advance(HOUR);
    expect(call('GET', '/v1/whoami', undefined, { token }).body).toMatchObject({ scopes: [] });
    const [item] = call('GET', `/v1/organizations/${id}/api-keys`).body.items;
    expect(item).toMatchObject({ lastUsedAt: '2026-06-15T13:00:00.000Z' });
  });
});

describe('acting inside a child with X-Layers-Organization', () => {
  it("shows the child's wallet and whoami with the caller's key", () => {
    const { call, child, fund, sandbox } = drive();
    const id = child();
    fund(id, 9);
    const { apiKeyId, organizationId } = sandbox.parent();
    expect(call('GET', '/v1/whoami', undefined, { inside: id }).body).toMatchObject({
      organizationId: id,
      parentOrganizationId: organizationId,
      apiKeyId,
      creditBalance: 9,
    });
    expect(call('GET', '/v1/credits', undefined, { inside: id }).body.balance).toBe(9);
    expect(call('GET', '/v1/organizations', undefined, { inside: id }).body.items).toHaveLength(1);
  });

  const hook = { url: 'https://hooks.example/x', events: ['test.ping'] };
  const cases = [
    { reason: 'malformed', inside: 'acme', hand: null, read: 404, write: 404 },
    { reason: 'unknown', inside: 'org_00000000-0000-4000-8000-000000000000', hand: null, read: 404, write: 404 },
    { reason: 'active', inside: null, hand: null, read: 200, write: 201 },
    { reason: 'suspended', inside: null, hand: 'suspend', read: 200, write: 503 },
    { reason: 'archived', inside: null, hand: 'archive', read: 404, write: 404 },
  ] as const;
  it.each(cases)('$reason: a read answers $read, a write $write', ({ inside, hand, read, write }) => {
    const { call, child, sandbox } = drive();
    const id = child();
    if (hand !== null) sandbox.hands[hand](id);
    const named = inside ?? id;
    expect(call('GET', '/v1/credits', undefined, { inside: named }).status).toBe(read);
    expect(call('POST', '/v1/webhook-endpoints', hook, { inside: named }).status).toBe(write);
  });

  it('needs org:admin', () => {
    const { call, child, key } = drive();
    const [one, two] = [child('one'), child('two')];
    const reply = call('GET', '/v1/credits', undefined, { inside: two, token: key(one).secret });
    expect([reply.status, reply.body.error.code]).toEqual([403, 'FORBIDDEN_SCOPE']);
  });
});

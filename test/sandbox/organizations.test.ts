import { describe, expect, it } from 'vitest';
import { drive } from './support.ts';

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 'v']));

describe('creating an organization', () => {
  const refused: { reason: string; body: unknown }[] = [
    { reason: 'the body is missing', body: undefined },
    { reason: 'the body is a list', body: [] },
    { reason: 'there is no name', body: {} },
    { reason: 'the name is empty', body: { name: '' } },
    { reason: 'the name has 129 characters', body: { name: 'x'.repeat(129) } },
    { reason: 'the name is a number', body: { name: 1 } },
    { reason: 'a metadata value is a number', body: { name: 'a', metadata: { n: 1 } } },
    { reason: 'a metadata value is null', body: { name: 'a', metadata: { n: null } } },
    { reason: 'a metadata key has 41 characters', body: { name: 'a', metadata: { ['k'.repeat(41)]: 'v' } } },
    { reason: 'a metadata value has 501 characters', body: { name: 'a', metadata: { k: 'v'.repeat(501) } } },
    { reason: 'there are 51 metadata keys', body: { name: 'a', metadata: many(51) } },
    {
      reason: 'the metadata is larger than 16 KB',
      body: { name: 'a', metadata: Object.fromEntries(Object.keys(many(34)).map((key) => [key, 'v'.repeat(500)])) },
    },
    { reason: 'the billing email is a number', body: { name: 'a', billingEmail: 3 } },
  ];
  it.each(refused)('is a 422 when $reason', ({ body }) => {
    const { call, sandbox } = drive();
    const reply = call('POST', '/v1/organizations', body);
    expect([reply.status, reply.body.error.code]).toEqual([422, 'VALIDATION']);
    expect(reply.body.error.details).toHaveProperty('fields');
    expect(sandbox.snapshot().operations).toEqual([]);
  });

  it('takes every limit at its edge and ignores unknown fields', () => {
    const body = { name: 'x'.repeat(128), metadata: many(50), billingEmail: null, colour: 'red' };
    const reply = drive().call('POST', '/v1/organizations', body);
    expect(reply.status).toBe(201);
    expect(reply.body).not.toHaveProperty('colour');
    expect(Object.keys(reply.body.metadata)).toHaveLength(50);
  });

  it('stores an empty metadata value as absent', () => {
    const reply = drive().call('POST', '/v1/organizations', { name: 'a', metadata: { gone: '', kept: 'v' } });
    expect(reply.body.metadata).toEqual({ kept: 'v' });
  });

  it('makes a duplicate when it is repeated without a key: nothing is unique', () => {
    const { call, child } = drive();
    expect(child('twin')).not.toBe(child('twin'));
    expect(call('GET', '/v1/organizations').body.items).toHaveLength(2);
  });

  it('answers 200 instead of 201 when createStatus says so', () => {
    const { call } = drive({ behaviour: { createStatus: 200 } });
    expect(call('POST', '/v1/organizations', { name: 'a' }).status).toBe(200);
  });
});

describe('finding an organization', () => {
  it('accepts the prefixed id and the bare UUID', () => {
    const { call, child } = drive();
    const id = child();
    expect(call('GET', `/v1/organizations/${id.slice(4)}`).body.id).toBe(id);
    expect(call('GET', `/v1/organizations/${id.toUpperCase().replace('ORG_', 'org_')}`).body.id).toBe(id);
  });

  const ids = [
    { reason: 'malformed', id: 'org_acme', status: 422 },
    { reason: 'unknown', id: 'org_00000000-0000-4000-8000-000000000000', status: 404 },
    { reason: 'the parent itself', id: null, status: 404 },
  ];
  it.each(ids)('answers $status for an id that is $reason', ({ id, status }) => {
    const { call, sandbox } = drive();
    expect(call('GET', `/v1/organizations/${id ?? sandbox.parent().organizationId}`).status).toBe(status);
  });

  const queries = [
    { query: 'limit=0', status: 422 },
    { query: 'limit=201', status: 422 },
    { query: 'limit=ten', status: 422 },
    { query: 'limit=200', status: 200 },
    { query: 'cursor=!!!', status: 422 },
    { query: 'status=dead', status: 422 },
    { query: 'status=active&status=archived', status: 422 },
    { query: 'status=active', status: 200 },
    { query: 'externalId=acme', status: 200 },
  ];
  it.each(queries)('answers $status for the query $query', ({ query, status }) => {
    expect(drive().call('GET', `/v1/organizations?${query}`).status).toBe(status);
  });

  it('filters by one status and shows all three without a filter', () => {
    const { call, child, sandbox } = drive();
    const [active, suspended, archived] = [child('a'), child('b'), child('c')];
    sandbox.hands.suspend(suspended);
    sandbox.hands.archive(archived);
    const shown = (query: string) => call('GET', `/v1/organizations${query}`).body.items.map(({ id }) => id);
    expect(shown('?status=active')).toEqual([active]);
    expect(shown('?status=suspended')).toEqual([suspended]);
    expect(shown('?status=archived')).toEqual([archived]);
    expect(shown('').sort()).toEqual([active, suspended, archived].sort());
  });

  it('pages newest first, and creations during a scan never show up in later pages', () => {
    const { call, child, sandbox } = drive();
    const made = Array.from({ length: 7 }, (_, at) => {
      sandbox.clock.advance(at % 2);
      return child(`customer ${at}`);
    });
    const first = call('GET', '/v1/organizations?limit=3').body;
    const late = child('created during the scan');
    const seen = first.items.map(({ id }) => id);
    for (let cursor = first.nextCursor; cursor !== null; ) {
      const page = call('GET', `/v1/organizations?limit=3&cursor=${cursor}`).body;
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(seen).not.toContain(late);
    expect([...seen].sort()).toEqual([...made].sort());
    expect(new Set(seen).size).toBe(7);
  });

  it('loses an item of every listing when the behaviour is lossy', () => {
    const { call, child, sandbox } = drive({ behaviour: { listOmitsOne: 'oldest' } });
    const old = child('old');
    sandbox.clock.advance(1);
    const young = child('young');
    expect(call('GET', '/v1/organizations').body.items.map(({ id }) => id)).toEqual([young]);
    sandbox.configure({ listOmitsOne: 'newest' });
    expect(call('GET', '/v1/organizations').body.items.map(({ id }) => id)).toEqual([old]);
  });
});

describe('patching an organization', () => {
  const patches = [
    { reason: 'an empty body', patch: {}, status: 422 },
    { reason: 'a name of null', patch: { name: null }, status: 422 },
    { reason: 'only unknown fields, as status is', patch: { status: 'archived' }, status: 422 },
    { reason: 'a metadata value of null', patch: { metadata: { plan: null } }, status: 422 },
    { reason: 'more than 50 keys after the merge', patch: { metadata: many(50) }, status: 422 },
    { reason: 'a billing email of null', patch: { billingEmail: null }, status: 200 },
  ];
  it.each(patches)('answers $status for $reason', ({ patch, status }) => {
    const { call } = drive();
    const { id } = call('POST', '/v1/organizations', { name: 'a', metadata: { plan: 'growth' } }).body;
    expect(call('PATCH', `/v1/organizations/${id}`, patch).status).toBe(status);
  });

  it('merges metadata key by key: omitted keys stay, an empty value unsets, null clears all', () => {
    const { call } = drive();
    const { id } = call('POST', '/v1/organizations', { name: 'a', metadata: { a: '1', b: '2' } }).body;
    const patch = (metadata: unknown) => call('PATCH', `/v1/organizations/${id}`, { metadata }).body.metadata;
    expect(patch({ b: '3', c: '4' })).toEqual({ a: '1', b: '3', c: '4' });
    expect(patch({ a: '' })).toEqual({ b: '3', c: '4' });
    expect(patch(null)).toEqual({});
  });

  it('replaces metadata in the period of the replace bug', () => {
    const { call } = drive({ behaviour: { patchMergesMetadata: false } });
    const { id } = call('POST', '/v1/organizations', { name: 'a', metadata: { a: '1' } }).body;
    expect(call('PATCH', `/v1/organizations/${id}`, { metadata: { b: '2' } }).body.metadata).toEqual({ b: '2' });
  });

  it('moves updatedAt only when something differs', () => {
    const { call, sandbox } = drive();
    const { id } = call('POST', '/v1/organizations', { name: 'a' }).body;
    sandbox.clock.advance(1000);
    const same = call('PATCH', `/v1/organizations/${id}`, { name: 'a' }).body;
    expect(same.updatedAt).toBe(same.createdAt);
    const other = call('PATCH', `/v1/organizations/${id}`, { name: 'b' }).body;
    expect(other.updatedAt).toBe('2026-06-15T12:00:01.000000+00:00');
  });
});

describe('the state machine', () => {
  type State = 'active' | 'suspended' | 'archived';
  const steps: { from: State; step: string; status: number; to: State }[] = [
    { from: 'active', step: 'POST suspend', status: 200, to: 'suspended' },
    { from: 'active', step: 'POST resume', status: 200, to: 'active' },
    { from: 'active', step: 'DELETE', status: 200, to: 'archived' },
    { from: 'active', step: 'PATCH', status: 200, to: 'active' },
    { from: 'suspended', step: 'POST suspend', status: 200, to: 'suspended' },
    { from: 'suspended', step: 'POST resume', status: 200, to: 'active' },
    { from: 'suspended', step: 'DELETE', status: 200, to: 'archived' },
    { from: 'suspended', step: 'PATCH', status: 200, to: 'suspended' },
    { from: 'suspended', step: 'POST credits/allocate', status: 201, to: 'suspended' },
    { from: 'suspended', step: 'POST api-keys', status: 201, to: 'suspended' },
    { from: 'suspended', step: 'PATCH credit-config', status: 200, to: 'suspended' },
    { from: 'suspended', step: 'GET api-keys', status: 200, to: 'suspended' },
    { from: 'archived', step: 'POST suspend', status: 409, to: 'archived' },
    { from: 'archived', step: 'POST resume', status: 409, to: 'archived' },
    { from: 'archived', step: 'DELETE', status: 200, to: 'archived' },
    { from: 'archived', step: 'PATCH', status: 409, to: 'archived' },
    { from: 'archived', step: 'POST credits/allocate', status: 409, to: 'archived' },
    { from: 'archived', step: 'POST api-keys', status: 409, to: 'archived' },
    { from: 'archived', step: 'PATCH credit-config', status: 409, to: 'archived' },
    { from: 'archived', step: 'GET', status: 200, to: 'archived' },
    { from: 'archived', step: 'GET api-keys', status: 200, to: 'archived' },
    { from: 'archived', step: 'GET credits', status: 200, to: 'archived' },
    { from: 'archived', step: 'GET credit-config', status: 200, to: 'archived' },
  ];
  const bodies: Record<string, unknown> = {
    PATCH: { name: 'other' },
    'POST credits/allocate': { credits: 5 },
    'POST api-keys': { name: 'k', scopes: ['content:read'] },
    'PATCH credit-config': { monthlyCreditCap: 5 },
  };
  it.each(steps)('$from: $step answers $status and leaves it $to', ({ from, step, status, to }) => {
    const { call, child, sandbox } = drive();
    const id = child();
    if (from === 'suspended') sandbox.hands.suspend(id);
    if (from === 'archived') sandbox.hands.archive(id);
    const [method = '', rest] = step.split(' ');
    const path = `/v1/organizations/${id}${rest === undefined ? '' : `/${rest}`}`;
    const reply = call(method, path, bodies[step], { key: 'k1' });
    expect(reply.status).toBe(status);
    if (status === 409) expect(reply.body.error.code).toBe('CONFLICT');
    expect(call('GET', `/v1/organizations/${id}`).body.status).toBe(to);
  });

  it('leaves updatedAt alone when a suspend changes nothing', () => {
    const { call, child, sandbox } = drive();
    const id = child();
    const first = call('POST', `/v1/organizations/${id}/suspend`).body;
    sandbox.clock.advance(5000);
    expect(call('POST', `/v1/organizations/${id}/suspend`).body).toEqual(first);
    expect(sandbox.snapshot().operations.filter(({ kind }) => kind === 'organization.suspend')).toHaveLength(1);
  });

  it('sweeps what is not reserved and revokes every key when it archives, once', () => {
    const { call, child, fund, key, sandbox } = drive();
    const id = child();
    fund(id, 5000);
    key(id, 'one');
    key(id, 'two');
    sandbox.hands.reserve(id, 300);
    expect(call('DELETE', `/v1/organizations/${id}`).body).toMatchObject({ reclaimedCredits: 4700, revokedApiKeys: 2 });
    expect(call('DELETE', `/v1/organizations/${id}`).body).toMatchObject({ reclaimedCredits: 0, revokedApiKeys: 0 });
    expect(call('GET', '/v1/credits').body.prepaidBalance).toBe(999_700);
    const items = call('GET', `/v1/organizations/${id}/credits/events`).body.items;
    expect(items).toHaveLength(2);
    expect(items.filter(({ metadata }) => metadata['direction'] === 'reclaim_out')).toHaveLength(1);
  });

  it('answers the first archive verbatim under the same idempotency key', () => {
    const { call, child, fund } = drive();
    const id = child();
    fund(id, 50);
    const first = call('DELETE', `/v1/organizations/${id}`, undefined, { key: 'bye' });
    expect(call('DELETE', `/v1/organizations/${id}`, undefined, { key: 'bye' }).body).toEqual(first.body);
  });

  it('writes no negative row to the child when the behaviour says so', () => {
    const { call, child, fund } = drive({ behaviour: { archivePostsNegativeAllocation: false } });
    const id = child();
    fund(id, 50);
    call('DELETE', `/v1/organizations/${id}`);
    expect(call('GET', `/v1/organizations/${id}/credits/events`).body.items).toHaveLength(1);
    expect(call('GET', `/v1/organizations/${id}/credits`).body.balance).toBe(0);
    expect(call('GET', '/v1/credits').body.prepaidBalance).toBe(1_000_000);
  });
});

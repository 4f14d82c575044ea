import { describe, expect, it } from 'vitest';
import type { SandboxOptions } from '../../src/sandbox/index.ts';
import { drive } from './support.ts';

/** Every credit that ever left the parent for a child arrived there, and the wallets equal their ledgers. */
function expectConserved({ sandbox }: ReturnType<typeof drive>): void {
  const { wallets, ledger, parentOrganizationId } = sandbox.snapshot();
  const transfers = ledger.filter(({ eventType }) => eventType === 'allocation');
  const moved = transfers.reduce((sum, { credits }) => sum + credits, 0);
  expect(moved).toBe(0);
  for (const wallet of wallets) {
    const sum = ledger.filter((row) => row.organizationId === wallet.id).reduce((total, row) => total + row.credits, 0);
    expect(sum).toBe(wallet.prepaidBalance);
  }
  expect(wallets.some(({ id }) => id === parentOrganizationId)).toBe(true);
}

describe('allocating', () => {
  const bodies = [
    { reason: 'no credits', body: {}, status: 422 },
    { reason: 'zero', body: { credits: 0 }, status: 422 },
    { reason: 'a negative number', body: { credits: -5 }, status: 422 },
    { reason: 'a fraction', body: { credits: 1.5 }, status: 422 },
    { reason: 'text', body: { credits: '5' }, status: 422 },
    { reason: 'a description of 501', body: { credits: 5, description: 'd'.repeat(501) }, status: 422 },
    { reason: 'metadata that is not text', body: { credits: 5, metadata: { n: 1 } }, status: 422 },
    { reason: 'more than the parent has', body: { credits: 1_000_001 }, status: 402 },
    { reason: 'all that the parent has', body: { credits: 1_000_000 }, status: 201 },
  ];
  it.each(bodies)('answers $status for $reason', ({ body, status }) => {
    const driver = drive();
    const reply = driver.call('POST', `/v1/organizations/${driver.child()}/credits/allocate`, body, { key: 'a' });
    expect(reply.status).toBe(status);
    expectConserved(driver);
    const moves = driver.sandbox.snapshot().operations.filter(({ kind }) => kind === 'credits.allocate');
    expect(moves).toHaveLength(status < 300 ? 1 : 0);
  });

  it('needs an Idempotency-Key, before it looks at anything else', () => {
    const { call, child } = drive();
    const reply = call('POST', `/v1/organizations/${child()}/credits/allocate`, { credits: 5 });
    expect([reply.status, reply.body.error.code]).toEqual([400, 'IDEMPOTENCY_REQUIRED']);
  });

  it('does not use the key up when the parent is short', () => {
    const { call, child, sandbox } = drive({ prepaidCredits: 10 });
    const path = `/v1/organizations/${child()}/credits/allocate`;
    expect(call('POST', path, { credits: 50 }, { key: 'slot' }).body.error.code).toBe('BILLING_EXHAUSTED');
    sandbox.hands.fundParent(90);
    expect(call('POST', path, { credits: 50 }, { key: 'slot' }).body).toMatchObject({ replayed: false, balance: 50 });
  });

  it('writes a debit to the parent and a credit to the child, marks on both, system keys on top', () => {
    const driver = drive();
    const { call, child, sandbox } = driver;
    const id = child();
    const metadata = { rcn: '1', direction: 'mine' };
    const reply = call('POST', `/v1/organizations/${id}/credits/allocate`, { credits: 7, metadata }, { key: 'a' });
    const [debit] = call('GET', '/v1/credits/events?eventType=allocation').body.items;
    const [credit] = call('GET', `/v1/organizations/${id}/credits/events`).body.items;
    expect(debit).toMatchObject({ credits: -7, balanceAfterPrepaid: 999_993 });
    expect(debit?.metadata).toEqual({ rcn: '1', direction: 'out', counterpartyOrgId: id });
    expect(credit?.metadata).toEqual({
      rcn: '1',
      direction: 'in',
      counterpartyOrgId: sandbox.parent().organizationId,
    });
    expect(reply.body.id).toBe(`txn_${sandbox.snapshot().ledger.find(({ credits }) => credits === -7)?.id}`);
    expectConserved(driver);
  });

  const markers = [
    { ledgerMarkers: 'both', shown: ['description', 'metadata'] },
    { ledgerMarkers: 'metadata', shown: ['metadata'] },
    { ledgerMarkers: 'description', shown: ['description'] },
    { ledgerMarkers: 'neither', shown: [] },
  ] as const;
  it.each(markers)('shows $shown on ledger rows when ledgerMarkers is $ledgerMarkers', ({ ledgerMarkers, shown }) => {
    const { call, child, fund } = drive({ behaviour: { ledgerMarkers } });
    const id = child();
    fund(id, 7);
    const [row = {}] = call('GET', `/v1/organizations/${id}/credits/events`).body.items;
    expect(Object.keys(row).filter((name) => name === 'description' || name === 'metadata')).toEqual(shown);
  });

  it("shows nothing but the server's own members when ledgerMarkers is server", () => {
    const { call, child, fund, sandbox } = drive({ behaviour: { ledgerMarkers: 'server' } });
    const id = child();
    fund(id, 7);
    const [row] = call('GET', `/v1/organizations/${id}/credits/events`).body.items;
    const metadata = { direction: 'in', counterpartyOrgId: sandbox.parent().organizationId };
    expect(row).toMatchObject({ metadata, description: '' });
    expect(Object.keys(row?.metadata ?? {})).toHaveLength(2);
  });
});

describe('the ledger', () => {
  const queries = [
    { query: 'eventType=usage', status: 200, count: 1 },
    { query: 'eventType=allocation', status: 200, count: 1 },
    { query: 'eventType=gift', status: 422, count: 0 },
    { query: 'since=2026-06-15T12:00:01.000Z', status: 200, count: 1 },
    { query: 'until=2026-06-15T12:00:00Z', status: 200, count: 1 },
    { query: 'since=2026-06-15T12:00:00.000000%2B00:00', status: 422, count: 0 },
    { query: 'since=yesterday', status: 422, count: 0 },
    { query: 'limit=101', status: 422, count: 0 },
    { query: 'projectId=prj_1', status: 200, count: 0 },
  ];
  it.each(queries)('answers $status with $count rows for $query', ({ query, status, count }) => {
    const { call, child, fund, sandbox } = drive();
    const id = child();
    fund(id, 100);
    sandbox.clock.advance(1000);
    sandbox.hands.spend(id, 30);
    const reply = call('GET', `/v1/organizations/${id}/credits/events?${query}`);
    expect(reply.status).toBe(status);
    if (status === 200) expect(reply.body.items).toHaveLength(count);
  });
});

describe('usage', () => {
  it('reserves, then settles; what is reserved is not available', () => {
    const driver = drive();
    const { call, child, fund, sandbox } = driver;
    const id = child();
    fund(id, 100);
    expect(sandbox.hands.reserve(id, 60).done).toBe(true);
    expect(call('GET', `/v1/organizations/${id}/credits`).body).toMatchObject({ balance: 100, available: 40 });
    expect(sandbox.hands.reserve(id, 41).done).toBe(false);
    sandbox.hands.settle(id, 60, 25);
    expect(call('GET', `/v1/organizations/${id}/credits`).body).toMatchObject({ balance: 75, available: 75 });
    expectConserved(driver);
  });

  it('stops at the monthly cap and starts again with the next period', () => {
    const { call, child, fund, sandbox } = drive();
    const id = child();
    fund(id, 1000);
    call('PATCH', `/v1/organizations/${id}/credit-config`, { monthlyCreditCap: 100 });
    expect(sandbox.hands.spend(id, 100).done).toBe(true);
    expect(sandbox.hands.spend(id, 1).done).toBe(false);
    sandbox.clock.set(Date.UTC(2026, 6, 1));
    expect(call('GET', `/v1/organizations/${id}/credits`).body).toMatchObject({
      usedThisPeriod: 0,
      currentPeriod: { start: '2026-07-01T00:00:00.000Z', end: '2026-08-01T00:00:00.000Z' },
    });
    expect(sandbox.hands.spend(id, 100).done).toBe(true);
  });

  it('cannot start in a suspended organization', () => {
    const { child, fund, sandbox } = drive();
    const id = child();
    fund(id, 10);
    sandbox.hands.suspend(id);
    expect(sandbox.hands.spend(id, 1)).toMatchObject({ done: false, refusal: { code: 'KILL_SWITCH' } });
  });
});

describe('auto-refill', () => {
  const config = { refillThreshold: 50, refillAmount: 200 };
  function refilling(options: SandboxOptions = {}) {
    const driver = drive(options);
    const id = driver.child();
    driver.fund(id, 100);
    driver.call('PATCH', `/v1/organizations/${id}/credit-config`, config);
    const balance = () => driver.call('GET', `/v1/organizations/${id}/credits`).body.balance;
    return { ...driver, driver, id, balance };
  }

  it('moves the amount once when available falls below the threshold, without a mark of ours', () => {
    const { id, balance, sandbox, call, driver } = refilling();
    sandbox.hands.spend(id, 50);
    expect(balance()).toBe(50);
    sandbox.clock.advance(1);
    sandbox.hands.spend(id, 1);
    expect(balance()).toBe(249);
    const [row] = call('GET', `/v1/organizations/${id}/credits/events?eventType=allocation&limit=1`).body.items;
    expect(row).toMatchObject({ credits: 200, description: null, metadata: { direction: 'auto_refill_in' } });
    expect(sandbox.snapshot().operations.filter(({ by }) => by === 'system')).toMatchObject([{ credits: 200 }]);
    expectConserved(driver);
  });

  it('is skipped silently when the parent is short', () => {
    const { id, balance, sandbox } = refilling({ prepaidCredits: 150 });
    expect(sandbox.hands.spend(id, 90).done).toBe(true);
    expect(balance()).toBe(10);
  });

  it('fires when it is enabled only if the behaviour says so', () => {
    for (const refillFiresOnEnable of [false, true]) {
      const { call, child } = drive({ behaviour: { refillFiresOnEnable } });
      const path = `/v1/organizations/${child()}/credit-config`;
      expect(call('PATCH', path, config).body.balance).toBe(refillFiresOnEnable ? 200 : 0);
    }
  });

  const patches = [
    { reason: 'only the threshold', patch: { refillThreshold: 5 }, status: 422 },
    { reason: 'only the amount', patch: { refillAmount: 5 }, status: 422 },
    { reason: 'an amount of 0', patch: { refillThreshold: 5, refillAmount: 0 }, status: 422 },
    { reason: 'a negative cap', patch: { monthlyCreditCap: -1 }, status: 422 },
    { reason: 'nothing', patch: {}, status: 422 },
    { reason: 'only a computed field', patch: { autoRefillEnabled: true }, status: 422 },
    { reason: 'a cap of 0', patch: { monthlyCreditCap: 0 }, status: 200 },
    { reason: 'both', patch: { refillThreshold: 0, refillAmount: 1 }, status: 200 },
    { reason: 'both null', patch: { refillThreshold: null, refillAmount: null }, status: 200 },
  ];
  it.each(patches)('answers $status for $reason', ({ patch, status }) => {
    const { call, child } = drive();
    expect(call('PATCH', `/v1/organizations/${child()}/credit-config`, patch).status).toBe(status);
  });

  it('changes one half when both are set, and refuses to clear one half', () => {
    const { call, id } = refilling();
    const patch = (body: unknown) => call('PATCH', `/v1/organizations/${id}/credit-config`, body);
    expect(patch({ refillAmount: 300 }).body.config).toMatchObject({ refillThreshold: 50, refillAmount: 300 });
    expect(patch({ refillAmount: null }).status).toBe(422);
    expect(patch({ refillThreshold: null, refillAmount: null }).body.config.autoRefillEnabled).toBe(false);
  });
});

describe('hands', () => {
  it('transfer by hand without a mark, and refuse what cannot be', () => {
    const driver = drive({ prepaidCredits: 10 });
    const { call, child, sandbox } = driver;
    const id = child();
    expect(sandbox.hands.foreignTransfer(id, 11).done).toBe(false);
    expect(sandbox.hands.foreignTransfer(id, 10, 'goodwill').done).toBe(true);
    const [row] = call('GET', `/v1/organizations/${id}/credits/events`).body.items;
    expect(row).toMatchObject({ credits: 10, description: 'goodwill' });
    expect(row?.metadata).not.toHaveProperty('rcn');
    expect(sandbox.hands.spend('org_nobody', 1)).toMatchObject({ done: false, refusal: { code: 'NOT_FOUND' } });
    expect(sandbox.hands.revokeKey('key_nobody').done).toBe(false);
    expectConserved(driver);
  });

  it('create, patch and archive organizations, and rotate the parent key', () => {
    const { call, sandbox } = drive();
    const made = sandbox.hands.createOrganization({ name: 'By hand', metadata: { externalId: 'x' } });
    if (!made.done) throw new Error(made.refusal.message);
    const { id } = made.organization;
    sandbox.hands.patchOrganization(id, { name: 'Renamed', metadata: {} });
    expect(call('GET', `/v1/organizations/${id}`).body).toMatchObject({ name: 'Renamed', metadata: {} });
    sandbox.hands.archive(id);
    expect(sandbox.hands.resume(id).done).toBe(false);
    const before = sandbox.parent();
    sandbox.hands.rotateParentKey(before.apiKeyId);
    expect(sandbox.parent().token).not.toBe(before.token);
    expect(sandbox.snapshot().operations.every(({ by }) => by === 'hand')).toBe(true);
  });
});

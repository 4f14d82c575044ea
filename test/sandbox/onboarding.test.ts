import { describe, expect, it } from 'vitest';
import { drive } from './support.ts';

describe('onboarding a customer by hand', () => {
  it('creates, funds, configures and mints, and every read agrees', () => {
    const { call, sandbox } = drive();
    const created = call('POST', '/v1/organizations', { name: 'Acme Coffee', metadata: { externalId: 'acme' } });
    expect(created.status).toBe(201);
    const id = created.body.id;
    expect(created.body.createdAt).toBe('2026-06-15T12:00:00.000000+00:00');

    const allocated = call(
      'POST',
      `/v1/organizations/${id}/credits/allocate`,
      { credits: 5000, description: 'rcn1 acme', metadata: { rcn: '1' } },
      { key: 'slot-0' },
    );
    expect(allocated.body).toMatchObject({ allocated: 5000, replayed: false, balance: 5000, available: 5000 });

    const config = { monthlyCreditCap: 5000, refillThreshold: 1000, refillAmount: 2000 };
    expect(call('PATCH', `/v1/organizations/${id}/credit-config`, config).body.config.autoRefillEnabled).toBe(true);

    const minted = call('POST', `/v1/organizations/${id}/api-keys`, { name: 'k', scopes: ['content:read'] });
    expect(minted.body.secret).toMatch(/^lp_live_[0-9A-Z]{16}_[\w-]{43}$/);
    expect(minted.body.apiKey.prefix).toBe(minted.body.secret.slice(0, 24));
    const me = call('GET', '/v1/whoami', undefined, { token: minted.body.secret });
    expect(me.body).toMatchObject({ organizationId: id, creditBalance: 5000, scopes: ['content:read'] });

    const { summary } = call('GET', `/v1/organizations/${id}`).body;
    expect(summary).toEqual({
      projectCount: 0,
      balance: 5000,
      available: 5000,
      creditConfig: { ...config, autoRefillEnabled: true },
    });
    const events = call('GET', `/v1/organizations/${id}/credits/events?eventType=allocation`).body.items;
    expect(events).toMatchObject([
      { credits: 5000, description: 'rcn1 acme', metadata: { rcn: '1', direction: 'in' } },
    ]);
    expect(call('GET', '/v1/credits').body.prepaidBalance).toBe(995_000);
    expect(sandbox.snapshot().operations.map(({ kind }) => kind)).toEqual([
      'organization.create',
      'credits.allocate',
      'credit-config.patch',
      'key.mint',
    ]);
  });

  it('gives the same ids and secrets for the same seed, others for another', () => {
    const ids = (seed: number) => {
      const driver = drive({ seed });
      const child = driver.child();
      return [driver.sandbox.parent().token, child, driver.key(child).secret];
    };
    expect(ids(1)).toEqual(ids(1));
    expect(ids(1)).not.toEqual(ids(2));
  });

  it('branches from a snapshot without disturbing it', () => {
    const { sandbox, child, call } = drive();
    child('before');
    const snapshot = sandbox.snapshot();
    const text = JSON.stringify(snapshot);
    const first = child('left');
    sandbox.restore(snapshot);
    expect(JSON.stringify(sandbox.snapshot())).toBe(text);
    expect(child('right')).toBe(first);
    expect(call('GET', '/v1/organizations').body.items).toHaveLength(2);
    expect(JSON.stringify(snapshot)).toBe(text);
    sandbox.restore(JSON.parse(text));
    expect(JSON.stringify(sandbox.snapshot())).toBe(text);
  });
});

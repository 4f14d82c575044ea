import { afterEach, describe, expect, test } from 'vitest';
import type { Answer } from '../../../src/core/answer.ts';
import { Secret } from '../../../src/core/secret.ts';
import { systemChance } from '../../../src/effects/chance.ts';
import { systemClock } from '../../../src/effects/clock.ts';
import type { LayersClient } from '../../../src/effects/layers/client.ts';
import { createLayersClient } from '../../../src/effects/layers/layers-client.ts';
import { createPacer } from '../../../src/effects/layers/pacer.ts';
import { createUndiciTransport } from '../../../src/effects/layers/undici-transport.ts';
import { createSandbox, listen } from '../../../src/sandbox/index.ts';
import { sandboxTransport } from '../../support/sandbox-transport.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

function must<T>(answer: Answer<T>): T {
  if (answer.outcome !== 'ok') throw new Error(`${answer.problem.code}: ${answer.problem.message}`);
  return answer.value;
}

/** A client that speaks HTTP over loopback to a sandbox: the two share no code that reads or writes a message. */
async function overHttp(behaviour = {}): Promise<LayersClient> {
  const sandbox = createSandbox({ behaviour });
  const listening = await listen(sandbox);
  const transport = createUndiciTransport({ baseUrl: listening.url });
  closing.push(
    () => listening.close(),
    () => transport.close(),
  );
  return createLayersClient({
    transport,
    token: () => new Secret(sandbox.parent().token),
    clock: systemClock,
    chance: systemChance,
  });
}

describe.each([
  { reason: '201 and marks on the ledger', behaviour: {} },
  { reason: '200 and no marks', behaviour: { createStatus: 200, ledgerMarkers: 'neither', whoamiListsScopes: false } },
])('the client and the sandbox agree ($reason)', ({ behaviour }) => {
  test('from the first organization to its archive', async () => {
    const client = await overHttp(behaviour);
    const uuid = () => systemChance.uuid();
    const me = must(await client.whoami());
    expect(me.parentOrganizationId).toBeNull();

    const created = must(
      await client.createOrganization({ name: 'Acme', billingEmail: null, metadata: { rcn: '1' } }, uuid()),
    );
    expect(created).toMatchObject({
      parentOrganizationId: me.organizationId,
      status: 'active',
      metadata: { rcn: '1' },
    });
    const patched = must(await client.patchOrganization(created.id, { metadata: { plan: 'growth' } }, uuid()));
    expect(patched.metadata).toEqual({ rcn: '1', plan: 'growth' });

    const before = must(await client.parentWallet()).prepaidBalance;
    const grant = { credits: 500, description: 'rcn1', metadata: { slot: '0' } };
    const key = uuid();
    const transfer = must(await client.allocate(created.id, grant, key, () => {}));
    expect(must(await client.allocate(created.id, grant, key, () => {}))).toEqual({ ...transfer, replayed: true });
    expect(await client.allocate(created.id, { ...grant, credits: 501 }, key, () => {})).toMatchObject({
      outcome: 'not-done',
      problem: { code: 'IDEMPOTENCY_CONFLICT' },
    });
    expect(must(await client.childWallet(created.id))).toMatchObject({ balance: 500, available: 500 });
    expect(before - must(await client.parentWallet()).prepaidBalance).toBe(500);
    expect(must(await client.childLedger(created.id, { eventType: 'allocation' })).items).toMatchObject([
      { credits: 500, eventType: 'allocation' },
    ]);
    expect(must(await client.parentLedger({ eventType: 'allocation' })).items).toMatchObject([{ credits: -500 }]);

    const config = { monthlyCreditCap: 400, refillThreshold: 10, refillAmount: 20 };
    const expected = { ...config, autoRefillEnabled: true };
    expect(must(await client.patchCreditConfig(created.id, config, uuid()))).toEqual(expected);
    expect(must(await client.creditConfig(created.id))).toEqual(expected);
    expect(must(await client.getOrganization(created.id)).summary).toMatchObject({
      available: 500,
      creditConfig: expected,
    });

    expect(must(await client.suspendOrganization(created.id)).status).toBe('suspended');
    expect(must(await client.resumeOrganization(created.id)).status).toBe('active');
    expect(must(await client.archiveOrganization(created.id))).toMatchObject({
      status: 'archived',
      reclaimedCredits: 500,
    });
    expect(must(await client.listOrganizations({ status: 'archived' })).items).toMatchObject([{ id: created.id }]);
    expect(await client.getOrganization('org_00000000-0000-4000-8000-000000000000')).toMatchObject({
      outcome: 'not-done',
      problem: { code: 'NOT_FOUND' },
    });
  });

  test('about keys and webhooks, whose secrets are shown once', async () => {
    const client = await overHttp(behaviour);
    const uuid = () => systemChance.uuid();
    const { id } = must(await client.createOrganization({ name: 'Acme', metadata: {} }, uuid()));

    const wanted = { name: 'k', scopes: ['content:read'], env: 'live' } as const;
    const key = uuid();
    const minted = must(await client.mintApiKey(id, wanted, key));
    expect(minted.apiKey).toMatchObject({ ...wanted, organizationId: id, status: 'active' });
    expect(minted.secret.reveal().startsWith(`${minted.apiKey.prefix}_`)).toBe(true);
    expect(must(await client.mintApiKey(id, wanted, key)).secret.equals(minted.secret)).toBe(true);
    const rotated = must(await client.rotateApiKey(id, minted.apiKey.id, uuid()));
    const listed = must(await client.listApiKeys(id, {})).items;
    expect(new Map(listed.map((item) => [item.id, item.supersededBy]))).toEqual(
      new Map([
        [rotated.apiKey.id, null],
        [minted.apiKey.id, rotated.apiKey.id],
      ]),
    );
    expect(must(await client.revokeApiKey(id, rotated.apiKey.id)).status).toBe('revoked');

    const endpoint = {
      url: 'https://h.example/x',
      events: ['job.failed'],
      scope: 'all_children',
      metadata: {},
    } as const;
    const hook = must(await client.createWebhookEndpoint(endpoint, uuid()));
    expect(hook.endpoint).toMatchObject({ ...endpoint, status: 'active' });
    const paused = must(await client.patchWebhookEndpoint(hook.endpoint.id, { status: 'paused' }, uuid()));
    expect(must(await client.getWebhookEndpoint(hook.endpoint.id))).toEqual(paused);
    expect(must(await client.listWebhookEndpoints({})).items).toEqual([paused]);
    const fresh = must(await client.rotateWebhookSecret(hook.endpoint.id, uuid()));
    expect(fresh.signingSecret.equals(hook.signingSecret)).toBe(false);
    const { eventId, deliveryId } = must(await client.testWebhookEndpoint(hook.endpoint.id, uuid()));
    expect(eventId).toMatch(/^evt_/);
    expect(must(await client.listWebhookDeliveries(hook.endpoint.id, {})).items).toMatchObject([
      { id: deliveryId, status: 'pending', attempts: 0, lastResponseStatus: null, lastErrorMessage: null },
    ]);
    expect(must(await client.deleteWebhookEndpoint(hook.endpoint.id))).toEqual({ id: hook.endpoint.id });
  });
});

test.each([
  { tier: 'standard', reads: 120, writes: 60, minutes: 10 },
  { tier: 'pilot', reads: 1_200, writes: 600, minutes: 4 },
] as const)(
  'at the $tier tier a busy client uses the quota and earns no 429',
  async ({ tier, reads, writes, minutes }) => {
    const clock = createVirtualClock();
    const sandbox = createSandbox({ now: () => clock.now(), tier, requestLogMax: 0 });
    const chance = { random: () => 0, uuid: () => systemChance.uuid() };
    const statuses = new Map<string, number>();
    let until = Number.POSITIVE_INFINITY;
    const client = createLayersClient({
      transport: sandboxTransport(sandbox),
      token: () => new Secret(sandbox.parent().token),
      clock,
      chance,
      pacer: createPacer({ clock, chance }),
      onRequest: ({ requestClass, status }) => {
        const name = `${requestClass} ${clock.monotonic() < 60_000 || clock.monotonic() >= until ? 'not counted' : status}`;
        statuses.set(name, (statuses.get(name) ?? 0) + 1);
      },
    });
    const { id } = must(await clock.run(client.createOrganization({ name: 'Acme', metadata: {} }, chance.uuid())));
    // The tier becomes known, and the slower pace of the first minute is over before anything is counted.
    must(await clock.run(client.whoami()));
    until = (minutes + 1) * 60_000;
    const busy = async (work: () => Promise<Answer<unknown>>): Promise<void> => {
      while (clock.monotonic() < until) must(await work());
    };
    await clock.run(
      Promise.all([
        ...Array.from({ length: 4 }, () => busy(() => client.getOrganization(id))),
        ...Array.from({ length: 4 }, () => busy(() => client.patchOrganization(id, { name: 'Acme' }, chance.uuid()))),
      ]),
    );
    expect([...statuses.keys()].toSorted()).toEqual(['read 200', 'read not counted', 'write 200', 'write not counted']);
    expect((statuses.get('read 200') ?? 0) / (reads * minutes)).toBeGreaterThanOrEqual(0.97);
    expect((statuses.get('write 200') ?? 0) / (writes * minutes)).toBeGreaterThanOrEqual(0.97);
  },
);

import nock from 'nock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Answer } from '../../../src/core/answer.ts';
import { Secret } from '../../../src/core/secret.ts';
import type { LayersClient } from '../../../src/effects/layers/client.ts';
import { createLayersClient, createLayersReader } from '../../../src/effects/layers/layers-client.ts';
import type { RequestEvent } from '../../../src/effects/layers/request.ts';
import { createUndiciTransport } from '../../../src/effects/layers/undici-transport.ts';
import { packageVersion } from '../../../src/effects/version.ts';
import { NockDispatcher } from '../../support/nock-dispatcher.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import * as samples from './samples.ts';

const { orgId, keyId, hookId, idempotencyKey } = samples;
const origin = 'https://api.layers.com';

interface Operation {
  readonly name: string;
  readonly run: (client: LayersClient) => Promise<Answer<unknown>>;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** The exact bytes. */
  readonly body?: string;
  readonly keyed?: true;
  readonly status?: number;
  readonly reply: object;
  /** Where it is not the reply itself. */
  readonly value?: unknown;
}

const minted = { apiKey: samples.apiKey, secret: samples.mintedSecret, warning: 'shown once' };
const mintedValue = { apiKey: samples.apiKey, secret: new Secret(samples.mintedSecret) };
const page = (item: unknown) => ({ items: [item], nextCursor: 'c2' });
const configAnswer = { organizationId: orgId, config: samples.creditConfig, balance: 1, available: 1 };

const reads: readonly Operation[] = [
  {
    name: 'whoami',
    run: (client) => client.whoami(),
    method: 'GET',
    path: '/v1/whoami',
    reply: { ...samples.whoami, workspaceId: samples.parentId, creditBalance: 5 },
    value: samples.whoami,
  },
  {
    name: 'parentWallet',
    run: (client) => client.parentWallet(),
    method: 'GET',
    path: '/v1/credits',
    reply: { ...samples.wallet, includedRemaining: 600, subscriptionTier: 'pro' },
    value: samples.wallet,
  },
  {
    name: 'parentLedger',
    run: (client) => client.parentLedger({ eventType: 'allocation', since: '2026-06-01T00:00:00.000Z' }),
    method: 'GET',
    path: '/v1/credits/events?eventType=allocation&since=2026-06-01T00%3A00%3A00.000Z&limit=100',
    reply: page({ ...samples.ledgerEvent, projectId: null, balanceAfterPrepaid: 1 }),
    value: page(samples.ledgerEvent),
  },
  {
    name: 'listOrganizations',
    run: (client) => client.listOrganizations({}),
    method: 'GET',
    path: '/v1/organizations?limit=200',
    reply: page({ ...samples.organization, updatedAt: 'x' }),
    value: page(samples.organization),
  },
  {
    name: 'listOrganizations with a status and a cursor',
    run: (client) => client.listOrganizations({ status: 'archived', cursor: 'a+b/c=', limit: 7 }),
    method: 'GET',
    path: '/v1/organizations?status=archived&limit=7&cursor=a%2Bb%2Fc%3D',
    reply: { items: [] },
    value: { items: [], nextCursor: null },
  },
  {
    name: 'getOrganization',
    run: (client) => client.getOrganization(orgId),
    method: 'GET',
    path: `/v1/organizations/${orgId}`,
    reply: { ...samples.organization, summary: samples.summary },
  },
  {
    name: 'listApiKeys',
    run: (client) => client.listApiKeys(orgId, {}),
    method: 'GET',
    path: `/v1/organizations/${orgId}/api-keys?limit=100`,
    reply: page({ ...samples.apiKey, rateLimitTier: 'standard' }),
    value: page(samples.apiKey),
  },
  {
    name: 'childWallet',
    run: (client) => client.childWallet(orgId),
    method: 'GET',
    path: `/v1/organizations/${orgId}/credits`,
    reply: samples.wallet,
  },
  {
    name: 'childLedger',
    run: (client) => client.childLedger(orgId, { cursor: 'c9' }),
    method: 'GET',
    path: `/v1/organizations/${orgId}/credits/events?limit=100&cursor=c9`,
    reply: page(samples.ledgerEvent),
  },
  {
    name: 'creditConfig',
    run: (client) => client.creditConfig(orgId),
    method: 'GET',
    path: `/v1/organizations/${orgId}/credit-config`,
    reply: configAnswer,
    value: samples.creditConfig,
  },
  {
    name: 'listWebhookEndpoints',
    run: (client) => client.listWebhookEndpoints({}),
    method: 'GET',
    path: '/v1/webhook-endpoints?limit=100',
    reply: page(samples.webhook),
  },
  {
    name: 'listWebhookDeliveries',
    run: (client) => client.listWebhookDeliveries(hookId, {}),
    method: 'GET',
    path: `/v1/webhook-endpoints/${hookId}/deliveries?limit=100`,
    reply: page({ ...samples.delivery, lastErrorMessage: 'no\u001b[2J\nanswer', endpointId: hookId }),
    value: { items: [{ ...samples.delivery, lastErrorMessage: 'no[2J answer' }], nextCursor: 'c2' },
  },
  {
    name: 'getWebhookEndpoint',
    run: (client) => client.getWebhookEndpoint(hookId),
    method: 'GET',
    path: `/v1/webhook-endpoints/${hookId}`,
    reply: samples.webhook,
  },
];

const writes: readonly Operation[] = [
  {
    name: 'createOrganization',
    run: (client) =>
      client.createOrganization({ name: 'Acme ☕', metadata: { rcn: '1', externalId: 'acme' } }, idempotencyKey),
    method: 'POST',
    path: '/v1/organizations',
    body: '{"metadata":{"externalId":"acme","rcn":"1"},"name":"Acme ☕"}',
    keyed: true,
    status: 201,
    reply: samples.organization,
  },
  {
    name: 'patchOrganization',
    run: (client) =>
      client.patchOrganization(orgId, { name: 'N', billingEmail: null, metadata: { plan: '' } }, idempotencyKey),
    method: 'PATCH',
    path: `/v1/organizations/${orgId}`,
    body: '{"billingEmail":null,"metadata":{"plan":""},"name":"N"}',
    keyed: true,
    reply: samples.organization,
  },
  {
    name: 'suspendOrganization',
    run: (client) => client.suspendOrganization(orgId),
    method: 'POST',
    path: `/v1/organizations/${orgId}/suspend`,
    reply: samples.organization,
  },
  {
    name: 'resumeOrganization',
    run: (client) => client.resumeOrganization(orgId),
    method: 'POST',
    path: `/v1/organizations/${orgId}/resume`,
    reply: samples.organization,
  },
  {
    name: 'archiveOrganization',
    run: (client) => client.archiveOrganization(orgId),
    method: 'DELETE',
    path: `/v1/organizations/${orgId}`,
    reply: {
      id: orgId,
      status: 'archived',
      archivedAt: '2026-06-02T13:00:00.000000+00:00',
      reclaimedCredits: 3200,
      revokedApiKeys: 2,
    },
  },
  {
    name: 'mintApiKey',
    run: (client) => client.mintApiKey(orgId, { name: 'k', scopes: ['content:read'], env: 'live' }, idempotencyKey),
    method: 'POST',
    path: `/v1/organizations/${orgId}/api-keys`,
    body: '{"env":"live","name":"k","scopes":["content:read"]}',
    keyed: true,
    status: 201,
    reply: minted,
    value: mintedValue,
  },
  {
    name: 'rotateApiKey',
    run: (client) => client.rotateApiKey(orgId, keyId, idempotencyKey),
    method: 'POST',
    path: `/v1/organizations/${orgId}/api-keys/${keyId}/rotate`,
    keyed: true,
    reply: minted,
    value: mintedValue,
  },
  {
    name: 'revokeApiKey',
    run: (client) => client.revokeApiKey(orgId, keyId),
    method: 'DELETE',
    path: `/v1/organizations/${orgId}/api-keys/${keyId}`,
    reply: { apiKey: samples.apiKey, deleted: true },
    value: samples.apiKey,
  },
  {
    name: 'allocate',
    run: (client) =>
      client.allocate(orgId, { metadata: { slot: '0' }, description: 'd', credits: 5000 }, idempotencyKey, () => {}),
    method: 'POST',
    path: `/v1/organizations/${orgId}/credits/allocate`,
    body: '{"credits":5000,"description":"d","metadata":{"slot":"0"}}',
    keyed: true,
    status: 201,
    reply: { ...samples.transfer, created: '2026-06-03T18:14:02.187Z', balance: 5000 },
    value: samples.transfer,
  },
  {
    name: 'patchCreditConfig',
    run: (client) =>
      client.patchCreditConfig(orgId, { refillThreshold: 1, refillAmount: 2, monthlyCreditCap: null }, idempotencyKey),
    method: 'PATCH',
    path: `/v1/organizations/${orgId}/credit-config`,
    body: '{"monthlyCreditCap":null,"refillAmount":2,"refillThreshold":1}',
    keyed: true,
    reply: configAnswer,
    value: samples.creditConfig,
  },
  {
    name: 'createWebhookEndpoint',
    run: (client) =>
      client.createWebhookEndpoint(
        { url: 'https://h.example/x', events: ['job.failed'], scope: 'all_children', metadata: { rcn: '1' } },
        idempotencyKey,
      ),
    method: 'POST',
    path: '/v1/webhook-endpoints',
    body: '{"events":["job.failed"],"metadata":{"rcn":"1"},"scope":"all_children","url":"https://h.example/x"}',
    keyed: true,
    status: 201,
    reply: { endpoint: samples.webhook, signingSecret: samples.signingSecret },
    value: { endpoint: samples.webhook, signingSecret: new Secret(samples.signingSecret) },
  },
  {
    name: 'patchWebhookEndpoint',
    run: (client) => client.patchWebhookEndpoint(hookId, { status: 'paused', events: ['a'] }, idempotencyKey),
    method: 'PATCH',
    path: `/v1/webhook-endpoints/${hookId}`,
    body: '{"events":["a"],"status":"paused"}',
    keyed: true,
    reply: samples.webhook,
  },
  {
    name: 'deleteWebhookEndpoint',
    run: (client) => client.deleteWebhookEndpoint(hookId),
    method: 'DELETE',
    path: `/v1/webhook-endpoints/${hookId}`,
    reply: { id: hookId, deleted: true },
    value: { id: hookId },
  },
  {
    name: 'rotateWebhookSecret',
    run: (client) => client.rotateWebhookSecret(hookId, idempotencyKey),
    method: 'POST',
    path: `/v1/webhook-endpoints/${hookId}/rotate-secret`,
    keyed: true,
    reply: {
      endpointId: hookId,
      signingSecret: samples.signingSecret,
      previousSecretExpiresAt: '2026-06-04T18:14:02.187Z',
      warning: 'w',
    },
    value: {
      endpointId: hookId,
      signingSecret: new Secret(samples.signingSecret),
      previousSecretExpiresAt: '2026-06-04T18:14:02.187Z',
    },
  },
  {
    name: 'testWebhookEndpoint',
    run: (client) => client.testWebhookEndpoint(hookId, idempotencyKey),
    method: 'POST',
    path: `/v1/webhook-endpoints/${hookId}/test`,
    keyed: true,
    reply: { eventId: 'evt_01J', deliveryId: hookId, scheduledAt: 'x' },
    value: { eventId: 'evt_01J', deliveryId: hookId },
  },
];

const answerHeaders = {
  'Content-Type': 'application/json; charset=utf-8',
  'X-Request-Id': 'req_01JZZ',
  Date: 'Mon, 02 Nov 2026 08:00:00 GMT',
};

const events: RequestEvent[] = [];

function newClient(): LayersClient {
  return createLayersClient({
    transport: createUndiciTransport({ baseUrl: origin, dispatcher: new NockDispatcher() }),
    token: () => new Secret(samples.token),
    clock: createVirtualClock(),
    chance: { random: () => 0.5, uuid: () => idempotencyKey },
    onRequest: (event) => events.push(event),
  });
}

beforeEach(() => {
  nock.disableNetConnect();
  events.length = 0;
});

afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

/** A word that only a hand-written header or a secret could have brought into the text. */
function mentionsSecret(text: string): boolean {
  return [samples.token, samples.mintedSecret, samples.signingSecret, idempotencyKey].some((word) =>
    text.includes(word),
  );
}

describe.each([
  ['reads', reads],
  ['writes', writes],
])('%s', (_, operations) => {
  test.each(operations)('$name sends exactly $method $path', async (operation) => {
    const sent: Record<string, string | readonly string[]>[] = [];
    nock(origin)
      .intercept(operation.path, operation.method, operation.body ?? '')
      .reply(function () {
        sent.push(this.req.headers);
        return [operation.status ?? 200, JSON.stringify(operation.reply), answerHeaders];
      });

    const answer = await operation.run(newClient());

    expect(answer).toEqual({
      outcome: 'ok',
      value: operation.value ?? operation.reply,
      meta: {
        status: operation.status ?? 200,
        requestId: 'req_01JZZ',
        serverTimeMs: Date.parse('2026-11-02T08:00:00Z'),
      },
    });
    expect(sent).toEqual([
      {
        host: 'api.layers.com',
        accept: 'application/json',
        authorization: `Bearer ${samples.token}`,
        'user-agent': `layers-reconciler/${packageVersion}`,
        ...(operation.body === undefined ? {} : { 'content-type': 'application/json' }),
        // HTTP asks for the length of a POST or PATCH even when it is 0; it is the carrier that says so.
        ...(operation.method === 'POST' || operation.method === 'PATCH'
          ? { 'content-length': String(Buffer.byteLength(operation.body ?? '')) }
          : {}),
        ...(operation.keyed ? { 'idempotency-key': idempotencyKey } : {}),
        connection: expect.anything(),
      },
    ]);
    expect(events).toHaveLength(1);
    expect(mentionsSecret(JSON.stringify([events, answer]))).toBe(false);
  });
});

test('secrets come back wrapped, with their values inside', async () => {
  nock(origin).post(`/v1/organizations/${orgId}/api-keys`).reply(201, minted, { 'Content-Type': 'application/json' });
  const answer = await newClient().mintApiKey(orgId, { name: 'k', scopes: ['a:b'], env: 'live' }, idempotencyKey);
  expect(answer.outcome === 'ok' && answer.value.secret.reveal()).toBe(samples.mintedSecret);
});

test('ids are encoded into one path segment each', async () => {
  nock(origin)
    .get('/v1/organizations/a%2F..%2Fb%3Fc%23d')
    .reply(404, { error: { code: 'NOT_FOUND', message: 'no such organization' } }, answerHeaders);
  const answer = await newClient().getOrganization('a/../b?c#d');
  expect(answer).toMatchObject({ outcome: 'not-done', problem: { code: 'NOT_FOUND' } });
});

test.each(['', '.', '..', '\ud800'])('the id %j never becomes a path: nothing is sent', async (id) => {
  const answer = await newClient().archiveOrganization(id);
  expect(answer).toMatchObject({ outcome: 'not-done', problem: { code: 'VALIDATION' } });
  expect(events).toEqual([]);
});

test('a reader has the methods that read and no other, at run time too', () => {
  const reader = createLayersReader({
    transport: createUndiciTransport({ baseUrl: origin, dispatcher: new NockDispatcher() }),
    token: () => new Secret(samples.token),
    clock: createVirtualClock(),
    chance: { random: () => 0.5, uuid: () => idempotencyKey },
  });
  const readNames = new Set(reads.map(({ name }) => name.split(' ')[0]));
  expect(new Set(Object.keys(reader))).toEqual(readNames);
  expect(new Set(Object.keys(newClient()))).toEqual(new Set([...readNames, ...writes.map(({ name }) => name)]));
});

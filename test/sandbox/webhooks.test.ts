import { describe, expect, it } from 'vitest';
import { drive } from './support.ts';

const hook = { url: 'https://hooks.example/layers', events: ['job.completed', 'test.ping'], scope: 'all_children' };
const path = '/v1/webhook-endpoints';

describe('creating a webhook endpoint', () => {
  const bodies = [
    { reason: 'plain http', body: { ...hook, url: 'http://hooks.example/x' }, status: 422 },
    { reason: 'http on localhost', body: { ...hook, url: 'http://localhost:3000/x' }, status: 201 },
    { reason: 'no URL at all', body: { ...hook, url: 'hooks' }, status: 422 },
    { reason: 'no events', body: { ...hook, events: [] }, status: 422 },
    { reason: '51 events', body: { ...hook, events: Array(51).fill('test.ping') }, status: 422 },
    { reason: 'an unknown event', body: { ...hook, events: ['wallet.low'] }, status: 422 },
    { reason: 'an unknown scope', body: { ...hook, scope: 'everyone' }, status: 422 },
    { reason: 'a project, of which there are none', body: { ...hook, projectId: 'prj_1' }, status: 404 },
    { reason: 'the defaults', body: { url: hook.url, events: hook.events }, status: 201 },
    { reason: 'a URL that is taken already', body: hook, status: 201 },
  ];
  it.each(bodies)('answers $status for $reason', ({ body, status }) => {
    const { call } = drive();
    call('POST', path, hook);
    expect(call('POST', path, body).status).toBe(status);
  });

  it('shows the signing secret once and returns scope and metadata on reads', () => {
    const { call } = drive();
    const made = call('POST', path, { ...hook, metadata: { rcn: '1' } }).body;
    expect(made.signingSecret).toMatch(/^whsec_[\w-]{43}$/);
    const read = call('GET', `${path}/${made.endpoint.id}`);
    expect(read.body).toEqual(made.endpoint);
    expect(read.body).toMatchObject({
      scope: 'all_children',
      metadata: { rcn: '1' },
      apiVersion: 'v1',
      status: 'active',
    });
    expect(JSON.stringify(read.body)).not.toContain(made.signingSecret);
  });

  it('gives the firehose to org:admin only', () => {
    const { call, child, key } = drive();
    const { secret: token } = key(child());
    expect(call('POST', path, hook, { token }).body.error.code).toBe('FORBIDDEN_SCOPE');
    const own = call('POST', path, { ...hook, scope: 'own' }, { token }).body.endpoint;
    expect(call('PATCH', `${path}/${own.id}`, { scope: 'all_children' }, { token }).status).toBe(403);
    expect(call('GET', path).body.items).toEqual([]);
    expect(call('GET', `${path}/${own.id}`).status).toBe(404);
  });
});

describe('changing a webhook endpoint', () => {
  it('replaces events, merges metadata, clears with null', () => {
    const { call } = drive();
    const { id } = call('POST', path, { ...hook, description: 'd', metadata: { a: '1', b: '2' } }).body.endpoint;
    const patch = { events: ['job.failed'], metadata: { a: '', c: '3' }, description: null, status: 'paused' };
    expect(call('PATCH', `${path}/${id}`, patch).body).toMatchObject({
      events: ['job.failed'],
      metadata: { b: '2', c: '3' },
      description: null,
      status: 'paused',
      url: hook.url,
    });
    expect(call('PATCH', `${path}/${id}`, { metadata: null }).body.metadata).toEqual({});
    expect(call('GET', `${path}?status=paused`).body.items).toHaveLength(1);
    expect(call('GET', `${path}?status=active`).body.items).toHaveLength(0);
  });

  const patches = [
    { reason: 'nothing', patch: {}, status: 422 },
    { reason: 'auto_paused, a state of the server', patch: { status: 'auto_paused' }, status: 422 },
    { reason: 'only projectId', patch: { projectId: 'prj_1' }, status: 422 },
    { reason: 'no event', patch: { events: [] }, status: 422 },
    { reason: 'active', patch: { status: 'active' }, status: 200 },
  ];
  it.each(patches)('answers $status for $reason', ({ patch, status }) => {
    const { call } = drive();
    const { id } = call('POST', path, hook).body.endpoint;
    expect(call('PATCH', `${path}/${id}`, patch).status).toBe(status);
  });

  it('rotates the secret with an overlap and replays it under the same key', () => {
    const { call, sandbox } = drive();
    const made = call('POST', path, hook).body;
    const rotate = () => call('POST', `${path}/${made.endpoint.id}/rotate-secret`, undefined, { key: 'r' }).body;
    const rotated = rotate();
    expect(rotated).toMatchObject({
      endpointId: made.endpoint.id,
      previousSecretExpiresAt: '2026-06-16T12:00:00.000Z',
    });
    expect(rotated.signingSecret).not.toBe(made.signingSecret);
    expect(rotate().signingSecret).toBe(rotated.signingSecret);
    expect(sandbox.snapshot().webhookEndpoints[0]?.previousSigningSecret).toBe(made.signingSecret);
  });

  it('deletes with its deliveries; a second delete is a 404', () => {
    const { call, sandbox } = drive();
    const { id } = call('POST', path, hook).body.endpoint;
    call('POST', `${path}/${id}/test`);
    expect(call('DELETE', `${path}/${id}`).body).toEqual({ id, deleted: true });
    expect(call('DELETE', `${path}/${id}`).status).toBe(404);
    expect(sandbox.snapshot().deliveries).toEqual([]);
  });
});

describe('deliveries', () => {
  it('are written down by a test ping and by a replay, and sent nowhere', () => {
    const { call, sandbox } = drive();
    const { id } = call('POST', path, hook).body.endpoint;
    const ping = call('POST', `${path}/${id}/test`, { payload: { hello: 'world' } });
    expect(ping.body).toMatchObject({ eventId: expect.stringMatching(/^evt_[0-9A-Z]{26}$/) });
    const [first] = call('GET', `${path}/${id}/deliveries`).body.items;
    expect(first).toMatchObject({ eventType: 'test.ping', status: 'pending', attempts: 0 });
    sandbox.clock.advance(1);
    expect(call('POST', `/v1/webhook-deliveries/${first?.id}/replay`).body).toMatchObject({
      originalDeliveryId: first?.id,
    });
    expect(call('GET', `${path}/${id}/deliveries?eventType=test.ping&status=pending`).body.items).toHaveLength(2);
    expect(call('GET', `${path}/${id}/deliveries?status=delivered`).body.items).toHaveLength(0);
    expect(call('GET', `${path}/${id}/deliveries?status=lost`).status).toBe(422);
    expect(call('POST', '/v1/webhook-deliveries/00000000-0000-4000-8000-000000000000/replay').status).toBe(404);
    expect(call('POST', '/v1/webhook-deliveries/one/replay').status).toBe(422);
  });

  const outcomes = [
    { receiver: null, shown: { status: 'delivered', lastResponseStatus: 200, lastErrorMessage: null } },
    { receiver: { status: 503 }, shown: { status: 'failed', lastResponseStatus: 503, deliveredAt: null } },
    {
      receiver: { error: 'timeout' },
      shown: { status: 'failed', lastResponseStatus: null, lastErrorMessage: 'timeout' },
    },
  ];
  it.each(outcomes)(
    'come to what the receiver is said to answer when time has passed: $receiver',
    ({ receiver, shown }) => {
      const { call, sandbox } = drive();
      const { id } = call('POST', path, hook).body.endpoint;
      if (receiver) expect(sandbox.hands.answerWebhook(id, receiver)).toEqual({ done: true });
      call('POST', `${path}/${id}/test`);
      sandbox.clock.advance(3_000);
      expect(call('GET', `${path}/${id}/deliveries`).body.items).toMatchObject([{ attempts: 1, ...shown }]);
      expect(call('GET', `${path}/${id}/deliveries?status=${shown.status}`).body.items).toHaveLength(1);
    },
  );
});

describe('other hands', () => {
  it('make, delete and pause endpoints, and know when there is none', () => {
    const { call, sandbox } = drive();
    const made = sandbox.hands.createWebhook({ url: hook.url });
    if (!made.done) throw new Error('it was not made');
    const { id } = made.endpoint;
    expect(sandbox.hands.autoPauseWebhook(id)).toEqual({ done: true });
    expect(call('GET', `${path}/${id}`).body).toMatchObject({ status: 'auto_paused', consecutiveFailureCount: 20 });
    expect(sandbox.hands.deleteWebhook(id)).toEqual({ done: true });
    expect(call('GET', `${path}/${id}`).status).toBe(404);
    expect(sandbox.hands.deleteWebhook(id)).toMatchObject({ done: false });
  });
});

import { describe, expect, it } from 'vitest';
import { testWebhook } from '../../src/engine/test-webhook.ts';
import type { Receiver } from '../../src/sandbox/state.ts';
import { ACME, createWorld, FIREHOSE, type World } from '../support/world.ts';

async function withFirehose(workspaceYaml = FIREHOSE): Promise<World> {
  const world = createWorld({ workspaceYaml });
  world.declare('acme-coffee.yaml', ACME);
  await world.pass();
  world.forgetRequests();
  return world;
}

const endpointId = (world: World) => world.sandbox.snapshot().webhookEndpoints[0]?.id ?? '';
const ping = (world: World, options: { name?: string; signal?: AbortSignal } = {}) =>
  testWebhook(world.effects(), {
    name: 'firehose',
    bindingRequired: true,
    signal: new AbortController().signal,
    ...options,
  });
const writes = (world: World) => world.requests.filter(({ method }) => method !== 'GET').map(({ path }) => path);

describe('the test ping of a webhook', () => {
  it('is sent once, and its delivery is waited for', async () => {
    const world = await withFirehose();
    expect(await ping(world)).toMatchObject({
      kind: 'sent',
      endpoint: { id: endpointId(world) },
      delivery: { status: 'delivered', lastResponseStatus: 200, attempts: 1 },
    });
    expect(writes(world)).toEqual([`/v1/webhook-endpoints/${endpointId(world)}/test`]);
  });

  const receivers: { reason: string; receiver: Receiver; said: object }[] = [
    { reason: 'a refusal', receiver: { status: 500 }, said: { lastResponseStatus: 500 } },
    { reason: 'no answer', receiver: { error: 'connection refused' }, said: { lastResponseStatus: null } },
  ];
  it.each(receivers)('reports how the receiver failed: $reason', async ({ receiver, said }) => {
    const world = await withFirehose();
    world.sandbox.hands.answerWebhook(endpointId(world), receiver);
    expect(await ping(world)).toMatchObject({ delivery: { status: 'failed', ...said } });
  });

  it('shows nothing of the receiver that looks like a secret or moves a cursor (I4)', async () => {
    const world = await withFirehose();
    const error = `\u001b[2Jno lp_live_ABCDEFGHJKMNPQRS_${'a'.repeat(43)} here`;
    world.sandbox.hands.answerWebhook(endpointId(world), { error });
    expect(await ping(world)).toMatchObject({ delivery: { lastErrorMessage: '[2Jno [secret] here' } });
  });

  it('is given up after a minute and a half, and the last thing seen is reported', async () => {
    const world = await withFirehose();
    const startedAt = world.clock.now();
    const { reader, ...effects } = world.effects();
    const listWebhookDeliveries: typeof reader.listWebhookDeliveries = async (id, query) => {
      const answer = await reader.listWebhookDeliveries(id, query);
      if (answer.outcome !== 'ok') return answer;
      const items = answer.value.items.map((item) => ({ ...item, status: 'pending' as const }));
      return { ...answer, value: { ...answer.value, items } };
    };
    const tested = await testWebhook(
      { ...effects, reader: { ...reader, listWebhookDeliveries } },
      { name: 'firehose', bindingRequired: true, signal: new AbortController().signal },
    );
    expect(tested).toMatchObject({ kind: 'sent', delivery: { status: 'pending' } });
    expect(world.clock.now() - startedAt).toBeLessThanOrEqual(90_000);
  });

  it('in doubt is asked for again under the same key, and goes out once', async () => {
    const world = createWorld({
      workspaceYaml: FIREHOSE,
      transport: (inner) => {
        let lost = false;
        return {
          async send(request) {
            const answer = await inner.send(request);
            if (!request.path.endsWith('/test') || lost) return answer;
            lost = true;
            return { kind: 'failure', certainty: 'unknown', code: 'NETWORK', message: 'reset' };
          },
        };
      },
    });
    world.declare('acme-coffee.yaml', ACME);
    await world.pass();
    expect(await ping(world)).toMatchObject({ delivery: { status: 'delivered' } });
    expect(world.sandbox.snapshot().deliveries).toHaveLength(1);
  });

  it('is not sent where nothing is declared or made, where writes are frozen, or against another parent', async () => {
    const world = await withFirehose();
    expect(await ping(world, { name: 'other' })).toMatchObject({
      kind: 'refused',
      refusal: { code: 'UnknownWebhook', next: 'It declares: firehose.' },
    });
    expect(await ping(world, { name: 'firehos' })).toMatchObject({ refusal: { next: 'Did you mean "firehose"?' } });
    const frozen = await withFirehose(`${FIREHOSE}guards: { freeze: true }\n`);
    expect(await ping(frozen)).toMatchObject({ kind: 'not-sent', problem: { code: 'GuardBlocked' } });
    const unmade = createWorld({ workspaceYaml: FIREHOSE });
    unmade.declare('acme-coffee.yaml', ACME);
    expect(await ping(unmade)).toMatchObject({ kind: 'not-sent', problem: { code: 'WebhookNotCreated' } });
    const elsewhere = createWorld({ workspaceYaml: FIREHOSE, disk: world.disk, seed: 7 });
    expect(await ping(elsewhere)).toMatchObject({ kind: 'refused', refusal: { code: 'WrongParent' } });
    for (const one of [world, frozen, unmade, elsewhere]) expect(writes(one)).toEqual([]);
  });

  it('ends at once with what is known when the run is stopped', async () => {
    const world = await withFirehose();
    const controller = new AbortController();
    const { clock, ...effects } = world.effects();
    const sleep = async () => controller.abort();
    const options = { name: 'firehose', bindingRequired: true, signal: controller.signal };
    expect(await testWebhook({ ...effects, clock: { ...clock, sleep } }, options)).toMatchObject({
      kind: 'sent',
      delivery: { status: 'pending' },
    });
  });
});

import type { WebhookDelivery, WebhookEndpoint } from '../core/api.ts';
import { nearest } from '../core/declaration/suggest.ts';
import type { Notices } from '../core/notice.ts';
import type { Problem } from '../core/problem.ts';
import type { Refusal } from '../core/report.ts';
import { type Effects, isStopped, type Pass, writerOf } from './context.ts';
import { done } from './customer-run.ts';
import { journalled } from './journalled.ts';
import { type PrepareOptions, preparePass } from './prepare.ts';
import { byAnswer, retrying } from './retrying.ts';
import { type ObservedWebhooks, observeWebhooks } from './webhooks.ts';

export interface TestWebhookOptions extends PrepareOptions {
  /** As declared in reconcile.yaml. */
  readonly name: string;
}

export type TestedWebhook =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** No ping was sent, or nobody knows whether it was. */
  | { readonly kind: 'not-sent'; readonly problem: Problem }
  | {
      readonly kind: 'sent';
      readonly endpoint: WebhookEndpoint;
      readonly deliveryId: string;
      /** As it was read last; null when the API has not shown it. */
      readonly delivery: WebhookDelivery | null;
    };

/** A ping fires within about one minute (webhooks/test-endpoint); half of that again for the receiver to answer. */
const PATIENCE_MS = 90_000;
const POLLED_FIRST_MS = 1_000;
const POLLED_MAX_MS = 8_000;

/**
 * Sends the API's test ping to a declared endpoint and waits for its delivery. It changes nothing, and is a write to the
 * parent all the same: the workspace must be bound, and `freeze` stops it.
 */
export async function testWebhook(effects: Effects, options: TestWebhookOptions): Promise<TestedWebhook> {
  const prepared = await preparePass(effects, options);
  if (!prepared.ok) return { kind: 'refused', refusal: prepared.refusal };
  const { pass } = prepared;
  const index = pass.workspace.declaration.webhooks.findIndex(({ name }) => name === options.name);
  if (index < 0) return { kind: 'refused', refusal: unknownWebhook(pass, options.name) };
  const observed = await observeWebhooks(pass);
  const found = endpointOf(pass, observed, index);
  if ('problem' in found) return { kind: 'not-sent', problem: found.problem };
  const { endpoint } = found;
  const sent = await sendPing(pass, observed.notices, { name: options.name, pointer: pointerOf(index), endpoint });
  if ('problem' in sent) return { kind: 'not-sent', problem: sent.problem };
  const { deliveryId } = sent;
  return { kind: 'sent', endpoint, deliveryId, delivery: await awaitDelivery(pass, endpoint.id, deliveryId) };
}

function unknownWebhook({ workspace }: Pass, name: string): Refusal {
  const known = workspace.declaration.webhooks.map((webhook) => webhook.name);
  const meant = nearest(name, known);
  const all = known.length === 0 ? 'Declare it below `webhooks`.' : `It declares: ${known.join(', ')}.`;
  return {
    kind: 'cannot-run',
    code: 'UnknownWebhook',
    message: `reconcile.yaml declares no webhook "${name}".`,
    next: meant === null ? all : `Did you mean "${meant}"?`,
    requestId: null,
    problems: [],
  };
}

function pointerOf(index: number): string {
  return `/webhooks/${index}`;
}

/** The endpoint of a declared webhook as a pass would find it, or why no ping can be sent to it. */
function endpointOf(
  { workspace }: Pass,
  { webhooks, problems, notices }: ObservedWebhooks,
  index: number,
): { readonly endpoint: WebhookEndpoint } | { readonly problem: Problem } {
  const declared = workspace.declaration.webhooks[index];
  const refuse = (code: string, message: string, next: string) => ({
    problem: notices.problem(pointerOf(index), 'error', code, message, { next }),
  });
  if (workspace.declaration.guards.freeze)
    return refuse('GuardBlocked', 'All writes are frozen, and a ping is one.', 'Set `guards.freeze: false`.');
  const webhook = webhooks.find((one) => one.declared === declared);
  const decision = webhook?.decision;
  if (decision && 'endpoint' in decision && decision.endpoint) return { endpoint: decision.endpoint };
  if (decision?.kind === 'refused') return { problem: decision.problem };
  const [unread] = problems;
  if (!decision && unread) return { problem: unread };
  return refuse(
    'WebhookNotCreated',
    `Webhook "${declared?.name ?? ''}" has no endpoint yet.`,
    'Run `reconcile` to create it.',
  );
}

interface Target {
  readonly name: string;
  readonly pointer: string;
  readonly endpoint: WebhookEndpoint;
}

/** One key for all tries: in doubt, the same ping is asked for again. */
async function sendPing(
  pass: Pass,
  notices: Notices,
  { name, pointer, endpoint }: Target,
): Promise<{ readonly deliveryId: string } | { readonly problem: Problem }> {
  const writer = writerOf(pass);
  const idempotencyKey = pass.effects.chance.uuid();
  let deliveryId: string | null = null;
  const { problem } = await retrying(pass, null, async () => {
    const answer = await journalled(
      pass,
      { step: 'test-webhook', customer: null, name, idempotencyKey, body: { endpointId: endpoint.id } },
      () => writer.testWebhookEndpoint(endpoint.id, idempotencyKey),
      (test) => ({ deliveryId: test.deliveryId }),
    );
    if (answer.outcome !== 'ok') return byAnswer(answer, 'Sending the test ping', pointer, notices);
    ({ deliveryId } = answer.value);
    return done();
  });
  if (deliveryId !== null) return { deliveryId };
  return { problem: problem ?? notices.problem(pointer, 'held', 'Interrupted', 'The ping was not sent.') };
}

/** Looks until the delivery has come to an end, or for {@link PATIENCE_MS}; a read that fails is only one look less. */
async function awaitDelivery(pass: Pass, endpointId: string, deliveryId: string): Promise<WebhookDelivery | null> {
  const { clock, reader, progress } = pass.effects;
  const startedAt = clock.monotonic();
  let seen: WebhookDelivery | null = null;
  for (let ms = POLLED_FIRST_MS; ; ms = Math.min(2 * ms, POLLED_MAX_MS)) {
    const answer = await reader.listWebhookDeliveries(endpointId, {});
    if (answer.outcome === 'ok') seen = answer.value.items.find(({ id }) => id === deliveryId) ?? seen;
    if (seen && hasEnded(seen)) return seen;
    if (clock.monotonic() - startedAt + ms > PATIENCE_MS || isStopped(pass)) return seen;
    progress({ kind: 'waiting', customer: null, why: 'the ping is not delivered yet', ms });
    await clock.sleep(ms, pass.signal);
  }
}

/** A failed delivery may be tried again for hours; what was answered first is what a test is about. */
function hasEnded({ status }: WebhookDelivery): boolean {
  return status === 'delivered' || status === 'failed' || status === 'abandoned';
}

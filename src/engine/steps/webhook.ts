import type { Answer } from '../../core/answer.ts';
import type { WebhookEndpoint } from '../../core/api.ts';
import type { Notices } from '../../core/notice.ts';
import { webhookMetadata, webhookPatch } from '../../core/resources/webhook.ts';
import type { WebhookStatusEntry } from '../../core/status.ts';
import type { CreatedWebhookEndpoint, CreateWebhookEndpoint } from '../../effects/layers/client.ts';
import type { Pass } from '../context.ts';
import { done, failed, notStarted, type StepResult } from '../customer-run.ts';
import { problemOf, waitBeforeRetry } from '../failure.ts';
import { journalled } from '../journalled.ts';
import { keepSecret } from '../secret-keeping.ts';
import { type ObservedWebhook, webhookSlot } from '../webhooks.ts';

export interface WebhookResult {
  readonly result: StepResult;
  /** What status may say afterwards; null when nothing new is known. */
  readonly entry: WebhookStatusEntry | null;
}

/** Carries out what is planned for one endpoint. Its signing secret is kept as an API key's is (I3). */
export async function executeWebhookStep(
  pass: Pass,
  observed: ObservedWebhook,
  notices: Notices,
): Promise<WebhookResult> {
  const { decision } = observed;
  switch (decision.kind) {
    case 'create':
    case 'recover':
      return obtain(pass, observed, decision, notices);
    case 'change':
      return { result: await change(pass, observed, decision, notices), entry: null };
    case 'converged':
    case 'refused':
      return { result: notStarted('nothing is planned for it'), entry: null };
  }
}

type Obtaining = ObservedWebhook['decision'] & { kind: 'create' | 'recover' };

async function obtain(
  pass: Pass,
  observed: ObservedWebhook,
  decision: Obtaining,
  notices: Notices,
): Promise<WebhookResult> {
  const { declared, pointer } = observed;
  const slot = webhookSlot(pass, declared.name);
  const probe = await pass.effects.secrets.probe(slot);
  if (!probe.ok)
    return nothing(
      notices.problem(pointer, 'error', 'SecretStoreUnavailable', `${probe.message} No endpoint is created.`, {
        next: 'A signing secret is shown once, so its place must be writable before an endpoint is made.',
      }),
    );
  for (let attempt = 0; ; attempt += 1) {
    const answer = await request(pass, observed, decision);
    if (answer.outcome === 'ok') return keep(pass, observed, decision, answer.value, notices);
    const verdict = problemOf(answer, 'Creating the webhook', pointer, notices);
    const unsettled = answer.outcome === 'in-doubt' || answer.problem.code === 'IDEMPOTENCY_CONFLICT';
    if (!unsettled && verdict.severity !== 'held') return nothing(verdict);
    if (await waitBeforeRetry(pass, null, verdict.message, attempt, answer.problem.retryAfterMs)) continue;
    if (!unsettled) return nothing(verdict);
    return nothing(
      notices.problem(
        pointer,
        'doubt',
        'WebhookInDoubt',
        `It is not known whether webhook "${declared.name}" was created (${answer.problem.code}).`,
        {
          next: 'Nothing to do: the next pass lists the endpoints, and repeats the same request.',
          requestId: answer.meta.requestId,
        },
      ),
    );
  }
}

function request(
  pass: Pass,
  { declared }: ObservedWebhook,
  decision: Obtaining,
): Promise<Answer<CreatedWebhookEndpoint>> {
  const { writer } = pass.effects;
  if (!writer) throw new Error('a dry run tried to create a webhook');
  // A repeated creation takes its body from the endpoint that is there, so that an edit does not make it a conflict.
  const { url, events, description } = decision.kind === 'recover' ? decision.endpoint : declared;
  const scope = decision.kind === 'recover' ? (decision.endpoint.scope ?? declared.scope) : declared.scope;
  const body: CreateWebhookEndpoint = {
    url,
    events: [...new Set(events)].toSorted(),
    scope,
    ...(description ? { description } : {}),
    metadata: webhookMetadata(declared.name),
  };
  const key = pass.keys.createWebhook(declared.name, decision.ordinal);
  return journalled(
    pass,
    { step: 'create-webhook', customer: null, name: declared.name, body: { ...body, events: body.events } },
    () => writer.createWebhookEndpoint(body, key),
    ({ endpoint }) => ({ endpointId: endpoint.id }),
  );
}

async function keep(
  pass: Pass,
  { declared, pointer, recorded }: ObservedWebhook,
  decision: Obtaining,
  created: CreatedWebhookEndpoint,
  notices: Notices,
): Promise<WebhookResult> {
  const { endpoint, signingSecret } = created;
  const slot = webhookSlot(pass, declared.name);
  const kept = await keepSecret(pass, slot, {
    id: endpoint.id,
    prefix: null,
    createdAt: endpoint.createdAt,
    secret: signingSecret,
  });
  if (!kept.ok)
    return nothing(
      notices.problem(
        pointer,
        'doubt',
        'SecretNotStored',
        `Webhook "${declared.name}" was created (${endpoint.id}), but its signing secret could not be stored: ${kept.message}`,
        { next: 'Mend the store within 20 hours: the next pass asks for the same secret again.' },
      ),
    );
  const secret = pass.effects.secrets.reference(slot);
  const seen = Math.max(decision.ordinal + 1, recorded?.seen ?? 0);
  const entry: WebhookStatusEntry = { name: declared.name, id: endpoint.id, secret, seen };
  const read = await pass.effects.reader.getWebhookEndpoint(endpoint.id);
  if (read.outcome !== 'ok')
    return { result: failed(problemOf(read, 'Reading the webhook back', pointer, notices)), entry };
  return { result: done(`${endpoint.id}, secret in ${secret}`), entry };
}

async function change(
  pass: Pass,
  { declared, pointer }: ObservedWebhook,
  decision: ObservedWebhook['decision'] & { kind: 'change' },
  notices: Notices,
): Promise<StepResult> {
  const { writer, reader, chance } = pass.effects;
  if (!writer) throw new Error('a dry run tried to change a webhook');
  const { id } = decision.endpoint;
  const patch = webhookPatch(decision.after);
  const idempotencyKey = chance.uuid();
  for (let attempt = 0; ; attempt += 1) {
    const answer = await journalled(
      pass,
      { step: 'change-webhook', customer: null, name: declared.name, idempotencyKey, body: patch },
      () => writer.patchWebhookEndpoint(id, patch, idempotencyKey),
      () => ({ endpointId: id }),
    );
    const read = await reader.getWebhookEndpoint(id);
    if (read.outcome === 'ok' && shows(read.value, patch)) return done(id);
    const failure = answer.outcome === 'ok' ? null : answer;
    const verdict = failure
      ? problemOf(failure, 'Changing the webhook', pointer, notices)
      : notices.problem(pointer, 'held', 'ChangeNotVisible', 'The change was accepted but does not read back.', {
          next: 'The next pass looks again.',
        });
    if (verdict.severity === 'error') return failed(verdict);
    if (!(await waitBeforeRetry(pass, null, verdict.message, attempt, failure?.problem.retryAfterMs)))
      return failed(verdict);
  }
}

function shows(endpoint: WebhookEndpoint, patch: ReturnType<typeof webhookPatch>): boolean {
  return (
    (patch.url === undefined || endpoint.url === patch.url) &&
    (patch.description === undefined || endpoint.description === patch.description) &&
    (patch.status === undefined || endpoint.status === patch.status) &&
    (patch.scope === undefined || endpoint.scope === null || endpoint.scope === patch.scope) &&
    (patch.events === undefined || [...endpoint.events].toSorted().join() === [...patch.events].toSorted().join())
  );
}

function nothing(problem: Parameters<typeof failed>[0]): WebhookResult {
  return { result: failed(problem), entry: null };
}

import type { Answer, Failure } from '../../core/answer.ts';
import type { WebhookEndpoint } from '../../core/api.ts';
import type { WebhookDeclaration } from '../../core/declaration/workspace.ts';
import type { Notices } from '../../core/notice.ts';
import type { Problem } from '../../core/problem.ts';
import { adoptedWebhookMetadata, webhookMetadata } from '../../core/resources/webhook.ts';
import { webhookPatch } from '../../core/resources/webhook-plan.ts';
import type { WebhookStatusEntry } from '../../core/status.ts';
import type {
  CreatedWebhookEndpoint,
  CreateWebhookEndpoint,
  PatchWebhookEndpoint,
} from '../../effects/layers/client.ts';
import type { SecretSlot } from '../../effects/secrets/store.ts';
import { type Pass, writerOf } from '../context.ts';
import { done, failed, notStarted, type StepResult } from '../customer-run.ts';
import { problemOf } from '../failure.ts';
import { journalled } from '../journalled.ts';
import { byAnswer, retrying, untilVisible } from '../retrying.ts';
import { keepSecret, sentenceOf } from '../secret-keeping.ts';
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
      return {
        result: await change(pass, observed, decision.endpoint, webhookPatch(decision.after), notices),
        entry: null,
      };
    case 'adopt':
      return adopt(pass, observed, decision.endpoint, notices);
    case 'rotate':
      return rotate(pass, observed, decision, notices);
    case 'delete':
      return remove(pass, observed, decision.endpoint, notices);
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
  const refusal = await unwritable(pass, slot, pointer, 'No endpoint is created.', notices);
  if (refusal) return nothing(refusal);
  let entry: WebhookStatusEntry | null = null;
  const result = await retrying(pass, null, async () => {
    const answer = await request(pass, observed, decision);
    if (answer.outcome === 'ok') {
      const kept = await keep(pass, observed, decision, answer.value, notices);
      entry = kept.entry;
      return kept.result;
    }
    const unsettled = answer.outcome === 'in-doubt' || answer.problem.code === 'IDEMPOTENCY_CONFLICT';
    if (!unsettled) return byAnswer(answer, 'Creating the webhook', pointer, notices);
    const problem = creationInDoubt(declared, pointer, answer, notices);
    return { problem, retryAfterMs: answer.problem.retryAfterMs };
  });
  return { result, entry };
}

function creationInDoubt(declared: WebhookDeclaration, pointer: string, failure: Failure, notices: Notices): Problem {
  return notices.problem(
    pointer,
    'doubt',
    'WebhookInDoubt',
    `It is not known whether webhook "${declared.name}" was created (${failure.problem.code}).`,
    {
      next: 'Nothing to do: the next pass lists the endpoints, and repeats the same request.',
      requestId: failure.meta.requestId,
    },
  );
}

function request(
  pass: Pass,
  { declared }: ObservedWebhook,
  decision: Obtaining,
): Promise<Answer<CreatedWebhookEndpoint>> {
  const writer = writerOf(pass);
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
  observed: ObservedWebhook,
  decision: Obtaining,
  created: CreatedWebhookEndpoint,
  notices: Notices,
): Promise<WebhookResult> {
  const { declared, pointer, recorded } = observed;
  const { endpoint, signingSecret } = created;
  const slot = webhookSlot(pass, declared.name);
  const kept = await keepSecret(pass, slot, {
    id: endpoint.id,
    prefix: null,
    createdAt: endpoint.createdAt,
    secret: signingSecret,
  });
  if (!kept.ok) return nothing(notStored(observed, endpoint, sentenceOf(kept), notices));
  const secret = pass.effects.secrets.reference(slot);
  const seen = Math.max(decision.ordinal + 1, recorded?.seen ?? 0);
  const entry: WebhookStatusEntry = { name: declared.name, id: endpoint.id, secret, seen, deleted: false };
  const read = await untilVisible(pass, null, () => pass.effects.reader.getWebhookEndpoint(endpoint.id));
  if (read.outcome !== 'ok')
    return { result: failed(problemOf(read, 'Reading the webhook back', pointer, notices)), entry };
  return { result: done(`${endpoint.id}, secret in ${secret}`), entry };
}

async function change(
  pass: Pass,
  { declared, pointer }: ObservedWebhook,
  { id }: WebhookEndpoint,
  patch: PatchWebhookEndpoint,
  notices: Notices,
): Promise<StepResult> {
  const { reader, chance } = pass.effects;
  const writer = writerOf(pass);
  const idempotencyKey = chance.uuid();
  return retrying(pass, null, async () => {
    const answer = await journalled(
      pass,
      { step: 'change-webhook', customer: null, name: declared.name, idempotencyKey, body: { ...patch } },
      () => writer.patchWebhookEndpoint(id, patch, idempotencyKey),
      () => ({ endpointId: id }),
    );
    const read = await reader.getWebhookEndpoint(id);
    if (read.outcome === 'ok' && shows(read.value, patch)) return done(id);
    return byAnswer(answer, 'Changing the webhook', pointer, notices);
  });
}

/** Marks an endpoint that was made by hand. Its secret stays with whoever made it, until one is asked for. */
async function adopt(
  pass: Pass,
  observed: ObservedWebhook,
  endpoint: WebhookEndpoint,
  notices: Notices,
): Promise<WebhookResult> {
  const { name } = observed.declared;
  const result = await change(pass, observed, endpoint, { metadata: adoptedWebhookMetadata(name) }, notices);
  const entry = result.outcome === 'done' ? { name, id: endpoint.id, secret: null, seen: 1, deleted: false } : null;
  return { result, entry };
}

/** Replaces the signing secret; both sign during the overlap (webhooks/rotate-secret). Repeating it gives the same one. */
async function rotate(
  pass: Pass,
  observed: ObservedWebhook,
  { endpoint, secretCreatedAfter }: ObservedWebhook['decision'] & { kind: 'rotate' },
  notices: Notices,
): Promise<WebhookResult> {
  const { declared, pointer } = observed;
  const { clock, secrets } = pass.effects;
  const writer = writerOf(pass);
  const slot = webhookSlot(pass, declared.name);
  const refusal = await unwritable(pass, slot, pointer, 'Nothing is rotated.', notices);
  if (refusal) return nothing(refusal);
  const key = pass.keys.rotateWebhookSecret(endpoint.id, secretCreatedAfter);
  const result = await retrying(pass, null, async () => {
    const answer = await journalled(
      pass,
      { step: 'rotate-webhook-secret', customer: null, name: declared.name },
      () => writer.rotateWebhookSecret(endpoint.id, key),
      () => ({ endpointId: endpoint.id }),
    );
    if (answer.outcome !== 'ok') return byAnswer(answer, 'Rotating the signing secret', pointer, notices);
    const createdAt = madeFor(secretCreatedAfter, answer.meta.serverTimeMs ?? clock.now());
    const secret = answer.value.signingSecret;
    const kept = await keepSecret(pass, slot, { id: endpoint.id, prefix: null, createdAt, secret });
    if (!kept.ok) return failed(notStored(observed, endpoint, sentenceOf(kept), notices));
    return done(`secret in ${secrets.reference(slot)}`);
  });
  const seen = observed.recorded?.seen ?? 1;
  const entry = { name: declared.name, id: endpoint.id, secret: secrets.reference(slot), seen, deleted: false };
  return { result, entry: result.outcome === 'done' ? entry : null };
}

/**
 * When a secret that was asked for was made. The answer does not say; its `Date` is cut to whole seconds, and the server's
 * clock may be behind whoever wrote the file. A secret made at their request is younger than they asked for: were it
 * called older, it would be asked for again in every pass, and made anew once the key of the request is forgotten (V2).
 */
function madeFor(secretCreatedAfter: string, serverMs: number): string {
  return new Date(Math.max(serverMs, Date.parse(secretCreatedAfter) + 1)).toISOString();
}

/** Deletes an endpoint as declared. A second deletion answers 404, which is what was wanted (webhooks/delete-endpoint). */
async function remove(
  pass: Pass,
  { declared, pointer, recorded }: ObservedWebhook,
  endpoint: WebhookEndpoint,
  notices: Notices,
): Promise<WebhookResult> {
  const writer = writerOf(pass);
  const result = await retrying(pass, null, async () => {
    const answer = await journalled(
      pass,
      { step: 'delete-webhook', customer: null, name: declared.name, body: { endpointId: endpoint.id } },
      () => writer.deleteWebhookEndpoint(endpoint.id),
      () => ({ deletedEndpointId: endpoint.id }),
    );
    const isGone = answer.outcome === 'ok' || answer.problem.code === 'NOT_FOUND';
    return isGone ? done(endpoint.id) : byAnswer(answer, 'Deleting the webhook', pointer, notices);
  });
  const seen = recorded?.seen ?? 1;
  const entry = { name: declared.name, id: endpoint.id, secret: null, seen, deleted: true };
  return { result, entry: result.outcome === 'done' ? entry : null };
}

function shows(endpoint: WebhookEndpoint, patch: PatchWebhookEndpoint): boolean {
  return (
    Object.entries(patch.metadata ?? {}).every(([key, value]) => endpoint.metadata[key] === value) &&
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

async function unwritable(
  pass: Pass,
  slot: SecretSlot,
  pointer: string,
  consequence: string,
  notices: Notices,
): Promise<Problem | null> {
  const probe = await pass.effects.secrets.probe(slot);
  if (probe.ok) return null;
  return notices.problem(pointer, 'error', 'SecretStoreUnavailable', `${sentenceOf(probe)} ${consequence}`, {
    next: 'A signing secret is shown once, so its place must be writable before it is made.',
  });
}

function notStored(
  { declared, pointer }: ObservedWebhook,
  endpoint: WebhookEndpoint,
  why: string,
  notices: Notices,
): Problem {
  return notices.problem(
    pointer,
    'doubt',
    'SecretNotStored',
    `Webhook "${declared.name}" (${endpoint.id}) has a new signing secret, but it could not be stored: ${why}`,
    { next: 'Mend the store within 20 hours: the next pass asks for the same secret again.' },
  );
}

import { DAY_MS } from '../behaviour.ts';
import { uuid, webhookSecretText } from '../chance.ts';
import { type Fields, mergeMetadata, metadataProblem, readFields } from '../fields.ts';
import { isUuid } from '../ids.ts';
import { paginate } from '../pagination.ts';
import { isRefusal, type Refusal, refusal, validation } from '../refusals.ts';
import { type Actor, type Outcome, type ReadContext, type Route, success, type WriteContext } from '../route.ts';
import type { Metadata, OrganizationRow, WebhookEndpointRow } from '../state.ts';
import { zuluTime } from '../times.ts';
import type { View } from '../world.ts';
import { secretReplay } from './secrets-once.ts';

/** integrations/webhooks: the catalogue of events. */
const CATALOG = {
  job: ['completed', 'failed', 'canceled'],
  content: ['generated', 'approved', 'rejected'],
  post: ['scheduled', 'published', 'failed', 'canceled'],
  social_account: ['connected', 'needs_reauth', 'revoked'],
  lease_request: ['assigned', 'rejected'],
  test: ['ping'],
};
const EVENTS = Object.entries(CATALOG).flatMap(([family, names]) => names.map((name) => `${family}.${name}`));
const STATUSES = ['active', 'paused', 'auto_paused'] as const;
const SCOPES = ['own', 'all_children'] as const;
const DESCRIPTION = { min: 0, max: 500 };

function endpointView(row: WebhookEndpointRow): Record<string, unknown> {
  return {
    id: row.id,
    organizationId: row.organizationId,
    projectId: row.projectId,
    url: row.url,
    description: row.description,
    status: row.status,
    events: row.events,
    metadata: row.metadata,
    scope: row.scope,
    apiVersion: 'v1',
    createdAt: zuluTime(row.createdAtMs),
    updatedAt: zuluTime(row.updatedAtMs),
    lastSuccessAt: null,
    lastFailureAt: null,
    consecutiveFailureCount: row.consecutiveFailureCount,
  };
}

/** HTTPS; `http://localhost` in development only (webhooks/create-endpoint). */
function isWebhookUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && url.hostname === 'localhost'));
}

function readUrlAndEvents(fields: Fields): { url: string | undefined; events: readonly string[] | undefined } {
  const url = fields.text('url', { min: 1, max: 2048 });
  if (url !== undefined && !isWebhookUrl(url)) fields.problems.push({ field: 'url', message: 'must be an https URL' });
  const events = fields.texts('events', { min: 1, max: 50 });
  const unknown = (events ?? []).filter((event) => !EVENTS.includes(event));
  if (unknown.length > 0) fields.problems.push({ field: 'events', message: `unknown: ${unknown.join(', ')}` });
  return { url, events };
}

function firehoseRefusal(scope: string | undefined, { caller }: WriteContext): Refusal | null {
  if (scope !== 'all_children' || caller.key.scopes.includes('org:admin')) return null;
  return refusal('FORBIDDEN_SCOPE', 'The scope all_children needs org:admin.');
}

export type NewWebhookEndpoint = Pick<WebhookEndpointRow, 'url' | 'events' | 'scope' | 'description' | 'metadata'>;

export function addEndpoint(
  { world, nowMs }: Actor,
  organizationId: string,
  { url, events, scope, description, metadata }: NewWebhookEndpoint,
): WebhookEndpointRow {
  const row: WebhookEndpointRow = {
    id: uuid(world.chance),
    organizationId,
    projectId: null,
    url,
    description,
    status: 'active',
    events,
    metadata: mergeMetadata({}, metadata),
    scope,
    signingSecret: webhookSecretText(world.chance),
    previousSigningSecret: null,
    previousSecretExpiresAtMs: null,
    consecutiveFailureCount: 0,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  world.webhookEndpoints.put(row);
  return row;
}

function create(context: WriteContext): Outcome {
  const { organization, behaviour } = context;
  const fields = readFields(context.body);
  fields.require('url', 'events');
  const { url, events } = readUrlAndEvents(fields);
  const description = fields.textOrNull('description', DESCRIPTION) ?? null;
  const metadata = fields.metadata('metadata') ?? {};
  const scope = fields.choice('scope', SCOPES) ?? 'own';
  const projectId = fields.textOrNull('projectId', { min: 1, max: 64 }) ?? null;
  const tooMuch = metadataProblem(metadata, 'metadata');
  if (tooMuch) fields.problems.push(tooMuch);
  if (fields.problems.length > 0 || !url || !events) return validation(fields.problems);
  const denied = firehoseRefusal(scope, context);
  if (denied) return denied;
  // Projects are not simulated, so that no project id can be known.
  if (projectId !== null) return refusal('NOT_FOUND', 'Project not found.');
  const row = addEndpoint(context, organization.id, { url, events, scope, description, metadata });
  context.record({ kind: 'webhook.create', organizationId: organization.id, endpointId: row.id });
  return success({ endpoint: endpointView(row), signingSecret: row.signingSecret }, behaviour.createStatus);
}

function list({ view, organization, query, behaviour }: ReadContext): Outcome {
  const asked = query.get('status');
  const status = STATUSES.find((known) => known === asked);
  if (asked !== null && !status) return validation([{ field: 'status', message: `one of ${STATUSES.join(', ')}` }]);
  const projectId = query.get('projectId');
  const rows = [...view.webhookEndpoints.of(organization.id)].filter(
    (row) => (!status || row.status === status) && (projectId === null || row.projectId === projectId),
  );
  const page = paginate(rows, query, { max: 100, default: 25 }, behaviour);
  if (isRefusal(page)) return page;
  return success({ items: page.rows.map(endpointView), nextCursor: page.nextCursor });
}

interface Asked {
  readonly organization: OrganizationRow;
  readonly params: readonly string[];
}

/** The endpoint that the path names: a bare UUID; 404 unless it is this organization's. */
export function endpointOf(view: View, { organization, params }: Asked): WebhookEndpointRow | Refusal {
  const id = params[0] ?? '';
  if (!isUuid(id)) return validation([{ field: 'endpointId', message: 'must be a UUID' }]);
  const row = view.webhookEndpoints.get(id.toLowerCase());
  return row?.organizationId === organization.id ? row : refusal('NOT_FOUND', 'Webhook endpoint not found.');
}

function get(context: ReadContext): Outcome {
  const row = endpointOf(context.view, context);
  return isRefusal(row) ? row : success(endpointView(row));
}

function patchedMetadata(current: Metadata, patch: Metadata | null | undefined): Metadata {
  if (patch === undefined) return current;
  return patch === null ? {} : mergeMetadata(current, patch);
}

/** webhooks/update-endpoint: `events` is replaced, `metadata` merged; `active` resets the count of failures. */
function patch(context: WriteContext): Outcome {
  const { world, nowMs } = context;
  const row = endpointOf(world, context);
  if (isRefusal(row)) return row;
  const fields = readFields(context.body);
  const { url, events } = readUrlAndEvents(fields);
  const description = fields.textOrNull('description', DESCRIPTION);
  const status = fields.choice('status', ['active', 'paused']);
  const scope = fields.choice('scope', SCOPES);
  const metadata = patchedMetadata(row.metadata, fields.metadataOrNull('metadata'));
  const tooMuch = metadataProblem(metadata, 'metadata');
  if (tooMuch) fields.problems.push(tooMuch);
  fields.requireAny('url', 'events', 'description', 'metadata', 'status', 'scope');
  if (fields.problems.length > 0) return validation(fields.problems);
  const denied = firehoseRefusal(scope, context);
  if (denied) return denied;
  const next: WebhookEndpointRow = {
    ...row,
    url: url ?? row.url,
    events: events ?? row.events,
    description: description === undefined ? row.description : description,
    metadata,
    status: status ?? row.status,
    scope: scope ?? row.scope,
    consecutiveFailureCount: status === 'active' ? 0 : row.consecutiveFailureCount,
    updatedAtMs: nowMs,
  };
  world.webhookEndpoints.put(next);
  context.record({ kind: 'webhook.patch', organizationId: row.organizationId, endpointId: row.id });
  return success(endpointView(next));
}

export function removeEndpoint({ world }: Actor, { id }: WebhookEndpointRow): void {
  for (const delivery of world.deliveries.of(id)) world.deliveries.remove(delivery.id);
  world.webhookEndpoints.remove(id);
}

/** Deliveries go with the endpoint; a second call is a 404. */
function remove(context: WriteContext): Outcome {
  const row = endpointOf(context.world, context);
  if (isRefusal(row)) return row;
  removeEndpoint(context, row);
  context.record({ kind: 'webhook.delete', organizationId: row.organizationId, endpointId: row.id });
  return success({ id: row.id, deleted: true });
}

/** Both secrets sign during the overlap of 24 hours (the page of April 2026; June leaves the length open). */
function rotateSecret(context: WriteContext): Outcome {
  const { world, nowMs } = context;
  const row = endpointOf(world, context);
  if (isRefusal(row)) return row;
  const signingSecret = webhookSecretText(world.chance);
  const previousSecretExpiresAtMs = nowMs + DAY_MS;
  world.webhookEndpoints.put({
    ...row,
    signingSecret,
    previousSigningSecret: row.signingSecret,
    previousSecretExpiresAtMs,
    updatedAtMs: nowMs,
  });
  context.record({ kind: 'webhook.rotate-secret', organizationId: row.organizationId, endpointId: row.id });
  return success({
    endpointId: row.id,
    signingSecret,
    previousSecretExpiresAt: zuluTime(previousSecretExpiresAtMs),
    warning: 'Store this secret now: it is not shown again.',
  });
}

const path = '/v1/webhook-endpoints';
const base = { actsInChild: true } as const;
const replay = secretReplay('signingSecret');

export const webhookEndpointRoutes: readonly Route[] = [
  { ...base, method: 'POST', path, handle: create, replay },
  { ...base, method: 'GET', path, freshness: 'list', handle: list },
  { ...base, method: 'GET', path: `${path}/:`, freshness: 'list', handle: get },
  { ...base, method: 'PATCH', path: `${path}/:`, handle: patch },
  { ...base, method: 'DELETE', path: `${path}/:`, handle: remove },
  { ...base, method: 'POST', path: `${path}/:/rotate-secret`, handle: rotateSecret, replay },
];

import { isRecord } from '../canonical.ts';
import { ulid, uuid } from '../chance.ts';
import { isUuid } from '../ids.ts';
import { paginate } from '../pagination.ts';
import { isRefusal, refusal, validation } from '../refusals.ts';
import { type Outcome, type ReadContext, type Route, success, type WriteContext } from '../route.ts';
import type { DeliveryRow, WebhookEndpointRow } from '../state.ts';
import { zuluTime, zuluTimeOrNull } from '../times.ts';
import { endpointOf } from './webhook-endpoints.ts';

const STATUSES = ['pending', 'delivering', 'delivered', 'failed', 'abandoned'] as const;

/** "Fires within about one minute" (webhooks/test-endpoint): here soon, for people wait. */
const DELIVERED_AFTER_MS = 3_000;
const RETRIED_AFTER_MS = 30_000;

type Status = (typeof STATUSES)[number];

interface Attempt {
  readonly status: Status;
  readonly responseStatus: number | null;
  readonly error: string | null;
  /** null until it was made. */
  readonly atMs: number | null;
}

/** Nothing is sent anywhere: what the receiver is said to answer has come about when time has passed; no retries. */
function attemptOf(row: DeliveryRow, endpoint: WebhookEndpointRow, nowMs: number): Attempt {
  const receiver = endpoint.receiver ?? { status: 200 };
  const atMs = row.createdAtMs + DELIVERED_AFTER_MS;
  if (nowMs < atMs) return { status: 'pending', responseStatus: null, error: null, atMs: null };
  if ('error' in receiver) return { status: 'failed', responseStatus: null, error: receiver.error, atMs };
  const isDelivered = receiver.status >= 200 && receiver.status < 300;
  const error = isDelivered ? null : `The receiver answered ${receiver.status}.`;
  return { status: isDelivered ? 'delivered' : 'failed', responseStatus: receiver.status, error, atMs };
}

function deliveryView(row: DeliveryRow, { status, responseStatus, error, atMs }: Attempt): Record<string, unknown> {
  const retryAtMs = atMs === null ? row.createdAtMs + DELIVERED_AFTER_MS : atMs + RETRIED_AFTER_MS;
  return {
    id: row.id,
    endpointId: row.endpointId,
    eventId: row.eventId,
    eventType: row.eventType,
    status,
    attempts: atMs === null ? 0 : 1,
    nextRetryAt: status === 'delivered' ? null : zuluTime(retryAtMs),
    deliveredAt: status === 'delivered' ? zuluTimeOrNull(atMs) : null,
    abandonedAt: null,
    lastResponseStatus: responseStatus,
    lastResponseAt: responseStatus === null ? null : zuluTimeOrNull(atMs),
    lastErrorMessage: error,
    createdAt: zuluTime(row.createdAtMs),
  };
}

function addDelivery({ world, nowMs }: WriteContext, row: Pick<DeliveryRow, 'endpointId' | 'eventType' | 'replayOf'>) {
  const delivery: DeliveryRow = {
    ...row,
    id: uuid(world.chance),
    eventId: `evt_${ulid(world.chance, nowMs)}`,
    createdAtMs: nowMs,
  };
  world.deliveries.put(delivery);
  return delivery;
}

/** webhooks/test-endpoint: ignores the endpoint's list of events. */
function test(context: WriteContext): Outcome {
  const endpoint = endpointOf(context.world, context);
  if (isRefusal(endpoint)) return endpoint;
  if (context.body !== undefined && !isRecord(context.body)) {
    return validation([{ field: 'body', message: 'must be a JSON object' }]);
  }
  const { id, eventId } = addDelivery(context, { endpointId: endpoint.id, eventType: 'test.ping', replayOf: null });
  context.record({ kind: 'webhook.test', organizationId: endpoint.organizationId, endpointId: endpoint.id });
  return success({ eventId, deliveryId: id, scheduledAt: zuluTime(context.nowMs + DELIVERED_AFTER_MS) });
}

function list(context: ReadContext): Outcome {
  const { view, query, behaviour, nowMs } = context;
  const endpoint = endpointOf(view, context);
  if (isRefusal(endpoint)) return endpoint;
  const status = query.get('status');
  if (status !== null && !STATUSES.some((known) => known === status)) {
    return validation([{ field: 'status', message: `must be one of ${STATUSES.join(', ')}` }]);
  }
  const eventType = query.get('eventType');
  const attempt = (row: DeliveryRow) => attemptOf(row, endpoint, nowMs);
  const rows = [...view.deliveries.of(endpoint.id)].filter(
    (row) => (status === null || status === attempt(row).status) && (eventType === null || row.eventType === eventType),
  );
  const page = paginate(rows, query, { max: 100, default: 25 }, behaviour);
  if (isRefusal(page)) return page;
  return success({ items: page.rows.map((row) => deliveryView(row, attempt(row))), nextCursor: page.nextCursor });
}

/** webhooks/replay-delivery: a new event with a new id. */
function replayDelivery(context: WriteContext): Outcome {
  const { world, organization, params } = context;
  const id = params[0] ?? '';
  if (!isUuid(id)) return validation([{ field: 'deliveryId', message: 'must be a UUID' }]);
  const original = world.deliveries.get(id.toLowerCase());
  const endpoint = original && world.webhookEndpoints.get(original.endpointId);
  if (!original || endpoint?.organizationId !== organization.id) return refusal('NOT_FOUND', 'Delivery not found.');
  const { endpointId, eventType } = original;
  const replay = addDelivery(context, { endpointId, eventType, replayOf: original.id });
  context.record({ kind: 'webhook.replay', organizationId: organization.id, endpointId });
  return success({
    originalDeliveryId: original.id,
    replayDeliveryId: replay.id,
    scheduledAt: zuluTime(context.nowMs),
  });
}

const base = { actsInChild: true } as const;

export const webhookDeliveryRoutes: readonly Route[] = [
  { ...base, method: 'POST', path: '/v1/webhook-endpoints/:/test', handle: test },
  { ...base, method: 'GET', path: '/v1/webhook-endpoints/:/deliveries', freshness: 'list', handle: list },
  { ...base, method: 'POST', path: '/v1/webhook-deliveries/:/replay', handle: replayDelivery },
];

import { z } from 'zod';
import type { WebhookDelivery, WebhookEndpoint } from '../../../core/api.ts';
import type { Shape } from '../answers.ts';
import type { Caller } from '../call.ts';
import type {
  CreatedWebhookEndpoint,
  CreateWebhookEndpoint,
  LayersReader,
  LayersWriter,
  RotatedWebhookSecret,
  WebhookTest,
} from '../client.ts';
import {
  idField,
  instantField,
  metadataField,
  orElse,
  orNull,
  pageOf,
  shapeAbout,
  shapeOf,
  stringsField,
} from '../fields.ts';
import { madeAt, membersUnder, secretField } from '../shown-once.ts';
import { cleanText } from '../wording.ts';

const statusField = z.enum(['active', 'paused', 'auto_paused']);
const scopeField = z.enum(['own', 'all_children']);

const endpointSchema: z.ZodType<WebhookEndpoint> = z.object({
  id: idField,
  organizationId: idField,
  url: z.string(),
  description: orNull(z.string()),
  status: statusField,
  events: stringsField,
  metadata: metadataField,
  scope: orNull(scopeField),
  createdAt: instantField,
});

/** Made once: making a schema costs far more than reading an answer with it. */
const endpointPage = shapeOf(pageOf(endpointSchema));

/** webhooks/create-endpoint: `{ endpoint, signingSecret }`. */
function createdShape(asked: CreateWebhookEndpoint): Shape<CreatedWebhookEndpoint> {
  const secretShape = shapeOf(z.object({ signingSecret: secretField }));
  return (json, meta) => {
    const shown = secretShape(json, meta);
    if (!shown.ok) return shown;
    const schema: z.ZodType<WebhookEndpoint> = z.object({
      id: idField,
      organizationId: idField.catch(''),
      url: z.string().catch(asked.url),
      description: orNull(z.string()).catch(asked.description ?? null),
      status: statusField.catch('active'),
      events: stringsField.catch([...asked.events]),
      metadata: metadataField.catch({ ...asked.metadata }),
      scope: orNull(scopeField).catch(null),
      createdAt: instantField.catch(madeAt(meta)),
    });
    const endpoint = shapeOf(schema)(membersUnder('endpoint', json), meta);
    return endpoint.ok
      ? { ok: true, value: { endpoint: endpoint.value, signingSecret: shown.value.signingSecret } }
      : endpoint;
  };
}

function rotatedSchema(endpointId: string): z.ZodType<RotatedWebhookSecret> {
  return z.object({
    endpointId: idField.catch(endpointId),
    signingSecret: secretField,
    previousSecretExpiresAt: orNull(instantField).catch(null),
  });
}

/** Words of the receiver: made fit to be shown, and without anything that looks like a secret (I4). */
const saidField = z.string().transform((text) => cleanText(text, []));

const deliverySchema: z.ZodType<WebhookDelivery> = z.object({
  id: idField,
  status: z.enum(['pending', 'delivering', 'delivered', 'failed', 'abandoned']),
  attempts: z.int().min(0).catch(0),
  lastResponseStatus: orNull(z.int()).catch(null),
  lastErrorMessage: orNull(saidField).catch(null),
});

const testSchema: z.ZodType<WebhookTest> = z.object({ eventId: idField, deliveryId: idField });

type Reads = Pick<LayersReader, 'listWebhookEndpoints' | 'getWebhookEndpoint' | 'listWebhookDeliveries'>;
type Writes = Pick<
  LayersWriter,
  | 'createWebhookEndpoint'
  | 'patchWebhookEndpoint'
  | 'deleteWebhookEndpoint'
  | 'rotateWebhookSecret'
  | 'testWebhookEndpoint'
>;

const collection = 'webhook-endpoints';

export function webhookReads(call: Caller): Reads {
  return {
    listWebhookEndpoints: ({ cursor, limit = 100 }) =>
      call({
        operation: 'webhook-endpoints.list',
        kind: 'read',
        method: 'GET',
        path: [collection],
        query: { limit, cursor },
        shape: endpointPage,
      }),
    getWebhookEndpoint: (endpointId) =>
      call({
        operation: 'webhook-endpoints.get',
        kind: 'read',
        method: 'GET',
        path: [collection, endpointId],
        shape: shapeAbout(endpointSchema, endpointId, ({ id }) => id),
      }),
    listWebhookDeliveries: (endpointId, { cursor, limit = 100 }) =>
      call({
        operation: 'webhook-endpoints.deliveries',
        kind: 'read',
        method: 'GET',
        path: [collection, endpointId, 'deliveries'],
        query: { limit, cursor },
        shape: shapeOf(pageOf(deliverySchema)),
      }),
  };
}

export function webhookWrites(call: Caller): Writes {
  return {
    createWebhookEndpoint: (body, idempotencyKey) =>
      call({
        operation: 'webhook-endpoints.create',
        kind: 'write',
        method: 'POST',
        path: [collection],
        body,
        idempotencyKey,
        shape: createdShape(body),
      }),
    patchWebhookEndpoint: (endpointId, body, idempotencyKey) =>
      call({
        operation: 'webhook-endpoints.patch',
        kind: 'write',
        method: 'PATCH',
        path: [collection, endpointId],
        body,
        idempotencyKey,
        shape: shapeOf(endpointSchema),
      }),
    deleteWebhookEndpoint: (endpointId) =>
      call({
        operation: 'webhook-endpoints.delete',
        kind: 'write',
        method: 'DELETE',
        path: [collection, endpointId],
        shape: shapeOf(z.object({ id: orElse(idField, endpointId) })),
      }),
    rotateWebhookSecret: (endpointId, idempotencyKey) =>
      call({
        operation: 'webhook-endpoints.rotate-secret',
        kind: 'write',
        method: 'POST',
        path: [collection, endpointId, 'rotate-secret'],
        idempotencyKey,
        shape: shapeOf(rotatedSchema(endpointId)),
      }),
    testWebhookEndpoint: (endpointId, idempotencyKey) =>
      call({
        operation: 'webhook-endpoints.test',
        kind: 'write',
        method: 'POST',
        path: [collection, endpointId, 'test'],
        idempotencyKey,
        shape: shapeOf(testSchema),
      }),
  };
}

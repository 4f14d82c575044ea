import { z } from 'zod';
import type { ApiKey } from '../../../core/api.ts';
import type { Secret } from '../../../core/secret.ts';
import type { Shape } from '../answers.ts';
import type { Caller } from '../call.ts';
import type { LayersReader, LayersWriter, MintApiKey, MintedApiKey } from '../client.ts';
import { idField, instantField, isSameId, orElse, orNull, pageOf, shapeOf, stringsField } from '../fields.ts';
import { madeAt, membersUnder, secretField } from '../shown-once.ts';

const envField = z.enum(['live', 'test']);
const statusField = z.enum(['active', 'revoked']);

function apiKeySchema(organizationId: string): z.ZodType<ApiKey> {
  return z.object({
    id: idField,
    // A list of one organization's keys that shows another's is garbled.
    organizationId: orElse(
      idField.refine((id) => isSameId(id, organizationId)),
      organizationId,
    ),
    name: z.string(),
    prefix: z.string(),
    env: envField,
    scopes: orElse(stringsField, []),
    status: statusField,
    createdAt: instantField,
    lastUsedAt: orNull(instantField),
    rotatedAt: orNull(instantField),
    revokedAt: orNull(instantField),
    graceUntil: orNull(instantField),
    supersededBy: orNull(idField),
  });
}

function mintedShape(organizationId: string, asked: MintApiKey): Shape<MintedApiKey> {
  const secretShape = shapeOf(z.object({ secret: secretField }));
  return (json, meta) => {
    const shown = secretShape(json, meta);
    if (!shown.ok) return shown;
    const { secret } = shown.value;
    const keySchema: z.ZodType<ApiKey> = z.object({
      id: idField,
      organizationId: idField.catch(organizationId),
      name: z.string().catch(asked.name),
      prefix: z.string().catch(prefixOf(secret)),
      env: envField.catch(asked.env),
      scopes: stringsField.catch([...asked.scopes]),
      status: statusField.catch('active'),
      createdAt: instantField.catch(madeAt(meta)),
      lastUsedAt: orNull(instantField).catch(null),
      rotatedAt: orNull(instantField).catch(null),
      revokedAt: orNull(instantField).catch(null),
      graceUntil: orNull(instantField).catch(null),
      supersededBy: orNull(idField).catch(null),
    });
    const apiKey = shapeOf(keySchema)(membersUnder('apiKey', json), meta);
    return apiKey.ok ? { ok: true, value: { apiKey: apiKey.value, secret } } : apiKey;
  };
}

/** `lp_live_ABCDEFGHJKMNPQRS`: the public half of a key's text (concepts/api-keys). */
function prefixOf(secret: Secret): string {
  return /^(lp_[a-z]+_[A-Z0-9]+)_/.exec(secret.reveal())?.[1] ?? '';
}

/** Revoke answers `{ apiKey, deleted }` (organizations/api-keys/delete). */
function revokedShape(organizationId: string): Shape<ApiKey> {
  const shape = shapeOf(apiKeySchema(organizationId));
  return (json, meta) => shape(membersUnder('apiKey', json), meta);
}

type Writes = Pick<LayersWriter, 'mintApiKey' | 'rotateApiKey' | 'revokeApiKey'>;

export function apiKeyReads(call: Caller): Pick<LayersReader, 'listApiKeys'> {
  return {
    listApiKeys: (organizationId, { cursor, limit = 100 }) =>
      call({
        operation: 'organizations.api-keys.list',
        kind: 'read',
        method: 'GET',
        path: ['organizations', organizationId, 'api-keys'],
        query: { limit, cursor },
        shape: shapeOf(pageOf(apiKeySchema(organizationId))),
      }),
  };
}

export function apiKeyWrites(call: Caller): Writes {
  return {
    mintApiKey: (organizationId, body, idempotencyKey) =>
      call({
        operation: 'organizations.api-keys.mint',
        kind: 'write',
        method: 'POST',
        path: ['organizations', organizationId, 'api-keys'],
        body,
        idempotencyKey,
        shape: mintedShape(organizationId, body),
      }),
    rotateApiKey: (organizationId, keyId, idempotencyKey) =>
      call({
        operation: 'organizations.api-keys.rotate',
        kind: 'write',
        method: 'POST',
        path: ['organizations', organizationId, 'api-keys', keyId, 'rotate'],
        idempotencyKey,
        // The request says nothing about name, scopes and env: an answer that leaves them out leaves them blank.
        shape: mintedShape(organizationId, { name: '', scopes: [], env: 'live' }),
      }),
    revokeApiKey: (organizationId, keyId) =>
      call({
        operation: 'organizations.api-keys.revoke',
        kind: 'write',
        method: 'DELETE',
        path: ['organizations', organizationId, 'api-keys', keyId],
        shape: revokedShape(organizationId),
      }),
  };
}

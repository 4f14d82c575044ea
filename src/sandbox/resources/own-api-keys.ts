import { apiKeyText } from '../chance.ts';
import { prefixedId } from '../ids.ts';
import { isRefusal, type Refusal, refusal, validation } from '../refusals.ts';
import { type Actor, type Outcome, type Route, success, type WriteContext } from '../route.ts';
import type { ApiKeyRow } from '../state.ts';
import { zuluTimeOrNull } from '../times.ts';
import { secretReplay } from './secrets-once.ts';

/** api-keys/rotate, kill, delete: own keys show another shape than a child's keys do. */
function ownKeyView(row: ApiKeyRow): Record<string, unknown> {
  return {
    id: row.id,
    organizationId: row.organizationId,
    name: row.name,
    prefix: row.prefix,
    killSwitch: row.killSwitch,
    isActive: row.status === 'active' && !row.killSwitch,
    rotatedAt: zuluTimeOrNull(row.rotatedAtMs),
    revokedAt: zuluTimeOrNull(row.revokedAtMs),
  };
}

function ownKey({ world, organization, params }: WriteContext): ApiKeyRow | Refusal {
  const id = prefixedId('key', params[0] ?? '');
  if (id === null) return validation([{ field: 'keyId', message: 'must be key_<uuid> or a UUID' }]);
  const row = world.apiKeys.get(id);
  return row?.organizationId === organization.id ? row : refusal('NOT_FOUND', 'API key not found.');
}

/** New text under the same id; the old secret is dead at once, and a killed key works again (api-keys/rotate). */
export function rotateInPlace(actor: Actor, row: ApiKeyRow): ApiKeyRow {
  const next: ApiKeyRow = {
    ...row,
    ...apiKeyText(actor.world.chance, row.env),
    status: 'active',
    killSwitch: false,
    rotatedAtMs: actor.nowMs,
    revokedAtMs: null,
  };
  actor.world.apiKeys.put(next);
  actor.record({ kind: 'key.rotate', organizationId: row.organizationId, keyId: row.id });
  return next;
}

function rotateOwn(context: WriteContext): Outcome {
  const row = ownKey(context);
  if (isRefusal(row)) return row;
  if (row.status === 'revoked' && !row.killSwitch) return refusal('CONFLICT', 'This key is deleted.');
  const next = rotateInPlace(context, row);
  const warning = 'Store this secret now: it is not shown again, and the old one no longer works.';
  return success({ apiKey: ownKeyView(next), secret: next.secret, warning });
}

/** Repeating it changes nothing. A killed key answers 503 KILL_SWITCH from now on. */
function kill(context: WriteContext): Outcome {
  const row = ownKey(context);
  if (isRefusal(row)) return row;
  const next: ApiKeyRow = row.killSwitch
    ? row
    : { ...row, status: 'revoked', killSwitch: true, revokedAtMs: row.revokedAtMs ?? context.nowMs };
  if (next !== row) {
    context.world.apiKeys.put(next);
    context.record({ kind: 'key.kill', organizationId: row.organizationId, keyId: row.id });
  }
  return success({ apiKey: ownKeyView(next), killed: true });
}

function deleteOwn(context: WriteContext): Outcome {
  const row = ownKey(context);
  if (isRefusal(row)) return row;
  const isGone = row.status === 'revoked' && !row.killSwitch;
  const revokedAtMs = row.revokedAtMs ?? context.nowMs;
  const next: ApiKeyRow = isGone ? row : { ...row, status: 'revoked', killSwitch: false, revokedAtMs };
  if (!isGone) {
    context.world.apiKeys.put(next);
    context.record({ kind: 'key.revoke', organizationId: row.organizationId, keyId: row.id });
  }
  return success({ apiKey: ownKeyView(next), deleted: true });
}

const inChild = { actsInChild: true } as const;

export const ownApiKeyRoutes: readonly Route[] = [
  { ...inChild, method: 'POST', path: '/v1/api-keys/:/rotate', handle: rotateOwn, replay: secretReplay('secret') },
  { ...inChild, method: 'POST', path: '/v1/api-keys/:/kill', handle: kill },
  { ...inChild, method: 'DELETE', path: '/v1/api-keys/:', handle: deleteOwn },
];

import { DAY_MS } from '../behaviour.ts';
import { apiKeyText, uuid } from '../chance.ts';
import { readFields } from '../fields.ts';
import { prefixedId } from '../ids.ts';
import { paginate } from '../pagination.ts';
import { isRefusal, type Refusal, refusal, validation } from '../refusals.ts';
import {
  type Actor,
  type Caller,
  type Outcome,
  type ReadContext,
  type Route,
  success,
  type WriteContext,
} from '../route.ts';
import { coversScope, isScope } from '../scopes.ts';
import type { ApiKeyRow, OrganizationRow } from '../state.ts';
import { zuluTime, zuluTimeOrNull } from '../times.ts';
import type { View } from '../world.ts';
import { directChild, livingChild } from './children.ts';
import { secretReplay } from './secrets-once.ts';

const WARNING = 'Store this secret now: it is not shown again.';

/** When the key stopped working, the end of a rotation's grace included; null while it works. */
export function revokedAtMs(row: ApiKeyRow, nowMs: number): number | null {
  if (row.status === 'revoked') return row.revokedAtMs;
  return row.graceUntilMs !== null && row.graceUntilMs <= nowMs ? row.graceUntilMs : null;
}

/** organizations/api-keys/list: the masked object. Killed, deleted and revoked all read `revoked`. */
function keyView(row: ApiKeyRow, nowMs: number, lastUsedAtMs: number | null): Record<string, unknown> {
  const ended = revokedAtMs(row, nowMs);
  return {
    id: row.id,
    organizationId: row.organizationId,
    name: row.name,
    prefix: row.prefix,
    env: row.env,
    scopes: row.scopes,
    rateLimitTier: row.rateLimitTier,
    status: ended === null ? 'active' : 'revoked',
    createdAt: zuluTime(row.createdAtMs),
    lastUsedAt: zuluTimeOrNull(lastUsedAtMs),
    rotatedAt: zuluTimeOrNull(row.rotatedAtMs),
    revokedAt: zuluTimeOrNull(ended),
    graceUntil: zuluTimeOrNull(row.graceUntilMs),
    supersededBy: row.supersededBy,
  };
}

export interface NewKey {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly env: 'live' | 'test';
  readonly rateLimitTier?: ApiKeyRow['rateLimitTier'];
}

/** Adds a key. A test key gets the tier `sandbox` (organizations/api-keys/mint). */
export function addKey(actor: Actor, organizationId: string, { name, scopes, env, rateLimitTier }: NewKey): ApiKeyRow {
  const { world, nowMs } = actor;
  const row: ApiKeyRow = {
    id: `key_${uuid(world.chance)}`,
    organizationId,
    name,
    ...apiKeyText(world.chance, env),
    env,
    scopes,
    rateLimitTier: rateLimitTier ?? (env === 'test' ? 'sandbox' : 'standard'),
    status: 'active',
    killSwitch: false,
    createdAtMs: nowMs,
    rotatedAtMs: null,
    revokedAtMs: null,
    graceUntilMs: null,
    supersededBy: null,
  };
  world.apiKeys.put(row);
  return row;
}

/** Revokes now; false when the key had already ended. */
export function revokeKey(actor: Actor, row: ApiKeyRow): boolean {
  if (revokedAtMs(row, actor.nowMs) !== null) return false;
  actor.world.apiKeys.put({ ...row, status: 'revoked', revokedAtMs: actor.nowMs });
  actor.record({ kind: 'key.revoke', organizationId: row.organizationId, keyId: row.id });
  return true;
}

/** Every scope must be well-formed, held by the caller, and none may be org:admin. */
function scopeRefusal(scopes: readonly string[], caller: Caller): Refusal | null {
  const malformed = scopes.filter((scope) => !isScope(scope));
  if (malformed.length > 0) return validation([{ field: 'scopes', message: `unknown scope ${malformed.join(', ')}` }]);
  const denied = scopes.filter((scope) => scope === 'org:admin' || !coversScope(caller.key.scopes, scope));
  if (denied.length === 0) return null;
  return refusal('FORBIDDEN_SCOPE', `These scopes cannot be given: ${denied.join(', ')}.`, { scopes: denied });
}

/** organizations/api-keys/mint */
function mint(context: WriteContext): Outcome {
  const child = livingChild(context.world, context);
  if (isRefusal(child)) return child;
  const fields = readFields(context.body);
  fields.require('name', 'scopes');
  const name = fields.text('name', { min: 1, max: 120 });
  const scopes = fields.texts('scopes', { min: 1, max: 64 });
  const env = fields.choice('env', ['live', 'test']) ?? 'live';
  if (fields.problems.length > 0 || !name || !scopes) return validation(fields.problems);
  const denied = scopeRefusal(scopes, context.caller);
  if (denied) return denied;
  const row = addKey(context, child.id, { name, scopes, env });
  context.record({ kind: 'key.mint', organizationId: child.id, keyId: row.id });
  return shown(context, row);
}

function shown({ nowMs, behaviour }: Actor, row: ApiKeyRow): Outcome {
  const body = { apiKey: keyView(row, nowMs, null), secret: row.secret, warning: WARNING };
  return success(body, behaviour.createStatus);
}

function listKeys(context: ReadContext): Outcome {
  const { view, query, behaviour, nowMs } = context;
  const child = directChild(view, context);
  if (isRefusal(child)) return child;
  const rows = [...view.apiKeys.of(child.id)].filter(
    (row) => behaviour.revokedKeysListed || revokedAtMs(row, nowMs) === null,
  );
  const page = paginate(rows, query, { max: 100, default: 25 }, behaviour);
  if (isRefusal(page)) return page;
  const items = page.rows.map((row) => keyView(row, nowMs, context.lastUsedAtMs(row.id)));
  return success({ items, nextCursor: page.nextCursor });
}

/** The key that the path names second: 404 unless it is this organization's. */
function keyOf(view: View, child: OrganizationRow, params: readonly string[]): ApiKeyRow | Refusal {
  const id = prefixedId('key', params[1] ?? '');
  if (id === null) return validation([{ field: 'keyId', message: 'must be key_<uuid> or a UUID' }]);
  const row = view.apiKeys.get(id);
  return row?.organizationId === child.id ? row : refusal('NOT_FOUND', 'API key not found.');
}

/** organizations/api-keys/rotate: a new key; the old secret works for 24 hours more. A key is rotated once. */
function rotate(context: WriteContext): Outcome {
  const { world, nowMs } = context;
  const child = livingChild(world, context);
  if (isRefusal(child)) return child;
  const old = keyOf(world, child, context.params);
  if (isRefusal(old)) return old;
  if (old.supersededBy !== null) return refusal('CONFLICT', 'This key was already rotated.');
  if (revokedAtMs(old, nowMs) !== null) return refusal('CONFLICT', 'This key is revoked.');
  const row = addKey(context, child.id, old);
  world.apiKeys.put({ ...old, rotatedAtMs: nowMs, graceUntilMs: nowMs + DAY_MS, supersededBy: row.id });
  context.record({ kind: 'key.rotate', organizationId: child.id, keyId: row.id });
  return shown(context, row);
}

/** organizations/api-keys/delete: at once, and by state: a second call answers the terminal shape. */
function revoke(context: WriteContext): Outcome {
  const child = directChild(context.world, context);
  if (isRefusal(child)) return child;
  const row = keyOf(context.world, child, context.params);
  if (isRefusal(row)) return row;
  revokeKey(context, row);
  const ended = context.world.apiKeys.get(row.id) ?? row;
  return success({ apiKey: keyView(ended, context.nowMs, null), deleted: true });
}

const path = '/v1/organizations/:/api-keys';
const admin = { scope: 'org:admin' } as const;
const replay = secretReplay('secret');

export const childApiKeyRoutes: readonly Route[] = [
  { ...admin, method: 'POST', path, handle: mint, replay },
  { ...admin, method: 'GET', path, freshness: 'keys', handle: listKeys },
  { ...admin, method: 'POST', path: `${path}/:/rotate`, handle: rotate, replay },
  { ...admin, method: 'DELETE', path: `${path}/:`, handle: revoke },
];

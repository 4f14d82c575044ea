import { prefixedId } from './ids.ts';
import { type Refusal, refusal } from './refusals.ts';
import { revokedAtMs } from './resources/child-api-keys.ts';
import type { Caller, Route } from './route.ts';
import type { ApiKeyRow, OrganizationRow } from './state.ts';
import type { World } from './world.ts';

/** Remembers which key a text belonged to; every hit is checked against the row, so that it can never be wrong. */
export type TokenIndex = Map<string, string>;

/**
 * Who calls. Only `Authorization: Bearer lp_<env>_<keyid>_<secret>` is accepted (getting-started/authentication).
 * Revoked, superseded past its grace, or of an archived organization: 401. Killed or suspended: 503 KILL_SWITCH.
 */
export function authenticate(
  world: World,
  index: TokenIndex,
  header: string | undefined,
  nowMs: number,
): Caller | Refusal {
  const token = /^Bearer (lp_\S+)$/i.exec(header ?? '')?.[1];
  if (token === undefined) return refusal('UNAUTHENTICATED', 'Send Authorization: Bearer <API key>.');
  const key = keyOfToken(world, index, token);
  const organization = key && world.organizations.get(key.organizationId);
  if (!key || !organization) return refusal('UNAUTHENTICATED', 'The API key is not valid.');
  if (key.killSwitch) return refusal('KILL_SWITCH', 'This API key was killed.', { scope: 'key' });
  if (revokedAtMs(key, nowMs) !== null || organization.status === 'archived') {
    return refusal('UNAUTHENTICATED', 'The API key was revoked.');
  }
  if (organization.status === 'suspended') {
    return refusal('KILL_SWITCH', 'The organization is suspended.', { scope: 'organization' });
  }
  return { key, organization };
}

function keyOfToken(world: World, index: TokenIndex, token: string): ApiKeyRow | undefined {
  const known = world.apiKeys.get(index.get(token) ?? '');
  if (known?.secret === token) return known;
  for (const row of world.apiKeys.rows()) {
    if (row.secret !== token) continue;
    index.set(token, row.id);
    return row;
  }
  return undefined;
}

/**
 * The organization a request acts in. The header is ignored on the control plane; elsewhere it needs org:admin and
 * names a direct child. What nobody documents is listed in docs/sandbox.md.
 */
export function actingOrganization(
  world: World,
  { key, organization }: Caller,
  route: Route,
  header: string | undefined,
): OrganizationRow | Refusal {
  if (header === undefined || route.actsInChild !== true) return organization;
  if (!key.scopes.includes('org:admin')) {
    return refusal('FORBIDDEN_SCOPE', 'X-Layers-Organization needs org:admin.', { requiredScope: 'org:admin' });
  }
  const child = world.organizations.get(prefixedId('org', header) ?? '');
  if (child?.parentOrganizationId !== organization.id || child.status === 'archived') {
    return refusal('NOT_FOUND', 'Organization not found.');
  }
  if (child.status === 'suspended' && route.method !== 'GET') {
    return refusal('KILL_SWITCH', 'The organization is suspended.', { scope: 'organization' });
  }
  return child;
}

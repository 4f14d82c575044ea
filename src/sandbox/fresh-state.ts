import { defaultBehaviour } from './behaviour.ts';
import { uuid } from './chance.ts';
import { addKey } from './resources/child-api-keys.ts';
import type { Actor } from './route.ts';
import type { EphemeralState, RateLimitTier, SandboxState } from './state.ts';
import { emptyWallet, post } from './wallet.ts';
import { openWorld } from './world.ts';

export interface FreshOptions {
  readonly seed: number;
  readonly nowMs: number;
  readonly tier: RateLimitTier;
  readonly prepaidCredits: number;
}

const NO_ROWS = { organizations: [], wallets: [], apiKeys: [], ledger: [], webhookEndpoints: [], deliveries: [] };

/** The part that a persistent sandbox begins anew each time it is opened. */
export function emptyEphemeral(seed: number): EphemeralState {
  // Request ids have a generator of their own: a read draws one, and a read must not change what is kept.
  const requestChance = seed ^ 0x5eed;
  return { history: NO_ROWS, buckets: {}, lastUsedAtMs: {}, requests: [], requestChance, faults: [] };
}

function emptyState(seed: number, parentOrganizationId: string, parentApiKeyId: string): SandboxState {
  return {
    format: 'layers-sandbox/1',
    version: 0,
    chance: seed,
    clockOffsetMs: 0,
    parentOrganizationId,
    parentApiKeyId,
    ...NO_ROWS,
    idempotency: [],
    transfers: [],
    operations: [],
    ephemeral: emptyEphemeral(seed),
  };
}

/** A parent called "Sandbox Partner" with prepaid credits and one key that may do everything. */
export function freshState({ seed, nowMs, tier, prepaidCredits }: FreshOptions): SandboxState {
  const world = openWorld(emptyState(seed, '', ''));
  world.begin(nowMs);
  const actor: Actor = { world, nowMs, behaviour: defaultBehaviour, record: () => {} };
  const parentId = `org_${uuid(world.chance)}`;
  world.organizations.put({
    id: parentId,
    parentOrganizationId: null,
    name: 'Sandbox Partner',
    status: 'active',
    metadata: {},
    billingEmail: null,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    archivedAtMs: null,
  });
  world.wallets.put(emptyWallet(parentId, nowMs));
  if (prepaidCredits > 0) post(actor, { organizationId: parentId, credits: prepaidCredits, eventType: 'purchase' });
  const scopes = ['org:admin', '*'];
  const key = addKey(actor, parentId, { name: 'parent key', scopes, env: 'live', rateLimitTier: tier });
  return {
    ...emptyState(world.chance.state(), parentId, key.id),
    organizations: world.organizations.dump(),
    wallets: world.wallets.dump(),
    apiKeys: world.apiKeys.dump(),
    ledger: world.ledger.dump(),
  };
}

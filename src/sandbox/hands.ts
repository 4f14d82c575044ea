import { isRefusal, type Refusal, refusal } from './refusals.ts';
import { archiveChild } from './resources/archive.ts';
import { addKey, type NewKey, revokeKey } from './resources/child-api-keys.ts';
import { addChild, type NewOrganization, setStatus } from './resources/organizations.ts';
import { rotateInPlace } from './resources/own-api-keys.ts';
import { addEndpoint, type NewWebhookEndpoint, removeEndpoint } from './resources/webhook-endpoints.ts';
import type { Actor } from './route.ts';
import type { ApiKeyRow, OrganizationRow, RateLimitTier, Receiver, WalletRow, WebhookEndpointRow } from './state.ts';
import { canPay, post, reserve, settle, transferToChild, walletOf } from './wallet.ts';

/** What a hand came to: done, or why not. Nothing is thrown. */
export type HandResult<T = object> =
  | ({ readonly done: true } & T)
  | { readonly done: false; readonly refusal: Refusal };

/** Acting as somebody else: customers who spend, people in the dashboard, other programs. */
export interface Hands {
  /** A generation that starts and ends: reserves, settles, may trigger auto-refill. */
  spend(organizationId: string, credits: number): HandResult;
  /** A generation that starts; {@link Hands.settle} ends it. */
  reserve(organizationId: string, credits: number): HandResult;
  settle(organizationId: string, reserved: number, spent: number): HandResult;
  /** The parent buys prepaid credits. */
  fundParent(credits: number): HandResult;
  /** An allocation made by hand: no mark of ours on its ledger rows. */
  foreignTransfer(organizationId: string, credits: number, description?: string): HandResult;
  /** Cap and refill, changed in the dashboard. */
  changeLimits(
    organizationId: string,
    limits: Partial<Pick<WalletRow, 'monthlyCreditCap' | 'refillThreshold' | 'refillAmount'>>,
  ): HandResult;
  suspend(organizationId: string): HandResult;
  resume(organizationId: string): HandResult;
  archive(organizationId: string): HandResult;
  /** The provider suspends the parent: every call answers 503 KILL_SWITCH until resumed. */
  suspendParent(): HandResult;
  resumeParent(): HandResult;
  createOrganization(
    organization: Partial<NewOrganization> & { readonly name: string },
  ): HandResult<{ organization: OrganizationRow }>;
  /** Changes fields of an organization in the dashboard; metadata is replaced by what is given. */
  patchOrganization(organizationId: string, patch: Partial<NewOrganization>): HandResult;
  mintKey(organizationId: string, key: NewKey): HandResult<{ apiKey: ApiKeyRow }>;
  revokeKey(keyId: string): HandResult;
  /** An endpoint of the parent that somebody makes in the dashboard. */
  createWebhook(endpoint: Partial<NewWebhookEndpoint> & { readonly url: string }): HandResult<{
    endpoint: WebhookEndpointRow;
  }>;
  deleteWebhook(endpointId: string): HandResult;
  /** The provider pauses an endpoint after 20 failures in a row. */
  autoPauseWebhook(endpointId: string): HandResult;
  /** Says how the receiver of an endpoint answers what is sent to it, and what was not answered yet. */
  answerWebhook(endpointId: string, receiver: Receiver): HandResult;
  /** A second key of the parent: its idempotency memory is its own. */
  addParentKey(rateLimitTier?: RateLimitTier): HandResult<{ apiKey: ApiKeyRow }>;
  /** Replaces the text of a parent's key in the dashboard: the old one is dead. */
  rotateParentKey(keyId: string): HandResult<{ apiKey: ApiKeyRow }>;
}

/** Runs one change as a hand. */
export type Act = <T>(work: (actor: Actor) => T) => T;

const DONE = { done: true } as const;
/** integrations/webhooks */
const AUTO_PAUSED_AFTER = 20;
const PARENT_SCOPES: readonly string[] = ['org:admin', '*'];

export function createHands(act: Act): Hands {
  /** Finds the organization, then works on it; what the work returns as a refusal is the hand's. */
  function withOrganization<T extends object>(
    organizationId: string,
    work: (actor: Actor, row: OrganizationRow) => T | Refusal,
  ): HandResult<T> {
    return act((actor) => {
      const row = actor.world.organizations.get(organizationId);
      if (!row) return refused(refusal('NOT_FOUND', `There is no organization ${organizationId}.`));
      const result = work(actor, row);
      return isRefusal(result) ? refused(result) : { ...DONE, ...result };
    });
  }

  const withParent = (work: (actor: Actor, row: OrganizationRow) => void) =>
    act((actor): HandResult => {
      const row = actor.world.organizations.get(actor.world.parentOrganizationId);
      if (row) work(actor, row);
      return DONE;
    });

  const withKey = <T extends object>(keyId: string, work: (actor: Actor, row: ApiKeyRow) => T) =>
    act((actor): HandResult<T> => {
      const row = actor.world.apiKeys.get(keyId);
      return row ? { ...DONE, ...work(actor, row) } : refused(refusal('NOT_FOUND', `There is no key ${keyId}.`));
    });

  const withWebhook = (endpointId: string, work: (actor: Actor, row: WebhookEndpointRow) => void) =>
    act((actor): HandResult => {
      const row = actor.world.webhookEndpoints.get(endpointId);
      if (!row) return refused(refusal('NOT_FOUND', `There is no webhook endpoint ${endpointId}.`));
      work(actor, row);
      return DONE;
    });

  return {
    spend: (id, credits) =>
      withOrganization(id, (actor, row) => {
        const held = startWork(actor, row, credits);
        if (held) return held;
        settle(actor, row, credits, credits);
        return {};
      }),
    reserve: (id, credits) => withOrganization(id, (actor, row) => startWork(actor, row, credits) ?? {}),
    settle: (id, reserved, spent) =>
      withOrganization(id, (actor, row) => {
        settle(actor, row, reserved, spent);
        return {};
      }),
    fundParent: (credits) =>
      withParent((actor, row) => {
        post(actor, { organizationId: row.id, credits, eventType: 'purchase' });
        actor.record({ kind: 'credits.fund', organizationId: row.id, credits });
      }),
    foreignTransfer: (id, credits, description) =>
      withOrganization(id, (actor, child) => {
        if (!canPay(actor.world, child.parentOrganizationId, credits, actor.nowMs)) {
          return refusal('BILLING_EXHAUSTED', 'The parent cannot pay this.');
        }
        const directions = { parent: 'out', child: 'in' };
        transferToChild(actor, { child, credits, directions, description: description ?? null });
        actor.record({ kind: 'credits.transfer-by-hand', organizationId: child.id, credits });
        return {};
      }),
    changeLimits: (id, limits) =>
      withOrganization(id, (actor, row) => {
        actor.world.wallets.put({ ...walletOf(actor.world, row.id, actor.nowMs), ...limits });
        actor.record({ kind: 'credit-config.patch', organizationId: row.id });
        return {};
      }),
    suspend: (id) => withOrganization(id, (actor, row) => changeStatus(actor, row, 'suspended')),
    resume: (id) => withOrganization(id, (actor, row) => changeStatus(actor, row, 'active')),
    archive: (id) => withOrganization(id, (actor, row) => archiveChild(actor, row)),
    suspendParent: () => withParent((actor, row) => setStatus(actor, row, 'suspended')),
    resumeParent: () => withParent((actor, row) => setStatus(actor, row, 'active')),
    createOrganization: ({ name, metadata = {}, billingEmail = null }) =>
      act((actor) => {
        const organization = addChild(actor, actor.world.parentOrganizationId, { name, metadata, billingEmail });
        return { ...DONE, organization };
      }),
    patchOrganization: (id, patch) =>
      withOrganization(id, (actor, row) => {
        actor.world.organizations.put({ ...row, ...patch, updatedAtMs: actor.nowMs });
        actor.record({ kind: 'organization.patch', organizationId: row.id });
        return {};
      }),
    mintKey: (id, key) =>
      withOrganization(id, (actor, row) => {
        const apiKey = addKey(actor, row.id, key);
        actor.record({ kind: 'key.mint', organizationId: row.id, keyId: apiKey.id });
        return { apiKey };
      }),
    revokeKey: (keyId) =>
      withKey(keyId, (actor, row) => {
        revokeKey(actor, row);
        return {};
      }),
    createWebhook: ({
      url,
      events = ['content.generated'],
      scope = 'all_children',
      description = null,
      metadata = {},
    }) =>
      act((actor) => {
        const { parentOrganizationId } = actor.world;
        const endpoint = addEndpoint(actor, parentOrganizationId, { url, events, scope, description, metadata });
        actor.record({ kind: 'webhook.create', organizationId: parentOrganizationId, endpointId: endpoint.id });
        return { ...DONE, endpoint };
      }),
    deleteWebhook: (endpointId) =>
      withWebhook(endpointId, (actor, row) => {
        removeEndpoint(actor, row);
        actor.record({ kind: 'webhook.delete', organizationId: row.organizationId, endpointId });
      }),
    autoPauseWebhook: (endpointId) =>
      withWebhook(endpointId, ({ world, nowMs }, row) => {
        world.webhookEndpoints.put({
          ...row,
          status: 'auto_paused',
          consecutiveFailureCount: AUTO_PAUSED_AFTER,
          updatedAtMs: nowMs,
        });
      }),
    answerWebhook: (endpointId, receiver) =>
      withWebhook(endpointId, ({ world }, row) => world.webhookEndpoints.put({ ...row, receiver })),
    addParentKey: (rateLimitTier = 'partner') =>
      act((actor) => {
        const { parentOrganizationId } = actor.world;
        const key: NewKey = { name: 'second parent key', scopes: PARENT_SCOPES, env: 'live', rateLimitTier };
        return { ...DONE, apiKey: addKey(actor, parentOrganizationId, key) };
      }),
    rotateParentKey: (keyId) => withKey(keyId, (actor, row) => ({ apiKey: rotateInPlace(actor, row) })),
  };
}

function refused(why: Refusal): { readonly done: false; readonly refusal: Refusal } {
  return { done: false, refusal: why };
}

/** Work starts in active organizations only: a suspended one holds it. */
function startWork(actor: Actor, row: OrganizationRow, credits: number): Refusal | null {
  if (row.status !== 'active') return refusal('KILL_SWITCH', `The organization is ${row.status}.`);
  return reserve(actor, row, credits);
}

function changeStatus(actor: Actor, row: OrganizationRow, status: 'active' | 'suspended'): Refusal | object {
  if (row.status === 'archived') return refusal('CONFLICT', 'The organization is archived.');
  setStatus(actor, row, status);
  return {};
}

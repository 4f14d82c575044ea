import { isRefusal } from '../refusals.ts';
import { type Actor, type Outcome, type Route, success, type WriteContext } from '../route.ts';
import type { OrganizationRow } from '../state.ts';
import { organizationTime } from '../times.ts';
import { availableOf, post, walletOf } from '../wallet.ts';
import { revokeKey } from './child-api-keys.ts';
import { directChild } from './children.ts';

/** Sends what is not reserved back to the parent. Reserved credits stay behind, out of reach. */
function reclaim(actor: Actor, child: OrganizationRow): number {
  const wallet = walletOf(actor.world, child.id, actor.nowMs);
  const credits = Math.min(availableOf(wallet), wallet.prepaidBalance);
  if (credits === 0 || child.parentOrganizationId === null) return 0;
  const metadata = (direction: string, counterpartyOrgId: string) => ({ direction, counterpartyOrgId });
  if (actor.behaviour.archivePostsNegativeAllocation) {
    const out = metadata('reclaim_out', child.parentOrganizationId);
    post(actor, { organizationId: child.id, credits: -credits, eventType: 'allocation', metadata: out });
  } else {
    actor.world.wallets.put({ ...wallet, prepaidBalance: wallet.prepaidBalance - credits });
  }
  const back = metadata('reclaim_in', child.id);
  post(actor, { organizationId: child.parentOrganizationId, credits, eventType: 'allocation', metadata: back });
  actor.record({ kind: 'credits.reclaim', organizationId: child.id, credits });
  return credits;
}

/**
 * Archives a child for ever: keys revoked, wallet swept (organizations/archive-organization). Repeating it answers the
 * terminal state with nothing reclaimed and nothing revoked.
 */
export function archiveChild(actor: Actor, child: OrganizationRow): Record<string, unknown> {
  const { world, nowMs } = actor;
  let [reclaimedCredits, revokedApiKeys, archivedAtMs] = [0, 0, child.archivedAtMs ?? nowMs];
  if (child.status !== 'archived') {
    reclaimedCredits = reclaim(actor, child);
    for (const key of world.apiKeys.of(child.id)) if (revokeKey(actor, key)) revokedApiKeys += 1;
    archivedAtMs = nowMs;
    world.organizations.put({ ...child, status: 'archived', archivedAtMs, updatedAtMs: nowMs });
    actor.record({ kind: 'organization.archive', organizationId: child.id, credits: reclaimedCredits });
  }
  const archivedAt = organizationTime(archivedAtMs);
  return { id: child.id, status: 'archived', archivedAt, reclaimedCredits, revokedApiKeys };
}

function archiveOrganization(context: WriteContext): Outcome {
  const child = directChild(context.world, context);
  return isRefusal(child) ? child : success(archiveChild(context, child));
}

export const archiveRoutes: readonly Route[] = [
  { method: 'DELETE', path: '/v1/organizations/:', scope: 'org:admin', handle: archiveOrganization },
];

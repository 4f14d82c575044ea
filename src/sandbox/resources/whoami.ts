import { type ReadContext, type Route, success } from '../route.ts';
import { balanceOf, walletOf } from '../wallet.ts';

/** organizations/whoami. `creditBalance` is the gross balance, a choice: the page does not say which. */
function whoami({ caller, organization, view, nowMs, behaviour }: ReadContext) {
  return success({
    organizationId: organization.id,
    workspaceId: organization.id,
    organizationName: organization.name,
    parentOrganizationId: organization.parentOrganizationId,
    scopes: behaviour.whoamiListsScopes ? caller.key.scopes : [],
    rateLimitTier: caller.key.rateLimitTier,
    apiKeyId: caller.key.id,
    creditBalance: balanceOf(walletOf(view, organization.id, nowMs)),
  });
}

export const whoamiRoutes: readonly Route[] = [
  { method: 'GET', path: '/v1/whoami', freshness: 'now', actsInChild: true, handle: whoami },
];

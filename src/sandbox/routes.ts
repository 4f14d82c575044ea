import { allocateRoutes } from './resources/allocate.ts';
import { archiveRoutes } from './resources/archive.ts';
import { childApiKeyRoutes } from './resources/child-api-keys.ts';
import { creditConfigRoutes } from './resources/credit-config.ts';
import { creditRoutes } from './resources/credits.ts';
import { organizationRoutes } from './resources/organizations.ts';
import { ownApiKeyRoutes } from './resources/own-api-keys.ts';
import { webhookDeliveryRoutes } from './resources/webhook-deliveries.ts';
import { webhookEndpointRoutes } from './resources/webhook-endpoints.ts';
import { whoamiRoutes } from './resources/whoami.ts';
import type { Route } from './route.ts';

/** Every route the sandbox serves: one file per kind of resource, and this list. */
export const routes: readonly Route[] = [
  ...whoamiRoutes,
  ...organizationRoutes,
  ...archiveRoutes,
  ...childApiKeyRoutes,
  ...creditRoutes,
  ...allocateRoutes,
  ...creditConfigRoutes,
  ...ownApiKeyRoutes,
  ...webhookEndpointRoutes,
  ...webhookDeliveryRoutes,
];

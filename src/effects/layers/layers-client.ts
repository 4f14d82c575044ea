import { type Caller, type CallerOptions, createCaller } from './call.ts';
import type { LayersClient, LayersReader } from './client.ts';
import { apiKeyReads, apiKeyWrites } from './resources/api-keys.ts';
import { creditReads, creditWrites } from './resources/credits.ts';
import { organizationReads, organizationWrites } from './resources/organizations.ts';
import { webhookReads, webhookWrites } from './resources/webhooks.ts';
import { whoamiReads } from './resources/whoami.ts';

export type LayersClientOptions = CallerOptions;

/** A client that can only read: the object has no write methods, so a dry run cannot write by mistake. */
export function createLayersReader(options: LayersClientOptions): LayersReader {
  return reads(createCaller(options), options);
}

/** Reads and writes of the control plane. No method rejects for what a server or a network does. */
export function createLayersClient(options: LayersClientOptions): LayersClient {
  const call = createCaller(options);
  return {
    ...reads(call, options),
    ...organizationWrites(call),
    ...creditWrites(call),
    ...apiKeyWrites(call),
    ...webhookWrites(call),
  };
}

function reads(call: Caller, { pacer }: LayersClientOptions): LayersReader {
  return {
    ...whoamiReads(call, (tier) => pacer?.setTier(tier)),
    ...organizationReads(call),
    ...creditReads(call),
    ...apiKeyReads(call),
    ...webhookReads(call),
  };
}

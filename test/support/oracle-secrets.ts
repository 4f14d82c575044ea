import type { SandboxState } from '../../src/sandbox/index.ts';
import type { OracleFacts } from './oracle.ts';

/** A replay is relied on for so long (correctness 2.10, P6). */
const REPLAY_WITHIN_MS = 20 * 3_600_000;

/** Credentials that we made and that work now: id, secret, and how to name them. */
export function liveCredentials(state: SandboxState, nowMs: number) {
  const ours = new Set<string>();
  for (const { kind, by, keyId, endpointId } of state.operations) {
    if (by !== 'api') continue;
    if ((kind === 'key.mint' || kind === 'key.rotate') && keyId !== undefined) ours.add(keyId);
    if (kind === 'webhook.create' && endpointId !== undefined) ours.add(endpointId);
  }
  const archived = new Set(state.organizations.filter(({ status }) => status === 'archived').map(({ id }) => id));
  const keys = state.apiKeys
    .filter((key) => ours.has(key.id) && key.status === 'active' && !archived.has(key.organizationId))
    .filter(({ graceUntilMs }) => graceUntilMs === null || graceUntilMs > nowMs)
    .map(({ id, secret, name }) => ({ id, secret, what: `key "${name}" (${id})` }));
  const webhooks = state.webhookEndpoints
    .filter(({ id }) => ours.has(id))
    .map(({ id, signingSecret }) => ({ id, secret: signingSecret, what: `webhook endpoint ${id}` }));
  return [...keys, ...webhooks];
}

/** All texts in the stores of all workspaces. */
export function storedTexts({ workspaces }: OracleFacts): ReadonlySet<string> {
  const texts = new Set<string>();
  for (const { disk, directory } of workspaces)
    for (const [, text] of disk.textsBelow(`${directory}/.reconcile/secrets`)) texts.add(text);
  return texts;
}

/**
 * I3: the secret of every live credential is in a store, or the provider gives it again when asked the same. Where the
 * provider's answer to P9 or P6 is unfavourable nothing can be promised, and the engine has to say `SecretMissing`.
 */
export function judgeSecrets(facts: OracleFacts, state: SandboxState): void {
  const { sandbox, report } = facts;
  const { mintReplay, idempotencyWindowMs } = sandbox.behaviour();
  if (mintReplay !== 'secret' || idempotencyWindowMs < REPLAY_WITHIN_MS) return;
  const nowMs = sandbox.clock.now();
  const live = liveCredentials(state, nowMs);
  if (live.length === 0) return;
  const stored = storedTexts(facts);
  for (const { secret, what, id } of live) {
    if (stored.has(secret)) continue;
    const remembered = state.idempotency.find(({ body }) => body.includes(id));
    const isRemembered = remembered !== undefined && nowMs - remembered.atMs < REPLAY_WITHIN_MS;
    const isHiddenByError = !isRemembered && sandbox.behaviour().cacheServerErrors;
    if (!isRemembered && !isHiddenByError) report('I3', `the secret of ${what} is in no store and cannot be had again`);
  }
}

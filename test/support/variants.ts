import type { SandboxBehaviour } from '../../src/sandbox/behaviour.ts';

/** One way in which the provider may turn out to behave (P1 to P12), or in which the program may be set up. */
export interface Variant {
  readonly name: string;
  readonly behaviour: Partial<SandboxBehaviour>;
  /** `converges`: everything is promised. `safe`: only that nothing forbidden happens and that it is said. */
  readonly promise: 'converges' | 'safe';
  readonly statusStore?: 'inline' | 'directory';
  /** How far our clock is ahead of the server's, in milliseconds. */
  readonly skewMs?: number;
}

const hour = 3_600_000;

const favourable: readonly Variant[] = [
  { name: 'default', behaviour: {} },
  { name: 'P1-uuid-keys-only', behaviour: { idempotencyKeyFormat: 'uuid' as const } },
  { name: 'P2-metadata-only', behaviour: { ledgerMarkers: 'metadata' as const } },
  { name: 'P2-description-only', behaviour: { ledgerMarkers: 'description' as const } },
  { name: 'P3-memory-per-parent', behaviour: { replayMemoryScope: 'parent' as const } },
  { name: 'P3-no-database-memory', behaviour: { allocateKeyForever: false } },
  { name: 'P4-4xx-remembered', behaviour: { cacheClientErrors: true } },
  { name: 'P5-in-flight-replays', behaviour: { inFlightDuplicate: 'replay' as const } },
  { name: 'P6-window-21h', behaviour: { idempotencyWindowMs: 21 * hour } },
  { name: 'P7-ledger-3s-late', behaviour: { ledgerDelayMs: 3_000 } },
  { name: 'P7-ledger-60s-late', behaviour: { ledgerDelayMs: 60_000 } },
  { name: 'P7-lists-3s-late', behaviour: { listDelayMs: 3_000, keyListDelayMs: 3_000 } },
  { name: 'P7-lists-60s-late', behaviour: { listDelayMs: 60_000, keyListDelayMs: 60_000 } },
  { name: 'archived-unlisted', behaviour: { archivedListedUnasked: false } },
  { name: 'P8-revoked-unlisted', behaviour: { revokedKeysListed: false } },
  { name: 'P10-silent-sweep', behaviour: { archivePostsNegativeAllocation: false } },
  { name: 'P11-replays-are-free', behaviour: { replaysCountAgainstQuota: false } },
  { name: 'P12-refill-fires-at-once', behaviour: { refillFiresOnEnable: true } },
  { name: 'bodies-as-bytes', behaviour: { bodyComparison: 'bytes' as const } },
  { name: 'creates-answer-200', behaviour: { createStatus: 200 as const } },
  { name: 'whoami-without-scopes', behaviour: { whoamiListsScopes: false } },
  { name: 'clock-48h-ahead', behaviour: {}, skewMs: 48 * hour },
  { name: 'clock-48h-behind', behaviour: {}, skewMs: -48 * hour },
  { name: 'status-in-directory', behaviour: {}, statusStore: 'directory' as const },
].map((variant) => ({ ...variant, promise: 'converges' }));

const unfavourable: readonly Variant[] = [
  { name: 'P2-no-markers', behaviour: { ledgerMarkers: 'neither' as const } },
  { name: 'P2-server-members', behaviour: { ledgerMarkers: 'server' as const } },
  { name: 'P4-5xx-remembered', behaviour: { cacheServerErrors: true } },
  { name: 'P9-replay-masks-secret', behaviour: { mintReplay: 'masked' as const } },
  { name: 'P9-replay-conflicts', behaviour: { mintReplay: 'conflict' as const } },
  { name: 'patch-replaces-metadata', behaviour: { patchMergesMetadata: false } },
  { name: 'lists-omit-newest', behaviour: { listOmitsOne: 'newest' as const } },
  { name: 'lists-omit-oldest', behaviour: { listOmitsOne: 'oldest' as const } },
].map((variant) => ({ ...variant, promise: 'safe' }));

/** Every axis by itself, and combinations of many at once. */
export const variants: readonly Variant[] = [...favourable, ...unfavourable, ...combinations()];

/** Half of the axes flipped at a time, by a fixed pattern: every pair of axes meets in some combination. */
function combinations(): Variant[] {
  const axes = [...favourable, ...unfavourable].filter(
    ({ name, behaviour }) => Object.keys(behaviour).length > 0 && !name.startsWith('lists-omit'),
  );
  return Array.from({ length: 8 }, (_, at): Variant => {
    const chosen = axes.filter((_axis, index) => ((index * 7 + 3) >> (at % 5)) % 2 === (at < 4 ? 0 : 1));
    const promise = chosen.some((axis) => axis.promise === 'safe') ? 'safe' : 'converges';
    return {
      name: `combination-${at + 1}`,
      behaviour: Object.assign({}, ...chosen.map((axis) => axis.behaviour)),
      promise,
    };
  });
}

export function variantNamed(name: string): Variant {
  const found = variants.find((variant) => variant.name === name);
  if (!found) throw new Error(`there is no variant ${name}; known: ${variants.map((one) => one.name).join(', ')}`);
  return found;
}

/**
 * The choices nobody documents, each with the answer the sandbox gives by default. Numbers are those of
 * docs/sandbox.md, where every switch has a line; "P" numbers name the open properties of the provider.
 */
export interface SandboxBehaviour {
  /** How long an idempotency key is remembered, in milliseconds; 0 = not at all (P6). */
  readonly idempotencyWindowMs: number;
  /** 402, 409 and 422 are remembered under the key and repeated verbatim, `requestId` included (P4). */
  readonly cacheClientErrors: boolean;
  /** 5xx are remembered too (P4). */
  readonly cacheServerErrors: boolean;
  /** The database remembers an allocate key per parent for ever, whatever API key sent it (P3). */
  readonly allocateKeyForever: boolean;
  /** Who shares one idempotency memory (P3). */
  readonly replayMemoryScope: 'key+endpoint' | 'parent';
  /** A second request under a key whose first one has not been answered (P5). */
  readonly inFlightDuplicate: 'conflict' | 'replay' | 'execute';
  /** Which of an allocation's marks its ledger row shows (P2); `server`: only what the server itself keeps there. */
  readonly ledgerMarkers: 'both' | 'metadata' | 'description' | 'server' | 'neither';
  /** Ledgers and wallets are read as of this many milliseconds ago (P7). */
  readonly ledgerDelayMs: number;
  /** Organizations and webhook endpoints are read as of this many milliseconds ago (P7). */
  readonly listDelayMs: number;
  /** Key lists are read as of this many milliseconds ago (P7). */
  readonly keyListDelayMs: number;
  /** What a replay of a call that showed a secret answers (P9). */
  readonly mintReplay: 'secret' | 'masked' | 'conflict';
  /** Revoked keys stay in the key list (P8). */
  readonly revokedKeysListed: boolean;
  /** Enabling auto-refill on a wallet below the threshold moves money at once (P12). */
  readonly refillFiresOnEnable: boolean;
  /** Archiving writes a negative allocation to the child's ledger (P10). */
  readonly archivePostsNegativeAllocation: boolean;
  /** A replayed request uses up rate-limit quota (P11). */
  readonly replaysCountAgainstQuota: boolean;
  /** Which idempotency keys are accepted: 1 to 255 characters, or UUIDs only (P1). */
  readonly idempotencyKeyFormat: 'any' | 'uuid';
  /** How "the same body" is decided. */
  readonly bodyComparison: 'canonical' | 'bytes';
  /** Status of a successful create, mint, rotate of a child key, and allocate. */
  readonly createStatus: 200 | 201;
  /** PATCH of an organization merges metadata key by key; false = it replaces it, as it did before June 2026. */
  readonly patchMergesMetadata: boolean;
  /** A list of organizations without a `status` shows archived ones too; false = only when they are asked for. */
  readonly archivedListedUnasked: boolean;
  /** A lossy listing: every list loses its newest or its oldest item. */
  readonly listOmitsOne: 'none' | 'newest' | 'oldest';
  /** whoami shows the key's scopes; false = `[]`, as the page warns. */
  readonly whoamiListsScopes: boolean;
}

export const DAY_MS = 86_400_000;

export const defaultBehaviour: SandboxBehaviour = {
  idempotencyWindowMs: DAY_MS,
  cacheClientErrors: false,
  cacheServerErrors: false,
  allocateKeyForever: true,
  replayMemoryScope: 'key+endpoint',
  inFlightDuplicate: 'conflict',
  ledgerMarkers: 'both',
  ledgerDelayMs: 0,
  listDelayMs: 0,
  keyListDelayMs: 0,
  mintReplay: 'secret',
  revokedKeysListed: true,
  refillFiresOnEnable: false,
  archivePostsNegativeAllocation: true,
  replaysCountAgainstQuota: true,
  idempotencyKeyFormat: 'any',
  bodyComparison: 'canonical',
  createStatus: 201,
  patchMergesMetadata: true,
  archivedListedUnasked: true,
  listOmitsOne: 'none',
  whoamiListsScopes: true,
};

/**
 * Everything the sandbox knows, as plain JSON data. Rows are never changed in place: a change puts a new row, so a
 * snapshot may share them and a suite may branch from any moment for the price of a few array copies.
 */

/** Metadata of organizations, allocations and webhook endpoints: string to string. */
export type Metadata = Readonly<Record<string, string>>;

export interface OrganizationRow {
  readonly id: string;
  /** null for a parent. */
  readonly parentOrganizationId: string | null;
  readonly name: string;
  readonly status: 'active' | 'suspended' | 'archived';
  readonly metadata: Metadata;
  readonly billingEmail: string | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly archivedAtMs: number | null;
}

/** Wallet and credit-config of one organization; credits are whole numbers. */
export interface WalletRow {
  /** The organization's id. */
  readonly id: string;
  readonly includedThisPeriod: number;
  readonly includedRemaining: number;
  readonly prepaidBalance: number;
  readonly reservedCredits: number;
  readonly usedThisPeriod: number;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  readonly monthlyCreditCap: number | null;
  readonly refillThreshold: number | null;
  readonly refillAmount: number | null;
}

export interface ApiKeyRow {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  /** Masked text, `lp_live_ABCDEFGHJKMNPQRS`. */
  readonly prefix: string;
  /** The whole text `lp_<env>_<keyid>_<secret>`: ground truth for oracles, shown to callers once. */
  readonly secret: string;
  readonly env: 'live' | 'test';
  readonly scopes: readonly string[];
  readonly rateLimitTier: RateLimitTier;
  readonly status: 'active' | 'revoked';
  readonly killSwitch: boolean;
  readonly createdAtMs: number;
  readonly rotatedAtMs: number | null;
  readonly revokedAtMs: number | null;
  /** Set on a superseded child key: its secret works until then. */
  readonly graceUntilMs: number | null;
  readonly supersededBy: string | null;
}

export type RateLimitTier = 'standard' | 'pilot' | 'partner' | 'sandbox' | 'unlimited';

export type LedgerEventType = 'usage' | 'refund' | 'grant' | 'purchase' | 'adjustment' | 'allocation';

export interface LedgerRow {
  /** `eventId` of the API: a bare UUID. */
  readonly id: string;
  readonly organizationId: string;
  /** Signed: debits are negative. */
  readonly credits: number;
  readonly eventType: LedgerEventType;
  readonly balanceAfterPrepaid: number;
  readonly usageAfterPeriod: number | null;
  readonly createdAtMs: number;
  readonly description: string | null;
  readonly metadata: Metadata | null;
}

export interface WebhookEndpointRow {
  /** A bare UUID. */
  readonly id: string;
  readonly organizationId: string;
  readonly projectId: string | null;
  readonly url: string;
  readonly description: string | null;
  readonly status: 'active' | 'paused' | 'auto_paused';
  readonly events: readonly string[];
  readonly metadata: Metadata;
  readonly scope: 'own' | 'all_children';
  readonly signingSecret: string;
  readonly previousSigningSecret: string | null;
  readonly previousSecretExpiresAtMs: number | null;
  readonly consecutiveFailureCount: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** How its receiver answers, if somebody has said so; without, with 200. */
  readonly receiver?: Receiver;
}

/** The other end of a webhook: an HTTP status, or no answer at all for a reason. */
export type Receiver = { readonly status: number } | { readonly error: string };

export interface DeliveryRow {
  readonly id: string;
  readonly endpointId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly replayOf: string | null;
  readonly createdAtMs: number;
}

/** One remembered answer of the HTTP layer's idempotency memory. */
export interface IdempotencyRow {
  /** Scope and key, see idempotency.ts. */
  readonly id: string;
  readonly apiKeyId: string;
  readonly endpoint: string;
  /** Method, path and body as the memory compares them. */
  readonly fingerprint: string;
  readonly atMs: number;
  /** Until then the first request counts as being in flight. */
  readonly answeredAtMs: number;
  readonly status: number;
  readonly body: string;
}

/** One transfer, remembered by the database for as long as `allocateKeyForever` says. */
export interface TransferRow {
  /** Parent organization id and idempotency key. */
  readonly id: string;
  readonly fingerprint: string;
  readonly body: string;
}

type OperationKind =
  | 'organization.create'
  | 'organization.patch'
  | 'organization.suspend'
  | 'organization.resume'
  | 'organization.archive'
  | 'key.mint'
  | 'key.rotate'
  | 'key.revoke'
  | 'key.kill'
  | 'credits.allocate'
  | 'credits.transfer-by-hand'
  | 'credits.refill'
  | 'credits.reclaim'
  | 'credits.reserve'
  | 'credits.spend'
  | 'credits.fund'
  | 'credit-config.patch'
  | 'webhook.create'
  | 'webhook.patch'
  | 'webhook.delete'
  | 'webhook.rotate-secret'
  | 'webhook.test'
  | 'webhook.replay';

/** One effect that really happened. A replayed or refused request leaves none. */
export interface Operation {
  readonly kind: OperationKind;
  readonly atMs: number;
  /** `api`: a request; `hand`: somebody else; `system`: the provider itself (auto-refill). */
  readonly by: 'api' | 'hand' | 'system';
  readonly organizationId: string;
  readonly credits?: number;
  readonly keyId?: string;
  readonly endpointId?: string;
  readonly apiKeyId?: string;
  readonly idempotencyKey?: string;
  readonly requestId?: string;
}

export interface RequestEntry {
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly requestId: string;
  readonly apiKeyId: string | null;
  /** null when no answer left the server. */
  readonly status: number | null;
  readonly replayed: boolean;
  readonly fault: string | null;
}

export interface Bucket {
  readonly startMs: number;
  readonly used: number;
}

/** What a row was before one change; null = it did not exist. Newest last. */
export interface Change<Row> {
  readonly version: number;
  readonly atMs: number;
  readonly id: string;
  readonly before: Row | null;
}

interface History {
  readonly organizations: readonly Change<OrganizationRow>[];
  readonly wallets: readonly Change<WalletRow>[];
  readonly apiKeys: readonly Change<ApiKeyRow>[];
  readonly ledger: readonly Change<LedgerRow>[];
  readonly webhookEndpoints: readonly Change<WebhookEndpointRow>[];
  readonly deliveries: readonly Change<DeliveryRow>[];
}

/** What is forgotten when a persistent sandbox is closed, because a mere read may change it. */
export interface EphemeralState {
  readonly history: History;
  readonly buckets: Readonly<Record<string, Bucket>>;
  readonly lastUsedAtMs: Readonly<Record<string, number>>;
  readonly requests: readonly RequestEntry[];
  /** State of the generator of request ids. */
  readonly requestChance: number;
  readonly faults: readonly ArmedFault[];
}

export interface SandboxState {
  readonly format: 'layers-sandbox/1';
  /** Counts the requests and hands that changed anything. */
  readonly version: number;
  /** State of the generator of ids and secrets. */
  readonly chance: number;
  readonly clockOffsetMs: number;
  readonly parentOrganizationId: string;
  readonly parentApiKeyId: string;
  readonly organizations: readonly OrganizationRow[];
  readonly wallets: readonly WalletRow[];
  readonly apiKeys: readonly ApiKeyRow[];
  readonly ledger: readonly LedgerRow[];
  readonly webhookEndpoints: readonly WebhookEndpointRow[];
  readonly deliveries: readonly DeliveryRow[];
  readonly idempotency: readonly IdempotencyRow[];
  readonly transfers: readonly TransferRow[];
  /** Append-only: every effect that was executed. */
  readonly operations: readonly Operation[];
  readonly ephemeral: EphemeralState;
}

/** What to do to a request, by name. See docs/sandbox.md for examples. */
export type Fault =
  /** No effect, no answer. */
  | { readonly kind: 'lost-request' }
  /** The effect, then no answer. */
  | { readonly kind: 'lost-answer' }
  /** 5xx (default 500) without an effect. */
  | { readonly kind: 'error-before'; readonly status?: number }
  /** The effect, then 5xx (default 500). */
  | { readonly kind: 'error-after'; readonly status?: number }
  /** 429 without an effect; `Retry-After` in seconds, default 1. */
  | { readonly kind: 'rate-limited'; readonly retryAfterSeconds?: number }
  /** The effect at once, the answer after `ms`; until then the request counts as being in flight. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** The effect, then half of the answer's body and a closed connection. */
  | { readonly kind: 'truncated-answer' }
  /** The effect, then status 200 with a body that is not JSON. */
  | { readonly kind: 'garbled-answer' }
  /** A GET that shows the world of `ageMs` ago, or of `writes` writes ago. No effect on writes. */
  | { readonly kind: 'stale-listing'; readonly ageMs?: number; readonly writes?: number }
  /** 3xx (default 307) to `location`, without an effect. */
  | { readonly kind: 'redirect'; readonly status?: number; readonly location?: string };

export interface FaultMatch {
  readonly method?: string;
  /** Path without query; `*` stands for one segment, a final `**` for the rest. */
  readonly path?: string;
}

export interface FaultRule {
  readonly match?: FaultMatch;
  /** Which matching request is hit first, counted from 1 (default 1). */
  readonly nth?: number;
  /** How many in a row are hit (default 1). */
  readonly times?: number;
  readonly fault: Fault;
}

export interface ArmedFault {
  readonly rule: FaultRule;
  /** How many matching requests went by. */
  readonly seen: number;
}

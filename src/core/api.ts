/**
 * The objects of the Layers API that we read, in our own types. Unknown fields are dropped at the edge; ids are as the
 * API prints them. Page names are those of the public documentation.
 */

/** `unknown`: a state that the documentation does not have, or none at all; nobody knows what may be done in it (I9). */
export type OrganizationStatus = 'active' | 'suspended' | 'archived' | 'unknown';

/** organizations/create-organization, get-organization, list-organizations */
export interface Organization {
  readonly id: string;
  readonly parentOrganizationId: string | null;
  readonly name: string;
  readonly status: OrganizationStatus;
  readonly metadata: Readonly<Record<string, string>>;
  readonly billingEmail: string | null;
  readonly createdAt: string;
  readonly archivedAt: string | null;
}

/** organizations/get-organization: only the GET of one organization carries a summary. */
export interface OrganizationWithSummary extends Organization {
  readonly summary: OrganizationSummary;
}

export interface OrganizationSummary {
  readonly projectCount: number;
  /** Gross credits: included remaining + prepaid. */
  readonly balance: number;
  /** Net of reservations. */
  readonly available: number;
  readonly creditConfig: CreditConfig;
}

/** organizations/credit-config */
export interface CreditConfig {
  readonly monthlyCreditCap: number | null;
  readonly refillThreshold: number | null;
  readonly refillAmount: number | null;
  readonly autoRefillEnabled: boolean;
}

/** organizations/archive-organization */
export interface ArchivedOrganization {
  readonly id: string;
  readonly status: OrganizationStatus;
  readonly archivedAt: string | null;
  readonly reclaimedCredits: number;
  readonly revokedApiKeys: number;
}

export type KeyEnv = 'live' | 'test';

/** organizations/api-keys/list */
export interface ApiKey {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  /** Masked: `lp_live_ABCDEFGHJKMNPQRS`. */
  readonly prefix: string;
  readonly env: KeyEnv;
  readonly scopes: readonly string[];
  readonly status: 'active' | 'revoked';
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly rotatedAt: string | null;
  readonly revokedAt: string | null;
  /** Set on the old key during a rotation: its secret works until then. */
  readonly graceUntil: string | null;
  readonly supersededBy: string | null;
}

/** credits/get-credits, organizations/credits */
export interface Wallet {
  readonly organizationId: string;
  readonly balance: number;
  readonly available: number;
  readonly prepaidBalance: number;
  readonly reservedCredits: number;
}

/** credits/list-events. `metadata` and `description` may be missing: nobody documents them on this list (P2). */
export interface LedgerEvent {
  readonly eventId: string;
  /** Signed: debits are negative. */
  readonly credits: number;
  readonly eventType: string;
  readonly createdAt: string;
  readonly description: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
}

/** organizations/credits/allocate */
export interface Transfer {
  /** `txn_<uuid>`: the parent-side ledger row. */
  readonly id: string;
  readonly allocated: number;
  readonly replayed: boolean;
}

/** organizations/whoami */
export interface Whoami {
  readonly organizationId: string;
  readonly organizationName: string;
  /** null for a parent. */
  readonly parentOrganizationId: string | null;
  /** Often empty even for a key that works: never gate on it. */
  readonly scopes: readonly string[];
  readonly rateLimitTier: string;
  readonly apiKeyId: string;
}

export type WebhookScope = 'own' | 'all_children';
export type WebhookStatus = 'active' | 'paused' | 'auto_paused';

/** webhooks/list-endpoints, get-endpoint. Ids are bare UUIDs. */
export interface WebhookEndpoint {
  readonly id: string;
  readonly organizationId: string;
  readonly url: string;
  readonly description: string | null;
  readonly status: WebhookStatus;
  readonly events: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Missing on servers that do not return it. */
  readonly scope: WebhookScope | null;
  readonly createdAt: string;
}

/** webhooks/list-deliveries */
export interface WebhookDelivery {
  readonly id: string;
  readonly status: 'pending' | 'delivering' | 'delivered' | 'failed' | 'abandoned';
  readonly attempts: number;
  /** What the receiver answered last; null when it did not answer. */
  readonly lastResponseStatus: number | null;
  readonly lastErrorMessage: string | null;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** null = the end. */
  readonly nextCursor: string | null;
}

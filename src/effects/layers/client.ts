import type { Answer } from '../../core/answer.ts';
import type {
  ApiKey,
  ArchivedOrganization,
  CreditConfig,
  LedgerEvent,
  Organization,
  OrganizationStatus,
  OrganizationWithSummary,
  Page,
  Transfer,
  Wallet,
  WebhookDelivery,
  WebhookEndpoint,
  WebhookScope,
  Whoami,
} from '../../core/api.ts';
import type { Secret } from '../../core/secret.ts';

/** The GET half of the control plane: all that a dry run is given, so that it cannot write. */
export interface LayersReader {
  whoami(): Promise<Answer<Whoami>>;
  parentWallet(): Promise<Answer<Wallet>>;
  /** One page (at most 100) of the parent's ledger, newest first. `since` is inclusive, RFC 3339 with `Z`. */
  parentLedger(query: LedgerQuery): Promise<Answer<Page<LedgerEvent>>>;
  /** One page (at most 200) of the direct children, newest first; without `status`, of every status. */
  listOrganizations(
    query: PageQuery & { status?: Exclude<OrganizationStatus, 'unknown'> },
  ): Promise<Answer<Page<Organization>>>;
  getOrganization(organizationId: string): Promise<Answer<OrganizationWithSummary>>;
  /** One page (at most 100), newest first, revoked keys included. */
  listApiKeys(organizationId: string, query: PageQuery): Promise<Answer<Page<ApiKey>>>;
  childWallet(organizationId: string): Promise<Answer<Wallet>>;
  childLedger(organizationId: string, query: LedgerQuery): Promise<Answer<Page<LedgerEvent>>>;
  creditConfig(organizationId: string): Promise<Answer<CreditConfig>>;
  listWebhookEndpoints(query: PageQuery): Promise<Answer<Page<WebhookEndpoint>>>;
  getWebhookEndpoint(endpointId: string): Promise<Answer<WebhookEndpoint>>;
  /** One page (at most 100), newest first. */
  listWebhookDeliveries(endpointId: string, query: PageQuery): Promise<Answer<Page<WebhookDelivery>>>;
}

/**
 * The other half. Every body is sent exactly as `canonicalJson` makes it, so that repeating a call with equal
 * arguments repeats its bytes; the client never repeats a write by itself.
 */
export interface LayersWriter {
  createOrganization(body: CreateOrganization, idempotencyKey: string): Promise<Answer<Organization>>;
  patchOrganization(
    organizationId: string,
    patch: PatchOrganization,
    idempotencyKey: string,
  ): Promise<Answer<Organization>>;
  suspendOrganization(organizationId: string): Promise<Answer<Organization>>;
  resumeOrganization(organizationId: string): Promise<Answer<Organization>>;
  archiveOrganization(organizationId: string): Promise<Answer<ArchivedOrganization>>;
  mintApiKey(organizationId: string, body: MintApiKey, idempotencyKey: string): Promise<Answer<MintedApiKey>>;
  rotateApiKey(organizationId: string, keyId: string, idempotencyKey: string): Promise<Answer<MintedApiKey>>;
  revokeApiKey(organizationId: string, keyId: string): Promise<Answer<ApiKey>>;
  /**
   * Real money. `fence` runs immediately before the bytes of the body are handed to the socket; what it throws ends
   * the attempt with nothing sent (`not-done`, code STALE_INTENT). See correctness A6.
   */
  allocate(
    organizationId: string,
    body: Allocate,
    idempotencyKey: string,
    fence: () => void,
  ): Promise<Answer<Transfer>>;
  patchCreditConfig(
    organizationId: string,
    patch: PatchCreditConfig,
    idempotencyKey: string,
  ): Promise<Answer<CreditConfig>>;
  createWebhookEndpoint(body: CreateWebhookEndpoint, idempotencyKey: string): Promise<Answer<CreatedWebhookEndpoint>>;
  patchWebhookEndpoint(
    endpointId: string,
    patch: PatchWebhookEndpoint,
    idempotencyKey: string,
  ): Promise<Answer<WebhookEndpoint>>;
  deleteWebhookEndpoint(endpointId: string): Promise<Answer<{ id: string }>>;
  rotateWebhookSecret(endpointId: string, idempotencyKey: string): Promise<Answer<RotatedWebhookSecret>>;
  testWebhookEndpoint(endpointId: string, idempotencyKey: string): Promise<Answer<WebhookTest>>;
}

export type LayersClient = LayersReader & LayersWriter;

export interface PageQuery {
  readonly cursor?: string;
  readonly limit?: number;
}

export interface LedgerQuery extends PageQuery {
  readonly eventType?: 'usage' | 'refund' | 'grant' | 'purchase' | 'adjustment' | 'allocation';
  readonly since?: string;
}

export interface CreateOrganization {
  readonly name: string;
  readonly billingEmail?: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Merge semantics: only sent fields change; a metadata value of `""` unsets its key. */
export interface PatchOrganization {
  readonly name?: string;
  readonly billingEmail?: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface MintApiKey {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly env: 'live' | 'test';
}

export interface MintedApiKey {
  readonly apiKey: ApiKey;
  readonly secret: Secret;
}

export interface Allocate {
  /** Credits, an integer above 0. */
  readonly credits: number;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface PatchCreditConfig {
  readonly monthlyCreditCap?: number | null;
  readonly refillThreshold?: number | null;
  readonly refillAmount?: number | null;
}

export interface CreateWebhookEndpoint {
  readonly url: string;
  readonly events: readonly string[];
  readonly scope: WebhookScope;
  readonly description?: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface CreatedWebhookEndpoint {
  readonly endpoint: WebhookEndpoint;
  readonly signingSecret: Secret;
}

export interface PatchWebhookEndpoint {
  readonly url?: string;
  readonly events?: readonly string[];
  readonly description?: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly status?: 'active' | 'paused';
  readonly scope?: WebhookScope;
}

export interface RotatedWebhookSecret {
  readonly endpointId: string;
  readonly signingSecret: Secret;
  readonly previousSecretExpiresAt: string | null;
}

export interface WebhookTest {
  readonly eventId: string;
  readonly deliveryId: string;
}

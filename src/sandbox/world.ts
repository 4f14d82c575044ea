import { type Chance, createChance } from './chance.ts';
import type {
  ApiKeyRow,
  Change,
  DeliveryRow,
  IdempotencyRow,
  LedgerRow,
  Operation,
  OrganizationRow,
  SandboxState,
  TransferRow,
  WalletRow,
  WebhookEndpointRow,
} from './state.ts';
import { createTable, type ReadTable, type Table } from './table.ts';

/** What a read is given: tables without write methods, of now or of a little while ago. */
export interface View {
  readonly organizations: ReadTable<OrganizationRow>;
  readonly wallets: ReadTable<WalletRow>;
  readonly apiKeys: ReadTable<ApiKeyRow>;
  readonly ledger: ReadTable<LedgerRow>;
  readonly webhookEndpoints: ReadTable<WebhookEndpointRow>;
  readonly deliveries: ReadTable<DeliveryRow>;
}

export interface World extends View {
  readonly parentOrganizationId: string;
  readonly parentApiKeyId: string;
  readonly organizations: Table<OrganizationRow>;
  readonly wallets: Table<WalletRow>;
  readonly apiKeys: Table<ApiKeyRow>;
  readonly ledger: Table<LedgerRow>;
  readonly webhookEndpoints: Table<WebhookEndpointRow>;
  readonly deliveries: Table<DeliveryRow>;
  readonly idempotency: Table<IdempotencyRow>;
  readonly transfers: Table<TransferRow>;
  readonly operations: Operation[];
  readonly chance: Chance;
  /** Counts the transactions that changed anything. */
  version(): number;
  /** Everything changed until the next call belongs to one version. */
  begin(nowMs: number): void;
  asOf(isHidden: (change: Change<unknown>) => boolean): View;
}

/** Changes kept per table for stale reads. */
const HISTORY_MAX = 1000;

/** Opens a state for work. The state itself is not changed. */
export function openWorld(state: SandboxState): World {
  let version = state.version;
  let changed = false;
  let atMs = 0;
  const onChange = () => {
    if (!changed) version += 1;
    changed = true;
    return { version, atMs };
  };
  const { history } = state.ephemeral;
  const seen = { historyMax: HISTORY_MAX, onChange };
  const unseen = { historyMax: 0, onChange };
  const ofOrganization = (row: { readonly organizationId: string }) => row.organizationId;

  const tables = {
    organizations: createTable({
      ...seen,
      rows: state.organizations,
      history: history.organizations,
      groupOf: (row) => row.parentOrganizationId,
    }),
    wallets: createTable({ ...seen, rows: state.wallets, history: history.wallets }),
    apiKeys: createTable({ ...seen, rows: state.apiKeys, history: history.apiKeys, groupOf: ofOrganization }),
    ledger: createTable({ ...seen, rows: state.ledger, history: history.ledger, groupOf: ofOrganization }),
    webhookEndpoints: createTable({
      ...seen,
      rows: state.webhookEndpoints,
      history: history.webhookEndpoints,
      groupOf: ofOrganization,
    }),
    deliveries: createTable({
      ...seen,
      rows: state.deliveries,
      history: history.deliveries,
      groupOf: (row) => row.endpointId,
    }),
  };

  return {
    parentOrganizationId: state.parentOrganizationId,
    parentApiKeyId: state.parentApiKeyId,
    ...tables,
    idempotency: createTable({ ...unseen, rows: state.idempotency }),
    transfers: createTable({ ...unseen, rows: state.transfers }),
    operations: [...state.operations],
    chance: createChance(state.chance),
    version: () => version,
    begin(nowMs) {
      changed = false;
      atMs = nowMs;
    },
    asOf: (isHidden) => ({
      organizations: tables.organizations.asOf(isHidden),
      wallets: tables.wallets.asOf(isHidden),
      apiKeys: tables.apiKeys.asOf(isHidden),
      ledger: tables.ledger.asOf(isHidden),
      webhookEndpoints: tables.webhookEndpoints.asOf(isHidden),
      deliveries: tables.deliveries.asOf(isHidden),
    }),
  };
}

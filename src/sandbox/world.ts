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
import { type ReadTable, Table } from './table.ts';

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
  const owned = { ...seen, groupOf: (row: { readonly organizationId: string }) => row.organizationId };
  const family = { ...seen, groupOf: (row: OrganizationRow) => row.parentOrganizationId };
  const sent = { ...seen, groupOf: (row: DeliveryRow) => row.endpointId };

  const tables = {
    organizations: new Table<OrganizationRow>(family, state.organizations, history.organizations),
    wallets: new Table<WalletRow>(seen, state.wallets, history.wallets),
    apiKeys: new Table<ApiKeyRow>(owned, state.apiKeys, history.apiKeys),
    ledger: new Table<LedgerRow>(owned, state.ledger, history.ledger),
    webhookEndpoints: new Table<WebhookEndpointRow>(owned, state.webhookEndpoints, history.webhookEndpoints),
    deliveries: new Table<DeliveryRow>(sent, state.deliveries, history.deliveries),
  };

  return {
    parentOrganizationId: state.parentOrganizationId,
    parentApiKeyId: state.parentApiKeyId,
    ...tables,
    idempotency: new Table<IdempotencyRow>(unseen, state.idempotency),
    transfers: new Table<TransferRow>(unseen, state.transfers),
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

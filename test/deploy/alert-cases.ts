/** For each alert, in the order of the rule file: what it fires on, and what looks alike and is no reason to. */
export interface AlertCase {
  readonly alert: string;
  /** As promtool writes series, a value a minute; names without our prefix. */
  readonly fires: Readonly<Record<string, string>>;
  readonly quiet: Readonly<Record<string, string>>;
  /** What it then says. */
  readonly summary: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** When it is looked at; by default after 30 minutes. */
  readonly at?: string;
}

const settlesInTime = '0x10 1x5 0x40';

export const alertCases: readonly AlertCase[] = [
  {
    alert: 'LayersReconcilerUncertainSteps',
    fires: { 'uncertain_steps{job="reconcile"}': '2x60' },
    quiet: { 'uncertain_steps{job="reconcile"}': settlesInTime },
    summary: 'Writes that may or may not have been carried out: 2.',
    labels: { job: 'reconcile' },
    at: '12m',
  },
  {
    alert: 'LayersReconcilerCreditsUnproven',
    fires: { credits_unproven: '3000x60' },
    quiet: { credits_unproven: '0x10 3000x3 0x40' },
    summary: 'Credits that may have left the parent wallet while no ledger shows it: 3000.',
    at: '12m',
  },
  {
    alert: 'LayersReconcilerSecretNotStored',
    fires: { secret_escrow_pending: '1x60' },
    quiet: { secret_escrow_pending: settlesInTime },
    summary: 'Secrets that are not in their store yet and can be had again for a few hours only: 1.',
    at: '12m',
  },
  {
    alert: 'LayersReconcilerKeysWithoutSecret',
    fires: { keys_without_secret: '1x60' },
    quiet: { keys_without_secret: '0x60', secret_escrow_pending: '1x60' },
    summary: 'Live keys whose secret no store holds and that cannot be shown again: 1.',
  },
  {
    alert: 'LayersReconcilerWalletBelowFloor',
    fires: { parent_wallet_balance_credits: '120000x10 99999x50' },
    quiet: { parent_wallet_balance_credits: '100000x60' },
    summary: 'The parent wallet is down to 99999 credits.',
  },
  {
    alert: 'LayersReconcilerParentShortOfCredits',
    fires: { 'condition{type="ParentShortOfCredits",status="True"}': '2x60' },
    quiet: { 'condition{type="Ready",status="False"}': '2x60' },
    summary: 'Customers that wait for credits which the parent wallet does not hold: 2.',
  },
  {
    alert: 'LayersReconcilerGuardBlocked',
    fires: { plan_pending_approval: '3x60' },
    quiet: { plan_pending_approval: '0x60', 'guard_blocked_total{guard="freeze"}': '0+1x60' },
    summary: 'Plans that a guard holds back until somebody approves them: 3.',
  },
  {
    alert: 'LayersReconcilerCustomersStalled',
    fires: { 'customers{state="Stalled"}': '2x60' },
    quiet: { 'customers{state="Stalled"}': '0x60', 'customers{state="Held"}': '9x60' },
    summary: 'Customers that wait for a person: 2.',
  },
  {
    alert: 'LayersReconcilerConfigUnreadable',
    fires: { 'config_last_reload_successful{pod="a"}': '0x60', 'config_last_reload_successful{pod="b"}': '0x60' },
    quiet: { config_last_reload_successful: '1x60', 'customers{state="Frozen"}': '1x60' },
    summary: 'The declarations cannot be read, so nothing is written for anybody.',
  },
  {
    alert: 'LayersReconcilerConfigLoadErrors',
    fires: { 'customers{state="Frozen"}': '4x60' },
    quiet: { 'customers{state="Frozen"}': '0x10 4x10 0x60', config_load_errors_total: '0+4x60' },
    summary: 'Customer files that cannot be used: 4.',
  },
  {
    alert: 'LayersReconcilerOrphans',
    fires: { orphans: '1x90' },
    quiet: { orphans: '0x10 1x30 0x60' },
    summary: 'Organizations of ours that no file declares: 1.',
    at: '80m',
  },
  {
    alert: 'LayersReconcilerApiUnreachable',
    fires: { 'api_circuit_open{reason="outage"}': '1x60', api_up: '1x60' },
    quiet: { 'api_circuit_open{reason="outage"}': '0x10 1x5 0x60', api_up: '1x12 0x5 1x60' },
    summary: 'The Layers API has not answered for 10 minutes.',
    at: '18m',
  },
  {
    alert: 'LayersReconcilerApiSwitchedOff',
    fires: { 'api_circuit_open{reason="switched-off"}': '1x60' },
    quiet: { 'api_circuit_open{reason="switched-off"}': '0x60', 'api_circuit_open{reason="outage"}': '1x60' },
    summary: 'The provider has switched the parent organization or its key off.',
  },
  {
    alert: 'LayersReconcilerApiKeyRefused',
    fires: { 'api_requests_total{operation="whoami",code="401"}': '0x5 1+1x60' },
    quiet: { 'api_requests_total{operation="whoami",code="403"}': '0+1x60' },
    summary: 'The Layers API refuses our API key.',
  },
  {
    alert: 'LayersReconcilerRateLimitExhausted',
    fires: { 'api_rate_limit_wait_seconds_total{class="read"}': '0+420x120' },
    quiet: {
      'api_rate_limit_wait_seconds_total{class="read"}': '0+420x40 16800x120',
      'api_rate_limit_remaining{class="read"}': '0x120',
    },
    summary: 'For an hour, 7 read requests at a time have waited for the rate limit.',
    labels: { class: 'read' },
    at: '100m',
  },
  {
    alert: 'LayersReconcilerRequestsThrottled',
    fires: { 'api_requests_total{operation="organizations.get",code="429"}': '0+1x60' },
    quiet: { 'api_requests_total{operation="organizations.get",code="429"}': '0x10 3x60' },
    summary: 'The Layers API turns requests away with 429.',
  },
  {
    alert: 'LayersReconcilerNoLeader',
    fires: {
      'leader_election_master_status{name="lease",pod="a",job="reconcile"}': '0x60',
      'leader_election_master_status{name="lease",pod="b",job="reconcile"}': '0x60',
    },
    quiet: {
      'leader_election_master_status{name="lease",pod="a",job="reconcile"}': '1x10 0x60',
      'leader_election_master_status{name="lease",pod="b",job="reconcile"}': '0x12 1x60',
    },
    summary: 'No daemon has been at work for 5 minutes.',
    labels: { job: 'reconcile' },
  },
  {
    alert: 'LayersReconcilerSyncTooOld',
    fires: { last_sync_timestamp_seconds: '0x90' },
    quiet: { last_sync_timestamp_seconds: '0+60x90' },
    summary: 'A customer has not been compared with the API for 50m 0s.',
    at: '50m',
  },
  {
    alert: 'LayersReconcilerLoopStuck',
    fires: { 'workqueue_longest_running_processor_seconds{name="fleet"}': '0+60x90' },
    quiet: { 'workqueue_longest_running_processor_seconds{name="fleet"}': '0x10 300x10 0x90' },
    summary: 'One customer has been worked on for 50m 0s.',
    at: '50m',
  },
  {
    alert: 'LayersReconcilerDefect',
    fires: { 'reconcile_panics_total{controller="customer"}': '0x10 1x60' },
    quiet: { 'reconcile_panics_total{controller="customer"}': '0x60', reconcile_errors_total: '0+1x60' },
    summary: 'The daemon met a defect in itself.',
  },
];

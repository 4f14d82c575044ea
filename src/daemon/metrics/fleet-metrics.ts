import type { GuardsDeclaration } from '../../core/declaration/workspace.ts';
import { resourceKinds } from '../../core/plan.ts';
import type { Problem } from '../../core/problem.ts';
import type { CustomerReport, Phase, StepReport } from '../../core/report.ts';
import { createFleetState, type FleetState, isReady, type Place } from '../fleet-state.ts';
import { boundedLabel, type Instruments, type Sample } from './instruments.ts';

export interface FleetMetrics {
  /** Customers that are declared or not any more, and how many files cannot be used now. */
  noteDeclared(changed: readonly string[], gone: readonly string[], brokenFiles: number): void;
  noteCustomer(report: CustomerReport): void;
  noteWebhooks(steps: readonly StepReport[], problems: readonly Problem[]): void;
  noteOrphans(count: number): void;
  /** In credits. */
  readonly noteParentWallet: (balance: number) => void;
}

export interface FleetMetricsOptions {
  readonly now: () => number;
  /** A standby visits nobody, and knows nothing of the fleet. */
  readonly isLeading: () => boolean;
}

const phases = ['Ready', 'Progressing', 'Held', 'Stalled', 'Suspended', 'Archived'] as const satisfies readonly Phase[];

const guardNames = [
  'freeze',
  'minParentBalance',
  'maxGrantPerCustomer',
  'maxGrant',
  'maxGrantPerDay',
  'maxNewCustomers',
  'maxArchives',
  'maxKeyRevocations',
  'requireCapWithRefill',
  'allowedWebhookHosts',
] as const satisfies readonly (keyof GuardsDeclaration)[];
const names = new Set<string>(guardNames);

function isApprovable(guard: string): boolean {
  return names.has(guard) && guard !== 'freeze';
}

/** What the fleet is like, and the money and the secrets in it. Nothing here names a customer. */
export function createFleetMetrics(make: Instruments, options: FleetMetricsOptions): FleetMetrics {
  const state = createFleetState(options.now);
  let brokenFiles = 0;
  let orphans: number | null = null;
  let parentWallet: number | null = null;
  exposeCustomers(make, state, options, () => brokenFiles);
  exposeDoubts(make, state);
  exposeKnown(make, 'orphans', 'Organizations that carry our mark and that no file declares.', () => orphans);
  exposeKnown(
    make,
    'parent_wallet_balance_credits',
    'Prepaid balance of the parent wallet when it was read last.',
    () => parentWallet,
  );
  const noteSteps = countSteps(make);
  return {
    noteDeclared(changed, gone, broken) {
      brokenFiles = broken;
      state.declare(changed);
      state.withdraw(gone);
    },
    noteCustomer(report) {
      noteSteps(report.steps, state.noteCustomer(report));
    },
    noteWebhooks(steps, problems) {
      noteSteps(steps, state.noteWebhooks(steps, problems));
    },
    noteOrphans(count) {
      orphans = count;
    },
    noteParentWallet(balance) {
      parentWallet = balance;
    },
  };
}

function exposeCustomers(
  { scraped }: Instruments,
  state: FleetState,
  { isLeading }: FleetMetricsOptions,
  brokenFiles: () => number,
): void {
  scraped(
    'customers',
    'Customers by the phase they were last found in; Unknown before the first visit, Frozen for files that cannot be used.',
    ['state'],
    () => {
      if (!isLeading()) return [];
      const declared = state.customers().filter(({ isDeclared }) => isDeclared);
      const count = (phase: Phase | null) => declared.filter((place) => place.phase === phase).length;
      return [
        ...phases.map((phase) => ({ labels: { state: phase }, value: count(phase) })),
        { labels: { state: 'Unknown' }, value: count(null) },
        { labels: { state: 'Frozen' }, value: brokenFiles() },
      ];
    },
  );
  const typeOf = boundedLabel(/^[A-Z][A-Za-z]{1,63}$/, 'Other');
  scraped(
    'condition',
    'Customers by condition: Ready as their status says, and every other type for which something is to be said, those of the webhooks included.',
    ['type', 'status'],
    () => (isLeading() ? conditionCounts(state, typeOf) : []),
  );
  scraped(
    'drift_detected',
    'Things that the last visit found changed outside of the files, put right by it or not.',
    ['kind'],
    () => {
      const drift = [...state.customers(), state.webhooks()].flatMap((place) => place.drift);
      return resourceKinds.map((kind) => ({
        labels: { kind },
        value: drift.filter((one) => one === kind).length,
      }));
    },
  );
  scraped(
    'last_sync_timestamp_seconds',
    'Every declared customer was compared with the API at this time or later, or has been declared only since.',
    [],
    () => {
      const declared = state.customers().filter(({ isDeclared }) => isDeclared);
      if (declared.length === 0 || !isLeading()) return [];
      return [{ value: Math.min(...declared.map(({ lookedAtMs }) => lookedAtMs)) / 1000 }];
    },
  );
}

function conditionCounts(state: FleetState, typeOf: (code: string) => string): Sample<'type' | 'status'>[] {
  const customers = state.customers().filter(({ isDeclared }) => isDeclared);
  const readiness = customers.map(isReady);
  const ready = [
    { status: 'True', value: readiness.filter((one) => one === true).length },
    { status: 'False', value: readiness.filter((one) => one === false).length },
    { status: 'Unknown', value: readiness.filter((one) => one === null).length },
  ].map(({ status, value }) => ({ labels: { type: 'Ready', status }, value }));
  const counts = new Map<string, number>();
  for (const { codes } of [...customers, state.webhooks()])
    for (const code of codes) counts.set(typeOf(code), (counts.get(typeOf(code)) ?? 0) + 1);
  return [...ready, ...[...counts].map(([type, value]) => ({ labels: { type, status: 'True' }, value }))];
}

function exposeDoubts({ scraped }: Instruments, state: FleetState): void {
  const sum = (value: (place: Place) => number) => () => {
    const total = [...state.customers(), state.webhooks()].reduce((subtotal, place) => subtotal + value(place), 0);
    return [{ value: total }];
  };
  scraped(
    'uncertain_steps',
    'Writes whose outcome is not known: they may have been carried out. Reading settles them, or the same request again.',
    [],
    sum(({ doubts }) => doubts.length),
  );
  scraped(
    'credits_unproven',
    'Credits that may have left the parent wallet by grants that no ledger shows yet.',
    [],
    sum(({ doubts }) => doubts.reduce((total, { credits }) => total + credits, 0)),
  );
  scraped(
    'secret_escrow_pending',
    'API keys and signing secrets that were or may have been made and whose secret is not in the store yet.',
    [],
    sum(({ doubts }) => doubts.filter(({ step }) => makesSecret(step)).length),
  );
  scraped(
    'keys_without_secret',
    'API keys and signing secrets in use whose secret no store holds, and which cannot be shown again.',
    [],
    sum(({ keysWithoutSecret }) => keysWithoutSecret),
  );
  scraped(
    'plan_pending_approval',
    'Customers, and the webhooks as one, with steps that a guard holds back until somebody approves them; freeze is not counted.',
    [],
    sum(({ blocked }) => (blocked.some(({ guard }) => isApprovable(guard)) ? 1 : 0)),
  );
}

/** Nothing is exposed before it is known. */
function exposeKnown({ scraped }: Instruments, name: string, help: string, value: () => number | null): void {
  scraped(name, help, [], () => {
    const known = value();
    return known === null ? [] : [{ value: known }];
  });
}

/** What was carried out since the process began. */
function countSteps({ counter }: Instruments) {
  const granted = counter(
    'credits_granted_total',
    'Credits granted from the parent wallet by this process, each grant read back from the ledger.',
  );
  const minted = counter(
    'keys_minted_total',
    'API keys minted or rotated by this process, their secrets stored and read back.',
  );
  const blocked = counter('guard_blocked_total', 'Steps that a guard began to hold back.', ['guard']);
  // What is never exposed before it happens has no increase when it does.
  for (const guard of guardNames) blocked.inc({ guard }, 0);
  return (steps: readonly StepReport[], newlyBlocked: readonly string[]) => {
    for (const { outcome, resource, action, credits } of steps) {
      if (outcome !== 'done') continue;
      if (credits > 0) granted.inc(credits);
      if (resource === 'api-key' && (action === 'mint' || action === 'rotate')) minted.inc();
    }
    for (const guard of newlyBlocked) blocked.inc({ guard: names.has(guard) ? guard : 'other' });
  };
}

function makesSecret({ action, resource }: Pick<StepReport, 'action' | 'resource'>): boolean {
  return action === 'mint' || action === 'rotate' || (action === 'create' && resource === 'webhook');
}

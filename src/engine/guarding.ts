import type { CreditConfig, LedgerEvent } from '../core/api.ts';
import { guard } from '../core/guard.ts';
import type { GuardFacts } from '../core/guard-rules.ts';
import type { WebhookStep } from '../core/guard-webhooks.ts';
import { mayBeGranted, showsAnnotations } from '../core/ledger.ts';
import { readGrantMarker } from '../core/marker.ts';
import { noticesFor } from '../core/notice.ts';
import type { CustomerPlan, Step } from '../core/plan.ts';
import type { Problem } from '../core/problem.ts';
import { NO_LIMITS } from '../core/resources/credit-config.ts';
import type { Pass } from './context.ts';
import { problemOf } from './failure.ts';
import type { ObservedCustomer } from './observe.ts';
import { readParentAllocations } from './reads.ts';
import type { ObservedWebhooks } from './webhooks.ts';

export interface GuardedFleet {
  /** One per counted customer, in the same order. */
  readonly plans: readonly CustomerPlan[];
  readonly webhooks: ObservedWebhooks;
  readonly problems: readonly Problem[];
  readonly staleApprovals: readonly string[];
  readonly usedApprovals: readonly string[];
  readonly approvedParts: readonly string[];
  /** The parent's prepaid balance; null when no credits move. */
  readonly parentPrepaid: number | null;
}

export interface CountedCustomer {
  readonly plan: CustomerPlan;
  /** As they are now; none without an organization. */
  readonly limits: CreditConfig;
  /** Of its own ledger, where it was read. */
  readonly allocations: readonly LedgerEvent[];
}

export interface GuardOptions {
  readonly approved: readonly string[];
  readonly isSelected: (externalId: string) => boolean;
}

/**
 * Reads what the guards need, and only if it matters: the wallet when credits move, the day's ledger when a daily limit
 * is set (I8). What cannot be read forbids the steps that would have been judged by it; all others are judged as ever.
 */
export async function guardFleet(
  pass: Pass,
  counted: readonly CountedCustomer[],
  webhooks: ObservedWebhooks,
  options: GuardOptions,
): Promise<GuardedFleet> {
  const { effects, workspace } = pass;
  const { guards } = workspace.declaration;
  const plans = counted.map(({ plan }) => plan);
  const money = await readMoneyFacts(pass, counted);
  const limits = new Map(counted.map(({ plan, limits: now }) => [plan.externalId, now]));
  const facts: GuardFacts = {
    ...money,
    ...options,
    limitsOf: (externalId) => limits.get(externalId) ?? NO_LIMITS,
  };
  const guarded = guard(plans, stepsOf(webhooks), guards, facts, effects.hash, noticesFor(workspace));
  const isReadable = money.problems.length === 0;
  return {
    ...guarded,
    plans: isReadable ? guarded.plans : guarded.plans.map(withoutMoney),
    webhooks: withSteps(webhooks, guarded.webhookSteps),
    problems: [...money.problems, ...guarded.problems],
    parentPrepaid: money.parentPrepaid,
  };
}

interface MoneyFacts extends Pick<GuardFacts, 'parentPrepaid' | 'grantedToday'> {
  readonly problems: readonly Problem[];
}

async function readMoneyFacts(pass: Pass, counted: readonly CountedCustomer[]): Promise<MoneyFacts> {
  const { effects, workspace } = pass;
  const problems: Problem[] = [];
  let parentPrepaid: number | null = null;
  let grantedToday = 0;
  if (!counted.some(({ plan }) => plan.steps.some(({ credits }) => credits > 0)))
    return { parentPrepaid, grantedToday, problems };
  const wallet = await effects.reader.parentWallet();
  if (wallet.outcome === 'ok') parentPrepaid = wallet.value.prepaidBalance;
  else problems.push(problemOf(wallet, 'Reading the parent wallet', '/guards', noticesFor(workspace)));
  if (workspace.declaration.guards.maxGrantPerDay !== undefined) {
    const today = await grantedSinceMidnight(pass, counted);
    if (typeof today === 'number') grantedToday = today;
    else problems.push(today);
  }
  return { parentPrepaid, grantedToday, problems };
}

function stepsOf({ webhooks }: ObservedWebhooks): WebhookStep[] {
  return webhooks.flatMap(({ declared, pointer, step }) => (step ? [{ declared, pointer, step }] : []));
}

export function webhookSteps({ webhooks }: ObservedWebhooks): Step[] {
  return webhooks.flatMap(({ step }) => step ?? []);
}

/** The same webhooks with these steps in the place of theirs, in order. */
export function withSteps(observed: ObservedWebhooks, judged: readonly Step[]): ObservedWebhooks {
  const left = [...judged];
  return {
    ...observed,
    webhooks: observed.webhooks.map((webhook) => ({ ...webhook, step: webhook.step && (left.shift() ?? null) })),
  };
}

/** What guards count of a customer. */
export function countedCustomer(observed: ObservedCustomer): CountedCustomer {
  const { observation } = observed;
  return {
    plan: planOf(observed),
    limits: observation?.organization.summary.creditConfig ?? NO_LIMITS,
    allocations: observation?.ledger?.events ?? [],
  };
}

/** The plan as it was made, before any guard has seen it. */
export function planOf({ customer, observation, identification, planned }: ObservedCustomer): CustomerPlan {
  const found = 'organization' in identification ? identification.organization.id : null;
  return {
    externalId: customer.declaration.externalId,
    file: customer.file,
    organizationId: observation?.organization.id ?? found,
    steps: planned.steps,
    problems: planned.problems,
  };
}

function withoutMoney(plan: CustomerPlan): CustomerPlan {
  return {
    ...plan,
    steps: plan.steps.map((step) =>
      step.credits > 0 && step.blockedBy === null
        ? { ...step, blockedBy: 'a parent wallet that cannot be read' }
        : step,
    ),
  };
}

/** By the parent's own ledger, the children's that were read, and the server's clock, so that neither a restart nor a wrong clock resets the day. */
async function grantedSinceMidnight(pass: Pass, counted: readonly CountedCustomer[]): Promise<number | Problem> {
  const midnight = Math.floor(pass.serverTimeMs / DAY_MS) * DAY_MS;
  const events = await readParentAllocations(pass.effects.reader, midnight);
  if (events.outcome !== 'ok')
    return problemOf(events, 'Reading the parent ledger', '/guards/maxGrantPerDay', noticesFor(pass.workspace));
  const onChildren = counted.flatMap(({ allocations }) => allocations);
  // A grant has one row with the parent and one with the child: a stale list of one does not hide it from the day.
  const isOfToday = ({ createdAt }: LedgerEvent) => Date.parse(createdAt) >= midnight;
  const amounts = new Map<string, number>();
  for (const event of [...events.value, ...onChildren].filter(isOfToday)) {
    const read = readGrantMarker(event);
    if (read.kind !== 'marked') continue;
    const { externalId, incarnation, slot } = read.marker;
    amounts.set(JSON.stringify([externalId, incarnation, slot]), Math.abs(event.credits));
  }
  // Where no marks are shown, whatever left the parent may have been ours: too much is held back, never too little (I8).
  const unsigned = showsAnnotations(onChildren) ? 0 : mayBeGranted(events.value.filter(isOfToday));
  return [...amounts.values()].reduce((total, credits) => total + credits, unsigned);
}

const DAY_MS = 24 * 3_600_000;

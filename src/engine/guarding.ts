import { type GuardFacts, guard, type WebhookStep } from '../core/guard.ts';
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
  /** One per observed customer, in the same order. */
  readonly plans: readonly CustomerPlan[];
  readonly webhooks: ObservedWebhooks;
  readonly problems: readonly Problem[];
  readonly staleApprovals: readonly string[];
  /** The parent's prepaid balance; null when no credits move. */
  readonly parentPrepaid: number | null;
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
  observed: readonly ObservedCustomer[],
  webhooks: ObservedWebhooks,
  options: GuardOptions,
): Promise<GuardedFleet> {
  const { effects, workspace } = pass;
  const { guards } = workspace.declaration;
  const plans = observed.map(planOf);
  const money = await readMoneyFacts(pass, plans, observed);
  const limits = new Map(
    observed.map(({ customer, observation }) => [
      customer.declaration.externalId,
      observation?.organization.summary.creditConfig ?? NO_LIMITS,
    ]),
  );
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

async function readMoneyFacts(
  pass: Pass,
  plans: readonly CustomerPlan[],
  observed: readonly ObservedCustomer[],
): Promise<MoneyFacts> {
  const { effects, workspace } = pass;
  const problems: Problem[] = [];
  let parentPrepaid: number | null = null;
  let grantedToday = 0;
  if (!plans.some(({ steps }) => steps.some(({ credits }) => credits > 0)))
    return { parentPrepaid, grantedToday, problems };
  const wallet = await effects.reader.parentWallet();
  if (wallet.outcome === 'ok') parentPrepaid = wallet.value.prepaidBalance;
  else problems.push(problemOf(wallet, 'Reading the parent wallet', '/guards', noticesFor(workspace)));
  if (workspace.declaration.guards.maxGrantPerDay !== undefined) {
    const today = await grantedSinceMidnight(pass, observed);
    if (typeof today === 'number') grantedToday = today;
    else problems.push(today);
  }
  return { parentPrepaid, grantedToday, problems };
}

function stepsOf({ webhooks }: ObservedWebhooks): WebhookStep[] {
  return webhooks.flatMap(({ declared, pointer, step }) => (step ? [{ declared, pointer, step }] : []));
}

function withSteps(observed: ObservedWebhooks, judged: readonly Step[]): ObservedWebhooks {
  const left = [...judged];
  return {
    ...observed,
    webhooks: observed.webhooks.map((webhook) => ({ ...webhook, step: webhook.step && (left.shift() ?? null) })),
  };
}

function planOf({ customer, observation, identification, planned }: ObservedCustomer): CustomerPlan {
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
async function grantedSinceMidnight(pass: Pass, observed: readonly ObservedCustomer[]): Promise<number | Problem> {
  const midnight = Math.floor(pass.serverTimeMs / DAY_MS) * DAY_MS;
  const events = await readParentAllocations(pass.effects.reader, midnight);
  if (events.outcome !== 'ok')
    return problemOf(events, 'Reading the parent ledger', '/guards/maxGrantPerDay', noticesFor(pass.workspace));
  const onChildren = observed
    .flatMap(({ observation }) => observation?.ledger?.events ?? [])
    .filter(({ createdAt }) => Date.parse(createdAt) >= midnight);
  // A grant has one row with the parent and one with the child: a stale list of one does not hide it from the day.
  const amounts = new Map<string, number>();
  for (const event of [...events.value, ...onChildren]) {
    const read = readGrantMarker(event);
    if (read.kind !== 'marked') continue;
    const { externalId, incarnation, slot } = read.marker;
    amounts.set(JSON.stringify([externalId, incarnation, slot]), Math.abs(event.credits));
  }
  return [...amounts.values()].reduce((total, credits) => total + credits, 0);
}

const DAY_MS = 24 * 3_600_000;

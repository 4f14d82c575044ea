import { type GuardFacts, guard } from '../core/guard.ts';
import { readGrantMarker } from '../core/marker.ts';
import { noticesFor } from '../core/notice.ts';
import type { CustomerPlan } from '../core/plan.ts';
import type { Problem } from '../core/problem.ts';
import { NO_LIMITS } from '../core/resources/credit-config.ts';
import type { Pass } from './context.ts';
import { problemOf } from './failure.ts';
import type { ObservedCustomer } from './observe.ts';
import { readParentAllocations } from './reads.ts';

export interface GuardedFleet {
  /** One per observed customer, in the same order. */
  readonly plans: readonly CustomerPlan[];
  readonly problems: readonly Problem[];
  readonly staleApprovals: readonly string[];
  /** The parent's prepaid balance; null when no credits move. */
  readonly parentPrepaid: number | null;
}

/**
 * Reads what the guards need, and only if it matters: the wallet when credits move, the day's ledger when a daily limit
 * is set (I8). What cannot be read forbids the steps that would have been judged by it.
 */
export async function guardFleet(
  pass: Pass,
  observed: readonly ObservedCustomer[],
  approved: readonly string[],
): Promise<GuardedFleet> {
  const { effects, workspace } = pass;
  const { guards } = workspace.declaration;
  const notices = noticesFor(workspace);
  const plans = observed.map(planOf);
  const movesCredits = plans.some(({ steps }) => steps.some(({ credits }) => credits > 0));
  const problems: Problem[] = [];
  let parentPrepaid: number | null = null;
  let grantedToday = 0;
  if (movesCredits) {
    const wallet = await effects.reader.parentWallet();
    if (wallet.outcome === 'ok') parentPrepaid = wallet.value.prepaidBalance;
    else problems.push(problemOf(wallet, 'Reading the parent wallet', '/guards', notices));
  }
  if (movesCredits && guards.maxGrantPerDay !== undefined) {
    const today = await grantedSinceMidnight(pass);
    if (typeof today === 'number') grantedToday = today;
    else problems.push(today);
  }
  if (problems.length > 0) return { plans: plans.map(withoutMoney), problems, staleApprovals: [], parentPrepaid };
  const limits = new Map(
    observed.map(({ customer, observation }) => [
      customer.declaration.externalId,
      observation?.organization.summary.creditConfig ?? NO_LIMITS,
    ]),
  );
  const facts: GuardFacts = {
    parentPrepaid,
    grantedToday,
    limitsOf: (externalId) => limits.get(externalId) ?? NO_LIMITS,
    approved,
  };
  return { ...guard(plans, guards, facts, effects.hash, notices), parentPrepaid };
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
    steps: plan.steps.map((step) => (step.credits > 0 ? { ...step, blockedBy: 'parent wallet unreadable' } : step)),
  };
}

/** By the parent's own ledger and the server's clock, so that neither a restart nor a wrong clock resets the day. */
async function grantedSinceMidnight(pass: Pass): Promise<number | Problem> {
  const midnight = Math.floor(pass.serverTimeMs / DAY_MS) * DAY_MS;
  const events = await readParentAllocations(pass.effects.reader, midnight);
  if (events.outcome !== 'ok')
    return problemOf(events, 'Reading the parent ledger', '/guards/maxGrantPerDay', noticesFor(pass.workspace));
  return events.value
    .filter((event) => readGrantMarker(event).kind === 'marked')
    .reduce((total, event) => total + Math.abs(event.credits), 0);
}

const DAY_MS = 24 * 3_600_000;

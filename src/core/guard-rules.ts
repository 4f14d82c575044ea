import type { CreditConfig } from './api.ts';
import type { GuardsDeclaration } from './declaration/workspace.ts';
import { formatCredits } from './money.ts';
import type { CustomerPlan, Step } from './plan.ts';
import { limitsAfter } from './resources/credit-config.ts';

/** What guards are judged by, besides the plans. */
export interface GuardFacts {
  /** The parent's prepaid balance, in credits; null when it was not read because no credits are planned. */
  readonly parentPrepaid: number | null;
  /** Marked grants since 00:00 UTC by the parent's ledger, so that a restart does not reset the day (I8). */
  readonly grantedToday: number;
  /** The limits as they are, by externalId; none for a customer without an organization. */
  readonly limitsOf: (externalId: string) => CreditConfig;
  /** Approval hashes given for this run, beside those in reconcile.yaml. */
  readonly approved: readonly string[];
  /** Whom the run carries out, and the plan's hash names. Guards count the others as well. */
  readonly isSelected: (externalId: string) => boolean;
}

/**
 * A rule looks at the plans of the whole fleet as loaded and says which steps it forbids. Above a limit none of them
 * runs, never the first few (design 7, I8).
 */
export interface Verdict {
  readonly guard: keyof GuardsDeclaration;
  readonly forbids: (step: Step, plan: CustomerPlan) => boolean;
  readonly message: string;
}

type Rule = (plans: readonly CustomerPlan[], guards: GuardsDeclaration, facts: GuardFacts) => Verdict | null;

const movesCredits = (step: Step) => step.credits > 0;
const createsCustomer = (step: Step) => step.action === 'create' && step.resource === 'organization';

/** In the order in which they are asked: the first that forbids a step names it. */
export const rules: readonly Rule[] = [
  function freeze(_plans, guards) {
    if (!guards.freeze) return null;
    return { guard: 'freeze', forbids: () => true, message: 'All writes are frozen.' };
  },
  function minParentBalance(plans, guards, facts) {
    const { minParentBalance: floor } = guards;
    const out = creditsOut(plans);
    if (floor === undefined || facts.parentPrepaid === null || out === 0 || facts.parentPrepaid - out >= floor)
      return null;
    return {
      guard: 'minParentBalance',
      forbids: movesCredits,
      message: `The parent wallet would fall from ${formatCredits(facts.parentPrepaid)} to ${formatSigned(facts.parentPrepaid - out)} credits, below the floor of ${formatCredits(floor)}.`,
    };
  },
  function maxGrantPerCustomer(plans, guards) {
    const limit = guards.maxGrantPerCustomer;
    if (limit === undefined) return null;
    const above = plans.filter((plan) => creditsOut([plan]) > limit);
    if (above.length === 0) return null;
    const names = new Set(above.map(({ externalId }) => externalId));
    const amounts = above.map((plan) => `${formatCredits(creditsOut([plan]))} for ${plan.externalId}`).toSorted();
    return {
      guard: 'maxGrantPerCustomer',
      forbids: (step, plan) => movesCredits(step) && names.has(plan.externalId),
      message: `More credits wait than the limit of ${formatCredits(limit)} for one customer: ${amounts.join(', ')}.`,
    };
  },
  function maxGrant(plans, guards) {
    const out = creditsOut(plans);
    if (guards.maxGrant === undefined || out <= guards.maxGrant) return null;
    return {
      guard: 'maxGrant',
      forbids: movesCredits,
      message: `${formatCredits(out)} credits wait to be granted, above the limit of ${formatCredits(guards.maxGrant)} at once.`,
    };
  },
  function maxGrantPerDay(plans, guards, facts) {
    const out = creditsOut(plans);
    if (guards.maxGrantPerDay === undefined || out === 0 || facts.grantedToday + out <= guards.maxGrantPerDay)
      return null;
    return {
      guard: 'maxGrantPerDay',
      forbids: movesCredits,
      message: `${formatCredits(facts.grantedToday)} credits were granted since 00:00 UTC and ${formatCredits(out)} more wait, above the limit of ${formatCredits(guards.maxGrantPerDay)} a day.`,
    };
  },
  function maxNewCustomers(plans, guards) {
    const count = plans.filter(({ steps }) => steps.some(createsCustomer)).length;
    if (guards.maxNewCustomers === undefined || count <= guards.maxNewCustomers) return null;
    return {
      guard: 'maxNewCustomers',
      // Nothing else of a new customer can run without its organization.
      forbids: (_step, plan) => plan.steps.some(createsCustomer),
      message: `${waiting(count, 'new customer')}, above the limit of ${guards.maxNewCustomers} at once.`,
    };
  },
  function maxArchives(plans, guards) {
    const count = plans.filter(({ steps }) => steps.some(({ action }) => action === 'archive')).length;
    if (count <= guards.maxArchives) return null;
    return {
      guard: 'maxArchives',
      // An archive that is blocked does not suspend either (design 7).
      forbids: (step, plan) =>
        (step.action === 'archive' || step.action === 'suspend') &&
        plan.steps.some(({ action }) => action === 'archive'),
      message: `${waiting(count, 'customer')} to be archived, above the limit of ${guards.maxArchives} at once.`,
    };
  },
  function maxKeyRevocations(plans, guards) {
    const count = plans.flatMap(({ steps }) => steps).filter(({ action }) => action === 'revoke').length;
    if (count <= guards.maxKeyRevocations) return null;
    return {
      guard: 'maxKeyRevocations',
      forbids: ({ action }) => action === 'revoke',
      message: `${waiting(count, 'key')} to be revoked, above the limit of ${guards.maxKeyRevocations} at once.`,
    };
  },
  function requireCapWithRefill(plans, guards, facts) {
    if (!guards.requireCapWithRefill) return null;
    const uncapped = plans.filter((plan) => refillsWithoutCap(plan, facts.limitsOf(plan.externalId)));
    if (uncapped.length === 0) return null;
    const names = uncapped.map(({ externalId }) => externalId).toSorted();
    return {
      guard: 'requireCapWithRefill',
      forbids: (step, plan) => names.includes(plan.externalId) && (enablesRefill(step) || removesCap(step)),
      message: `A refill without a monthly cap has no upper bound: ${names.join(', ')}. Declare \`cap\` beside \`refill\`.`,
    };
  },
];

function waiting(count: number, what: string): string {
  return count === 1 ? `1 ${what} waits` : `${count} ${what}s wait`;
}

function creditsOut(plans: readonly CustomerPlan[]): number {
  return plans.flatMap(({ steps }) => steps).reduce((total, step) => total + step.credits, 0);
}

function enablesRefill(step: Step): boolean {
  return step.resource === 'credit-config' && (step.after?.['refill'] ?? null) !== null;
}

function removesCap(step: Step): boolean {
  return step.resource === 'credit-config' && step.after?.['cap'] === null;
}

/** True when the plan would leave a refill on without a cap (I10). What the plan does not touch is not judged. */
function refillsWithoutCap(plan: CustomerPlan, now: CreditConfig): boolean {
  const touched = plan.steps.filter((step) => enablesRefill(step) || removesCap(step));
  if (touched.length === 0) return false;
  const { cap, refill } = limitsAfter(now, plan.steps);
  return refill !== null && cap === null;
}

function formatSigned(credits: number): string {
  return credits < 0 ? `-${formatCredits(-credits)}` : formatCredits(credits);
}

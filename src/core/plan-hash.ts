import { canonicalJson } from './canonical.ts';
import type { CustomerPlan, Step } from './plan.ts';

/** `sha256:<hex>` of a text: hashing is an argument of the core. */
export type TextHash = (text: string) => string;

/**
 * Identifies what a plan does: customer, action, resource, and the declared fields and amounts before and after. Not
 * the wallet, not the wording, not lines or order, so that it only changes when the work changes (design 3).
 */
export function planHash(plans: readonly Pick<CustomerPlan, 'externalId' | 'steps'>[], hash: TextHash): string | null {
  const work = plans.flatMap(({ externalId, steps }) => steps.map((step) => stepIdentity(externalId, step))).toSorted();
  return work.length === 0 ? null : hash(canonicalJson(work));
}

/** Over a customer's blocked steps only: what an approval of exactly those steps names. */
export function approvalHash(plan: Pick<CustomerPlan, 'externalId' | 'steps'>, hash: TextHash): string | null {
  return planHash(
    [{ externalId: plan.externalId, steps: plan.steps.filter(({ blockedBy }) => blockedBy !== null) }],
    hash,
  );
}

function stepIdentity(externalId: string, step: Step): string {
  const { action, resource, name, before, after, credits } = step;
  return canonicalJson({ customer: externalId, action, resource, name, before, after, credits });
}

import { z } from 'zod';
import { canonicalJson, type Json } from './canonical.ts';
import { type CustomerPlan, resourceKinds, type Step, stepActions } from './plan.ts';

/** `sha256:<hex>` of a text: hashing is an argument of the core. */
export type TextHash = (text: string) => string;

type Work = Pick<CustomerPlan, 'externalId' | 'steps'>;

/** What of a step a hash covers: the work, not its wording. */
export interface StepIdentity extends Pick<Step, 'action' | 'resource' | 'name' | 'before' | 'after' | 'credits'> {
  /** Its externalId; empty for the fleet. */
  readonly customer: string;
}

/**
 * Identifies what a plan does: customer, action, resource, and the declared fields and amounts before and after. Not
 * the wallet, not the wording, not lines or order, so that it only changes when the work changes (design 3).
 */
export function planHash(plans: readonly Work[], hash: TextHash): string | null {
  const text = planText(plans);
  return text === null ? null : hash(text);
}

/** Over a customer's blocked steps only: what an approval of exactly those steps names. */
export function approvalHash(plan: Work, hash: TextHash): string | null {
  return planHash([blockedWork(plan)], hash);
}

/** The text that the hash of a plan is made of; null when nothing is planned. */
export function planText(plans: readonly Work[]): string | null {
  const work = plans.flatMap(({ externalId, steps }) =>
    steps.map((step) => canonicalJson(identityOf(externalId, step))),
  );
  return work.length === 0 ? null : canonicalJson(work.toSorted());
}

export function blockedWork({ externalId, steps }: Work): Work {
  return { externalId, steps: steps.filter(({ blockedBy }) => blockedBy !== null) };
}

export function identityOf(customer: string, step: Step): StepIdentity {
  const { action, resource, name, before, after, credits } = step;
  return { customer, action, resource, name, before, after, credits };
}

const json: z.ZodType<Json> = z.json();
const fields = z.record(z.string(), json).nullable();
const identity = z.object({
  customer: z.string(),
  action: z.enum(stepActions),
  resource: z.enum(resourceKinds),
  name: z.string().nullable(),
  before: fields,
  after: fields,
  credits: z.number(),
});

/** The steps in a text that {@link planText} made; null for any other text. */
export function readPlanText(text: string): readonly StepIdentity[] | null {
  try {
    const work = z.array(z.string()).parse(JSON.parse(text));
    return work.map((line) => identity.parse(JSON.parse(line)));
  } catch {
    return null;
  }
}

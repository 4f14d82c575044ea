import { type Explanation, explainCustomer } from '../../core/explain/explain.ts';
import { claimedIdentities } from '../../core/orphans.ts';
import { approvalHash } from '../../core/plan-hash.ts';
import type { Refusal } from '../../core/report.ts';
import type { Fleet } from '../../core/source.ts';
import { unknownCustomer } from '../../core/unknown-customer.ts';
import type { Effects } from '../context.ts';
import { planFleet } from '../pass.ts';
import { preparePass } from '../prepare.ts';
import { phaseAndProblems } from '../reporting.ts';

export interface ExplainOptions {
  readonly externalId: string;
  /** False only for the sandbox, whose parent is made for the workspace. */
  readonly bindingRequired: boolean;
  readonly signal: AbortSignal;
}

export type Explained =
  | { readonly ok: true; readonly explanation: Explanation }
  | { readonly ok: false; readonly refusal: Refusal };

/** Customers read side by side, where guards need to know what others ask for. */
const CONCURRENCY = 8;

/** Plans the fleet as a dry run does, reads the named customer in full, and tells how each of its steps stands. */
export async function explain(effects: Effects, { externalId, ...options }: ExplainOptions): Promise<Explained> {
  const prepared = await preparePass(effects, options);
  if (!prepared.ok) return prepared;
  const { pass, fleet } = prepared;
  const broken = refuseBroken(fleet, externalId);
  if (broken) return { ok: false, refusal: broken };
  if (!fleet.customers.some(({ declaration }) => declaration.externalId === externalId))
    return { ok: false, refusal: refuseUnknown(fleet, externalId) };
  const selection = { customers: [externalId], full: false, concurrency: CONCURRENCY, approved: [] };
  const planning = await planFleet(pass, fleet, selection);
  if ('refusal' in planning) return { ok: false, refusal: planning.refusal };
  const [observed] = planning.observed;
  const [plan] = planning.plans;
  if (!observed || !plan) throw new Error('a customer of the fleet was neither observed nor planned');
  const { parentOrganizationId } = pass;
  return {
    ok: true,
    explanation: explainCustomer({
      customer: observed.customer,
      plan,
      phase: phaseAndProblems(observed, plan, null).phase,
      approvalHash: approvalHash(plan, effects.hash),
      observation: observed.observation,
      status: observed.status,
      journal: effects.journal.entries(),
      placeOf: (name) => effects.secrets.reference({ parentOrganizationId, kind: 'api-key', externalId, name }),
    }),
  };
}

function refuseBroken({ broken }: Fleet, externalId: string): Refusal | null {
  const problems = broken.filter((file) => file.externalId === externalId).flatMap((file) => file.problems);
  if (problems.length === 0) return null;
  return {
    kind: 'invalid-input',
    code: 'InvalidFile',
    message: `The file of ${externalId} cannot be used, so the customer is frozen: nothing is done for it.`,
    next: 'Correct the file; `reconcile validate` prints everything wrong in it.',
    requestId: null,
    problems,
  };
}

function refuseUnknown(fleet: Fleet, externalId: string): Refusal {
  const { message, next } = unknownCustomer(externalId, claimedIdentities(fleet));
  return { kind: 'cannot-run', code: 'UnknownCustomer', message, next, requestId: null, problems: [] };
}

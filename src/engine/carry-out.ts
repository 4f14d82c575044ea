import type { CustomerPlan } from '../core/plan.ts';
import { applyCustomer } from './apply-customer.ts';
import { isStopped, type Pass, type SharedReads } from './context.ts';
import type { ObservedCustomer } from './observe.ts';
import { recordStatus } from './record.ts';
import { type CarriedOut, phaseAndProblems } from './reporting.ts';

/** The rest of one customer's way once its plan is judged: apply, verify, record (design 3). */
export async function carryOut(
  pass: Pass,
  observed: ObservedCustomer,
  plan: CustomerPlan,
  shared: SharedReads,
): Promise<CarriedOut> {
  const applied = isStopped(pass) ? null : await applyCustomer(pass, observed, plan, shared);
  if (isStopped(pass) && !applied) return { applied, statusProblem: null };
  const { organization } = applied?.run ?? {};
  if (organization && applied?.steps.some(({ outcome }) => outcome === 'done')) shared.note(organization);
  const { phase, problems } = phaseAndProblems(observed, plan, applied);
  const statusProblem = await recordStatus(pass, observed, applied?.run ?? null, phase, problems);
  pass.effects.announcer?.visited(observed.customer, { phase, problems, steps: applied?.steps ?? [] });
  return { applied, statusProblem };
}

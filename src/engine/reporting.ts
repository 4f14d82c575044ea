import type { CustomerPlan } from '../core/plan.ts';
import { approvalHash, planHash } from '../core/plan-hash.ts';
import type { Problem } from '../core/problem.ts';
import type { CustomerReport, PassReport, Phase, Refusal, StepReport } from '../core/report.ts';
import type { Fleet } from '../core/source.ts';
import { phaseOf } from '../core/status.ts';
import type { Applied } from './apply-customer.ts';
import type { AppliedWebhooks } from './apply-webhooks.ts';
import type { Effects, Pass } from './context.ts';
import type { ObservedCustomer } from './observe.ts';
import type { ObservedWebhooks } from './webhooks.ts';

/** A planned pass. `observed` and `plans` run in parallel, one entry per selected customer. */
export interface Planning {
  readonly fleet: Fleet;
  readonly observed: readonly ObservedCustomer[];
  readonly plans: readonly CustomerPlan[];
  readonly webhooks: ObservedWebhooks;
  /** Of guards and of organizations without a file. */
  readonly fleetProblems: readonly Problem[];
  readonly staleApprovals: readonly string[];
  readonly parentPrepaid: number | null;
}

/** What became of it. */
export interface Progressed {
  readonly webhooks: AppliedWebhooks;
  readonly applied: ReadonlyMap<string, Applied>;
  readonly statusProblems: ReadonlyMap<string, readonly Problem[]>;
}

export function reportOf(pass: Pass, planning: Planning, progressed: Progressed | null): PassReport {
  const { effects } = pass;
  const customers = planning.observed.flatMap((observed, index) => {
    const plan = planning.plans[index];
    return plan ? [customerReport(pass, observed, plan, progressed)] : [];
  });
  const fleetSteps =
    progressed?.webhooks.steps ?? planning.webhooks.webhooks.flatMap(({ step }) => (step ? [asPlanned(step)] : []));
  return {
    command: progressed ? 'apply' : 'plan',
    customers,
    brokenFiles: planning.fleet.broken,
    fleet: {
      steps: fleetSteps,
      problems: [...planning.webhooks.problems, ...(progressed?.webhooks.problems ?? []), ...planning.fleetProblems],
    },
    planHash: planHash(
      [...planning.plans, { externalId: '', steps: planning.webhooks.webhooks.flatMap(({ step }) => step ?? []) }],
      effects.hash,
    ),
    parentWallet: parentWallet(planning, customers),
    requests: effects.requests(),
    refused: null,
    staleApprovals: planning.staleApprovals,
    interrupted: pass.signal.aborted,
  };
}

function customerReport(
  pass: Pass,
  observed: ObservedCustomer,
  plan: CustomerPlan,
  progressed: Progressed | null,
): CustomerReport {
  const applied = progressed?.applied.get(plan.externalId) ?? null;
  const { phase, problems } = phaseAndProblems(observed, plan, applied);
  const notStarted = (step: CustomerPlan['steps'][number]): StepReport => ({
    ...asPlanned(step),
    ...(progressed ? { outcome: 'not-started', detail: 'the run ended before it' } : {}),
  });
  return {
    externalId: plan.externalId,
    file: plan.file,
    organizationId: applied?.run.organizationId ?? plan.organizationId,
    phase,
    steps: applied?.steps ?? plan.steps.map(notStarted),
    problems: [...problems, ...(progressed?.statusProblems.get(plan.externalId) ?? [])],
    approvalHash: approvalHash(plan, pass.effects.hash),
    credits: {
      declared: observed.customer.declaration.credits,
      granted: applied?.run.credits?.granted ?? observed.planned.granted,
    },
    readInFull: !observed.covered,
  };
}

/** The phase a customer is in after a plan, or after its plan was carried out. */
export function phaseAndProblems(
  observed: ObservedCustomer,
  plan: CustomerPlan,
  applied: Applied | null,
): { readonly phase: Phase; readonly problems: readonly Problem[] } {
  const problems = [...plan.problems, ...(applied?.problems ?? [])];
  const unfinished = applied ? applied.steps.some(({ outcome }) => outcome !== 'done') : plan.steps.length > 0;
  const blocked = plan.steps.some(({ blockedBy }) => blockedBy !== null);
  return { phase: phaseOf(observed.customer.declaration.state, { problems, blocked, unfinished }), problems };
}

function asPlanned(step: CustomerPlan['steps'][number]): StepReport {
  return { ...step, outcome: step.blockedBy ? 'blocked' : 'planned', detail: null };
}

/** The wallet before, and after what runs: what was done, or in a plan what is not held back. */
function parentWallet(planning: Planning, customers: readonly CustomerReport[]): PassReport['parentWallet'] {
  if (planning.parentPrepaid === null) return { before: null, after: null };
  const moving = customers
    .flatMap(({ steps }) => steps)
    .filter(({ outcome }) => outcome === 'planned' || outcome === 'done')
    .reduce((total, { credits }) => total + credits, 0);
  return { before: planning.parentPrepaid, after: planning.parentPrepaid - moving };
}

export function refusedReport(effects: Effects, refusal: Refusal): PassReport {
  return {
    command: effects.writer ? 'apply' : 'plan',
    customers: [],
    brokenFiles: [],
    fleet: { steps: [], problems: [] },
    planHash: null,
    parentWallet: { before: null, after: null },
    requests: effects.requests(),
    refused: refusal,
    staleApprovals: [],
    interrupted: false,
  };
}

import { FLEET } from '../core/guard.ts';
import type { CustomerPlan, RefillExposure } from '../core/plan.ts';
import { approvalHash, planHash, type TextHash } from '../core/plan-hash.ts';
import type { Problem } from '../core/problem.ts';
import {
  type CustomerReport,
  type PassReport,
  type Phase,
  type Refusal,
  reportWith,
  type StepReport,
} from '../core/report.ts';
import { limitsAfter, NO_LIMITS, refillExposure } from '../core/resources/credit-config.ts';
import type { Fleet } from '../core/source.ts';
import { phaseOf } from '../core/status.ts';
import type { Applied } from './apply-customer.ts';
import type { AppliedWebhooks } from './apply-webhooks.ts';
import type { Effects, Pass } from './context.ts';
import type { Listing } from './listing.ts';
import type { ObservedCustomer } from './observe.ts';
import type { ObservedWebhooks } from './webhooks.ts';

/** A planned pass. `observed` and `plans` run in parallel, one entry per selected customer. */
export interface Planning {
  readonly fleet: Fleet;
  readonly listing: Listing;
  readonly observed: readonly ObservedCustomer[];
  readonly plans: readonly CustomerPlan[];
  readonly webhooks: ObservedWebhooks;
  /** Of guards and of organizations without a file. */
  readonly fleetProblems: readonly Problem[];
  readonly staleApprovals: readonly string[];
  readonly parentPrepaid: number | null;
}

/** What became of one customer's plan. */
export interface CarriedOut {
  /** Null when the run was stopped before it. */
  readonly applied: Applied | null;
  /** Why the status could not be written. */
  readonly statusProblem: Problem | null;
}

/** What became of it. */
export interface Progressed {
  readonly webhooks: AppliedWebhooks;
  readonly customers: ReadonlyMap<string, CarriedOut>;
  /** Why the store could not publish what the pass recorded; null when it did, or has nothing to publish. */
  readonly commitProblem: Problem | null;
}

export function reportOf(pass: Pass, planning: Planning, progressed: Progressed | null): PassReport {
  const { effects } = pass;
  const customers = planning.observed.flatMap((observed, index) => {
    const plan = planning.plans[index];
    return plan ? [customerReport(effects.hash, observed, plan, progressed && outcomeOf(progressed, plan))] : [];
  });
  const webhookPlan = { externalId: FLEET, steps: planning.webhooks.webhooks.flatMap(({ step }) => step ?? []) };
  return {
    command: progressed ? 'apply' : 'plan',
    estimate: false,
    customers,
    brokenFiles: planning.fleet.broken,
    fleet: {
      steps: progressed?.webhooks.steps ?? webhookPlan.steps.map(asPlanned),
      approvalHash: approvalHash(webhookPlan, effects.hash),
      problems: [
        ...planning.webhooks.problems,
        ...(progressed?.webhooks.problems ?? []),
        ...planning.fleetProblems,
        ...(progressed?.commitProblem ? [progressed.commitProblem] : []),
      ],
    },
    planHash: planHash([...planning.plans, webhookPlan], effects.hash),
    parentWallet: parentWallet(planning, customers),
    requests: effects.requests(),
    refused: null,
    staleApprovals: planning.staleApprovals,
    interrupted: pass.signal.aborted,
  };
}

function outcomeOf(progressed: Progressed, { externalId }: CustomerPlan): CarriedOut {
  return progressed.customers.get(externalId) ?? { applied: null, statusProblem: null };
}

/** One customer as it is reported: planned, or with `carried` what became of the plan. */
export function customerReport(
  hash: TextHash,
  observed: ObservedCustomer,
  plan: CustomerPlan,
  carried: CarriedOut | null,
): CustomerReport {
  const applied = carried?.applied ?? null;
  const { phase, problems } = phaseAndProblems(observed, plan, applied);
  const steps = applied?.steps ?? plan.steps.map((step) => (carried ? unstarted(step) : asPlanned(step)));
  return {
    externalId: plan.externalId,
    file: plan.file,
    organizationId: applied?.run.organizationId ?? plan.organizationId,
    phase,
    steps,
    problems: [...problems, ...(carried?.statusProblem ? [carried.statusProblem] : [])],
    approvalHash: approvalHash(plan, hash),
    credits: {
      declared: observed.customer.declaration.credits,
      granted: applied?.run.credits?.granted ?? observed.planned.granted,
    },
    refillExposure: exposureOf(observed, steps, applied),
    readInFull: !observed.covered,
  };
}

function unstarted(step: CustomerPlan['steps'][number]): StepReport {
  return { ...step, outcome: 'not-started', detail: 'the run ended before it' };
}

/** Of the limits as they were read, and of the steps that run or may have run: blocked and failed ones change nothing. */
function exposureOf(
  { observation, identification }: ObservedCustomer,
  steps: readonly StepReport[],
  applied: Applied | null,
): RefillExposure | null {
  const running = steps.filter(({ outcome }) => RUNNING.has(outcome));
  if (running.some(({ action }) => action === 'archive')) return null;
  const now = applied?.run.organization ?? observation?.organization;
  const limits = now?.summary.creditConfig ?? (identification.kind === 'absent' ? NO_LIMITS : null);
  return limits && refillExposure(limitsAfter(limits, running));
}

const RUNNING: ReadonlySet<StepReport['outcome']> = new Set(['planned', 'done', 'in-doubt']);

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

export function refusedReport(effects: Effects, refused: Refusal): PassReport {
  return reportWith({ command: effects.writer ? 'apply' : 'plan', requests: effects.requests(), refused });
}

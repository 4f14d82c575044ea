import type { PassReport, StepReport } from '../../core/report.ts';
import { isBlocked } from './step.ts';

/**
 * What a pass comes to, counted once for every output format. `create` to `creditsOut` count the steps that are planned
 * (a plan) or were carried out (an apply); steps that are blocked, failed, in doubt or not started count as that only.
 */
export interface Summary {
  /** Looked at, files that cannot be used included. */
  readonly customers: number;
  /** Customers with at least one step; of an apply, with one that was carried out. */
  readonly touched: number;
  readonly create: number;
  readonly change: number;
  readonly adopt: number;
  /** Archives included. */
  readonly remove: number;
  readonly archive: number;
  readonly mint: number;
  readonly rotate: number;
  readonly revoke: number;
  /** Keys that stop working with these steps, at once or at the end of an overlap; an archive ends all of its customer. */
  readonly keysEnding: number;
  /** Credits that leave the parent wallet. */
  readonly creditsOut: number;
  /** Credits of steps of which it is not known whether they were carried out. */
  readonly creditsInDoubt: number;
  /** How many such steps there are that move credits. */
  readonly paymentsInDoubt: number;
  /** Credits that about come back to it from customers that are archived; not counted in the wallet. */
  readonly creditsBack: number;
  readonly refillExposure: FleetExposure;
  /** Customers with nothing to do and nothing to say but warnings. */
  readonly unchanged: number;
  readonly done: number;
  readonly blocked: number;
  readonly failed: number;
  readonly inDoubt: number;
  readonly notStarted: number;
}

/** What auto-refill can take from the parent wallet in a month, over the customers whose limits were read. */
export interface FleetExposure {
  /** With a refill. */
  readonly customers: number;
  /** The most that those with a cap can take together. */
  readonly creditsPerMonth: number;
  /** Those without a cap, whose refills have no upper bound. */
  readonly unbounded: number;
}

export function summarize(report: PassReport): Summary {
  const steps = allSteps(report);
  const counts = ({ outcome }: StepReport) => report.command === 'plan' || outcome === 'done';
  const effective = steps.filter((step) => (step.outcome === 'planned' && !isBlocked(step)) || step.outcome === 'done');
  const count = (...actions: readonly StepReport['action'][]) =>
    effective.filter(({ action }) => actions.includes(action)).length;
  const doubtful = steps.filter((step) => step.outcome === 'in-doubt');
  const outcome = (wanted: StepReport['outcome']) => steps.filter((step) => step.outcome === wanted).length;
  const settled = report.customers.filter(
    (customer) => customer.steps.length === 0 && customer.problems.every(({ severity }) => severity === 'warning'),
  );
  return {
    customers: report.customers.length + report.brokenFiles.length,
    touched: report.customers.filter((customer) => customer.steps.some(counts)).length,
    create: count('create'),
    change: count('change', 'suspend', 'resume'),
    adopt: count('adopt'),
    remove: count('remove', 'archive'),
    archive: count('archive'),
    mint: count('mint'),
    rotate: count('rotate'),
    revoke: count('revoke'),
    keysEnding: sum(effective, ({ ends }) => ends?.keys ?? 0),
    creditsOut: sum(effective, creditsOf),
    creditsInDoubt: sum(doubtful, creditsOf),
    paymentsInDoubt: doubtful.filter(({ credits }) => credits > 0).length,
    creditsBack: sum(effective, ({ ends }) => ends?.creditsBack ?? 0),
    refillExposure: fleetExposure(report),
    unchanged: settled.length,
    done: outcome('done'),
    blocked: steps.filter(isBlocked).length,
    failed: outcome('failed'),
    inDoubt: doubtful.length,
    notStarted: outcome('not-started'),
  };
}

function sum(steps: readonly StepReport[], amount: (step: StepReport) => number): number {
  return steps.reduce((total, step) => total + amount(step), 0);
}

function creditsOf({ credits }: StepReport): number {
  return credits;
}

function fleetExposure({ customers }: PassReport): FleetExposure {
  const exposures = customers.flatMap(({ refillExposure }) => refillExposure ?? []);
  return {
    customers: exposures.length,
    creditsPerMonth: exposures.reduce((total, { creditsPerMonth }) => total + (creditsPerMonth ?? 0), 0),
    unbounded: exposures.filter(({ creditsPerMonth }) => creditsPerMonth === null).length,
  };
}

export function allSteps(report: PassReport): readonly StepReport[] {
  return [...report.fleet.steps, ...report.customers.flatMap(({ steps }) => steps)];
}

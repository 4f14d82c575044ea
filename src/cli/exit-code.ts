import type { Problem } from '../core/problem.ts';
import type { PassReport, StepReport } from '../core/report.ts';
import { isBlocked } from './render/step.ts';
import { allSteps } from './render/summary.ts';

/** The exit codes, the same whatever the output format. In the order in which they are looked for. */
export const exitCodes = {
  cannotRun: 1,
  interrupted: 130,
  terminated: 143,
  lockNotObtained: 7,
  invalidInput: 3,
  staleApproval: 6,
  inDoubt: 8,
  blocked: 4,
  failed: 5,
  changes: 2,
  ok: 0,
} as const;

/** What an exit code depends on besides the report. */
export interface Situation {
  /** The signal that cut a one-shot run short; null also for the clean stop of the daemon. */
  readonly signal: 'SIGINT' | 'SIGTERM' | null;
  readonly detailedExitcode: boolean;
}

/** The exit code of a pass. The lock (7) is asked for before there is a pass to report on. */
export function exitCodeOf(report: PassReport, { signal, detailedExitcode }: Situation): number {
  if (report.refused?.kind === 'cannot-run') return exitCodes.cannotRun;
  if (signal === 'SIGTERM') return exitCodes.terminated;
  if (signal === 'SIGINT' || report.interrupted) return exitCodes.interrupted;
  if (report.refused?.kind === 'invalid-input') return exitCodes.invalidInput;
  if (report.staleApprovals.length > 0) return exitCodes.staleApproval;
  return exitCodeOfWork(report, detailedExitcode);
}

function exitCodeOfWork(report: PassReport, detailedExitcode: boolean): number {
  const steps = allSteps(report);
  const problems = [...report.fleet.problems, ...report.customers.flatMap((customer) => customer.problems)];
  if (steps.some(isDoubtful) || problems.some(({ severity }) => severity === 'doubt')) return exitCodes.inDoubt;
  if (steps.some(isBlocked)) return exitCodes.blocked;
  if (report.brokenFiles.length > 0 || problems.some(holdsBack) || steps.some(isUnfinished)) return exitCodes.failed;
  if (detailedExitcode && steps.length > 0) return exitCodes.changes;
  return exitCodes.ok;
}

/** Money or a key may or may not have moved. A doubtful change of a name is an ordinary failure. */
function isDoubtful(step: StepReport): boolean {
  return step.outcome === 'in-doubt' && (step.credits > 0 || step.resource === 'api-key');
}

function holdsBack({ severity }: Problem): boolean {
  return severity === 'error' || severity === 'held';
}

function isUnfinished({ outcome }: StepReport): boolean {
  return outcome === 'failed' || outcome === 'in-doubt' || outcome === 'not-started';
}

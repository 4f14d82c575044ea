import { join, resolve } from 'node:path';
import type { Approved } from '../core/approval-difference.ts';
import { FLEET } from '../core/guard.ts';
import { blockedWork, planText, readPlanText, type StepIdentity } from '../core/plan-hash.ts';
import type { PassReport } from '../core/report.ts';
import { sha256 } from '../effects/chance.ts';
import { createReviewedPlans, type ReviewedPlans } from '../effects/reviewed-plans.ts';
import { stateDirectoryOf } from '../effects/workspace-state.ts';
import type { PassOptions } from './commands.ts';
import { disk, runDirectoryOf } from './stores.ts';

/** For a daemon, which makes nothing where there is no state: customers in a cluster need none. */
export function daemonsReviewedPlans(directory: string, sandbox: boolean): ReviewedPlans | null {
  return hasState(directory) ? reviewedPlansOf(directory, sandbox) : null;
}

function reviewedPlansOf(directory: string, sandbox: boolean): ReviewedPlans {
  return createReviewedPlans({ ...disk, directory: join(runDirectoryOf(directory, sandbox), 'plans'), hash: sha256 });
}

/**
 * The hashes that a report prints for somebody to approve: one of each owner of blocked steps, and the plan's, which after
 * a dry run may be approved once something is blocked. An estimate prints none that a pass would ask for.
 */
export function rememberApprovable(
  report: PassReport,
  { directory, sandbox, dryRun }: Pick<PassOptions, 'directory' | 'sandbox' | 'dryRun'>,
): void {
  const at = resolve(directory);
  // A dry run, which somebody may start as another user or in a fresh checkout, never makes the first file of a workspace.
  if (dryRun && !hasState(at)) return;
  const work = [...report.customers, { externalId: FLEET, steps: report.fleet.steps }];
  const blocked = work.flatMap((owner) => planText([blockedWork(owner)]) ?? []);
  if (blocked.length === 0 && !dryRun) return;
  reviewedPlansOf(at, sandbox).remember([...blocked, ...[planText(work)].flatMap((text) => text ?? [])]);
}

function hasState(directory: string): boolean {
  try {
    return disk.fileSystem.stat(stateDirectoryOf(directory)).kind === 'directory';
  } catch {
    return false;
  }
}

/** What the stale approvals of a pass were given for, as far as it is known in this workspace. */
export function approvedBefore(
  { staleApprovals }: PassReport,
  { directory, sandbox }: Pick<PassOptions, 'directory' | 'sandbox'>,
): Approved {
  const reviewed = reviewedPlansOf(resolve(directory), sandbox);
  return new Map(
    staleApprovals.flatMap((hash): [string, readonly StepIdentity[]][] => {
      const text = reviewed.recall(hash);
      const steps = text === null ? null : readPlanText(text);
      return steps === null ? [] : [[hash, steps]];
    }),
  );
}

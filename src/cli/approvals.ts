import { join, resolve } from 'node:path';
import { FLEET } from '../core/guard.ts';
import { blockedWork, planText, readPlanText, type StepIdentity } from '../core/plan-hash.ts';
import type { PassReport } from '../core/report.ts';
import { sha256 } from '../effects/chance.ts';
import { createReviewedPlans, type ReviewedPlans } from '../effects/reviewed-plans.ts';
import type { PassOptions } from './commands.ts';
import { disk, runDirectoryOf } from './compose.ts';

function reviewedPlansOf(directory: string, sandbox: boolean): ReviewedPlans {
  return createReviewedPlans({ ...disk, directory: join(runDirectoryOf(directory, sandbox), 'plans'), hash: sha256 });
}

/** The hashes that a report prints for somebody to approve: one of the plan, one of each owner of blocked steps. */
export function rememberApprovable(
  report: PassReport,
  { directory, sandbox, dryRun }: Pick<PassOptions, 'directory' | 'sandbox' | 'dryRun'>,
): void {
  // A dry run makes no file; but for the sandbox, in which nothing is the user's.
  if (dryRun && !sandbox) return;
  const work = [...report.customers, { externalId: FLEET, steps: report.fleet.steps }];
  const blocked = work.flatMap((owner) => planText([blockedWork(owner)]) ?? []);
  if (blocked.length === 0) return;
  reviewedPlansOf(resolve(directory), sandbox).remember([
    ...blocked,
    ...[planText(work)].flatMap((text) => text ?? []),
  ]);
}

/** What the stale approvals of a pass were given for, as far as it is known in this workspace. */
export function approvedBefore(
  { staleApprovals }: PassReport,
  { directory, sandbox }: Pick<PassOptions, 'directory' | 'sandbox'>,
): ReadonlyMap<string, readonly StepIdentity[]> {
  const reviewed = reviewedPlansOf(resolve(directory), sandbox);
  return new Map(
    staleApprovals.flatMap((hash): [string, readonly StepIdentity[]][] => {
      const text = reviewed.recall(hash);
      const steps = text === null ? null : readPlanText(text);
      return steps === null ? [] : [[hash, steps]];
    }),
  );
}

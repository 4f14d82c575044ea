import { canonicalJson } from './canonical.ts';
import { FLEET } from './guard.ts';
import { identityOf, type StepIdentity } from './plan-hash.ts';
import type { PassReport } from './report.ts';

/** What approvals were given for, by their hash; those that are missing are not known here. */
export type Approved = ReadonlyMap<string, readonly StepIdentity[]>;

/** What became of the steps that an approval was given for. */
export interface ApprovalDifference {
  /** Approved, and not planned any more, at least not so. */
  readonly gone: readonly StepIdentity[];
  /** Planned now, and not approved. */
  readonly come: readonly StepIdentity[];
}

/** Compares what a hash was printed for with what is planned now, so that a refusal can say what to look at again. */
export function approvalDifference(approved: readonly StepIdentity[], report: PassReport): ApprovalDifference {
  const owners = [
    ...report.customers.map(({ externalId, steps }) => ({ externalId, steps })),
    { externalId: FLEET, steps: report.fleet.steps },
  ];
  const now = owners.flatMap(({ externalId, steps }) =>
    steps.map((step) => ({ identity: identityOf(externalId, step), isBlocked: step.blockedBy !== null })),
  );
  const known = new Set(approved.map(canonicalJson));
  const planned = new Set(now.map(({ identity }) => canonicalJson(identity)));
  const gone = approved.filter((step) => !planned.has(canonicalJson(step)));
  const unknown = now.filter(({ identity }) => !known.has(canonicalJson(identity)));
  // A customer's own hash covers what is blocked for it and nothing else; a plan's covers everything.
  const customers = new Set(approved.map(({ customer }) => customer));
  const own = unknown.filter(({ identity, isBlocked }) => isBlocked && customers.has(identity.customer));
  const isOfOne = customers.size === 1 && gone.length + own.length > 0;
  return { gone, come: (isOfOne ? own : unknown).map(({ identity }) => identity) };
}

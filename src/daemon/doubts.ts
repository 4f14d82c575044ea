import type { Problem } from '../core/problem.ts';
import type { CustomerReport, StepReport } from '../core/report.ts';
import { isSettled } from '../core/status.ts';

/** A write whose outcome is not known: it may have been carried out. */
export interface Doubt {
  /** What was written, so that a later step for the same thing is recognized. */
  readonly subject: string;
  readonly step: Pick<StepReport, 'action' | 'resource' | 'name'>;
  /** Credits that may have moved. */
  readonly credits: number;
  /** The total on the ledger if they have; null for all but grants. */
  readonly total: number | null;
}

/** What a visit found, of a customer or of the fleet's webhooks. */
export interface Seen {
  readonly steps: readonly StepReport[];
  readonly problems: readonly Problem[];
  /** Whether the world is as declared, read back. */
  readonly isSettled: boolean;
  readonly organizationId: string | null;
  readonly granted: number | null;
}

export function seenCustomer({ steps, problems, phase, organizationId, credits }: CustomerReport): Seen {
  return { steps, problems, isSettled: isSettled(phase), organizationId, granted: credits.granted };
}

/**
 * What is in doubt after a visit, given what was before it. A visit that could not look settles nothing: silence about a
 * payment is no news of it. So a doubt ends only when the same thing is written and read back, when the world is as
 * declared, or when what may have been done is seen to be done.
 */
export function doubtsAfter(before: readonly Doubt[], seen: Seen): readonly Doubt[] {
  const fresh = seen.steps.filter(({ outcome }) => outcome === 'in-doubt').map(doubtOf);
  const subjects = new Set(fresh.map(({ subject }) => subject));
  return [...before.filter((doubt) => !subjects.has(doubt.subject) && !isOver(doubt, seen)), ...fresh];
}

function doubtOf(step: StepReport): Doubt {
  const { action, resource, name, credits } = step;
  const total = step.after?.['granted'];
  return {
    subject: subjectOf(step),
    step: { action, resource, name },
    credits,
    total: credits > 0 && typeof total === 'number' ? total : null,
  };
}

function subjectOf({ resource, name }: Pick<StepReport, 'resource' | 'name'>): string {
  return JSON.stringify([resource, name]);
}

function isOver({ subject, step, total }: Doubt, seen: Seen): boolean {
  const steps = seen.steps.filter((one) => subjectOf(one) === subject);
  if (seen.isSettled || steps.some(({ outcome }) => outcome === 'done')) return true;
  if (total !== null) return seen.granted !== null && seen.granted >= total;
  // A key that was made has to get its secret stored, which is a step; no step is no sign that there is no such key. When
  // the secret cannot be had any more, that is certain, and a matter of its own.
  if (step.action === 'mint' || step.action === 'rotate')
    return seen.problems.some(({ code }) => code === 'SecretMissing');
  if (step.action === 'create' && step.resource === 'organization') return seen.organizationId !== null;
  return steps.length === 0 && !seen.problems.some(({ severity }) => severity === 'held');
}

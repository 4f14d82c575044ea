import type { ApiKey, Organization, OrganizationStatus, OrganizationWithSummary } from '../api.ts';
import { latestUse } from '../key-ending.ts';
import { organizationMark, readOrganizationMarker } from '../marker.ts';
import { formatCredits } from '../money.ts';
import type { Notices } from '../notice.ts';
import type { Ending, Step } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { SourcedCustomer } from '../source.ts';
import { metadataFull } from './metadata-limit.ts';

/** After this long with reserved credits an archive asks a person: they would not come back (organizations/archive-organization). */
export const ARCHIVE_PATIENCE_MS = 24 * 3_600_000;

export interface StateFacts {
  /** All keys of the organization; null when they were not listed. */
  readonly keys: readonly ApiKey[] | null;
  /** The recorded status covers the declaration: a state that differs was changed outside. */
  readonly settled: boolean;
  /** Since when an archive waits for reserved credits, by the recorded status; null when it does not wait yet. */
  readonly waitingSinceMs: number | null;
  readonly nowMs: number;
}

export interface PlannedState {
  readonly steps: readonly Step[];
  readonly problems: readonly Problem[];
  /** True when nothing but the state is reconciled: the customer is, or is about to be, suspended or archived. */
  readonly frozen: boolean;
}

/**
 * Plans the state of an organization (design 3). A suspension of ours is marked, so that one without the mark is known
 * for somebody's kill switch and never ended by us (I5). Archiving suspends first, and waits until no credits are
 * reserved, because reserved ones are lost.
 */
export function planState(
  customer: SourcedCustomer,
  organization: OrganizationWithSummary,
  facts: StateFacts,
  notices: Notices,
): PlannedState {
  const { state } = customer.declaration;
  const isSuspended = organization.status === 'suspended';
  const isMarked = organization.metadata[organizationMark.suspended] === '1';
  // Without room for the mark a suspension of ours would look like somebody else's.
  const unmarkable = isSuspended || isMarked ? null : metadataFull(organization, SUSPENSION_MARK, '/state', notices);
  if (state !== 'active' && unmarkable) return { steps: [], problems: [unmarkable], frozen: true };
  if (state === 'archived') return planArchive(organization, facts, notices);
  if (state === 'suspended') {
    if (isSuspended) return { steps: [], problems: [], frozen: true };
    const reason = facts.settled ? 'somebody resumed it, and `state: suspended` is declared' : DECLARED_SUSPENDED;
    const suspend = { ...step('suspend', reason, notices), drift: facts.settled };
    return { steps: [suspend], problems: [], frozen: true };
  }
  if (isSuspended && isMarked)
    return {
      steps: [step('resume', 'declared active, and suspended by this tool', notices)],
      problems: [],
      frozen: false,
    };
  if (isSuspended) return { steps: [], problems: [suspendedByHand(customer, organization, notices)], frozen: true };
  if (isMarked) return { steps: [unmarkStep(notices)], problems: [], frozen: false };
  return { steps: [], problems: [], frozen: false };
}

const SUSPENSION_MARK = { [organizationMark.suspended]: '1' };
const DECLARED_SUSPENDED = 'declared `state: suspended`';

function planArchive(organization: OrganizationWithSummary, facts: StateFacts, notices: Notices): PlannedState {
  const suspend =
    organization.status === 'suspended' ? [] : [step('suspend', 'an archive begins with a suspension', notices)];
  const reserved = reservedCredits(organization);
  const planned = step('archive', 'declared `state: archived`; it cannot be undone', notices);
  const incarnation = readOrganizationMarker(organization)?.incarnation ?? 1;
  const archive = {
    ...planned,
    // An approval of the first incarnation's end must not release that of the next one.
    after: { ...planned.after, ...(incarnation > 1 ? { incarnation } : {}) },
    ends: endingOf(organization, facts.keys),
  };
  if (reserved === 0 || suspend.length > 0) return { steps: [...suspend, archive], problems: [], frozen: true };
  const waitedMs = facts.waitingSinceMs === null ? 0 : facts.nowMs - facts.waitingSinceMs;
  if (waitedMs < ARCHIVE_PATIENCE_MS)
    return { steps: [], problems: [archiveWaiting(notices, 'waiting')], frozen: true };
  return {
    steps: [
      {
        ...archive,
        after: { ...archive.after, losesReservedCredits: true },
        ends: { ...archive.ends, creditsLost: reserved },
        blockedBy: ARCHIVE_WAITING,
      },
    ],
    problems: [archiveWaiting(notices, 'error', reserved)],
    frozen: true,
  };
}

/**
 * What an archive ends (organizations/archive-organization): every active key, in the grace of a rotation too, and what
 * is spent no more. Only about: work that ends until then frees or uses credits, so the parent wallet of a plan does not
 * count them, and no guard does.
 */
function endingOf({ summary }: OrganizationWithSummary, keys: readonly ApiKey[] | null): Ending {
  const dying = keys?.filter(({ status }) => status === 'active') ?? null;
  return {
    keys: dying?.length ?? null,
    afterHours: 0,
    lastUsedAt: latestUse(dying ?? []),
    creditsBack: summary.available,
    creditsLost: 0,
  };
}

/** Stands where a guard's name stands: an approval lets the archive go on (design 3). */
export const ARCHIVE_WAITING = 'ArchiveWaiting';

export function archiveWaiting(notices: Notices, severity: 'waiting' | 'error', reserved = 0): Problem {
  return notices.problem(
    '/state',
    severity,
    ARCHIVE_WAITING,
    severity === 'waiting'
      ? 'The customer is suspended, and is archived when none of its credits are reserved by running work any more.'
      : `The customer has been suspended for more than 24 hours, and running work still holds ${formatCredits(reserved)} of its credits. They would not come back.`,
    {
      next:
        severity === 'waiting'
          ? 'Nothing to do: it goes on by itself.'
          : 'The work does not end. To archive it anyway and lose the reserved credits, approve the printed hash.',
    },
  );
}

/** Credits that running work holds: gross less net (credits/get-credits). */
export function reservedCredits(organization: OrganizationWithSummary): number {
  return Math.max(0, organization.summary.balance - organization.summary.available);
}

/**
 * A suspension, or an unknown state, that only one of two reads shows: whichever is older, nothing is written until both agree (I9). Null when
 * the organization's own page shows it as well, which the plan of the state then meets.
 */
export function vetoOnListedState(
  listed: OrganizationStatus,
  organization: Organization,
  notices: Notices,
): Problem | null {
  if ((listed !== 'suspended' && listed !== 'unknown') || organization.status !== 'active') return null;
  const shown = listed === 'suspended' ? 'suspended' : 'in a state that this version does not know';
  return notices.problem(
    '/state',
    'held',
    'StaleRead',
    `The listing shows organization ${organization.id} ${shown}, its own page shows it active. Nothing is written until both agree.`,
    { next: 'Nothing to do if this passes: the next pass looks again.' },
  );
}

/** After everything was written: a customer that somebody suspended meanwhile is not as declared (I11). */
export function suspendedMeanwhile(
  customer: SourcedCustomer,
  { id, status }: Organization,
  notices: Notices,
): Problem | null {
  if (customer.declaration.state !== 'active' || status !== 'suspended') return null;
  return notices.problem('/state', 'held', 'SuspendedMeanwhile', `Organization ${id} was suspended during this pass.`, {
    next: 'The next pass finds out by whom.',
  });
}

function suspendedByHand(customer: SourcedCustomer, organization: OrganizationWithSummary, notices: Notices): Problem {
  return notices.problem(
    '/state',
    'error',
    'SuspendedByHand',
    `Organization ${organization.id} was suspended by somebody else. Nothing is written for this customer.`,
    { next: `When the reason is gone: \`reconcile resume ${customer.declaration.externalId}\`.` },
  );
}

function unmarkStep(notices: Notices): Step {
  return notices.step('/state', {
    action: 'change',
    resource: 'organization',
    reason: 'it is active again, and the mark of the suspension is left over',
    before: { [`metadata.${organizationMark.suspended}`]: '1' },
    after: { [`metadata.${organizationMark.suspended}`]: null },
  });
}

const AFTER = { suspend: 'suspended', resume: 'active', archive: 'archived' } as const;

function step(action: 'suspend' | 'resume' | 'archive', reason: string, notices: Notices): Step {
  return notices.step('/state', { action, resource: 'organization', reason, after: { state: AFTER[action] } });
}

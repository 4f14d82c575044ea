import { blockerName } from './guard.ts';
import type { StepAction } from './plan.ts';
import type { Problem } from './problem.ts';
import type { Phase, StepReport } from './report.ts';
import type { BrokenFile } from './source.ts';

/** Something that happened to a customer, for whoever watches its declaration. */
export interface Announcement {
  readonly type: 'Normal' | 'Warning';
  /** Stable, CamelCase. */
  readonly reason: string;
  /** What was done or tried, CamelCase. */
  readonly action: string;
  /** For people: sentences without moving numbers, so that one thing is said once. */
  readonly note: string;
}

export interface VisitedCustomer {
  readonly phase: Phase;
  readonly steps: readonly StepReport[];
  readonly problems: readonly Problem[];
}

/** What a visit to one customer did, and what keeps it from being as declared. */
export function announcementsOf({ phase, steps, problems }: VisitedCustomer): readonly Announcement[] {
  const done = steps.filter(({ outcome }) => outcome === 'done').map(doneAnnouncement);
  const blockers = new Set(steps.flatMap(({ outcome, blockedBy }) => (outcome === 'blocked' && blockedBy) || []));
  const isSettled = phase === 'Ready' || phase === 'Suspended' || phase === 'Archived';
  return [
    ...done,
    ...[...blockers].map(blockedAnnouncement),
    ...problems.map(problemAnnouncement),
    ...(isSettled && done.length > 0 ? [converged] : []),
  ];
}

/** Why a declaration cannot be used; the first of its problems says enough to begin with. */
export function refusalOf({ problems }: Pick<BrokenFile, 'problems'>): Announcement | null {
  const [first] = problems;
  if (first === undefined) return null;
  const place = first.path === undefined ? '' : `${first.path}: `;
  const note = [`${place}${first.message}`, first.hint].filter((sentence) => sentence !== undefined).join(' ');
  return { type: 'Warning', reason: first.code, action: 'Validate', note };
}

const converged: Announcement = {
  type: 'Normal',
  reason: 'Converged',
  action: 'Reconcile',
  note: 'The organization is as declared.',
};

function doneAnnouncement({ action, resource, name }: StepReport): Announcement {
  const { reason, note } = resource === 'credit-config' ? limits : words[action];
  return {
    type: 'Normal',
    reason,
    action: 'Reconcile',
    note: name === null || resource === 'credit-config' ? `${note}.` : `${note}: ${name}.`,
  };
}

interface Words {
  readonly reason: string;
  readonly note: string;
}

const limits: Words = { reason: 'LimitsChanged', note: 'The cap or the refill was set as declared' };

const words: Readonly<Record<StepAction, Words>> = {
  create: { reason: 'OrganizationCreated', note: 'The organization was created' },
  change: { reason: 'OrganizationChanged', note: 'The organization was changed as declared' },
  grant: { reason: 'CreditsGranted', note: 'Credits were granted from the parent wallet, and are on the ledger' },
  mint: { reason: 'KeyMinted', note: 'An API key was minted, and its secret is stored' },
  rotate: { reason: 'KeyRotated', note: 'An API key was rotated, and the new secret is stored' },
  revoke: { reason: 'KeyRevoked', note: 'An API key was revoked' },
  adopt: { reason: 'OrganizationAdopted', note: 'The organization was taken over' },
  suspend: { reason: 'CustomerSuspended', note: 'The organization was suspended as declared' },
  resume: { reason: 'CustomerResumed', note: 'The organization was resumed as declared' },
  archive: { reason: 'CustomerArchived', note: 'The organization was archived as declared' },
  remove: { reason: 'Removed', note: 'Something was removed as declared' },
};

function blockedAnnouncement(guard: string): Announcement {
  return {
    type: 'Warning',
    reason: 'GuardBlocked',
    action: 'Guard',
    note: `Steps are held back by ${blockerName(guard)} until somebody approves them.`,
  };
}

function problemAnnouncement({ severity, code, message, next }: Problem): Announcement {
  return {
    type: severity === 'waiting' ? 'Normal' : 'Warning',
    reason: code,
    action: 'Reconcile',
    note: next === null ? message : `${message} ${next}`,
  };
}

import type { LedgerView } from '../ledger.ts';
import { formatCredits } from '../money.ts';
import type { Notices } from '../notice.ts';
import type { Step } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { SourcedCustomer } from '../source.ts';
import type { CustomerStatus } from '../status.ts';

/** The next grant, computed from the ledger alone (I1). */
export type GrantDecision =
  | { readonly kind: 'settled' }
  | {
      readonly kind: 'grant';
      readonly slot: number;
      readonly base: number;
      readonly delta: number;
      readonly cum: number;
    }
  | { readonly kind: 'refused'; readonly problem: Problem };

export interface GrantFacts {
  readonly ledger: LedgerView;
  /** The recorded high-water mark for this very organization; it may veto, never authorise (I7). */
  readonly recorded: { readonly slots: number; readonly granted: number } | null;
  /** The same from the parent's ledger, where it was read (correctness A3). */
  readonly parent: { readonly slots: number; readonly granted: number } | null;
  /** True when some row anywhere showed metadata or a description, so that a bare row cannot be ours (P2). */
  readonly annotationsSeen: boolean;
  /** True when a grant that repeated one of the bare rows would pay nothing, because its key is still remembered. */
  readonly stillRemembered: boolean;
}

/**
 * Decides A2–A4 of correctness 2.4, without the wallet: the slot is the number of marked events, the amount what the
 * declaration lacks. Every doubt about the ledger refuses.
 */
export function decideGrant(customer: SourcedCustomer, facts: GrantFacts, notices: Notices): GrantDecision {
  const { ledger } = facts;
  const declared = customer.declaration.credits;
  if (ledger.state === 'broken') return refused(brokenLedger(ledger.why, notices));
  const witness = Math.max(facts.recorded?.slots ?? 0, facts.parent?.slots ?? 0);
  if (ledger.slots < witness && ledger.bare.length > 0 && !facts.annotationsSeen)
    return refused(unmarkedLedger(notices));
  if (ledger.slots < witness) return refused(staleLedger(notices));
  const delta = declared - ledger.granted;
  if (delta <= 0) return { kind: 'settled' };
  // A row without any annotation may be our own first grant, on a server that returns none (P2).
  const mayRepeat = facts.annotationsSeen || facts.stillRemembered;
  if (ledger.slots === 0 && ledger.bare.length > 0 && !mayRepeat) return refused(unmarkedLedger(notices));
  return { kind: 'grant', slot: ledger.slots, base: ledger.granted, delta, cum: declared };
}

function refused(problem: Problem): GrantDecision {
  return { kind: 'refused', problem };
}

export function brokenLedger(why: string, notices: Notices): Problem {
  return notices.problem(
    '/credits',
    'error',
    'LedgerBroken',
    `The ledger of this customer does not add up: ${why}. No credits move until it does.`,
    { next: 'Compare both ledgers with `reconcile ledger verify`; somebody copied or changed marked entries.' },
  );
}

/** The money of a grant moved, but its row carries no mark: a second one could never be told from it (P2). */
export function unmarkedLedger(notices: Notices): Problem {
  return notices.problem(
    '/credits',
    'error',
    'UnmarkedLedger',
    'The ledger shows nothing of what a sender writes, neither metadata nor description, so our own grants cannot be told from others. No further credits move and no refill is switched on.',
    { next: 'Limits and keys go on. Ask the provider to return metadata on the entries of the ledger.' },
  );
}

function staleLedger(notices: Notices): Problem {
  return notices.problem(
    '/credits',
    'held',
    'LedgerStale',
    'The ledger shows fewer of our grants than were made before. It is read again before any credits move.',
    { next: 'Nothing to do if this passes; if it stays, compare the ledger with the recorded status.' },
  );
}

export function planGrant(
  customer: SourcedCustomer,
  decision: GrantDecision & { kind: 'grant' },
  notices: Notices,
): Step {
  const { incarnation } = customer.declaration;
  return notices.step('/credits', {
    action: 'grant',
    resource: 'credits',
    reason: reasonOf(customer, decision.base),
    // An approval of the first incarnation's grant must not release the same amount for the next one.
    before: { granted: decision.base, ...(incarnation > 1 ? { incarnation } : {}) },
    after: { granted: decision.cum },
    credits: decision.delta,
  });
}

/** A later incarnation is paid in full once more (design 4), which nobody should find out from the wallet. */
function reasonOf(customer: SourcedCustomer, base: number): string {
  const { incarnation, credits } = customer.declaration;
  if (base > 0) return `${formatCredits(base)} of ${formatCredits(credits)} were granted`;
  if (incarnation === 1) return 'nothing was granted yet';
  return `incarnation ${incarnation} is granted everything anew; what earlier ones were granted does not count`;
}

/** What is true of the credits without holding anything back. */
export function creditWarnings(customer: SourcedCustomer, granted: number | null, notices: Notices): Problem[] {
  const declared = customer.declaration.credits;
  if (granted === null || granted <= declared) return [];
  return [
    notices.problem(
      '/credits',
      'warning',
      'OverGranted',
      `${formatCredits(granted)} credits were granted, ${formatCredits(declared)} are declared. Credits are not taken back; only archiving returns them.`,
      { next: 'To limit what is spent, lower `cap`; a later raise counts from what was granted.' },
    ),
  ];
}

/** The recorded high-water mark, if it is about this organization. */
export function recordedGrants(status: CustomerStatus | null, organizationId: string): GrantFacts['recorded'] {
  const credits = status?.organizationId === organizationId ? status.credits : null;
  if (!credits || credits.slots === null || credits.granted === null) return null;
  return { slots: credits.slots, granted: credits.granted };
}

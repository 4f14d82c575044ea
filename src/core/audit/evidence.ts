import type { LedgerEvent, Organization } from '../api.ts';
import type { GrantMarker } from '../marker.ts';
import type { JournalledGrant } from './journalled-grants.ts';

/** All that the audit of the grants looks at; it was read, and nothing of it is believed before it is compared. */
export interface LedgerEvidence {
  /** The parent's allocations, all of them. */
  readonly parentEvents: readonly LedgerEvent[];
  readonly children: readonly ChildEvidence[];
  readonly journal: readonly JournalledGrant[];
  /** Why the journal could not be read; null when it was, or when there is none. */
  readonly journalUnreadable: string | null;
}

export interface ChildEvidence {
  readonly organization: Organization;
  /** All allocations of the child; null when its ledger could not be read. */
  readonly events: readonly LedgerEvent[] | null;
  /** Why not; null when it was read. */
  readonly unreadable: string | null;
  /** The file that declares the customer; null when none does. */
  readonly file: string | null;
}

/** Something on which two witnesses of the same money do not agree. */
export interface Difference {
  /** Stable, CamelCase. */
  readonly code: string;
  readonly externalId: string | null;
  readonly incarnation: number | null;
  readonly organizationId: string | null;
  readonly slot: number | null;
  readonly message: string;
}

/** One organization with our mark, and what its ledger proves. */
export interface AuditedOrganization {
  readonly externalId: string;
  readonly incarnation: number;
  readonly organizationId: string;
  readonly status: Organization['status'];
  readonly file: string | null;
  readonly slots: number;
  /** Credits granted by hand before an adoption. */
  readonly baseline: number;
  /** Sums of the marked events on the child's ledger and on the parent's. */
  readonly credited: number;
  readonly debited: number;
  /** Incoming credits without our mark: refills, transfers by hand. Never counted. */
  readonly foreignCredits: number;
}

export interface LedgerAudit {
  readonly organizations: readonly AuditedOrganization[];
  readonly totals: { readonly credited: number; readonly debited: number; readonly journalled: number };
  readonly differences: readonly Difference[];
}

/** A marked event, and where it stands. */
export interface Mark {
  readonly event: LedgerEvent;
  readonly marker: GrantMarker;
  /** The organization on whose ledger it stands; null for the parent. */
  readonly on: string | null;
}

/** For differences that are about no one customer. */
export const nobody = { externalId: null, incarnation: null, organizationId: null, slot: null } as const;

export function bySlot(marks: readonly Mark[]): ReadonlyMap<string, readonly Mark[]> {
  const groups = new Map<string, Mark[]>();
  for (const mark of marks) {
    const key = slotKey(mark.marker);
    const group = groups.get(key);
    if (group) group.push(mark);
    else groups.set(key, [mark]);
  }
  return groups;
}

export function slotKey({
  externalId,
  incarnation,
  slot,
}: Pick<GrantMarker, 'externalId' | 'incarnation' | 'slot'>): string {
  return `${externalId} ${incarnation} ${slot}`;
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

import { describe, expect, it } from 'vitest';
import type { LedgerEvent } from '../../../src/core/api.ts';
import type { ChildEvidence, LedgerEvidence } from '../../../src/core/audit/evidence.ts';
import type { JournalledGrant } from '../../../src/core/audit/journalled-grants.ts';
import { auditLedgers } from '../../../src/core/audit/ledgers.ts';
import { foreign, grant, ORGANIZATION, organization } from '../../support/declared.ts';

const OTHER = 'org_aaaaaaaa-8b9c-4d0e-9f2a-3b4c5d6e7f80';

/** The parent's row of a child's event. */
const debit = (event: LedgerEvent, fields: Partial<LedgerEvent> = {}): LedgerEvent => ({
  ...event,
  eventId: `debit-of-${event.eventId}`,
  credits: -event.credits,
  ...fields,
});

function child(events: readonly LedgerEvent[], fields: Partial<ChildEvidence> = {}): ChildEvidence {
  return { organization: organization(), events, unreadable: null, file: 'customers/acme.yaml', ...fields };
}

function answered(slot: number, credits: number, fields: Partial<JournalledGrant> = {}): JournalledGrant {
  return {
    at: '2026-06-01T00:00:00.000Z',
    externalId: 'acme',
    organizationId: ORGANIZATION,
    incarnation: 1,
    slot,
    credits,
    allocated: credits,
    transfer: `txn_${slot}`,
    replayed: false,
    requestId: null,
    ...fields,
  };
}

const [first, second] = [grant(0, 0, 5000), grant(1, 5000, 3000)];

const intact: LedgerEvidence = {
  parentEvents: [debit(first), debit(second), foreign(-700)],
  children: [child([first, second, foreign(700)])],
  journal: [answered(0, 5000), answered(1, 3000)],
  journalUnreadable: null,
};

const codes = (evidence: Partial<LedgerEvidence>) =>
  auditLedgers({ ...intact, ...evidence }).differences.map(({ code }) => code);

describe('the audit of the ledgers', () => {
  it('adds up what agrees, and counts no transfer by hand', () => {
    const audit = auditLedgers(intact);
    expect(audit.differences).toEqual([]);
    expect(audit.totals).toEqual({ credited: 8000, debited: 8000, journalled: 2 });
    expect(audit.organizations).toMatchObject([
      { externalId: 'acme', slots: 2, credited: 8000, debited: 8000, foreignCredits: 700 },
    ]);
  });

  it.each<{ reason: string; evidence: Partial<LedgerEvidence>; expected: readonly string[] }>([
    {
      reason: 'the parent lacks a row that the child has',
      evidence: { parentEvents: [debit(first)] },
      expected: ['NoDebit', 'NotConserved', 'NotConserved'],
    },
    {
      reason: 'the journal is there and could not be read: it may tell of a grant that is missing',
      evidence: { journal: [], journalUnreadable: 'could not read the journal: permission denied (EACCES)' },
      expected: ['JournalUnreadable'],
    },
    {
      reason: 'the child lacks the newest row: its chain cannot tell, the parent can',
      evidence: { children: [child([first])] },
      expected: ['NoCredit', 'NotConserved', 'NotConserved'],
    },
    {
      reason: 'the child lacks a row in the middle of its chain',
      evidence: { children: [child([second])] },
      expected: ['ChainBroken', 'NoCredit', 'NotConserved', 'NotConserved'],
    },
    {
      reason: 'a slot was paid twice and credited twice',
      evidence: {
        parentEvents: [debit(first), debit(second), debit(second, { eventId: 'again' })],
        children: [child([first, second, { ...second, eventId: 'again' }])],
      },
      expected: ['ChainBroken', 'SlotPaidTwice', 'SlotCreditedTwice'],
    },
    {
      reason: 'a slot was paid twice and credited once',
      evidence: { parentEvents: [debit(first), debit(second), debit(second, { eventId: 'again' })] },
      expected: ['SlotPaidTwice', 'NotConserved', 'NotConserved'],
    },
    {
      reason: 'the parent paid another amount than its mark says',
      evidence: { parentEvents: [debit(first), debit(second, { credits: -2999 })] },
      expected: ['AmountsDiffer', 'NotConserved', 'NotConserved'],
    },
    {
      reason: 'the two rows of a slot say different things',
      evidence: {
        parentEvents: [debit(first), debit(second, { metadata: null, description: grant(1, 4000, 3000).description })],
      },
      expected: ['MarksDiffer'],
    },
    {
      reason: 'the credits are in another organization than the parent meant',
      evidence: { parentEvents: [debit(first), debit(grant(1, 5000, 3000, { organizationId: OTHER }))] },
      expected: ['WrongOrganization', 'NotConserved'],
    },
    {
      reason: 'a mark cannot be read',
      evidence: { parentEvents: [debit(first), debit(second, { description: 'rcn1 acme' })] },
      expected: ['MarkUnreadable', 'NoDebit', 'NotConserved', 'NotConserved'],
    },
    {
      reason: 'a ledger cannot be read: that is said once',
      evidence: { children: [child([], { events: null, unreadable: 'gone' })], journal: intact.journal },
      expected: ['LedgerUnreadable', 'NotConserved', 'NotConserved'],
    },
    {
      reason: 'the organization lost its own mark',
      evidence: { children: [child([first, second], { organization: organization({ metadata: {} }) })] },
      expected: ['OrganizationMarkUnreadable'],
    },
    {
      reason: 'an answered grant is on no ledger',
      evidence: { journal: [answered(2, 100)] },
      expected: ['GrantNotOnLedger'],
    },
    {
      reason: 'the journal asked for another amount',
      evidence: { journal: [answered(1, 2000)] },
      expected: ['JournalDiffers'],
    },
    {
      reason: 'the API said that it moved another amount',
      evidence: { journal: [answered(1, 3000, { allocated: 3001 })] },
      expected: ['AllocationMismatch'],
    },
    {
      reason: 'one slot was answered with two transfers',
      evidence: { journal: [answered(1, 3000), answered(1, 3000, { transfer: 'txn_other' })] },
      expected: ['TransfersDiffer'],
    },
    {
      reason: 'the API shows neither metadata nor descriptions',
      evidence: {
        parentEvents: [],
        children: [child([{ ...first, metadata: null, description: null }])],
        journal: [],
      },
      expected: ['UnmarkedLedger'],
    },
    { reason: 'the journal is lost, which loses history only', evidence: { journal: [] }, expected: [] },
    {
      reason: 'an answer that was repeated names the same transfer',
      evidence: { journal: [answered(0, 5000), answered(0, 5000, { replayed: true })] },
      expected: [],
    },
    {
      reason: 'a customer without a file is audited as well',
      evidence: { children: [child([first, second], { file: null })] },
      expected: [],
    },
    {
      reason: 'an adopted customer begins at what was granted by hand',
      evidence: {
        parentEvents: [debit(grant(0, 700, 300))],
        children: [
          child([grant(0, 700, 300), foreign(700)], {
            organization: organization({ metadata: { ...organization().metadata, rcn_base: '700' } }),
          }),
        ],
        journal: [],
      },
      expected: [],
    },
  ])('$reason', ({ evidence, expected }) => {
    expect(codes(evidence).toSorted()).toEqual(expected.toSorted());
  });
});

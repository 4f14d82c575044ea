import { describe, expect, it } from 'vitest';
import { type JournalLine, readJournalledGrants } from '../../../src/core/audit/journalled-grants.ts';

const intent = (slot: number, customer = 'acme'): JournalLine => ({
  at: '2026-06-01T00:00:00.000Z',
  event: 'intent',
  step: 'grant',
  customer,
  organizationId: 'org_1',
  body: { credits: 100, metadata: { inc: '1', slot: String(slot) } },
});
const answer = (fields: JournalLine = {}): JournalLine => ({
  at: '2026-06-01T00:00:01.000Z',
  event: 'answer',
  step: 'grant',
  customer: 'acme',
  outcome: 'ok',
  transfer: 'txn_1',
  allocated: 100,
  replayed: false,
  ...fields,
});

describe('the grants of a journal', () => {
  it('are intents with the answer that followed them', () => {
    expect(readJournalledGrants([intent(0), answer()])).toEqual([
      {
        at: '2026-06-01T00:00:01.000Z',
        externalId: 'acme',
        organizationId: 'org_1',
        incarnation: 1,
        slot: 0,
        credits: 100,
        allocated: 100,
        transfer: 'txn_1',
        replayed: false,
        requestId: null,
      },
    ]);
  });

  it.each<{ reason: string; journal: readonly JournalLine[]; slots: readonly number[] }>([
    { reason: 'an intent without an answer proves nothing', journal: [intent(0)], slots: [] },
    { reason: 'an answer whose intent is lost proves nothing', journal: [answer()], slots: [] },
    { reason: 'an answer in doubt proves nothing', journal: [intent(0), answer({ outcome: 'in-doubt' })], slots: [] },
    {
      reason: 'customers side by side are kept apart',
      journal: [intent(0), intent(4, 'birch'), answer(), answer({ customer: 'birch' })],
      slots: [0, 4],
    },
    {
      reason: 'an intent whose answer was lost is replaced by the next',
      journal: [intent(0), intent(1), answer()],
      slots: [1],
    },
    { reason: 'other steps are none', journal: [{ ...intent(0), step: 'mint-key' }, answer()], slots: [] },
    { reason: 'an intent of another form is none', journal: [{ ...intent(0), body: [1] }, answer()], slots: [] },
  ])('$reason', ({ journal, slots }) => {
    expect(readJournalledGrants(journal).map(({ slot }) => slot)).toEqual(slots);
  });
});

import { describe, expect, it } from 'vitest';
import type { LedgerEvent } from '../../src/core/api.ts';
import { readChildLedger, witnessOnParentLedger } from '../../src/core/ledger.ts';
import { foreign, grant, ORGANIZATION } from '../support/declared.ts';

const owner = { externalId: 'acme', incarnation: 1, organizationId: ORGANIZATION, baseline: 0 };
const read = (events: readonly LedgerEvent[], complete = true) => readChildLedger(events, owner, complete);

describe('a child’s ledger', () => {
  it('counts marked events and shows foreign ones apart', () => {
    expect(read([grant(1, 5000, 3000), foreign(700), grant(0, 0, 5000)])).toMatchObject({
      state: 'intact',
      slots: 2,
      granted: 8000,
      foreign: { count: 1, credits: 700 },
    });
  });

  it('needs only one of the two marks (P2)', () => {
    const onlyMetadata = { ...grant(0, 0, 5000), description: null };
    const onlyDescription = { ...grant(0, 0, 5000), metadata: null };
    for (const event of [onlyMetadata, onlyDescription])
      expect(read([event])).toMatchObject({ state: 'intact', slots: 1, granted: 5000 });
  });

  it('trusts the newest mark for all before it when it was read only that far', () => {
    expect(read([grant(4, 9000, 1000)], false)).toMatchObject({
      state: 'intact',
      slots: 5,
      granted: 10_000,
      foreign: null,
    });
  });

  it('takes the sweep of an archive for no grant (P10)', () => {
    expect(read([foreign(-5000), grant(0, 0, 5000)])).toMatchObject({
      granted: 5000,
      foreign: { count: 0, credits: 0 },
    });
  });

  it('begins at the baseline of an adoption', () => {
    const adopted = { ...owner, baseline: 3000 };
    expect(readChildLedger([grant(0, 3000, 2000)], adopted, true)).toMatchObject({ slots: 1, granted: 5000 });
    expect(readChildLedger([], adopted, true)).toMatchObject({ slots: 0, granted: 3000 });
  });

  it.each([
    { reason: 'a slot is missing', events: [grant(2, 6000, 1000), grant(0, 0, 5000)] },
    { reason: 'the oldest slot is missing', events: [grant(1, 5000, 1000)] },
    { reason: 'a slot stands twice', events: [grant(0, 0, 5000), { ...grant(0, 0, 5000), eventId: 'other' }] },
    { reason: 'a base is not the sum before it', events: [grant(1, 4000, 1000), grant(0, 0, 5000)] },
    { reason: 'the amount is not the marked one', events: [{ ...grant(0, 0, 5000), credits: 6000 }] },
    { reason: 'it names another customer', events: [grant(0, 0, 5000, { externalId: 'other' })] },
    { reason: 'it names another incarnation', events: [grant(0, 0, 5000, { incarnation: 2 })] },
    { reason: 'it names another organization', events: [grant(0, 0, 5000, { organizationId: 'org_other' })] },
    { reason: 'its mark does not add up', events: [grant(0, 0, 5000, { cum: 6000 })] },
    {
      reason: 'metadata and description disagree',
      events: [{ ...grant(0, 0, 5000), description: 'rcn1 acme i1 s0 base=0 delta=1 cum=1' }],
    },
    { reason: 'the mark is unreadable', events: [{ ...grant(0, 0, 5000), metadata: { rcn: '2' }, description: null }] },
  ])('is broken when $reason', ({ events }) => {
    expect(read(events)).toMatchObject({ state: 'broken' });
  });
});

describe('the parent’s ledger as second witness', () => {
  it('names the newest slot of exactly this customer and incarnation', () => {
    const debit = (event: LedgerEvent) => ({ ...event, credits: -event.credits });
    const events = [
      debit(grant(1, 5000, 3000)),
      debit(grant(0, 0, 9000, { externalId: 'other' })),
      debit(grant(0, 0, 5000)),
    ];
    expect(witnessOnParentLedger(events, { externalId: 'acme', incarnation: 1 })).toEqual({ slots: 2, granted: 8000 });
    expect(witnessOnParentLedger(events, { externalId: 'acme', incarnation: 2 })).toEqual({ slots: 0, granted: 0 });
  });
});

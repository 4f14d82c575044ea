import { describe, expect, it } from 'vitest';
import type { LedgerView } from '../../src/core/ledger.ts';
import { decideGrant } from '../../src/core/resources/credits.ts';
import { customer, notices } from '../support/declared.ts';

const declared = (credits: number) => customer(`externalId: acme\nname: Acme\ncredits: ${credits}\n`);
const ledger = (slots: number, granted: number, bare: number[] = []): LedgerView => ({
  state: 'intact',
  slots,
  granted,
  foreign: null,
  bare,
});
const facts = { recorded: null, parent: null, annotationsSeen: false, stillRemembered: false };

describe('the next grant', () => {
  it.each([
    {
      reason: 'nothing was granted',
      credits: 5000,
      view: ledger(0, 0),
      grant: { slot: 0, base: 0, delta: 5000, cum: 5000 },
    },
    {
      reason: 'the declaration was raised',
      credits: 8000,
      view: ledger(1, 5000),
      grant: { slot: 1, base: 5000, delta: 3000, cum: 8000 },
    },
    {
      reason: 'an adoption has a baseline',
      credits: 8000,
      view: ledger(0, 5000),
      grant: { slot: 0, base: 5000, delta: 3000, cum: 8000 },
    },
  ])('takes the next slot with what is missing: $reason', ({ credits, view, grant }) => {
    expect(decideGrant(declared(credits), { ...facts, ledger: view }, notices)).toEqual({ kind: 'grant', ...grant });
  });

  it.each([
    { reason: 'everything is granted', credits: 5000 },
    { reason: 'the declaration was lowered', credits: 2000 },
    { reason: 'nothing is declared', credits: 0 },
  ])('is none when $reason', ({ credits }) => {
    expect(decideGrant(declared(credits), { ...facts, ledger: ledger(1, 5000) }, notices)).toEqual({ kind: 'settled' });
  });

  it.each([
    {
      reason: 'the recorded status saw more slots',
      extra: { recorded: { slots: 1, granted: 5000 } },
      code: 'LedgerStale',
    },
    {
      reason: 'the parent’s ledger saw more slots',
      extra: { parent: { slots: 1, granted: 5000 } },
      code: 'LedgerStale',
    },
  ])('is refused when $reason (I1)', ({ extra, code }) => {
    const decision = decideGrant(declared(5000), { ...facts, ...extra, ledger: ledger(0, 0) }, notices);
    expect(decision).toMatchObject({ kind: 'refused', problem: { code } });
  });

  it('is refused when the ledger is broken, also if nothing is missing', () => {
    const decision = decideGrant(
      declared(0),
      { ...facts, ledger: { state: 'broken', why: 'slot 0 is missing' } },
      notices,
    );
    expect(decision).toMatchObject({ kind: 'refused', problem: { code: 'LedgerBroken' } });
  });

  it('is refused when a row without any annotation might be our own (P2)', () => {
    const bare = decideGrant(declared(5000), { ...facts, ledger: ledger(0, 0, [5000]) }, notices);
    expect(bare).toMatchObject({ kind: 'refused', problem: { code: 'UnmarkedLedger' } });
    const known = decideGrant(
      declared(5000),
      { ...facts, annotationsSeen: true, ledger: ledger(0, 0, [5000]) },
      notices,
    );
    expect(known).toMatchObject({ kind: 'grant' });
  });
});

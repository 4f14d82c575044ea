import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CreditConfig } from '../../src/core/api.ts';
import { NO_LIMITS, planCreditConfig, refillExposure } from '../../src/core/resources/credit-config.ts';
import { customer, notices } from '../support/declared.ts';

const limits = (cap: number | null, threshold: number | null = null, amount: number | null = null): CreditConfig => ({
  monthlyCreditCap: cap,
  refillThreshold: threshold,
  refillAmount: amount,
  autoRefillEnabled: threshold !== null,
});

const plan = (declared: string, current: CreditConfig, facts: { available?: number; settled?: boolean } = {}) =>
  planCreditConfig(
    customer(`externalId: acme\nname: Acme\n${declared}`),
    current,
    { settled: false, refillMayMove: true, available: 0, ...facts },
    notices,
  );

describe('what refills can take in a month', () => {
  it.each([
    { reason: 'no refill is on', cap: 5000, refill: null, exposure: null },
    { reason: 'no cap bounds it', cap: null, refill: { threshold: 1, amount: 1 }, exposure: { creditsPerMonth: null } },
    {
      reason: 'the cap and the threshold are rounded up to whole refills',
      cap: 5000,
      refill: { threshold: 1000, amount: 4000 },
      exposure: { creditsPerMonth: 8000 },
    },
    {
      reason: 'nothing can be spent, and an empty wallet is filled up to the threshold',
      cap: 0,
      refill: { threshold: 1000, amount: 400 },
      exposure: { creditsPerMonth: 1200 },
    },
    {
      reason: 'nothing is ever below a threshold of 0',
      cap: 5000,
      refill: { threshold: 0, amount: 400 },
      exposure: { creditsPerMonth: 0 },
    },
  ])('when $reason', ({ cap, refill, exposure }) => {
    expect(refillExposure({ cap, refill })).toEqual(exposure);
  });

  it('is never passed, whatever is spent within the cap and however eagerly refills fire', () => {
    const amounts = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(
        fc.record({ cap: fc.nat(200), threshold: amounts, amount: amounts, start: fc.nat(50) }),
        fc.array(fc.nat(40), { maxLength: 60 }),
        ({ cap, threshold, amount, start }, spending) => {
          let [available, left, refilled] = [start, cap, 0];
          for (const wanted of [0, ...spending]) {
            const spent = Math.min(wanted, left, available);
            available -= spent;
            left -= spent;
            for (; available < threshold; available += amount) refilled += amount;
          }
          const exposure = refillExposure({ cap, refill: { threshold, amount } });
          expect(refilled).toBeLessThanOrEqual(exposure?.creditsPerMonth ?? 0);
        },
      ),
    );
  });
});

describe('limits that differ', () => {
  it('are one step each, and the last one says what refills can take with both in place', () => {
    const steps = plan('cap: 5000\nrefill: { threshold: 1000, amount: 2000 }\n', NO_LIMITS, { available: 5000 });
    expect(steps.map(({ name, credits, refillExposure: exposure }) => [name, credits, exposure])).toEqual([
      ['cap', 0, null],
      ['refill', 0, { creditsPerMonth: 6000 }],
    ]);
  });

  it('of a raised cap show what the refill that is on can then take', () => {
    expect(plan('cap: 9000\n', limits(5000, 1000, 2000))).toMatchObject([
      { name: 'cap', refillExposure: { creditsPerMonth: 10_000 } },
    ]);
  });

  it('show a refill that fires at once as the money that it is', () => {
    const refill = 'refill: { threshold: 1000, amount: 2000 }\n';
    expect(plan(refill, limits(5000), { available: 999 })).toMatchObject([{ name: 'refill', credits: 2000 }]);
    expect(plan(refill, limits(5000), { available: 1000 })).toMatchObject([{ name: 'refill', credits: 0 }]);
  });

  it.each([
    { reason: 'a cap of 0 stops all spending and is not "no cap"', declared: 'cap: 0\n', now: limits(null), after: 0 },
    { reason: 'null lifts the cap', declared: 'cap: null\n', now: limits(0), after: null },
    { reason: 'lower', declared: 'cap: 10\n', now: limits(20), after: 10 },
    { reason: 'higher', declared: 'cap: 30\n', now: limits(20), after: 30 },
  ])('are set as declared: $reason', ({ declared, now, after }) => {
    expect(plan(declared, now)).toMatchObject([{ before: { cap: now.monthlyCreditCap }, after: { cap: after } }]);
  });

  it('that a file leaves out are not managed', () => {
    expect(plan('', limits(7, 1, 1))).toEqual([]);
  });

  it('although the file did not change are drift, and say so', () => {
    expect(plan('cap: 10\n', limits(20), { settled: true })).toMatchObject([
      { drift: true, reason: 'cap was changed outside of this file' },
    ]);
  });
});

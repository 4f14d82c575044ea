import { ACME } from '../support/world.ts';
import { FILE, HOUR_MS, onboarded, organizationOf, PLAIN, replace, savedAgain } from './stage.ts';
import { NOTHING, type Walk } from './walk.ts';

/** Cap and refill. */
export const limitsWalks: readonly Walk[] = [
  {
    name: 'limits-edited',
    reason: 'cap and refill change back and forth',
    never: 'An answer of the first change is replayed for the third.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('cap: 5000', 'cap: 7000'));
      await stage.pass();
      stage.wait(HOUR_MS);
      stage.edit(FILE, (text) => text.replace('cap: 7000', 'cap: 5000').replace('amount: 2000', 'amount: 2500'));
    },
    passes: [{ plans: ['change cap', 'change refill'], writes: ['PATCH …/credit-config'], says: [] }],
  },
  {
    name: 'refill-switched-off',
    reason: 'a refill that is switched off stays off',
    never: 'The grant is paid again when the refill ends.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('refill: { threshold: 1000, amount: 2000 }', 'refill: null'));
    },
    passes: [{ plans: ['change refill'], writes: ['PATCH …/credit-config'], says: [] }],
  },
  {
    name: 'cap-lifted',
    reason: 'a cap that is declared `null` is lifted',
    never: 'A cap is lifted under a refill, unless somebody approves it.',
    before: async (stage) => {
      await onboarded(stage, `${PLAIN}cap: 5000\n`);
      stage.edit(FILE, replace('cap: 5000', 'cap: null'));
    },
    passes: [{ plans: ['change cap'], writes: ['PATCH …/credit-config'], says: [] }],
  },
  {
    name: 'cap-zero',
    reason: 'a cap of 0 stops all spending',
    never: '0 is taken for "no cap".',
    before: async (stage) => {
      await onboarded(stage, `${PLAIN}cap: 5000\n`);
      stage.edit(FILE, replace('cap: 5000', 'cap: 0'));
    },
    passes: [{ plans: ['change cap'], writes: ['PATCH …/credit-config'], says: [] }],
  },
  {
    name: 'limits-left-out',
    reason: 'cap and refill leave the file, and somebody changes the cap by hand',
    never: 'A limit that no file manages is changed.',
    before: async (stage) => {
      await onboarded(stage, `${PLAIN}cap: 5000\nrefill: { threshold: 1000, amount: 2000 }\n`);
      stage.edit(FILE, (text) => text.replace(/^(cap|refill): .*\n/gm, ''));
      await stage.pass();
      stage.sandbox.hands.changeLimits(organizationOf(stage), { monthlyCreditCap: 9_000 });
    },
    passes: [NOTHING],
  },
  {
    name: 'limits-changed-by-hand',
    reason: 'somebody raises the cap and ends the refill in the dashboard',
    never: 'A grant follows from it.',
    before: async (stage) => {
      await onboarded(stage);
      const byHand = { monthlyCreditCap: 9_000, refillThreshold: null, refillAmount: null };
      stage.sandbox.hands.changeLimits(organizationOf(stage), byHand);
      savedAgain(stage);
    },
    passes: [{ plans: ['change cap', 'change refill'], writes: ['PATCH …/credit-config'], says: [] }],
  },
  {
    name: 'refill-on-a-low-wallet',
    reason: 'a refill is switched on while less than its threshold is left: it is money, and guards count it',
    never: 'Credits that a refill brings count as granted.',
    before: async (stage) => {
      await onboarded(stage, ACME.replace(/^refill: .*\n/m, ''));
      stage.sandbox.hands.spend(organizationOf(stage), 4_500);
      stage.edit(FILE, replace('cap: 5000', 'cap: 5000\nrefill: { threshold: 1000, amount: 2000 }'));
    },
    passes: [{ plans: ['change refill, 2000 credits'], writes: ['PATCH …/credit-config'], says: [] }],
  },
];

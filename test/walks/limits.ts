import { FILE, HOUR_MS, onboarded, replace } from './stage.ts';
import type { Walk } from './walk.ts';

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
];

import { ACME } from '../support/world.ts';
import { BOLT, FILE, HOUR_MS, onboarded, replace } from './stage.ts';
import { NOTHING, type Walk } from './walk.ts';

/** Files and names that change while the customer stays who it is. */
export const identityWalks: readonly Walk[] = [
  {
    name: 'rename',
    reason: 'the identity is inside of the file, not its name',
    never: 'A second organization.',
    before: async (stage) => {
      await onboarded(stage);
      const text = stage.text(FILE);
      stage.save(FILE, null);
      stage.save('customers/acme.yml', text);
    },
    passes: [NOTHING],
  },
  {
    name: 'delete-restore',
    reason: 'a file that comes back, without its status, is the same customer',
    never: 'An organization without a file is touched.',
    before: async (stage) => {
      stage.save('customers/bolt.yaml', BOLT);
      await onboarded(stage);
      stage.save(FILE, null);
      await stage.pass();
      stage.wait(HOUR_MS);
      stage.save(FILE, ACME);
    },
    passes: [NOTHING],
  },
  {
    name: 'duplicate-identities',
    reason: 'two files that claim one identity freeze it, whatever they declare',
    never: 'One of the two files wins.',
    before: async (stage) => {
      await onboarded(stage);
      stage.save('customers/bolt.yaml', BOLT);
      stage.save('customers/copy.yaml', ACME.replace('credits: 5000', 'credits: 9000'));
    },
    passes: [
      {
        plans: [
          'bolt-coffee: create organization',
          'bolt-coffee: grant credits, 5000 credits',
          'bolt-coffee: change cap',
          'bolt-coffee: change refill',
          'bolt-coffee: mint api-key bolt-integration',
        ],
        writes: ['POST organizations', 'POST …/credits/allocate', 'PATCH …/credit-config', 'POST …/api-keys'],
        says: ['DuplicateIdentity', 'DuplicateIdentity'],
      },
    ],
  },
  {
    name: 'name-edited',
    reason: 'the name of a customer that runs changes',
    never: 'Metadata that the file does not name is removed.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, (text) =>
        text.replace('name: Acme Coffee', 'name: Acme').replace('plan: growth', 'plan: scale'),
      );
    },
    passes: [{ plans: ['change organization (name, metadata.plan)'], writes: ['PATCH …'], says: [] }],
  },
  {
    name: 'name-edited-in-doubt',
    reason: 'the name is edited while a creation is in doubt',
    never: 'A second organization under the new name.',
    before: async (stage) => stage.save(FILE, ACME),
    after: (stage) => stage.edit(FILE, replace('name: Acme Coffee', 'name: Acme Coffee Roasters')),
    passes: [
      {
        plans: [
          'create organization',
          'grant credits, 5000 credits',
          'change cap',
          'change refill',
          'mint api-key acme-integration',
        ],
        writes: ['POST organizations', 'POST …/credits/allocate', 'PATCH …/credit-config', 'POST …/api-keys'],
        says: [],
      },
      { plans: ['change organization (name)'], writes: ['PATCH …'], says: [] },
    ],
  },
];

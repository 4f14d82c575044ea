import { ACME } from '../support/world.ts';
import { FILE, HOUR_MS } from './stage.ts';
import type { Walk } from './walk.ts';

/** Organizations and endpoints that were made by hand. */
export const adoptionWalks: readonly Walk[] = [
  {
    name: 'adopt',
    reason: 'an organization made and paid by hand is taken over, and only the difference is granted',
    never: 'What was granted by hand is granted again.',
    before: async (stage) => {
      const made = stage.sandbox.hands.createOrganization({ name: 'Acme Coffee', billingEmail: 'ops@acme.example' });
      if (!made.done) throw new Error('it was not made');
      stage.sandbox.hands.foreignTransfer(made.organization.id, 2_000);
      stage.wait(HOUR_MS);
      stage.save(FILE, `${ACME}adopt: { organizationId: ${made.organization.id}, grantedCredits: 2000 }\n`);
    },
    passes: [
      {
        plans: [
          'adopt organization',
          'change organization (metadata.plan)',
          'grant credits, 3000 credits',
          'change cap',
          'change refill',
          'mint api-key acme-integration',
        ],
        writes: ['PATCH …', 'PATCH …', 'POST …/credits/allocate', 'PATCH …/credit-config', 'POST …/api-keys'],
        says: [],
      },
    ],
  },
];

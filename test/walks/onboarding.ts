import { ACME, FIREHOSE } from '../support/world.ts';
import { BOLT, FILE, onboarded, replace, withoutStatus } from './stage.ts';
import { NOTHING, ONBOARDING, type Walk } from './walk.ts';

/** A customer that is new, and files that only look like one. */
export const onboardingWalks: readonly Walk[] = [
  {
    name: 'onboard',
    reason: 'a new customer and the firehose, from nothing to Ready',
    never: 'A key that works before its cap does; a refill before the grant.',
    options: { workspaceYaml: FIREHOSE },
    before: async (stage) => stage.save(FILE, ACME),
    passes: [
      {
        plans: [
          'create webhook firehose',
          'create organization',
          'grant credits, 5000 credits',
          'change cap',
          'change refill',
          'mint api-key acme-integration',
        ],
        writes: [
          'POST webhook-endpoints',
          'POST organizations',
          'POST …/credits/allocate',
          'PATCH …/credit-config',
          'POST …/api-keys',
        ],
        says: [],
      },
    ],
  },
  {
    name: 'two-customers',
    reason: 'two new customers side by side',
    never: 'One waits for the other.',
    before: async (stage) => {
      stage.save(FILE, ACME);
      stage.save('customers/bolt.yaml', BOLT);
    },
    passes: [
      {
        plans: [
          'create organization',
          'grant credits, 5000 credits',
          'change cap',
          'change refill',
          'mint api-key acme-integration',
          'bolt-coffee: create organization',
          'bolt-coffee: grant credits, 5000 credits',
          'bolt-coffee: change cap',
          'bolt-coffee: change refill',
          'bolt-coffee: mint api-key bolt-integration',
        ],
        writes: [
          'POST organizations',
          'POST organizations',
          'POST …/credits/allocate',
          'POST …/credits/allocate',
          'PATCH …/credit-config',
          'PATCH …/credit-config',
          'POST …/api-keys',
          'POST …/api-keys',
        ],
        says: [],
      },
    ],
  },
  {
    name: 'copied-file',
    reason: 'a file copied with its status block, under a new identity, is a new customer',
    never: 'The copied status names the organization of another customer: it is ignored, and said so.',
    before: async (stage) => {
      await onboarded(stage);
      const copy = stage
        .text(FILE)
        .replace('externalId: acme-coffee', 'externalId: bolt')
        .replace('Acme Coffee', 'Bolt');
      stage.save('customers/bolt.yaml', copy);
    },
    passes: [
      {
        plans: [
          'bolt: create organization',
          'bolt: grant credits, 5000 credits',
          'bolt: change cap',
          'bolt: change refill',
          'bolt: mint api-key acme-integration',
        ],
        writes: ['POST organizations', 'POST …/credits/allocate', 'PATCH …/credit-config', 'POST …/api-keys'],
        says: ['bolt: StatusIgnored'],
      },
      NOTHING,
    ],
  },
  {
    name: 'forged-status',
    reason: 'a status block that claims a settled customer that never was',
    never: 'A status authorises nothing: neither a write nor its omission.',
    before: async (stage) => {
      const { organizationId } = stage.sandbox.parent();
      const status = `status:
  externalId: acme-coffee
  parentOrganizationId: ${organizationId}
  declaration: sha256:0000
  phase: Ready
  credits: { declared: 5000, granted: 0, slots: 0 }
`;
      stage.save(FILE, ACME + status);
    },
    passes: [ONBOARDING],
  },
  {
    name: 'wrong-parent',
    reason: 'files meant for one parent never run against another',
    never: 'A file meant for one parent runs against another.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('credits: 5000', 'credits: 8000'));
      stage.edit('reconcile.yaml', (text) =>
        text.replace(/org_[0-9a-f-]+/, 'org_00000000-0000-4000-8000-000000000000'),
      );
    },
    passes: [{ plans: [], writes: [], says: ['WrongParent'] }],
  },
  {
    name: 'lost-state',
    reason: 'status and journal are lost while a raise waits',
    never: 'A grant is paid again because its record is gone.',
    options: { workspaceYaml: FIREHOSE },
    before: async (stage) => {
      await onboarded(stage);
      stage.save(FILE, ACME.replace('credits: 5000', 'credits: 6000'));
      stage.save('.reconcile/journal.jsonl', null);
      stage.edit('reconcile.yaml', withoutStatus);
    },
    passes: [{ plans: ['grant credits, 1000 credits'], writes: ['POST …/credits/allocate'], says: [] }],
  },
];

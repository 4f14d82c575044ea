import { ACME } from '../support/world.ts';
import { BOLT, BYSTANDER, FILE, HOUR_MS, onboarded, organizationOf, PLAIN, replace, withoutStatus } from './stage.ts';
import { NOTHING, ONBOARDING, type Walk } from './walk.ts';

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
    passes: [ONBOARDING, { plans: ['change organization (name)'], writes: ['PATCH …'], says: [] }],
  },
  {
    name: 'fields-cleared',
    reason: '`billingEmail: null` clears it, `""` unsets a metadata key, and another one is set',
    never: 'Our own marks are lost with it.',
    before: async (stage) => {
      await onboarded(stage, `${PLAIN}billingEmail: ops@acme.example\nmetadata: { plan: growth, crm: "7" }\n`);
      stage.edit(FILE, (text) =>
        text
          .replace('billingEmail: ops@acme.example', 'billingEmail: null')
          .replace('plan: growth, crm: "7"', 'plan: scale, crm: ""'),
      );
    },
    passes: [
      {
        plans: ['change organization (billingEmail, metadata.plan, metadata.crm)'],
        writes: ['PATCH …'],
        says: [],
      },
    ],
  },
  {
    name: 'fields-dropped',
    reason: 'metadata and billing email leave the file',
    never: 'What left the file is unset.',
    before: async (stage) => {
      await onboarded(stage, `${PLAIN}billingEmail: ops@acme.example\nmetadata: { plan: growth }\n`);
      stage.edit(FILE, (text) => text.replace(/^(billingEmail|metadata): .*\n/gm, ''));
    },
    passes: [NOTHING],
  },
  {
    name: 'fields-changed-by-hand',
    reason: 'somebody renames a customer in the dashboard',
    never: 'The renamed organization is taken for another customer’s.',
    before: async (stage) => {
      await onboarded(stage, PLAIN);
      stage.sandbox.hands.patchOrganization(organizationOf(stage), { name: 'Acme Roasters' });
    },
    passes: [{ plans: ['change organization (name)'], writes: ['PATCH …'], says: [] }],
  },
  {
    name: 'metadata-full',
    reason: 'a metadata key is added where other people’s and ours are 50 already; the new name goes on',
    never: 'Keys of other people are removed to make room.',
    before: async (stage) => {
      await onboarded(stage, `${PLAIN}metadata: { plan: growth }\n`);
      const id = organizationOf(stage);
      const { metadata = {} } = stage.sandbox.snapshot().organizations.find((one) => one.id === id) ?? {};
      const others = Object.fromEntries(Array.from({ length: 46 }, (_, at) => [`crm-${at}`, 'x']));
      stage.sandbox.hands.patchOrganization(id, { metadata: { ...metadata, ...others } });
      stage.edit(FILE, (text) =>
        text.replace('plan: growth', 'plan: growth, tier: gold').replace('name: Acme Coffee', 'name: Acme'),
      );
    },
    passes: [{ plans: ['change organization (name)'], writes: ['PATCH …'], says: ['MetadataFull'] }],
  },
  {
    name: 'reserved-metadata',
    reason: 'a file sets a metadata key that is ours',
    never: 'A mark is overwritten; the other customers go on.',
    before: async (stage) => {
      stage.save('customers/bolt.yaml', BYSTANDER);
      await onboarded(stage, PLAIN);
      stage.edit(FILE, replace('credits: 5000', 'metadata: { rcn_inc: "2" }\ncredits: 6000'));
    },
    passes: [{ plans: [], writes: [], says: ['InvalidMetadataKey'] }],
  },
  {
    name: 'file-deleted',
    reason: 'a file is deleted',
    never: 'A missing file suspends, archives or revokes anything.',
    before: async (stage) => {
      stage.save('customers/bolt.yaml', BYSTANDER);
      await onboarded(stage, PLAIN);
      stage.save(FILE, null);
    },
    passes: [{ plans: [], writes: [], says: ['Orphaned'] }],
  },
  {
    name: 'identity-edited',
    reason: '`externalId` is edited in place, and the status below says whose file it was',
    never: 'A second organization is created and paid for the same customer.',
    before: async (stage) => {
      await onboarded(stage, PLAIN);
      stage.edit(FILE, replace('externalId: acme-coffee', 'externalId: acme'));
    },
    passes: [{ plans: [], writes: [], says: ['Orphaned', 'acme: IdentityChanged'] }],
  },
  {
    name: 'identity-edited-status-lost',
    reason: '`externalId` is edited in place and its status is lost: the name tells it',
    never: 'A second organization is created and paid for the same customer.',
    before: async (stage) => {
      await onboarded(stage, PLAIN);
      stage.edit(FILE, (text) => withoutStatus(text).replace('externalId: acme-coffee', 'externalId: acme'));
    },
    passes: [{ plans: [], writes: [], says: ['Orphaned', 'acme: AdoptionRequired'] }],
  },
  {
    name: 'identities-differ-in-case',
    reason: 'two files claim identities that differ only in case',
    never: 'Both write to one organization, or to one secret file.',
    before: async (stage) => {
      stage.save('customers/bolt.yaml', BYSTANDER);
      await onboarded(stage, PLAIN);
      stage.save('customers/copy.yaml', PLAIN.replace('acme-coffee', 'Acme-Coffee').replace('5000', '9000'));
    },
    passes: [{ plans: [], writes: [], says: ['DuplicateIdentity', 'DuplicateIdentity'] }],
  },
];

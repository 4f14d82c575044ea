import type { Stage } from '../support/machine.ts';
import { ACME } from '../support/world.ts';
import { BOLT, FILE, HOUR_MS, onboarded, replace, withoutStatus } from './stage.ts';
import { NOTHING, ONBOARDING, type Walk } from './walk.ts';

/** Made in the dashboard, and given 2,000 credits there; an hour ago. */
function madeByHand(stage: Stage, metadata: Readonly<Record<string, string>> = {}): string {
  const made = stage.sandbox.hands.createOrganization({
    name: 'Acme Coffee',
    billingEmail: 'ops@acme.example',
    metadata,
  });
  if (!made.done) throw new Error('it was not made');
  stage.sandbox.hands.foreignTransfer(made.organization.id, 2_000);
  stage.wait(HOUR_MS);
  return made.organization.id;
}

const adopt = (organizationId: string, grantedCredits = 2_000) =>
  `adopt: { organizationId: ${organizationId}, grantedCredits: ${grantedCredits} }\n`;

/** Taken over two hours ago. Yields the id of the organization. */
async function adopted(stage: Stage, yaml = ACME): Promise<string> {
  const organizationId = madeByHand(stage);
  await onboarded(stage, yaml + adopt(organizationId));
  return organizationId;
}

const organizationIn = (text: string) => /organizationId: (org_[0-9a-f-]+)/.exec(text)?.[1] ?? '';

/**
 * Between two customers that are as declared: whatever a listing leaves out at either end, it leaves out one that a status
 * names, and is known to be partial.
 */
async function amongCustomers(stage: Stage, act: () => void): Promise<void> {
  stage.save('customers/bolt.yaml', BOLT);
  await stage.pass();
  stage.wait(HOUR_MS);
  act();
  stage.save('customers/cedar.yaml', BOLT.replaceAll('bolt', 'cedar').replaceAll('Bolt', 'Cedar'));
  await stage.pass();
  stage.wait(2 * HOUR_MS);
}

/** Organizations that were made by hand. */
export const adoptionWalks: readonly Walk[] = [
  {
    name: 'adopt',
    reason: 'an organization made and paid by hand is taken over, and only the difference is granted',
    never: 'What was granted by hand is granted again.',
    before: async (stage) => {
      const organizationId = madeByHand(stage);
      stage.save(FILE, ACME + adopt(organizationId));
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
  {
    name: 'adopt-undeclared',
    reason: 'an organization made by hand carries the identity of a file that does not say `adopt`',
    never: 'It is taken over because of what it is called, or a second one is made beside it.',
    before: async (stage) => {
      await amongCustomers(stage, () => madeByHand(stage, { externalId: 'acme-coffee' }));
      stage.save(FILE, ACME);
    },
    passes: [{ plans: [], writes: [], says: ['AdoptionRequired'] }],
  },
  {
    name: 'adopt-same-name',
    reason: 'an organization made by hand has the name of a new customer, and nothing else says whose it is',
    never: 'A second organization for what may be the same customer.',
    before: async (stage) => {
      await amongCustomers(stage, () => madeByHand(stage));
      stage.save(FILE, ACME);
    },
    passes: [{ plans: [], writes: [], says: ['AdoptionRequired'] }],
  },
  {
    name: 'adopt-raised',
    reason: 'an adopted customer is raised',
    never: 'The credits given by hand are forgotten, and paid for.',
    before: async (stage) => {
      await adopted(stage);
      stage.edit(FILE, replace('credits: 5000', 'credits: 6000'));
    },
    passes: [{ plans: ['grant credits, 1000 credits'], writes: ['POST …/credits/allocate'], says: [] }],
  },
  {
    name: 'adopt-status-lost',
    reason: 'an adopted customer is raised after its status was lost',
    never: 'The number in the file counts where the organization carries one already.',
    before: async (stage) => {
      await adopted(stage);
      stage.edit(FILE, (text) => withoutStatus(text).replace('credits: 5000', 'credits: 6000'));
    },
    passes: [{ plans: ['grant credits, 1000 credits'], writes: ['POST …/credits/allocate'], says: [] }],
  },
  {
    name: 'adopt-removed',
    reason: '`adopt` leaves the file of a customer that was taken over',
    never: 'The organization is let go, or what was given by hand is granted.',
    before: async (stage) => {
      let organizationId = '';
      await amongCustomers(stage, () => {
        organizationId = madeByHand(stage);
      });
      await onboarded(stage, ACME + adopt(organizationId));
      stage.edit(FILE, (text) => text.replace(/^adopt: .*\n/m, ''));
    },
    passes: [NOTHING],
  },
  {
    name: 'adopt-other-number',
    reason: '`adopt` says another number after the organization was taken over, and a raise waits',
    never: 'The number that was written first is changed.',
    before: async (stage) => {
      await adopted(stage);
      stage.edit(FILE, (text) =>
        text.replace('grantedCredits: 2000', 'grantedCredits: 0').replace('credits: 5000', 'credits: 9000'),
      );
    },
    passes: [{ plans: [], writes: [], says: ['AdoptionMismatch'] }],
  },
  {
    name: 'adopt-too-little-said',
    reason: '`adopt` says less than was given by hand: it is believed, and the rest is shown as `ForeignCredits`',
    never: 'Credits without our mark are counted by themselves: only a person knows what they were for.',
    before: async (stage) => {
      const organizationId = madeByHand(stage);
      stage.save(FILE, `externalId: acme-coffee\nname: Acme Coffee\ncredits: 2500\n${adopt(organizationId, 1_500)}`);
    },
    passes: [
      {
        plans: ['adopt organization', 'grant credits, 1000 credits'],
        writes: ['PATCH …', 'POST …/credits/allocate'],
        says: ['ForeignCredits'],
      },
      NOTHING,
    ],
  },
  {
    name: 'adopt-paid-by-hand-since',
    reason: 'somebody sends an adopted customer credits by hand (`ForeignCredits`), and its declaration is raised',
    never: 'Credits given by hand after the adoption are counted as granted.',
    before: async (stage) => {
      const organizationId = await adopted(stage);
      stage.sandbox.hands.foreignTransfer(organizationId, 700);
      stage.edit(FILE, replace('credits: 5000', 'credits: 6000'));
    },
    passes: [
      { plans: ['grant credits, 1000 credits'], writes: ['POST …/credits/allocate'], says: ['ForeignCredits'] },
      NOTHING,
    ],
  },
  {
    name: 'adopt-archived',
    reason: '`adopt` names an organization that is archived',
    never: 'Another organization is made in its place.',
    before: async (stage) => {
      const organizationId = madeByHand(stage);
      stage.sandbox.hands.archive(organizationId);
      stage.save(FILE, ACME + adopt(organizationId));
    },
    passes: [{ plans: [], writes: [], says: ['AdoptionRefused'] }],
  },
  {
    name: 'adopt-missing',
    reason: '`adopt` names an organization that the parent does not have',
    never: 'Another organization is made in its place.',
    before: async (stage) => stage.save(FILE, ACME + adopt('org_00000000-0000-4000-8000-000000000000')),
    passes: [{ plans: [], writes: [], says: ['AdoptionTargetMissing'] }],
  },
  {
    name: 'adopt-of-another-customer',
    reason: '`adopt` names the organization of another customer',
    never: 'One organization is paid for by two files.',
    before: async (stage) => {
      stage.save('customers/bolt.yaml', BOLT);
      await stage.pass();
      stage.wait(HOUR_MS);
      stage.save(FILE, ACME + adopt(organizationIn(stage.text('customers/bolt.yaml'))));
    },
    passes: [{ plans: [], writes: [], says: ['AdoptionRefused'] }],
  },
  {
    name: 'adopt-onboarded-again',
    reason: 'an adopted customer was archived, and comes back as another incarnation with `adopt` still in its file',
    never: 'What the first organization was given by hand counts for the second.',
    before: async (stage) => {
      await adopted(stage, ACME.replace('credits: 5000', 'state: active\ncredits: 5000'));
      stage.edit(FILE, replace('state: active', 'state: archived'));
      await stage.pass();
      await stage.pass();
      stage.wait(HOUR_MS);
      stage.edit(FILE, replace('state: archived', 'incarnation: 2\nstate: active'));
    },
    passes: [ONBOARDING, NOTHING],
  },
];

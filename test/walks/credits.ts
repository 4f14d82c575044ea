import { ACME } from '../support/world.ts';
import { FILE, HOUR_MS, onboarded, organizationOf, PLAIN, replace } from './stage.ts';
import { NOTHING, ONBOARDING, type Walk } from './walk.ts';

/** The declared total, up and down, and a grant in doubt. */
export const creditsWalks: readonly Walk[] = [
  {
    name: 'raise',
    reason: 'a raised declaration grants only the difference',
    never: 'More than the difference is granted.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('credits: 5000', 'credits: 8000'));
    },
    passes: [{ plans: ['grant credits, 3000 credits'], writes: ['POST …/credits/allocate'], says: [] }],
  },
  {
    name: 'lower',
    reason: 'a lowered declaration moves nothing',
    never: 'Credits are taken back; only an archive returns them.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('credits: 5000', 'credits: 2000'));
    },
    passes: [{ plans: [], writes: [], says: ['OverGranted'] }],
  },
  {
    name: 'parent-short',
    reason: 'a parent short of credits holds the grant until it is funded',
    never: 'A grant is tried that the parent cannot pay; the cap and the keys wait for it.',
    options: { prepaidCredits: 4_000 },
    before: async (stage) => stage.save(FILE, ACME),
    after: (stage) => stage.sandbox.hands.fundParent(10_000),
    passes: [
      {
        plans: [
          'create organization',
          'grant credits, 5000 credits, failed',
          'change cap',
          'change refill, not-started',
          'mint api-key acme-integration',
        ],
        writes: ['POST organizations', 'PATCH …/credit-config', 'POST …/api-keys'],
        says: ['ParentShortOfCredits'],
      },
      {
        plans: ['grant credits, 5000 credits', 'change refill'],
        writes: ['POST …/credits/allocate', 'PATCH …/credit-config'],
        says: [],
      },
    ],
  },
  {
    name: 'raised-in-doubt',
    reason: 'the declaration is raised while a grant is in doubt',
    never: 'Two grants of the same slot: the second amount waits until the first is known.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('credits: 5000', 'credits: 6000'));
    },
    after: (stage) => stage.edit(FILE, replace('credits: 6000', 'credits: 8000')),
    passes: [
      { plans: ['grant credits, 1000 credits'], writes: ['POST …/credits/allocate'], says: [] },
      { plans: ['grant credits, 2000 credits'], writes: ['POST …/credits/allocate'], says: [] },
    ],
  },
  {
    name: 'lowered-in-doubt',
    reason: 'the declaration is lowered while the first grant is in doubt',
    never: 'The larger request is sent again.',
    before: async (stage) => stage.save(FILE, ACME),
    after: (stage) => stage.edit(FILE, replace('credits: 5000', 'credits: 3000')),
    passes: [ONBOARDING, { plans: [], writes: [], says: ['OverGranted'] }],
  },
  {
    name: 'old-status',
    reason: 'a status block of an earlier day is put back while a raise waits',
    never: 'The old number of grants lowers what the ledger says.',
    before: async (stage) => {
      await onboarded(stage);
      const old = stage.text(FILE);
      stage.edit(FILE, replace('credits: 5000', 'credits: 6000'));
      await stage.pass();
      stage.wait(HOUR_MS);
      stage.save(FILE, old.replace('credits: 5000', 'credits: 7000'));
    },
    passes: [{ plans: ['grant credits, 1000 credits'], writes: ['POST …/credits/allocate'], says: [] }],
  },
  {
    name: 'spent',
    reason: 'a customer spends what it was granted',
    never: 'What was spent is granted again.',
    before: async (stage) => {
      await onboarded(stage, PLAIN);
      stage.sandbox.hands.spend(organizationOf(stage), 4_900);
    },
    passes: [NOTHING],
  },
  {
    name: 'transfer-by-hand',
    reason: 'somebody transfers credits by hand while a raise waits',
    never: 'A transfer by hand counts as a grant, or makes the next one smaller.',
    before: async (stage) => {
      await onboarded(stage, PLAIN);
      stage.sandbox.hands.foreignTransfer(organizationOf(stage), 700);
      stage.edit(FILE, replace('credits: 5000', 'credits: 5500'));
      await stage.pass();
      stage.wait(2 * HOUR_MS);
      stage.edit(FILE, replace('credits: 5500', 'credits: 6500'));
    },
    passes: [
      { plans: ['grant credits, 1000 credits'], writes: ['POST …/credits/allocate'], says: ['ForeignCredits'] },
      NOTHING,
    ],
  },
];

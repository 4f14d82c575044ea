import { ACME } from '../support/world.ts';
import { FILE, HOUR_MS, onboarded, replace } from './stage.ts';
import type { Walk } from './walk.ts';

/** Suspended, active, archived, and back as another incarnation. */
export const stateWalks: readonly Walk[] = [
  {
    name: 'suspend',
    reason: 'a customer declared suspended is marked, then suspended',
    never: 'Anything but the state is written while it is suspended.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('credits: 5000', 'state: suspended\ncredits: 5000'));
    },
    passes: [{ plans: ['suspend organization'], writes: ['PATCH …', 'POST …/suspend'], says: [] }],
  },
  {
    name: 'resume',
    reason: 'a customer that we suspended is resumed, and its raise is granted',
    never: 'A suspension without our mark is ended.',
    before: async (stage) => {
      await onboarded(stage, ACME.replace('credits: 5000', 'state: active\ncredits: 5000'));
      stage.edit(FILE, replace('state: active', 'state: suspended'));
      await stage.pass();
      stage.wait(HOUR_MS);
      stage.edit(FILE, (text) =>
        text.replace('state: suspended', 'state: active').replace('credits: 5000', 'credits: 6000'),
      );
    },
    passes: [
      {
        plans: ['resume organization', 'grant credits, 1000 credits'],
        writes: ['POST …/resume', 'PATCH …', 'POST …/credits/allocate'],
        says: [],
      },
    ],
  },
  {
    name: 'archive',
    reason: 'a customer declared archived is suspended first, and archived once',
    never: 'An archive while credits are reserved.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('credits: 5000', 'state: archived\ncredits: 5000'));
    },
    passes: [
      {
        plans: ['suspend organization', 'archive organization'],
        writes: ['PATCH …', 'POST …/suspend', 'DELETE …'],
        says: [],
      },
    ],
  },
  {
    name: 'onboard-again',
    reason: 'an archived customer comes back as another incarnation, with a full grant',
    never: 'An archived organization is used again.',
    before: async (stage) => {
      await onboarded(stage, ACME.replace('credits: 5000', 'state: active\ncredits: 5000'));
      stage.edit(FILE, replace('state: active', 'state: archived'));
      await stage.pass();
      await stage.pass();
      stage.wait(HOUR_MS);
      stage.edit(FILE, replace('state: archived', 'incarnation: 2\nstate: active'));
    },
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
    ],
  },
];

import { ACME } from '../support/world.ts';
import { approvalOf, FILE, guard, HOUR_MS, onboarded, organizationOf, PLAIN, replace, savedAgain } from './stage.ts';
import { NOTHING, ONBOARDING, type Walk } from './walk.ts';

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
    passes: [ONBOARDING],
  },
  {
    name: 'suspended-by-hand',
    reason: 'somebody suspends a customer in the dashboard, and a raise waits',
    never: 'The suspension is ended, or anything else is written for this customer.',
    before: async (stage) => {
      await onboarded(stage, PLAIN);
      stage.sandbox.hands.suspend(organizationOf(stage));
      stage.edit(FILE, replace('credits: 5000', 'credits: 6000'));
    },
    passes: [{ plans: [], writes: [], says: ['SuspendedByHand'] }],
  },
  {
    name: 'resumed-by-command',
    reason: '`reconcile resume` has ended a suspension that somebody made by hand',
    never: 'What waited meanwhile is granted twice, or not at all.',
    before: async (stage) => {
      await onboarded(stage, PLAIN);
      stage.sandbox.hands.suspend(organizationOf(stage));
      stage.edit(FILE, replace('credits: 5000', 'credits: 6000'));
      await stage.pass();
      stage.wait(HOUR_MS);
      await stage.resume('acme-coffee');
      stage.wait(HOUR_MS);
    },
    passes: [{ plans: ['grant credits, 1000 credits'], writes: ['POST …/credits/allocate'], says: [] }],
  },
  {
    name: 'resumed-by-hand',
    reason: 'somebody resumes a customer in the dashboard that its file declares suspended',
    never: 'The customer stays active against its file: whoever wants that says so there.',
    before: async (stage) => {
      await onboarded(stage, `${PLAIN}state: active\n`);
      stage.edit(FILE, replace('state: active', 'state: suspended'));
      await stage.pass();
      stage.sandbox.hands.resume(organizationOf(stage));
      savedAgain(stage);
    },
    passes: [{ plans: ['suspend organization'], writes: ['PATCH …', 'POST …/suspend'], says: [] }],
  },
  {
    name: 'mark-left-over',
    reason: 'a customer that we suspended is resumed by hand, and then its file says active',
    never: 'The left-over mark makes a later suspension by hand look like ours.',
    before: async (stage) => {
      await onboarded(stage, `${PLAIN}state: active\n`);
      stage.edit(FILE, replace('state: active', 'state: suspended'));
      await stage.pass();
      stage.sandbox.hands.resume(organizationOf(stage));
      stage.edit(FILE, replace('state: suspended', 'state: active'));
    },
    passes: [{ plans: ['change organization (metadata.rcn_suspended)'], writes: ['PATCH …'], says: [] }],
  },
  {
    name: 'archive-waits',
    reason: 'a customer declared archived whose running work still holds credits',
    never: 'Reserved credits are lost because nobody waited.',
    before: async (stage) => {
      await onboarded(stage, `${PLAIN}state: active\n`);
      stage.sandbox.hands.reserve(organizationOf(stage), 100);
      stage.edit(FILE, replace('state: active', 'state: archived'));
    },
    after: (stage) => stage.sandbox.hands.settle(organizationOf(stage), 100, 40),
    passes: [
      {
        plans: ['suspend organization', 'archive organization, not-started'],
        writes: ['PATCH …', 'POST …/suspend'],
        says: ['ArchiveWaiting'],
      },
      { plans: ['archive organization'], writes: ['DELETE …'], says: [] },
    ],
  },
  {
    name: 'archive-asks',
    reason: 'the work has not ended after 24 hours, and somebody approves the archive',
    never: 'Reserved credits are given up before a person says so.',
    before: async (stage) => {
      await onboarded(stage, `${PLAIN}state: active\n`);
      stage.sandbox.hands.reserve(organizationOf(stage), 100);
      stage.edit(FILE, replace('state: active', 'state: archived'));
      await stage.pass();
      stage.wait(25 * HOUR_MS);
    },
    after: (stage) => {
      const after = { state: 'archived', losesReservedCredits: true };
      guard(stage, `approved: [${approvalOf({ action: 'archive', resource: 'organization', after })}]`);
    },
    passes: [
      { plans: ['archive organization, blocked by ArchiveWaiting'], writes: [], says: ['ArchiveWaiting'] },
      { plans: ['archive organization'], writes: ['DELETE …'], says: [] },
    ],
  },
  {
    name: 'archived-by-hand',
    reason: 'somebody archives a customer in the dashboard, and its file stays as it is',
    never: 'Another organization is created; that takes a higher `incarnation`.',
    before: async (stage) => {
      await onboarded(stage, PLAIN);
      stage.sandbox.hands.archive(organizationOf(stage));
      savedAgain(stage);
    },
    passes: [{ plans: [], writes: [], says: ['OrganizationArchived'] }],
  },
  {
    name: 'incarnation-too-early',
    reason: '`incarnation` is raised while the organization lives',
    never: 'A second organization beside the first.',
    before: async (stage) => {
      await onboarded(stage, `${PLAIN}incarnation: 1\n`);
      stage.edit(FILE, replace('incarnation: 1', 'incarnation: 2'));
    },
    passes: [{ plans: [], writes: [], says: ['IncarnationConflict'] }],
  },
  {
    name: 'archived-before-it-exists',
    reason: 'a customer that does not exist is declared archived; suspended is the same',
    never: 'An organization is created to be stopped.',
    before: async (stage) => stage.save(FILE, `${PLAIN}state: archived\n`),
    passes: [NOTHING],
  },
];

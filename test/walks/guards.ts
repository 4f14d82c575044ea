import { ACME, FIREHOSE } from '../support/world.ts';
import { approvalOf, FILE, guard, onboarded, PLAIN, replace } from './stage.ts';
import { ONBOARDING, type Walk } from './walk.ts';

/** What a guard of reconcile.yaml holds back, and what lets it go on. */
export const guardsWalks: readonly Walk[] = [
  {
    name: 'guard-min-parent-balance',
    reason: 'a raise would leave the parent less than `minParentBalance`, until somebody funds it',
    never: 'The parent falls below its floor.',
    options: { prepaidCredits: 8_000 },
    before: async (stage) => {
      await onboarded(stage, PLAIN);
      guard(stage, 'minParentBalance: 2500');
      stage.edit(FILE, replace('credits: 5000', 'credits: 6000'));
    },
    after: (stage) => stage.sandbox.hands.fundParent(1_000),
    passes: [
      { plans: ['grant credits, 1000 credits, blocked by minParentBalance'], writes: [], says: ['GuardBlocked'] },
      { plans: ['grant credits, 1000 credits'], writes: ['POST …/credits/allocate'], says: [] },
    ],
  },
  {
    name: 'guard-max-grant-per-customer',
    reason: 'a raise passes `maxGrantPerCustomer`; the cap does not wait for it, and somebody approves the hash',
    never: 'A part of it is granted, up to the limit.',
    before: async (stage) => {
      await onboarded(stage, `${PLAIN}cap: 5000\n`);
      guard(stage, 'maxGrantPerCustomer: 999');
      stage.edit(FILE, (text) => text.replace('credits: 5000', 'credits: 6000').replace('cap: 5000', 'cap: 6000'));
    },
    after: (stage) => {
      const grant = {
        action: 'grant',
        resource: 'credits',
        before: { granted: 5000 },
        after: { granted: 6000 },
      } as const;
      stage.edit(
        'reconcile.yaml',
        replace('guards:\n', `guards:\n  approved: [${approvalOf({ ...grant, credits: 1000 })}]\n`),
      );
    },
    passes: [
      {
        plans: ['grant credits, 1000 credits, blocked by maxGrantPerCustomer', 'change cap'],
        writes: ['PATCH …/credit-config'],
        says: ['GuardBlocked'],
      },
      { plans: ['grant credits, 1000 credits'], writes: ['POST …/credits/allocate'], says: [] },
    ],
  },
  {
    name: 'guard-max-grant',
    reason: 'more waits for the whole fleet than `maxGrant`, until the declaration is lowered again',
    never: 'The first few grants run, up to the limit.',
    before: async (stage) => {
      await onboarded(stage, PLAIN);
      guard(stage, 'maxGrant: 1000');
      stage.edit(FILE, replace('credits: 5000', 'credits: 60000'));
    },
    after: (stage) => stage.edit(FILE, replace('credits: 60000', 'credits: 6000')),
    passes: [
      { plans: ['grant credits, 55000 credits, blocked by maxGrant'], writes: [], says: ['GuardBlocked'] },
      { plans: ['grant credits, 1000 credits'], writes: ['POST …/credits/allocate'], says: [] },
    ],
  },
  {
    name: 'guard-max-grant-per-day',
    reason: 'today’s grants and a raise pass `maxGrantPerDay` together: the raise goes on tomorrow, by itself',
    never: 'A restart, or the loss of all state, begins the day anew.',
    before: async (stage) => {
      await onboarded(stage, PLAIN);
      guard(stage, 'maxGrantPerDay: 5500');
      stage.edit(FILE, replace('credits: 5000', 'credits: 6000'));
    },
    passes: [
      { plans: ['grant credits, 1000 credits, blocked by maxGrantPerDay'], writes: [], says: ['GuardBlocked'] },
      { afterHours: 24, plans: ['grant credits, 1000 credits'], writes: ['POST …/credits/allocate'], says: [] },
    ],
  },
  {
    name: 'guard-max-new-customers',
    reason: 'more customers are new than `maxNewCustomers`, until the limit is raised',
    never: 'An organization is created whose grant or key has to wait for the limit.',
    before: async (stage) => {
      guard(stage, 'maxNewCustomers: 0');
      stage.save(FILE, PLAIN);
    },
    after: (stage) => stage.edit('reconcile.yaml', replace('maxNewCustomers: 0', 'maxNewCustomers: 1')),
    passes: [
      {
        plans: [
          'create organization, blocked by maxNewCustomers',
          'grant credits, 5000 credits, blocked by maxNewCustomers',
        ],
        writes: [],
        says: ['GuardBlocked'],
      },
      {
        plans: ['create organization', 'grant credits, 5000 credits'],
        writes: ['POST organizations', 'POST …/credits/allocate'],
        says: [],
      },
    ],
  },
  {
    name: 'guard-max-archives',
    reason: 'more customers are to be archived than `maxArchives`, and somebody approves this one',
    never: 'A customer whose archive is held back is suspended.',
    before: async (stage) => {
      await onboarded(stage, `${PLAIN}state: active\n`);
      guard(stage, 'maxArchives: 0');
      stage.edit(FILE, replace('state: active', 'state: archived'));
    },
    after: (stage) => {
      const suspend = { action: 'suspend', resource: 'organization', after: { state: 'suspended' } } as const;
      const archive = { action: 'archive', resource: 'organization', after: { state: 'archived' } } as const;
      // Both hashes: where the suspension is done already, only the archive is left to be approved.
      const hashes = [approvalOf(suspend, archive), approvalOf(archive)].join(', ');
      stage.edit('reconcile.yaml', replace('guards:\n', `guards:\n  approved: [${hashes}]\n`));
    },
    passes: [
      {
        plans: ['suspend organization, blocked by maxArchives', 'archive organization, blocked by maxArchives'],
        writes: [],
        says: ['GuardBlocked'],
      },
      {
        plans: ['suspend organization', 'archive organization'],
        writes: ['PATCH …', 'POST …/suspend', 'DELETE …'],
        says: [],
      },
    ],
  },
  {
    name: 'guard-max-key-revocations',
    reason: 'more keys are to be revoked than `maxKeyRevocations`, until the limit is raised',
    never: 'The first few keys die, up to the limit.',
    before: async (stage) => {
      await onboarded(stage, `${PLAIN}keys:\n  - { name: main, scopes: [content:read], state: active }\n`);
      guard(stage, 'maxKeyRevocations: 0');
      stage.edit(FILE, replace('state: active', 'state: revoked'));
    },
    after: (stage) => stage.edit('reconcile.yaml', replace('maxKeyRevocations: 0', 'maxKeyRevocations: 1')),
    passes: [
      { plans: ['revoke api-key main, blocked by maxKeyRevocations'], writes: [], says: ['GuardBlocked'] },
      { plans: ['revoke api-key main'], writes: ['DELETE …/api-keys/<key>'], says: [] },
    ],
  },
  {
    name: 'guard-require-cap-with-refill',
    reason: 'a refill is declared without a cap, until one stands beside it',
    never: 'A refill that nothing bounds is switched on.',
    before: async (stage) => {
      await onboarded(stage, PLAIN);
      stage.edit(FILE, replace('credits: 5000', 'refill: { threshold: 1000, amount: 2000 }\ncredits: 5000'));
    },
    after: (stage) => stage.edit(FILE, replace('refill:', 'cap: 4000\nrefill:')),
    passes: [
      { plans: ['change refill, blocked by requireCapWithRefill'], writes: [], says: ['GuardBlocked'] },
      { plans: ['change cap', 'change refill'], writes: ['PATCH …/credit-config'], says: [] },
    ],
  },
  {
    name: 'guard-allowed-webhook-hosts',
    reason: 'a webhook goes to a host that `allowedWebhookHosts` does not name, until it does',
    never: 'Events of every customer go to a host that nobody allowed.',
    options: { workspaceYaml: FIREHOSE },
    before: async (stage) => {
      guard(stage, 'allowedWebhookHosts: [elsewhere.example]');
      stage.save(FILE, PLAIN);
    },
    after: (stage) =>
      stage.edit('reconcile.yaml', replace('[elsewhere.example]', '[elsewhere.example, hooks.partner.example]')),
    passes: [
      {
        plans: [
          'create webhook firehose, blocked by allowedWebhookHosts',
          'create organization',
          'grant credits, 5000 credits',
        ],
        writes: ['POST organizations', 'POST …/credits/allocate'],
        says: ['GuardBlocked'],
      },
      { plans: ['create webhook firehose'], writes: ['POST webhook-endpoints'], says: [] },
    ],
  },
  {
    name: 'guard-freeze',
    reason: 'everything is frozen while a customer waits, and goes on when `freeze` is false',
    never: 'Anything is written while it is frozen; no approval changes that.',
    before: async (stage) => {
      guard(stage, 'freeze: true');
      stage.save(FILE, ACME);
    },
    after: (stage) => stage.edit('reconcile.yaml', replace('freeze: true', 'freeze: false')),
    passes: [
      {
        plans: [
          'create organization, blocked by freeze',
          'grant credits, 5000 credits, blocked by freeze',
          'change cap, blocked by freeze',
          'change refill, blocked by freeze',
          'mint api-key acme-integration, blocked by freeze',
        ],
        writes: [],
        says: ['GuardBlocked'],
      },
      ONBOARDING,
    ],
  },
];

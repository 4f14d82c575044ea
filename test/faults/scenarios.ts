import { ACME, FIREHOSE } from '../support/world.ts';
import type { MachineOptions, Stage } from './machine.ts';

/** A story with one pass in it that faults strike. */
export interface Scenario {
  readonly name: string;
  readonly reason: string;
  readonly options?: MachineOptions;
  /** What happened before the pass that is struck, without faults. */
  readonly before: (stage: Stage) => Promise<void>;
  /** What a person does behind the struck pass, before anybody else runs one. */
  readonly after?: (stage: Stage) => void;
}

const FILE = 'customers/acme-coffee.yaml';
const HOUR_MS = 3_600_000;

const onboarded = async (stage: Stage, yaml = ACME) => {
  stage.save(FILE, yaml);
  await stage.pass();
  stage.wait(2 * HOUR_MS);
};
const without = (text: string) => text.slice(0, text.search(/^status:/m));
const replace = (from: string, to: string) => (text: string) => text.replace(from, to);

export const scenarios: readonly Scenario[] = [
  {
    name: 'onboard',
    reason: 'a new customer and the firehose, from nothing to Ready',
    options: { workspaceYaml: FIREHOSE },
    before: async (stage) => stage.save(FILE, ACME),
  },
  {
    name: 'raise',
    reason: 'a raised declaration grants only the difference',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('credits: 5000', 'credits: 8000'));
    },
  },
  {
    name: 'lower',
    reason: 'a lowered declaration moves nothing',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('credits: 5000', 'credits: 2000'));
    },
  },
  {
    name: 'rename',
    reason: 'the identity is inside of the file, not its name',
    before: async (stage) => {
      await onboarded(stage);
      const text = stage.text(FILE);
      stage.save(FILE, null);
      stage.save('customers/acme.yml', text);
    },
  },
  {
    name: 'delete-restore',
    reason: 'a file that comes back, without its status, is the same customer',
    before: async (stage) => {
      stage.save('customers/bolt.yaml', ACME.replaceAll('acme', 'bolt').replaceAll('Acme', 'Bolt'));
      await onboarded(stage);
      stage.save(FILE, null);
      await stage.pass();
      stage.wait(HOUR_MS);
      stage.save(FILE, ACME);
    },
  },
  {
    name: 'duplicate-identities',
    reason: 'two files that claim one identity freeze it, whatever they declare',
    before: async (stage) => {
      await onboarded(stage);
      stage.save('customers/bolt.yaml', ACME.replaceAll('acme', 'bolt').replaceAll('Acme', 'Bolt'));
      stage.save('customers/copy.yaml', ACME.replace('credits: 5000', 'credits: 9000'));
    },
  },
  {
    name: 'lost-state',
    reason: 'status and journal are lost while a raise waits',
    options: { workspaceYaml: FIREHOSE },
    before: async (stage) => {
      await onboarded(stage);
      stage.save(FILE, ACME.replace('credits: 5000', 'credits: 6000'));
      stage.save('.reconcile/journal.jsonl', null);
      stage.edit('reconcile.yaml', without);
    },
  },
  {
    name: 'copied-file',
    reason: 'a file copied with its status block, under a new identity, is a new customer',
    before: async (stage) => {
      await onboarded(stage);
      const copy = stage
        .text(FILE)
        .replace('externalId: acme-coffee', 'externalId: bolt')
        .replace('Acme Coffee', 'Bolt');
      stage.save('customers/bolt.yaml', copy);
    },
  },
  {
    name: 'wrong-parent',
    reason: 'files meant for one parent never run against another',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('credits: 5000', 'credits: 8000'));
      stage.edit('reconcile.yaml', (text) =>
        text.replace(/org_[0-9a-f-]+/, 'org_00000000-0000-4000-8000-000000000000'),
      );
    },
  },
  {
    name: 'parent-short',
    reason: 'a parent short of credits holds the grant until it is funded',
    options: { prepaidCredits: 4_000 },
    before: async (stage) => stage.save(FILE, ACME),
    after: (stage) => stage.sandbox.hands.fundParent(10_000),
  },
  {
    name: 'name-edited-in-doubt',
    reason: 'the name is edited while a creation is in doubt',
    before: async (stage) => stage.save(FILE, ACME),
    after: (stage) => stage.edit(FILE, replace('name: Acme Coffee', 'name: Acme Coffee Roasters')),
  },
  {
    name: 'raised-in-doubt',
    reason: 'the declaration is raised while a grant is in doubt',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('credits: 5000', 'credits: 6000'));
    },
    after: (stage) => stage.edit(FILE, replace('credits: 6000', 'credits: 8000')),
  },
  {
    name: 'lowered-in-doubt',
    reason: 'the declaration is lowered while the first grant is in doubt',
    before: async (stage) => stage.save(FILE, ACME),
    after: (stage) => stage.edit(FILE, replace('credits: 5000', 'credits: 3000')),
  },
  {
    name: 'limits-edited',
    reason: 'cap and refill change back and forth',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('cap: 5000', 'cap: 7000'));
      await stage.pass();
      stage.wait(HOUR_MS);
      stage.edit(FILE, (text) => text.replace('cap: 7000', 'cap: 5000').replace('amount: 2000', 'amount: 2500'));
    },
  },
  {
    name: 'refill-switched-off',
    reason: 'a refill that is switched off stays off',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('refill: { threshold: 1000, amount: 2000 }', 'refill: null'));
    },
  },
  {
    name: 'key-added',
    reason: 'a second key beside the first',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('keys:\n', 'keys:\n  - { name: reporting, scopes: [content:read] }\n'));
    },
  },
  {
    name: 'key-scopes-edited',
    reason: 'changed scopes mint a second key; the first stays for its overlap',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('[content:read, content:write]', '[content:read]'));
    },
  },
  {
    name: 'key-rotated',
    reason: 'a raised createdAfter rotates the key',
    before: async (stage) => {
      await onboarded(stage);
      const now = new Date(stage.sandbox.clock.now() - HOUR_MS).toISOString().replace('.000', '');
      stage.edit(FILE, replace('keys:\n  - name', `keys:\n  - createdAfter: ${now}\n    name`));
    },
  },
  {
    name: 'key-revoked',
    reason: 'a key declared revoked is revoked',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('scopes: [content:read, content:write]', 'scopes: [content:read]\n    state: revoked'));
    },
  },
  {
    name: 'old-status',
    reason: 'a status block of an earlier day is put back while a raise waits',
    before: async (stage) => {
      await onboarded(stage);
      const old = stage.text(FILE);
      stage.edit(FILE, replace('credits: 5000', 'credits: 6000'));
      await stage.pass();
      stage.wait(HOUR_MS);
      stage.save(FILE, old.replace('credits: 5000', 'credits: 7000'));
    },
  },
  {
    name: 'forged-status',
    reason: 'a status block that claims a settled customer that never was',
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
  },
  {
    name: 'name-edited',
    reason: 'the name of a customer that runs changes',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, (text) =>
        text.replace('name: Acme Coffee', 'name: Acme').replace('plan: growth', 'plan: scale'),
      );
    },
  },
  {
    name: 'webhook-edited',
    reason: 'the firehose hears other events',
    options: { workspaceYaml: FIREHOSE },
    before: async (stage) => {
      await onboarded(stage);
      stage.edit('reconcile.yaml', replace('[content.generated, post.published]', '[content.generated]'));
    },
  },
  {
    name: 'webhook-rotated',
    reason: 'a raised secretCreatedAfter rotates the signing secret',
    options: { workspaceYaml: FIREHOSE },
    before: async (stage) => {
      await onboarded(stage);
      const asked = new Date(stage.sandbox.clock.now() - HOUR_MS).toISOString().replace('.000', '');
      stage.edit(
        'reconcile.yaml',
        replace('  - name: firehose', `  - secretCreatedAfter: ${asked}\n    name: firehose`),
      );
    },
  },
  {
    name: 'suspend',
    reason: 'a customer declared suspended is marked, then suspended',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('credits: 5000', 'state: suspended\ncredits: 5000'));
    },
  },
  {
    name: 'resume',
    reason: 'a customer that we suspended is resumed, and its raise is granted',
    before: async (stage) => {
      await onboarded(stage, ACME.replace('credits: 5000', 'state: active\ncredits: 5000'));
      stage.edit(FILE, replace('state: active', 'state: suspended'));
      await stage.pass();
      stage.wait(HOUR_MS);
      stage.edit(FILE, (text) =>
        text.replace('state: suspended', 'state: active').replace('credits: 5000', 'credits: 6000'),
      );
    },
  },
  {
    name: 'archive',
    reason: 'a customer declared archived is suspended first, and archived once',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('credits: 5000', 'state: archived\ncredits: 5000'));
    },
  },
  {
    name: 'onboard-again',
    reason: 'an archived customer comes back as another incarnation, with a full grant',
    before: async (stage) => {
      await onboarded(stage, ACME.replace('credits: 5000', 'state: active\ncredits: 5000'));
      stage.edit(FILE, replace('state: active', 'state: archived'));
      await stage.pass();
      await stage.pass();
      stage.wait(HOUR_MS);
      stage.edit(FILE, replace('state: archived', 'incarnation: 2\nstate: active'));
    },
  },
  {
    name: 'adopt',
    reason: 'an organization made and paid by hand is taken over, and only the difference is granted',
    before: async (stage) => {
      const made = stage.sandbox.hands.createOrganization({ name: 'Acme Coffee', billingEmail: 'ops@acme.example' });
      if (!made.done) throw new Error('it was not made');
      stage.sandbox.hands.foreignTransfer(made.organization.id, 2_000);
      stage.wait(HOUR_MS);
      stage.save(FILE, `${ACME}adopt: { organizationId: ${made.organization.id}, grantedCredits: 2000 }\n`);
    },
  },
  {
    name: 'two-customers',
    reason: 'two new customers side by side',
    before: async (stage) => {
      stage.save(FILE, ACME);
      stage.save('customers/bolt.yaml', ACME.replaceAll('acme', 'bolt').replaceAll('Acme', 'Bolt'));
    },
  },
];

export function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (!found) throw new Error(`there is no scenario ${name}; known: ${scenarios.map((one) => one.name).join(', ')}`);
  return found;
}

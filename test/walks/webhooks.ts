import type { Stage } from '../support/machine.ts';
import { FIREHOSE } from '../support/world.ts';
import { anHourAgo, HOUR_MS, onboarded, replace } from './stage.ts';
import { NOTHING, type Walk } from './walk.ts';

const FLEET = 'reconcile.yaml';
const URL = 'https://hooks.partner.example/layers';
const options = { workspaceYaml: FIREHOSE };

/** Adds a line to the one webhook that is declared. */
function declare(stage: Stage, line: string): void {
  stage.edit(FLEET, replace('  - name: firehose', `  - ${line}\n    name: firehose`));
}

function endpointId({ sandbox }: Stage): string {
  return sandbox.snapshot().webhookEndpoints[0]?.id ?? '';
}

/** Somebody has made an endpoint with the same URL in the dashboard; then the webhook is declared. */
async function madeByHand(stage: Stage): Promise<void> {
  await onboarded(stage);
  stage.sandbox.hands.createWebhook({ url: URL, events: ['content.generated', 'post.published'] });
  stage.wait(2 * HOUR_MS);
  stage.edit(FLEET, (text) => `${text}${FIREHOSE}`);
}

const changed: readonly Walk[] = [
  {
    name: 'webhook-edited',
    reason: 'the firehose hears other events',
    never: 'The endpoint is deleted and made again, with another secret.',
    options,
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FLEET, replace('[content.generated, post.published]', '[content.generated]'));
    },
    passes: [{ plans: ['change webhook firehose (events)'], writes: ['PATCH webhook-endpoints/<endpoint>'], says: [] }],
  },
  {
    name: 'webhook-paused',
    reason: 'a webhook declared paused is paused',
    never: 'What stands in the file is activated by anything but the file.',
    options,
    before: async (stage) => {
      await onboarded(stage);
      declare(stage, 'state: paused');
    },
    passes: [{ plans: ['change webhook firehose (state)'], writes: ['PATCH webhook-endpoints/<endpoint>'], says: [] }],
  },
  {
    name: 'webhook-auto-paused',
    reason: 'the API pauses a webhook whose receiver fails; to activate it, it is paused first',
    never: 'An automatic pause is fought.',
    options,
    before: async (stage) => {
      await onboarded(stage);
      stage.sandbox.hands.autoPauseWebhook(endpointId(stage));
    },
    after: (stage) => declare(stage, 'state: paused'),
    passes: [
      { plans: [], writes: [], says: ['WebhookAutoPaused'] },
      { plans: ['change webhook firehose (state)'], writes: ['PATCH webhook-endpoints/<endpoint>'], says: [] },
    ],
  },
];

const secrets: readonly Walk[] = [
  {
    name: 'webhook-rotated',
    reason: 'a raised secretCreatedAfter rotates the signing secret',
    never: 'The old secret is forgotten while it still signs.',
    options,
    before: async (stage) => {
      await onboarded(stage);
      declare(stage, `secretCreatedAfter: ${anHourAgo(stage)}`);
    },
    passes: [
      { plans: ['rotate webhook firehose'], writes: ['POST webhook-endpoints/<endpoint>/rotate-secret'], says: [] },
    ],
  },
  {
    name: 'webhook-rotated-and-over',
    reason: 'the old signing secret signs no more: it is forgotten',
    never: 'The secret that signs is forgotten.',
    options,
    before: async (stage) => {
      await onboarded(stage);
      declare(stage, `secretCreatedAfter: ${anHourAgo(stage)}`);
      await stage.pass();
      stage.wait(49 * HOUR_MS);
    },
    passes: [NOTHING],
  },
  {
    name: 'webhook-secret-lost',
    reason: 'the store loses the signing secret; a new one is asked for by `secretCreatedAfter`',
    never: 'A secret is rotated because a store is empty.',
    options,
    before: async (stage) => {
      await onboarded(stage);
      const folder = `.reconcile/secrets/${stage.sandbox.parent().organizationId}/webhooks`;
      for (const file of ['firehose', 'firehose.json']) stage.save(`${folder}/${file}`, null);
    },
    after: (stage) => declare(stage, 'secretCreatedAfter: 2026-06-15T13:00:00Z'),
    passes: [
      { plans: [], writes: [], says: ['SecretMissing'] },
      { plans: ['rotate webhook firehose'], writes: ['POST webhook-endpoints/<endpoint>/rotate-secret'], says: [] },
    ],
  },
];

const ended: readonly Walk[] = [
  {
    name: 'webhook-deleted',
    reason: 'a webhook declared deleted is deleted',
    never: 'Another endpoint than the one with our mark is deleted.',
    options,
    before: async (stage) => {
      await onboarded(stage);
      declare(stage, 'state: deleted');
    },
    passes: [{ plans: ['remove webhook firehose'], writes: ['DELETE webhook-endpoints/<endpoint>'], says: [] }],
  },
  {
    name: 'webhook-entry-removed',
    reason: 'the entry of a webhook leaves the file',
    never: 'An endpoint is deleted because nobody names it.',
    options,
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FLEET, replace(FIREHOSE, ''));
    },
    passes: [{ plans: [], writes: [], says: ['UndeclaredWebhook'] }],
  },
  {
    name: 'webhook-gone',
    reason: 'somebody deletes the endpoint; `state: deleted` takes note of it',
    never: 'It is made again by itself.',
    options,
    before: async (stage) => {
      await onboarded(stage);
      stage.sandbox.hands.deleteWebhook(endpointId(stage));
    },
    after: (stage) => declare(stage, 'state: deleted'),
    passes: [{ plans: [], writes: [], says: ['WebhookMissing'] }, NOTHING],
  },
];

const byHand: readonly Walk[] = [
  {
    name: 'webhook-in-the-way',
    reason: 'an endpoint with the same URL was made by hand',
    never: 'A second endpoint that delivers every event twice.',
    // Nobody can tell an endpoint that a list lacks from one that was never made, if it is not in any memory of ours.
    promise: 'safe',
    before: madeByHand,
    passes: [{ plans: [], writes: [], says: ['WebhookExists'] }],
  },
  {
    name: 'webhook-adopted',
    reason: 'an endpoint made by hand is taken over with `adopt`, and a signing secret of ours is asked for',
    never: 'Its secret is replaced before somebody asks for it.',
    before: async (stage) => {
      await madeByHand(stage);
      declare(stage, `adopt: ${endpointId(stage)}\n    secretCreatedAfter: ${anHourAgo(stage)}`);
    },
    passes: [
      { plans: ['adopt webhook firehose'], writes: ['PATCH webhook-endpoints/<endpoint>'], says: [] },
      { plans: ['rotate webhook firehose'], writes: ['POST webhook-endpoints/<endpoint>/rotate-secret'], says: [] },
    ],
  },
];

/** The endpoints of the whole fleet. */
export const webhooksWalks: readonly Walk[] = [...changed, ...secrets, ...ended, ...byHand];

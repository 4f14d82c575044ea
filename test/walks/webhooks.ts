import { FIREHOSE } from '../support/world.ts';
import { HOUR_MS, onboarded, replace } from './stage.ts';
import type { Walk } from './walk.ts';

/** The endpoints of the whole fleet. */
export const webhooksWalks: readonly Walk[] = [
  {
    name: 'webhook-edited',
    reason: 'the firehose hears other events',
    never: 'The endpoint is deleted and made again, with another secret.',
    options: { workspaceYaml: FIREHOSE },
    before: async (stage) => {
      await onboarded(stage);
      stage.edit('reconcile.yaml', replace('[content.generated, post.published]', '[content.generated]'));
    },
    passes: [{ plans: ['change webhook firehose (events)'], writes: ['PATCH webhook-endpoints/<endpoint>'], says: [] }],
  },
  {
    name: 'webhook-rotated',
    reason: 'a raised secretCreatedAfter rotates the signing secret',
    never: 'The old secret is forgotten while it still signs.',
    options: { workspaceYaml: FIREHOSE },
    before: async (stage) => {
      await onboarded(stage);
      const asked = new Date(stage.sandbox.clock.now() - HOUR_MS).toISOString().replace('.000', '');
      stage.edit(
        'reconcile.yaml',
        replace('  - name: firehose', `  - secretCreatedAfter: ${asked}\n    name: firehose`),
      );
    },
    passes: [
      { plans: ['rotate webhook firehose'], writes: ['POST webhook-endpoints/<endpoint>/rotate-secret'], says: [] },
    ],
  },
];

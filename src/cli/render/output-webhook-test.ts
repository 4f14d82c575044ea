import { z } from 'zod';
import { count, formatVersion, problem, refused } from './output-parts.ts';

/** The document of `reconcile webhooks test`. */
export const webhookTestDocument = z.object({
  formatVersion,
  command: z.literal('webhooks-test'),
  refused: refused.meta({ description: 'Why nothing could be tried.' }),
  webhook: z.string(),
  endpointId: z.string().nullable(),
  url: z.string().nullable().meta({ description: 'Where the ping went, as the API has it.' }),
  problem: problem.nullable().meta({ description: 'Why no ping was sent.' }),
  delivery: z
    .object({
      id: z.string(),
      status: z
        .enum(['unseen', 'pending', 'delivering', 'delivered', 'failed', 'abandoned'])
        .meta({ description: 'unseen: the API does not show it yet.' }),
      attempts: count,
      lastResponseStatus: z.int().nullable().meta({ description: 'null when the receiver did not answer.' }),
      lastErrorMessage: z.string().nullable(),
    })
    .nullable()
    .meta({ description: 'null when no ping was sent.' }),
});

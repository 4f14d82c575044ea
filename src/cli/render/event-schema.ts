import { z } from 'zod';
import { count, formatVersion, problem, refused } from './output-parts.ts';
import { approvalDifference, customer, pass, step } from './output-schema.ts';

/**
 * The lines of `--output ndjson`, written down once, as the document of `--output json` is in output-schema.ts. The same
 * promise holds: readers ignore members and types of lines they do not know; only a new major version takes one away.
 */

const time = z.iso.datetime().meta({ description: 'RFC 3339, UTC.' });
const externalId = z.string().nullable().meta({ description: 'null: the fleet (webhooks and reconcile.yaml).' });

const { action, resource, name, credits } = step.shape;
const applied = { time, externalId, action, resource, name, credits };

const line = z.discriminatedUnion('type', [
  z
    .object({ type: z.literal('version'), time, tool: z.literal('reconcile'), version: z.string(), formatVersion })
    .meta({ description: 'Always the first line.' }),
  z.object({ type: z.literal('planning'), time, customers: count }).meta({ description: 'The reads begin.' }),
  z
    .object({ type: z.literal('planned_change'), time, externalId, step })
    .meta({ description: 'What the pass is going to do, before it does any of it.' }),
  z
    .object({ type: z.literal('drift'), time, externalId, step })
    .meta({ description: 'A planned change that undoes what somebody did outside of the files.' }),
  z
    .object({
      type: z.literal('guard'),
      time,
      externalId,
      guards: z.array(z.string()),
      steps: count.meta({ description: 'That are held back.' }),
      approvalHash: z.string().meta({ description: 'What --approve takes to run them.' }),
    })
    .meta({ description: 'Steps that guards hold back.' }),
  z
    .object({ type: z.literal('apply_start'), ...applied })
    .meta({ description: 'A step begins; the same four members tell its end.' }),
  z
    .object({ type: z.literal('apply_progress'), time, externalId, why: z.string(), waitMs: count })
    .meta({ description: 'A step waits before it asks or sends again.' }),
  z.object({ type: z.literal('apply_complete'), ...applied }).meta({ description: 'A step is done.' }),
  z
    .object({
      type: z.literal('apply_errored'),
      ...applied,
      outcome: z.enum(['failed', 'in-doubt', 'blocked', 'not-started']),
    })
    .meta({ description: 'A step that was planned and is not done, also one that never began.' }),
  z.object({
    type: z.literal('diagnostic'),
    time,
    externalId: externalId.meta({ description: 'null: the fleet, or a file too broken to tell.' }),
    problem,
  }),
  z
    .object({
      type: z.literal('customer'),
      time,
      externalId: z.string(),
      file: z.string(),
      organizationId: customer.shape.organizationId,
      phase: customer.shape.phase,
      credits: customer.shape.credits,
    })
    .meta({ description: 'How a customer stands at the end.' }),
  z
    .object({
      type: z.literal('change_summary'),
      time,
      command: pass.shape.command.meta({ description: 'plan: what is going to be done; apply: what was done.' }),
      estimate: pass.shape.estimate,
      planHash: pass.shape.planHash,
      parentWallet: pass.shape.parentWallet,
      summary: pass.shape.summary,
    })
    .meta({ description: 'Of the plan before the first step begins, and of an apply after the last.' }),
  z
    .object({ type: z.literal('stale_approval'), time, ...approvalDifference.shape })
    .meta({ description: 'An approval that fits nothing (exit code 6), against what is planned now.' }),
  z
    .object({
      type: z.literal('end'),
      time,
      exitCode: count,
      interrupted: z.boolean(),
      refused,
      staleApprovals: z.array(z.string()),
      requests: pass.shape.requests,
    })
    .meta({ description: 'Always the last line; a stream without it was cut off.' }),
]);

export type EventLine = z.output<typeof line>;

/** What reads our lines, for schemas/events.schema.json. */
export function eventsJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(line, { io: 'input', target: 'draft-2020-12' });
  return {
    $schema,
    $id: 'urn:layers-reconciler:events',
    title: 'Event',
    description: 'One line of --output ndjson.',
    ...rest,
  };
}

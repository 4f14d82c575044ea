import { z } from 'zod';
import { resourceKinds, stepActions } from '../../core/plan.ts';
import { importDocument, orphansDocument } from './output-inventory.ts';
import { count, FORMAT_VERSION, formatVersion, organizationStatus, place, problem, refused } from './output-parts.ts';
import { webhookTestDocument } from './output-webhook-test.ts';

/**
 * The documents of `--output json`, written down once: the renderers build exactly these types, and
 * schemas/output.schema.json is made from them. Readers ignore members they do not know; a new major version of
 * `formatVersion` is the only thing that may take a member away.
 */
export { FORMAT_VERSION };

const fields = z.record(z.string(), z.json()).nullable();
const phase = z.enum(['Ready', 'Progressing', 'Held', 'Stalled', 'Suspended', 'Archived']);
const hash = z.string().regex(/^sha256:[0-9a-f]{64}$/);

const refillExposure = z
  .object({
    creditsPerMonth: count.nullable().meta({
      description: 'At most this leaves the parent wallet in a billing period; null: no upper bound, there is no cap.',
    }),
  })
  .nullable();

export const step = z.object({
  action: z.enum(stepActions),
  resource: z.enum(resourceKinds),
  name: z
    .string()
    .nullable()
    .meta({ description: 'Of the key or of the webhook; null where there is one of the kind.' }),
  reason: z.string(),
  ...place,
  before: fields.meta({ description: 'Only the fields that differ; null before a creation.' }),
  after: fields,
  credits: count.meta({ description: 'Credits that the step moves out of the parent wallet.' }),
  ends: z
    .object({
      keys: count.nullable().meta({ description: 'Keys that stop working; null when they were not listed.' }),
      afterHours: count.meta({
        description: '0: with the step itself; 24: at the end of the overlap with their replacement.',
      }),
      lastUsedAt: z.string().nullable().meta({ description: 'The latest use of any of them; null when never used.' }),
      creditsBack: count.meta({ description: 'Credits that about come back to the parent wallet.' }),
      creditsLost: count.meta({ description: 'Reserved credits that would be lost.' }),
    })
    .nullable()
    .meta({ description: 'What ends with the step, as it stood when the plan was made; null when nothing does.' }),
  refillExposure: refillExposure.meta({
    description: 'On the last step that changes limits: what auto-refill can take with all of them in place.',
  }),
  drift: z.boolean().meta({ description: 'True when the world was changed elsewhere, not the declaration.' }),
  blockedBy: z.string().nullable().meta({ description: 'The guard that forbids the step until somebody approves.' }),
  outcome: z.enum(['planned', 'done', 'failed', 'in-doubt', 'blocked', 'not-started']),
  detail: z.string().nullable(),
});

export const customer = z.object({
  externalId: z.string().nullable().meta({ description: 'null when the file is too broken to tell.' }),
  file: z.string(),
  organizationId: z.string().nullable(),
  phase,
  steps: z.array(step),
  problems: z.array(problem),
  approvalHash: hash.nullable().meta({ description: 'What --approve takes to run the blocked steps.' }),
  credits: z
    .object({ declared: count, granted: count.nullable() })
    .nullable()
    .meta({ description: 'granted is null when it is not known; all is null for a file that cannot be used.' }),
  refillExposure: refillExposure.meta({
    description: 'With the steps that run; null while no refill is on, or where the limits were not read.',
  }),
  readInFull: z.boolean().meta({ description: 'False when the recorded status stood in for keys and ledger.' }),
});

const work = z.object({
  externalId: z.string().nullable().meta({ description: 'null: the fleet.' }),
  action: step.shape.action,
  resource: step.shape.resource,
  name: step.shape.name,
  before: fields,
  after: fields,
  credits: count,
});

export const approvalDifference = z.object({
  hash: z.string(),
  known: z
    .boolean()
    .meta({ description: 'False when it was not printed in this workspace: then nothing is compared.' }),
  gone: z.array(work).meta({ description: 'Approved, and not planned any more, at least not so.' }),
  come: z.array(work).meta({ description: 'Planned now, and not approved.' }),
});

const summary = z.object({
  customers: count,
  create: count,
  change: count,
  adopt: count,
  remove: count.meta({ description: 'Archives included.' }),
  archive: count,
  mint: count,
  rotate: count,
  revoke: count,
  keysEnding: count.meta({ description: 'Keys that stop working: revoked, replaced, or of an archived customer.' }),
  creditsOut: count,
  creditsInDoubt: count.meta({ description: 'Of steps of which it is not known whether they were carried out.' }),
  creditsBack: count.meta({
    description: 'Credits that about come back from archived customers; parentWallet does not count them.',
  }),
  refillExposure: z
    .object({
      customers: count.meta({ description: 'With a refill that is on, of those whose limits were read.' }),
      creditsPerMonth: count.meta({ description: 'The most that those with a cap can take together.' }),
      unbounded: count.meta({ description: 'Those without a cap: their refills have no upper bound.' }),
    })
    .meta({ description: 'What auto-refill can take from the parent wallet in a billing period.' }),
  unchanged: count,
  done: count,
  blocked: count,
  failed: count,
  inDoubt: count,
  notStarted: count,
});

export const pass = z.object({
  formatVersion,
  command: z.enum(['plan', 'apply']),
  estimate: z.boolean().meta({ description: 'True with --offline: files and recorded status alone, no API.' }),
  planHash: hash.nullable(),
  parentWallet: z.object({
    before: z.int().nullable(),
    after: z.int().nullable().meta({
      description:
        'With what is planned, or was done; as much as summary.creditsInDoubt less while a step is in doubt.',
    }),
  }),
  requests: z.object({ read: count, write: count }),
  refused: refused.meta({ description: 'Why the pass could not begin; then nothing was written.' }),
  staleApprovals: z.array(z.string()).meta({ description: 'Given approvals that fit nothing (exit code 6).' }),
  approvalDifferences: z
    .array(approvalDifference)
    .meta({ description: 'For each stale approval, what it was given for against what is planned now.' }),
  interrupted: z.boolean(),
  fleet: z.object({
    steps: z.array(step),
    problems: z.array(problem),
    approvalHash: hash.nullable().meta({ description: 'What --approve takes to run the blocked webhook steps.' }),
  }),
  summary,
  customers: z.array(customer),
});

const validation = z.object({
  formatVersion,
  command: z.literal('validate'),
  customers: z.object({ valid: count, found: count }),
  problems: z.array(problem),
});

const statusRow = z.object({
  externalId: z.string().nullable(),
  file: z.string(),
  organizationId: z.string().nullable(),
  phase: phase.nullable().meta({ description: 'null when nothing usable is recorded.' }),
  reason: z.string(),
  message: z.string().nullable(),
  credits: z.object({ declared: count.nullable(), granted: count.nullable() }),
  outdated: z.boolean().meta({ description: 'True when the declaration changed after its status was recorded.' }),
  live: z
    .object({ balance: count.nullable(), available: count.nullable(), problem: z.string().nullable() })
    .nullable()
    .meta({ description: 'With --live: what the organization holds now; null where none is recorded.' }),
});

const statuses = z.object({
  formatVersion,
  command: z.literal('status'),
  customers: z.array(statusRow),
});

const ledgerAudit = z.object({
  formatVersion,
  command: z.literal('ledger-verify'),
  refused: refused.meta({ description: 'Why nothing could be compared.' }),
  parentOrganizationId: z.string().nullable(),
  organizations: z.array(
    z.object({
      externalId: z.string(),
      incarnation: count,
      organizationId: z.string(),
      status: organizationStatus,
      file: z.string().nullable().meta({ description: 'null when no file declares the customer.' }),
      slots: count.meta({ description: 'Marked events on its ledger.' }),
      baseline: count.meta({ description: 'Credits granted by hand before an adoption.' }),
      credited: z.int().meta({ description: 'Sum of the marked events on its own ledger.' }),
      debited: z.int().meta({ description: 'Sum of the marked debits of the parent that name it.' }),
      foreignCredits: count.meta({ description: 'Credits that came in without our mark.' }),
    }),
  ),
  totals: z.object({
    credited: z.int(),
    debited: z.int(),
    journalled: count.meta({ description: 'Answered grants that the journal tells of.' }),
  }),
  differences: z.array(
    z.object({
      code: z.string().meta({ description: 'Stable, CamelCase.' }),
      externalId: z.string().nullable(),
      incarnation: count.nullable(),
      organizationId: z.string().nullable(),
      slot: count.nullable(),
      message: z.string(),
    }),
  ),
});

const explanation = z.object({
  formatVersion,
  command: z.literal('explain'),
  refused: refused.meta({ description: 'Why nothing could be told.' }),
  customer: z
    .object({
      externalId: z.string(),
      file: z.string(),
      organizationId: z.string().nullable(),
      phase,
      steps: z.array(
        z.object({
          resource: step.shape.resource,
          name: z.string().nullable(),
          state: z.enum(['done', 'next', 'waiting', 'blocked', 'in-doubt', 'stuck', 'unknown']),
          known: z.string(),
          unknown: z.string().nullable(),
          since: z.string().nullable().meta({ description: 'RFC 3339; null when nobody noted it.' }),
          next: z.string().meta({ description: 'What happens by itself.' }),
          settledBy: z.string().nullable().meta({ description: 'What a person does to settle it.' }),
          ...place,
        }),
      ),
      warnings: z.array(problem),
    })
    .nullable(),
});

const examination = z.object({
  formatVersion,
  command: z.literal('doctor'),
  checks: z.array(
    z.object({
      id: z.string().meta({ description: 'Stable, kebab-case.' }),
      result: z.enum(['ok', 'warning', 'failed', 'skipped']),
      message: z.string(),
      next: z.string().nullable().meta({ description: 'What to do.' }),
    }),
  ),
});

const outputSchema = z.discriminatedUnion('command', [
  pass,
  validation,
  statuses,
  explanation,
  examination,
  ledgerAudit,
  importDocument,
  orphansDocument,
  webhookTestDocument,
]);

export type PassDocument = z.output<typeof pass>;
export type StepDocument = z.output<typeof step>;
export type ProblemDocument = z.output<typeof problem>;
export type ApprovalDifferenceDocument = z.output<typeof approvalDifference>;
export type CustomerDocument = z.output<typeof customer>;
export type OutputDocument = z.output<typeof outputSchema>;
export type RefusalDocument = z.output<typeof refused>;
export type ExplanationDocument = z.output<typeof explanation>;
export type LedgerDocument = z.output<typeof ledgerAudit>;
export type ImportDocument = z.output<typeof importDocument>;
export type OrphansDocument = z.output<typeof orphansDocument>;
export type WebhookTestDocument = z.output<typeof webhookTestDocument>;
export type StatusRow = z.output<typeof statusRow>;

/** What reads our documents, for schemas/output.schema.json. */
export function outputJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(outputSchema, { io: 'input', target: 'draft-2020-12' });
  return {
    $schema,
    $id: 'urn:layers-reconciler:output',
    title: 'Output',
    description: 'The one document that --output json prints, whatever the exit code.',
    ...rest,
  };
}

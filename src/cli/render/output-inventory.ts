import { z } from 'zod';
import { count, formatVersion, organizationStatus, problem, refused } from './output-parts.ts';

/** The documents of `reconcile import` and `reconcile orphans`. */

export const importDocument = z.object({
  formatVersion,
  command: z.literal('import'),
  refused: refused.meta({ description: 'Why nothing could be imported.' }),
  organizations: z.array(
    z.object({
      organizationId: z.string(),
      name: z.string(),
      status: organizationStatus,
      outcome: z
        .enum(['importable', 'drafted', 'written', 'not-written', 'refused', 'declared', 'archived'])
        .meta({ description: 'drafted: with --dry-run; not-written: the file exists, or could not be written.' }),
      externalId: z.string().nullable(),
      origin: z.enum(['by-hand', 'lost-file']).nullable(),
      file: z.string().nullable().meta({ description: 'Written, to be written, or the one that declares it.' }),
      message: z.string().nullable().meta({ description: 'Why not.' }),
      next: z.string().nullable(),
      credits: count.nullable().meta({ description: 'As the file declares them: what was granted so far.' }),
      grantedCredits: count.nullable().meta({ description: 'Of these by hand, as `adopt` says; null without it.' }),
      keys: count
        .nullable()
        .meta({ description: 'Live keys; those whose secret is unknown stand in the file as comments.' }),
      firstPass: z.array(z.string()).meta({ description: 'Steps and conditions of the first pass with this file.' }),
      text: z.string().nullable().meta({ description: 'The file, with --dry-run.' }),
    }),
  ),
});

export const orphansDocument = z.object({
  formatVersion,
  command: z.literal('orphans'),
  refused: refused.meta({ description: 'Why nothing could be told.' }),
  organizations: z
    .array(
      z.object({
        externalId: z.string(),
        incarnation: count,
        organizationId: z.string(),
        name: z.string(),
        status: organizationStatus,
        granted: count.nullable().meta({ description: 'Credits granted so far; null when it could not be told.' }),
        available: z.number().nullable(),
        liveKeys: count.nullable(),
      }),
    )
    .meta({ description: 'With our mark, and declared by no file.' }),
  files: z
    .array(z.object({ externalId: z.string(), problem }))
    .meta({ description: 'Files whose organization is gone or archived.' }),
  webhooks: z.array(problem).meta({ description: 'Endpoints with our mark that reconcile.yaml does not declare.' }),
  unreadable: z
    .array(z.string())
    .meta({ description: 'Files whose externalId cannot be read: each may be the file of an organization above.' }),
});

import { z } from 'zod';

/** Pieces that more than one document of `--output json` is made of. */

export const FORMAT_VERSION = '1.1';

/** Any minor version: a document of a later one is valid by an earlier schema too. */
export const formatVersion = z
  .string()
  .regex(/^1\.(?:0|[1-9][0-9]*)$/)
  .meta({ description: 'Refuse another major version; what a minor one adds may be ignored.' });
export const count = z.int().min(0);
export const organizationStatus = z.enum(['active', 'suspended', 'archived', 'unknown']);

export const place = {
  file: z.string().meta({ description: 'Relative to the workspace, with forward slashes.' }),
  line: z.int().min(1),
  column: z.int().min(1),
  path: z
    .string()
    .optional()
    .meta({
      description:
        'Where `file` is an object in a cluster: the member, such as spec.keys[0].scopes. Line and column then count in its ' +
        'spec written out with one member a line.',
    }),
};

export const problem = z.object({
  code: z.string().meta({ description: 'Stable, CamelCase.' }),
  severity: z.enum(['error', 'held', 'doubt', 'waiting', 'warning']),
  message: z.string(),
  next: z.string().nullable().meta({ description: 'What settles it.' }),
  ...place,
  requestId: z.string().nullable(),
  frame: z.string().nullable().meta({ description: 'Lines of the file with a caret, for problems of a file.' }),
});

export const refused = z
  .object({
    kind: z.enum(['cannot-run', 'invalid-input']),
    code: z.string(),
    message: z.string(),
    next: z.string().nullable(),
    requestId: z.string().nullable(),
    problems: z.array(problem),
  })
  .nullable();

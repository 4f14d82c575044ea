import { z } from 'zod';
import { directory, explain, ignores, needs, unusedMember } from './store-settings.ts';

/** `status` in `reconcile.yaml`: where it is written. */

/** What git takes for the name of a branch or of a remote, and never for an option or another revision. */
const gitName = (longest: number, what: string) =>
  z
    .string()
    .max(longest)
    .regex(
      /^(?!.*(?:\.\.|\.lock(?:\/|$)|\.(?:\/|$)))[A-Za-z0-9][\w.-]*(?:\/[A-Za-z0-9][\w.-]*)*$/,
      `must be the name of a ${what}`,
    );

interface StatusSettings {
  readonly store?: unknown;
  readonly directory?: unknown;
  readonly branch?: unknown;
  readonly remote?: unknown;
}

export const statusSettings = z
  .strictObject({
    store: z
      .enum(['inline', 'directory', 'git', 'kubernetes'])
      .optional()
      .meta({
        description:
          'Where status is written: inline (the default) is the status block at the end of each customer’s file, directory is ' +
          'one file per customer in `directory`, git is one file per customer on a branch that is pushed, kubernetes is the ' +
          'status of the customer’s object (with --source kubernetes the default).',
      }),
    directory: directory.optional().meta({
      description: 'For the store `directory`: the folder, relative to the workspace.',
      examples: ['status'],
    }),
    branch: gitName(200, 'branch')
      .optional()
      .meta({
        description: 'For the store `git`: the branch, which holds nothing but status. Default: reconcile-status.',
        examples: ['reconcile-status'],
      }),
    remote: gitName(200, 'remote as `git remote` lists it')
      .optional()
      .meta({ description: 'For the store `git`: the remote. Default: origin.', examples: ['origin'] }),
  })
  .superRefine(explain(statusSettingsProblem), { when: () => true })
  .meta({
    dependentRequired: { directory: ['store'], branch: ['store'], remote: ['store'] },
    allOf: [
      needs('directory', { directory: true }),
      ignores('inline', ['directory', 'branch', 'remote']),
      ignores('directory', ['branch', 'remote']),
      ignores('git', ['directory']),
    ],
  });

function statusSettingsProblem(settings: StatusSettings): string | null {
  const { store } = settings;
  if (store === 'directory' && settings.directory === undefined)
    return 'has store: directory but no directory; add a line such as directory: status';
  return unusedMember({ ...settings }, { directory: ['directory'], git: ['branch', 'remote'] }, 'inline');
}

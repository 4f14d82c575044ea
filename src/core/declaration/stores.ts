import { z } from 'zod';
import { ageRecipientPattern, ageRecipientProblem } from './age-recipient.ts';

/** Where status and secrets go: the two settings of `reconcile.yaml` that choose a store. */

const directory = z.string().min(1).max(1024);

const recipient = z
  .string()
  .max(1024)
  .superRefine((text, context) => {
    const message = ageRecipientProblem(text);
    if (message !== null) context.addIssue({ code: 'custom', message, params: { code: 'InvalidRecipient' } });
  })
  .meta({
    description: 'A recipient as age-keygen prints it: age1 and 58 characters, the public half of a pair.',
    pattern: ageRecipientPattern.source,
    patternErrorMessage: 'Must be a recipient as age-keygen prints it: age1 and 58 characters in lower case.',
  });

/** A label of DNS, as the name of a namespace is (RFC 1123). */
export const namespacePattern: RegExp = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Rules about several members, once more for editors; `explain` below says them in words. With `else` alone: an object
 * with a member `then` is a promise to JavaScript.
 */
const storeIs = (store: string) => ({ required: ['store'], properties: { store: { const: store } } });

/** What a store cannot do without. */
function needs(store: string, members: Readonly<Record<string, unknown>>) {
  return { if: { not: storeIs(store) }, else: { required: Object.keys(members), properties: members } };
}

/** What a store has no use for. Without a store chosen it is `dependentRequired` that asks for one. */
function ignores(store: string, members: readonly string[]) {
  return {
    if: { not: storeIs(store) },
    else: { properties: Object.fromEntries(members.map((member) => [member, false])) },
  };
}

interface SecretSettings {
  readonly store?: unknown;
  readonly namespace?: unknown;
  readonly directory?: unknown;
  readonly recipients?: unknown;
}

export const secretSettings = z
  .strictObject({
    store: z
      .enum(['file', 'age', 'kubernetes'])
      .default('file')
      .meta({
        description:
          'Where shown-once secrets go. file: one file per secret, readable by its owner only. age: one file per secret, ' +
          'encrypted to `recipients`, which may be committed. kubernetes: one Secret object per secret in `namespace`.',
      }),
    directory: directory.optional().meta({
      description:
        'Folder of the secrets, relative to the workspace; .reconcile/secrets for the file store when left out. It must ' +
        'outlive the machine that runs this.',
      examples: ['/var/lib/reconcile/secrets'],
    }),
    recipients: z
      .array(recipient)
      .min(1)
      .max(20)
      .optional()
      .meta({
        description: 'For the store `age`: the public halves (age1…) of the pairs that can open every secret.',
        examples: [['age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p']],
      }),
    namespace: z
      .string()
      .regex(namespacePattern, 'must be the name of a namespace: lower case letters, digits and hyphens')
      .optional()
      .meta({
        description:
          'For the store `kubernetes`: the namespace of the Secret objects, best one of their own: whoever may read Secrets ' +
          'there has the keys of every customer.',
        examples: ['layers-secrets'],
      }),
  })
  .superRefine(explain(secretSettingsProblem), { when: () => true })
  .meta({
    dependentRequired: { recipients: ['store', 'directory'], namespace: ['store'] },
    allOf: [
      needs('age', {
        recipients: true,
        directory: {
          pattern: '^(?!(?:.*/)?\\.reconcile(?:/|$))',
          patternErrorMessage: 'Must not lie below .reconcile, which git never sees.',
        },
      }),
      needs('kubernetes', { namespace: true }),
      ignores('file', ['recipients', 'namespace']),
      ignores('age', ['namespace']),
      ignores('kubernetes', ['directory', 'recipients']),
    ],
  });

function secretSettingsProblem({ store, directory: chosen, recipients, namespace }: SecretSettings): string | null {
  if (store === 'age' && recipients === undefined)
    return 'has store: age but no recipients; add a line such as recipients: [age1…], as age-keygen prints it';
  if (store === 'age' && chosen === undefined)
    return 'has store: age but no directory; add a line such as directory: secrets';
  if (store === 'age' && typeof chosen === 'string' && /(^|\/)\.reconcile(\/|$)/.test(chosen))
    return 'has store: age with a directory below .reconcile, which git never sees; add a line such as directory: secrets';
  if (store !== 'age' && recipients !== undefined)
    return 'has recipients that nothing uses; add store: age, or remove the recipients';
  if (store === 'kubernetes' && namespace === undefined)
    return 'has store: kubernetes but no namespace; add a line such as namespace: layers-secrets';
  if (store === 'kubernetes' && chosen !== undefined)
    return 'has a directory that nothing uses, because store is kubernetes';
  if (store !== 'kubernetes' && namespace !== undefined)
    return 'has a namespace that nothing uses; add store: kubernetes, or remove the namespace';
  return null;
}

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
  const used: Readonly<Record<string, readonly string[]>> = { directory: ['directory'], git: ['branch', 'remote'] };
  for (const [wanted, names] of Object.entries(used)) {
    const [unused] = names.filter((name) => store !== wanted && Reflect.get(settings, name) !== undefined);
    if (unused === undefined) continue;
    return store === undefined
      ? `has a ${unused} that nothing uses; add store: ${wanted}, or remove the ${unused}`
      : `has a ${unused} that nothing uses, because store is ${typeof store === 'string' ? store : 'another'}`;
  }
  return null;
}

/** A rule about several members at once; it runs although one of them may be wrong, so that a person sees all of it. */
function explain<T extends object>(problemIn: (settings: T) => string | null) {
  return (settings: T, context: z.core.$RefinementCtx<T>): void => {
    if (typeof settings !== 'object' || settings === null) return;
    const message = problemIn(settings);
    if (message !== null) context.addIssue({ code: 'custom', message });
  };
}

import { z } from 'zod';
import { ageRecipientPattern, ageRecipientProblem } from './age-recipient.ts';
import { directory, explain, ignores, namespacePattern, needs, unusedMember } from './store-settings.ts';
import { vaultMembers } from './vault-settings.ts';

/** `secrets` in `reconcile.yaml`: where shown-once secrets go. */

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

const commandItem = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^[^\p{Cc}]*$/u, 'must be one argument on one line')
  .meta({ description: 'The program, or one argument that it is always given.' });

const variableName = z
  .string()
  .max(200)
  .regex(
    /^(?!LAYERS_|RECONCILE_)[A-Za-z_][A-Za-z0-9_]*$/,
    'must be the name of a variable, such as AWS_PROFILE, and none of LAYERS_* or RECONCILE_*',
  )
  .meta({ description: 'The name of a variable; its value is taken from the environment of reconcile.' });

/** What each store has use for. */
const membersOf = {
  file: ['directory'],
  age: ['recipients', 'directory'],
  kubernetes: ['namespace'],
  vault: ['address', 'mount', 'path', 'namespace', 'caFile', 'auth'],
  command: ['command', 'environment'],
} as const;

const allMembers = [...new Set(Object.values(membersOf).flat())];
const namespaceOfKubernetes = 'the name of a namespace: lower case letters, digits and hyphens';
const stores = ['file', 'age', 'kubernetes', 'vault', 'command'] as const;

export const secretSettings = z
  .strictObject({
    store: z
      .enum(stores)
      .default('file')
      .meta({
        description:
          'Where shown-once secrets go. file: one file per secret, readable by its owner only. age: one file per secret, ' +
          'encrypted to `recipients`, which may be committed. kubernetes: one Secret object per secret in `namespace`. ' +
          'vault: one entry per secret in a KV version 2 engine of HashiCorp Vault or OpenBao. ' +
          'command: wherever the program that `command` names keeps them.',
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
      .max(256)
      .regex(
        /^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*\/?$/,
        'must be the name of a namespace, for Vault with slashes between its parts',
      )
      .optional()
      .meta({
        description:
          'For the store `kubernetes`: the namespace of the Secret objects, best one of their own: whoever may read Secrets ' +
          'there has the keys of every customer. For the store `vault`: the namespace of the engine, where it is not the root.',
        examples: ['layers-secrets'],
      }),
    ...vaultMembers,
    command: z
      .array(commandItem)
      .min(1)
      .max(64)
      .optional()
      .meta({
        description:
          'For the store `command`: the program, a path relative to the workspace or a name on the PATH, and what it is told ' +
          'before the verb. A list: no shell reads it.',
        examples: [['./bin/secret-store']],
      }),
    environment: z
      .array(variableName)
      .max(64)
      .optional()
      .meta({
        description:
          'For the store `command`: names of environment variables that the program is given beside PATH, HOME and the like.',
        examples: [['AWS_PROFILE', 'AWS_REGION']],
      }),
  })
  .superRefine(explain(secretSettingsProblem), { when: () => true })
  .superRefine(({ store, namespace }, context) => {
    if (store !== 'kubernetes' || namespace === undefined || namespacePattern.test(namespace)) return;
    const message = `must be ${namespaceOfKubernetes}, not "${namespace}"`;
    context.addIssue({ code: 'custom', path: ['namespace'], message, params: { code: 'InvalidFormat' } });
  })
  .meta({
    dependentRequired: {
      recipients: ['store', 'directory'],
      namespace: ['store'],
      command: ['store'],
      environment: ['store', 'command'],
      address: ['store'],
      mount: ['store'],
      path: ['store'],
      caFile: ['store'],
      auth: ['store'],
    },
    allOf: [
      needs('age', {
        recipients: true,
        directory: {
          pattern: '^(?!(?:.*/)?\\.reconcile(?:/|$))',
          patternErrorMessage: 'Must not lie below .reconcile, which git never sees.',
        },
      }),
      needs('kubernetes', {
        namespace: {
          pattern: namespacePattern.source,
          patternErrorMessage: `Must be ${namespaceOfKubernetes}.`,
        },
      }),
      needs('vault', { address: true }),
      needs('command', { command: true }),
      ...stores.map((store) =>
        ignores(
          store,
          allMembers.filter((member) => !membersOf[store].some((one) => one === member)),
        ),
      ),
    ],
  });

interface SecretSettings {
  readonly store?: unknown;
  readonly directory?: unknown;
  readonly recipients?: unknown;
  readonly namespace?: unknown;
  readonly command?: unknown;
  readonly environment?: unknown;
  readonly address?: unknown;
}

function secretSettingsProblem(settings: SecretSettings): string | null {
  const { store, directory: chosen, recipients, namespace, command, address } = settings;
  if (store === 'age' && recipients === undefined)
    return 'has store: age but no recipients; add a line such as recipients: [age1…], as age-keygen prints it';
  if (store === 'age' && chosen === undefined)
    return 'has store: age but no directory; add a line such as directory: secrets';
  if (store === 'age' && typeof chosen === 'string' && /(^|\/)\.reconcile(\/|$)/.test(chosen))
    return 'has store: age with a directory below .reconcile, which git never sees; add a line such as directory: secrets';
  if (store === 'kubernetes' && namespace === undefined)
    return 'has store: kubernetes but no namespace; add a line such as namespace: layers-secrets';
  if (store === 'vault' && address === undefined)
    return 'has store: vault but no address; add a line such as address: https://vault.partner.example:8200';
  if (store === 'command' && command === undefined)
    return 'has store: command but no command; add a line such as command: [./bin/secret-store]';
  // By now the default stands where no store was chosen, so whoever wrote `file` is taken for somebody who wrote nothing.
  return unusedMember({ ...settings, store: store === 'file' ? undefined : store }, membersOf, 'file');
}

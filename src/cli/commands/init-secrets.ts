import { ageRecipientProblem } from '../../core/declaration/age-recipient.ts';
import { readWorkspace } from '../../core/declaration/read.ts';
import { namespacePattern } from '../../core/declaration/store-settings.ts';
import { yamlLines } from '../../core/yaml-text.ts';
import { type InitOptions, secretStores } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { askChoice, askUntil, say } from './init-questions.ts';

/** Where secrets go, as reconcile.yaml says it. What a store needs besides is asked for, so that the file works as it is. */
export type SecretChoice =
  | { readonly store: 'file' }
  | { readonly store: 'age'; readonly directory: string; readonly recipients: readonly string[] }
  | { readonly store: 'kubernetes'; readonly namespace: string }
  | { readonly store: 'vault'; readonly address: string }
  | { readonly store: 'command'; readonly command: readonly string[] };

type Given = Pick<InitOptions, 'secretStore' | 'recipients' | 'secretNamespace' | 'secretAddress' | 'secretCommand'>;

const USUAL_NAMESPACE = 'layers-secrets';
const USUAL_ADDRESS = 'http://127.0.0.1:8200';
const USUAL_COMMAND = './bin/secret-store';

/** What is wrong with what the options say of secrets; null when it can be used. */
export function wrongSecretOption(given: Given): string | null {
  const { secretStore, recipients, secretNamespace, secretAddress, secretCommand } = given;
  const belongs = [
    { store: 'age', flag: '--recipient', isGiven: recipients.length > 0, what: AGE_NEEDS },
    {
      store: 'kubernetes',
      flag: '--secret-namespace',
      isGiven: secretNamespace !== null,
      what: 'such as layers-secrets',
    },
    { store: 'vault', flag: '--secret-address', isGiven: secretAddress !== null, what: 'https://… of the server' },
    {
      store: 'command',
      flag: '--secret-command',
      isGiven: secretCommand !== null,
      what: 'the program that keeps them',
    },
  ];
  for (const { store, flag, isGiven, what } of belongs) {
    if (secretStore === store && !isGiven) return `--secret-store ${store} needs ${flag}: ${what}.`;
    if (secretStore !== store && isGiven) return `${flag} is for --secret-store ${store}.`;
  }
  const [problem] = recipients.flatMap((recipient) => ageRecipientProblem(recipient) ?? []);
  if (problem !== undefined) return `--recipient ${problem}.`;
  const namespace = secretNamespace === null ? null : namespaceProblem(secretNamespace);
  if (namespace !== null) return `--secret-namespace: ${namespace}`;
  const address = secretAddress === null ? null : addressProblem(secretAddress);
  if (address !== null) return `--secret-address: ${address}`;
  const program = secretCommand === null ? null : programProblem(secretCommand);
  return program === null ? null : `--secret-command: ${program}`;
}

const AGE_NEEDS = 'the public half of a pair, as `age-keygen -y` prints it';

export function secretsOfOptions({ secretStore, recipients, ...options }: Given): SecretChoice | null {
  switch (secretStore) {
    case null:
      return null;
    case 'file':
      return { store: 'file' };
    case 'age':
      return age(recipients);
    case 'kubernetes':
      return { store: 'kubernetes', namespace: options.secretNamespace ?? USUAL_NAMESPACE };
    case 'vault':
      return { store: 'vault', address: options.secretAddress ?? USUAL_ADDRESS };
    case 'command':
      return command(options.secretCommand ?? USUAL_COMMAND);
  }
}

export async function askSecrets(context: CommandContext): Promise<SecretChoice | null> {
  say(context, '', 'Where API keys and signing secrets are kept, which the API shows once:');
  say(context, '  file        ', 'in .reconcile/secrets on this machine, for your user only, never in git');
  say(context, '  age         ', 'encrypted in secrets/, to be committed');
  say(context, '  kubernetes  ', 'as Secret objects in a namespace of a cluster');
  say(context, '  vault       ', 'in HashiCorp Vault or OpenBao');
  say(context, '  command     ', 'wherever a program of yours keeps them');
  const store = await askChoice('Secrets [file] ', 'file', secretStores, context);
  switch (store) {
    case null:
      return null;
    case 'file':
      return { store };
    case 'age': {
      const question = 'Recipient, as `age-keygen -y` prints it; - for the store file after all [-] ';
      const problem = (text: string) => (text === '-' ? null : refusal(ageRecipientProblem(text)));
      const recipient = await askUntil(question, '-', problem, context);
      if (recipient === null) return null;
      return recipient === '-' ? { store: 'file' } : age([recipient]);
    }
    case 'kubernetes': {
      const question = `Namespace of the Secret objects, best one of their own [${USUAL_NAMESPACE}] `;
      const namespace = await askUntil(question, USUAL_NAMESPACE, namespaceProblem, context);
      return namespace === null ? null : { store, namespace };
    }
    case 'vault': {
      const address = await askUntil(
        `Address of the server [${USUAL_ADDRESS}] `,
        USUAL_ADDRESS,
        addressProblem,
        context,
      );
      return address === null ? null : { store, address };
    }
    case 'command': {
      const program = await askUntil(`The program [${USUAL_COMMAND}] `, USUAL_COMMAND, programProblem, context);
      return program === null ? null : command(program);
    }
  }
}

function age(recipients: readonly string[]): SecretChoice {
  return { store: 'age', directory: 'secrets', recipients };
}

/** As it is typed: no shell reads it, so that a path with a space in it has to be written into the file by hand. */
function command(text: string): SecretChoice {
  return { store: 'command', command: text.trim().split(/ +/) };
}

function namespaceProblem(text: string): string | null {
  return namespacePattern.test(text)
    ? null
    : 'It must be the name of a namespace: lower case letters, digits and hyphens.';
}

/** As the file is judged in which it is going to stand. */
function addressProblem(address: string): string | null {
  const text = yamlLines({ secrets: { store: 'vault', address } }, '').join('\n');
  const reading = readWorkspace('reconcile.yaml', text);
  return reading.ok ? null : (reading.problems[0]?.message ?? 'That cannot be used.');
}

function programProblem(text: string): string | null {
  return /^(?=.*\S)\P{Cc}{1,1024}$/u.test(text) ? null : 'It must be the path or the name of a program.';
}

function refusal(problem: string | null): string | null {
  return problem === null ? null : `It ${problem}.`;
}

import { ageRecipientProblem } from '../../core/declaration/age-recipient.ts';
import { readCustomer } from '../../core/declaration/read.ts';
import { yamlLines } from '../../core/yaml-text.ts';
import type { InitOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { errorPage } from '../pages.ts';

/** What a new workspace is to hold, as far as it was asked for. */
export interface InitAnswers {
  readonly customer: FirstCustomer | null;
  /** null leaves it to the default of reconcile.yaml. */
  readonly statusStore: NonNullable<InitOptions['statusStore']> | null;
  readonly secrets: SecretChoice | null;
}

export interface FirstCustomer {
  readonly externalId: string;
  readonly name: string;
}

export type SecretChoice =
  | { readonly store: 'file' }
  | { readonly store: 'age'; readonly recipients: readonly string[] };

/** What is there already is not asked for. */
export interface InitSituation {
  /** No file below customers/ yet. */
  readonly needsCustomer: boolean;
  /** No reconcile.yaml yet: the settings of one that exists are whoever's who wrote it. */
  readonly needsSettings: boolean;
  /** In a work tree of git that has a remote, status can go to a branch. */
  readonly hasRemote: boolean;
}

const EXAMPLE: FirstCustomer = { externalId: 'example-customer', name: 'Example Customer' };

/** What the options say, and `--yes` takes the default of every question that they leave open. */
export function answersOfOptions(options: InitOptions, situation: InitSituation): InitAnswers {
  const example = (options.example || options.yes) && situation.needsCustomer;
  const settings = options.yes && situation.needsSettings;
  return {
    customer: customerOfOptions(options) ?? (example ? EXAMPLE : null),
    statusStore: options.statusStore ?? (settings ? defaultStatusStore(situation) : null),
    secrets: secretsOfOptions(options) ?? (settings ? { store: 'file' } : null),
  };
}

/** Asks for what the options leave open; null when the input ends or a signal comes before everything is answered. */
export async function askForAnswers(
  options: InitOptions,
  situation: InitSituation,
  context: CommandContext,
): Promise<InitAnswers | null> {
  const {
    customer: given,
    statusStore: store,
    secrets: choice,
  } = answersOfOptions({ ...options, yes: false }, situation);
  const customer = given ?? (situation.needsCustomer ? await askCustomer(context) : 'none');
  if (customer === null) return null;
  const known = { customer: customer === 'none' ? null : customer, statusStore: store, secrets: choice };
  if (!situation.needsSettings) return known;
  const statusStore = store ?? (await askStatusStore(situation, context));
  if (statusStore === null) return null;
  const secrets = choice ?? (await askSecrets(context));
  return secrets === null ? null : { ...known, statusStore, secrets };
}

/** A question whose usual answer is yes; null when nobody answers. */
export async function askYes(question: string, context: CommandContext): Promise<boolean | null> {
  const answers = ['y', 'yes', 'n', 'no'];
  const problem = (text: string) => (answers.includes(text.toLowerCase()) ? null : 'It must be y or n.');
  const answer = await askUntil(`${question} [Y/n] `, 'y', problem, context);
  return answer === null ? null : /^y/i.test(answer);
}

/** Why a file may not say this; null when it may. */
export function problemWithCustomer(customer: FirstCustomer): string | null {
  const reading = readCustomer('customers/first.yaml', yamlLines({ ...customer }, '').join('\n'));
  return reading.ok ? null : (reading.problems[0]?.message ?? 'That cannot be used.');
}

/** `acme-coffee` becomes `Acme Coffee`. */
function nameFor(externalId: string): string {
  const words = externalId.split(/[-_.:]+/).filter((word) => word !== '');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ');
}

function customerOfOptions({ customer, name }: InitOptions): FirstCustomer | null {
  return customer === null ? null : { externalId: customer, name: name ?? nameFor(customer) };
}

function secretsOfOptions({ secretStore, recipients }: InitOptions): SecretChoice | null {
  if (secretStore === 'age') return { store: 'age', recipients };
  return secretStore === null ? null : { store: secretStore };
}

async function askCustomer(context: CommandContext): Promise<FirstCustomer | 'none' | null> {
  say(context, '', 'Your first customer. The file grants nothing and makes no key until you say so in it.');
  const externalId = await askUntil(
    `Its identity, which never changes; - for no file [${EXAMPLE.externalId}] `,
    EXAMPLE.externalId,
    (text) => (text === '-' ? null : problemWithCustomer({ externalId: text, name: 'A' })),
    context,
  );
  if (externalId === null || externalId === '-') return externalId && 'none';
  const usual = nameFor(externalId);
  const name = await askUntil(
    `Its name [${usual}] `,
    usual,
    (text) => problemWithCustomer({ externalId, name: text }),
    context,
  );
  return name === null ? null : { externalId, name };
}

async function askStatusStore(situation: InitSituation, context: CommandContext): Promise<InitAnswers['statusStore']> {
  say(context, '', 'Where a pass writes what it found and did:');
  say(context, '  inline     ', 'at the end of each customer’s file');
  say(context, '  directory  ', 'in files of its own, in status/');
  say(context, '  git        ', 'on the branch reconcile-status, pushed to origin');
  const usual = defaultStatusStore(situation);
  return askChoice(`Status [${usual}] `, usual, ['inline', 'directory', 'git'] as const, context);
}

function defaultStatusStore({ hasRemote }: InitSituation): NonNullable<InitOptions['statusStore']> {
  return hasRemote ? 'git' : 'inline';
}

async function askSecrets(context: CommandContext): Promise<SecretChoice | null> {
  say(context, '', 'Where API keys and signing secrets are kept, which the API shows once:');
  say(context, '  file  ', 'in .reconcile/secrets on this machine, for your user only, never in git');
  say(context, '  age   ', 'encrypted in secrets/, to be committed');
  const store = await askChoice('Secrets [file] ', 'file', ['file', 'age'] as const, context);
  if (store !== 'age') return store && { store };
  const recipient = await askUntil(
    'Recipient, as `age-keygen -y` prints it; - for the store file after all [-] ',
    '-',
    (text) => (text === '-' ? null : refusal(ageRecipientProblem(text))),
    context,
  );
  if (recipient === null) return null;
  return recipient === '-' ? { store: 'file' } : { store: 'age', recipients: [recipient] };
}

function refusal(problem: string | null): string | null {
  return problem === null ? null : `It ${problem}.`;
}

async function askChoice<T extends string>(
  question: string,
  usual: T,
  choices: readonly T[],
  context: CommandContext,
): Promise<T | null> {
  const chosen = (text: string) => choices.find((choice) => choice === text.toLowerCase());
  const problem = (text: string) => (chosen(text) ? null : `It must be one of ${choices.join(', ')}.`);
  const text = await askUntil(question, usual, problem, context);
  return text === null ? null : (chosen(text) ?? usual);
}

/** Asks again, with what is wrong, until an answer can be used. Nothing but Enter takes the usual one. */
async function askUntil(
  question: string,
  usual: string,
  problemWith: (text: string) => string | null,
  context: CommandContext,
): Promise<string | null> {
  for (;;) {
    const line = await context.prompt(question);
    if (line === null) return null;
    const text = line.trim() === '' ? usual : line.trim();
    const problem = problemWith(text);
    if (problem === null) return text;
    say(context, '  ', problem);
  }
}

function say(context: CommandContext, first: string, text: string): void {
  const start = first === '' ? '\n' : '';
  context.stderr(`${start}${errorPage(context).wrap(text, first).join('\n')}\n`);
}

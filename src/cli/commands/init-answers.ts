import { readCustomer } from '../../core/declaration/read.ts';
import { yamlLines } from '../../core/yaml-text.ts';
import type { InitOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { askChoice, askUntil, say } from './init-questions.ts';
import { askSecrets, type SecretChoice, secretsOfOptions } from './init-secrets.ts';

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

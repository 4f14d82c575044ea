import { resolve } from 'node:path';
import { type CommandUnknownOpts, InvalidArgumentError, type Option } from '@commander-js/extra-typings';
import { nearest } from '../core/declaration/suggest.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `--detailed-exitcode` is also RECONCILE_DETAILED_EXITCODE. */
function variableOf(option: Pick<Option, 'long' | 'name'>): string {
  const name = (option.long ?? option.name()).replace(/^--/, '');
  return named(name.replaceAll('-', '_').toUpperCase());
}

const PREFIX = 'RECONCILE_';

/**
 * Gives a command what its options say in the environment, below what was typed. Not commander's own `.env()`: for that
 * one `RECONCILE_YES=false` means yes.
 */
export function applyEnvironment(command: CommandUnknownOpts, environment: Environment): void {
  for (const option of command.options) {
    const text = environment[variableOf(option)];
    const attribute = option.attributeName();
    if (text === undefined || text === '' || command.getOptionValueSource(attribute) === 'cli') continue;
    try {
      command.setOptionValueWithSource(attribute, readOption(option, text), 'env');
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      // The text is not repeated: somebody may have put a secret into the wrong variable.
      command.error(`error: ${variableOf(option)} cannot be used: ${error.message}`);
    }
  }
}

/** Variables that are no options. */
const OTHERS = ['AGE_IDENTITY_FILE', 'ENVIRONMENT', 'LOG_LEVEL'] as const;

/**
 * Ends a command at a variable that is almost an option of any command: RECONCILE_DRYRUN=true would move money that its
 * author wanted to see planned. Whatever else begins with RECONCILE_ is somebody else's: a cluster names variables after
 * its services.
 */
export function refuseMisspelt(root: CommandUnknownOpts, called: CommandUnknownOpts, environment: Environment): void {
  const known = [...commandsBelow(root).flatMap(({ options }) => options.map(variableOf)), ...OTHERS.map(named)];
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || !text || known.includes(name)) continue;
    const meant = nearest(withoutPrefix(name), known.map(withoutPrefix));
    if (meant !== null)
      called.error(`error: ${name} is no variable of reconcile. Did you mean ${named(meant)}? Nothing was done.`);
  }
}

function commandsBelow(command: CommandUnknownOpts): CommandUnknownOpts[] {
  return [command, ...command.commands.flatMap(commandsBelow)];
}

function named(name: string): string {
  return `${PREFIX}${name}`;
}

function withoutPrefix(name: string): string {
  return name.slice(PREFIX.length);
}

function readOption(option: Option, text: string): unknown {
  if (option.negate) return !readFlag(text);
  if (option.isBoolean()) return readFlag(text);
  return option.parseArg ? option.parseArg(text, option.defaultValue) : text;
}

function readFlag(text: string): boolean {
  const word = text.trim().toLowerCase();
  if (['1', 'true', 'yes', 'on'].includes(word)) return true;
  if (['0', 'false', 'no', 'off'].includes(word)) return false;
  throw new InvalidArgumentError('It must be true or false.');
}

/** The root of the checkout that GitHub Actions works in; anywhere else the current directory. */
export function githubRoot(environment: Environment): string {
  return resolve(environment['GITHUB_WORKSPACE'] || '.');
}

/** Tells apart what several workspaces say in one pull request; null where nobody named one. */
export function environmentName(environment: Environment): string | null {
  return environment['RECONCILE_ENVIRONMENT'] || null;
}

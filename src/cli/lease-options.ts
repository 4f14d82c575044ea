import { type CommandUnknownOpts, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { parseDuration } from '../core/declaration/duration.ts';
import { optionGroups } from './option-groups.ts';

/** `--leader-elect` and what belongs to it: which one of several daemons works. */
export interface LeaseOptions {
  /** null: in a pod yes, elsewhere no. */
  readonly isWanted: boolean | null;
  readonly name: string;
  /** null: the one that we run in, or that the kubeconfig names. */
  readonly namespace: string | null;
  readonly durationMs: number;
}

const DEFAULTS = { name: 'layers-reconciler', durationMs: 15_000 };

/** Gives a command the options that say how it competes with others. */
export function withLease<T extends CommandUnknownOpts>(command: T): T {
  command
    .optionsGroup(optionGroups.replicas)
    .addOption(new Option('--leader-elect', 'of several replicas one works; the default in a pod'))
    .addOption(new Option('--no-leader-elect', 'this daemon is the only one'))
    .addOption(new Option('--lease-name <name>', `of their Lease; default: ${DEFAULTS.name}`).argParser(readName))
    .addOption(new Option('--lease-namespace <name>', 'of their Lease; default: our own').argParser(readName))
    .addOption(
      new Option('--lease-duration <duration>', 'a leader that is gone is replaced after it; default: 15s').argParser(
        readDuration,
      ),
    );
  return command;
}

/** What the options of {@link withLease} say; those that mean nothing for a single pass end the command. */
export function readLease(command: CommandUnknownOpts, isWatching: boolean): LeaseOptions {
  for (const name of ['leaderElect', 'leaseName', 'leaseNamespace', 'leaseDuration'])
    if (!isWatching && command.getOptionValueSource(name) === 'cli')
      command.error(`error: --${flagOf(name)} has an effect only with --watch.`);
  const text = (name: string) => {
    const value: unknown = command.getOptionValue(name);
    return typeof value === 'string' ? value : null;
  };
  const isWanted: unknown = command.getOptionValue('leaderElect');
  const durationMs: unknown = command.getOptionValue('leaseDuration');
  return {
    isWanted: typeof isWanted === 'boolean' ? isWanted : null,
    name: text('leaseName') ?? DEFAULTS.name,
    namespace: text('leaseNamespace'),
    durationMs: typeof durationMs === 'number' ? durationMs : DEFAULTS.durationMs,
  };
}

function flagOf(attribute: string): string {
  return attribute.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** DNS-1123, which both names must satisfy; a namespace has no dots besides, which the API server says itself. */
function readName(text: string): string {
  if (!/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(text))
    throw new InvalidArgumentError('It must be a name as Kubernetes wants it: lower case letters, digits and hyphens.');
  return text;
}

function readDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms > 3_600_000)
    throw new InvalidArgumentError('It must be a duration from 1s to 1h, such as 15s; all replicas have the same.');
  return ms;
}

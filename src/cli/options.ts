import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { parseDuration } from '../core/declaration/duration.ts';
import { type ListenSetting, parseListenSetting } from '../core/declaration/listen-address.ts';
import { documentFormats } from './commands.ts';
import { optionGroups } from './option-groups.ts';

/** Options that more than one command has, and readers of values that say what they want. */

export const directoryOption = () =>
  new Option('-C, --directory <dir>', 'where customers/, reconcile.yaml and .reconcile/ are')
    .helpGroup(optionGroups.workspace)
    .default('.');

export const outputOption = () =>
  new Option('--output <format>', 'what stdout carries; json is one document')
    .helpGroup(optionGroups.output)
    .choices(documentFormats)
    .default('text' as const);

export const sandboxOption = () =>
  new Option('--sandbox', 'against the built-in sandbox, below .reconcile/sandbox/').helpGroup(optionGroups.workspace);

export const noColorOption = () =>
  new Option('--no-color', 'plain text; NO_COLOR in the environment says the same').helpGroup(optionGroups.output);

export function readConcurrency(text: string): number {
  const value = /^[0-9]{1,2}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > 64) throw new InvalidArgumentError('It must be a whole number from 1 to 64.');
  return value;
}

export function readResync(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError('It must be a duration from 1s to 24h, such as 30s, 10m or 1h.');
  return ms;
}

export function readListen(text: string): ListenSetting {
  const setting = parseListenSetting(text);
  if (setting === null) throw new InvalidArgumentError('It must be host:port, such as 127.0.0.1:9465, or off.');
  return setting;
}

export function readPort(text: string): number {
  const value = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 65_535))
    throw new InvalidArgumentError('It must be a port from 0 to 65535; 0 lets the system choose.');
  return value;
}

/** Collects a repeatable option; in the environment the hashes are separated by commas or spaces. */
export function collectApprovals(text: string, collected: readonly string[] = []): readonly string[] {
  const hashes = text.split(/[\s,]+/).filter(Boolean);
  if (hashes.length === 0 || hashes.some((hash) => !/^sha256:[0-9a-f]{64}$/.test(hash))) {
    throw new InvalidArgumentError('It must be a hash as a plan prints it: sha256: and 64 hex digits.');
  }
  return [...collected, ...hashes];
}

/** Collects a repeatable option, or what the environment says at once; whoever uses the words judges them. */
export function collectWords(text: string, collected: readonly string[] = []): readonly string[] {
  return [...collected, ...text.split(/[\s,]+/).filter(Boolean)];
}

/** Collects ids of organizations, with `org_` before the UUID or without. */
export function collectOrganizations(text: string, collected: readonly string[] = []): readonly string[] {
  const ids = text.split(/[\s,]+/).filter(Boolean);
  if (ids.length === 0 || ids.some((id) => !/^(?:org_)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))) {
    throw new InvalidArgumentError('It must be the id of an organization: org_ and a UUID.');
  }
  return [...collected, ...ids];
}

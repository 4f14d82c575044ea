import { Secret } from '../core/secret.ts';
import { type SystemFailure, systemFailure } from '../effects/errno.ts';
import type { FileSystem } from '../effects/filesystem.ts';
import { parseBaseUrl } from '../effects/layers/base-url.ts';

const DEFAULT_BASE_URL = 'https://api.layers.com';

/** No key is nearly as long; a wrong path must not be read whole. */
const FILE_BYTES_MAX = 4096;

export interface Credentials {
  /** Scheme and host, as `parseBaseUrl` gives it. */
  readonly baseUrl: string;
  /** Asked for every request: a key file that changes under a running daemon is read again. */
  readonly token: () => Secret;
  /** Sentences for the log. */
  readonly warnings: readonly string[];
}

export type CredentialsResult =
  | { readonly ok: true; readonly credentials: Credentials }
  /** What is wrong and what to do; never the key. */
  | { readonly ok: false; readonly message: string };

/** The variables of the process; `LAYERS_API_KEY` is taken out, so that no child process and no crash dump has it. */
export type MutableEnvironment = Record<string, string | undefined>;

/** What LAYERS_API_KEY held. */
export interface GivenKey {
  readonly key: Secret;
  /** False for a text that no API key looks like; it may still be somebody's secret. */
  readonly hasShape: boolean;
}

/** Takes the API key out of the environment. To be called once, at the very start of the process. */
export function takeApiKey(environment: MutableEnvironment): GivenKey | null {
  const text = environment['LAYERS_API_KEY']?.trim() ?? '';
  delete environment['LAYERS_API_KEY'];
  return text === '' ? null : { key: new Secret(text), hasShape: hasShape(text) };
}

/** Switches of Node under which somebody else may read what this process holds or sends (correctness 4.1). */
export function exposures(environment: Readonly<MutableEnvironment>, execArgv: readonly string[]): readonly string[] {
  const options = [...execArgv, ...(environment['NODE_OPTIONS'] ?? '').split(/\s+/)];
  const found = [
    ...(options.some((option) => /^--inspect(?:-|=|$)/.test(option)) ? ['--inspect lets others look into it'] : []),
    ...((environment['NODE_DEBUG'] ?? '') === '' ? [] : ['NODE_DEBUG prints what it does']),
    ...(environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0'
      ? ['NODE_TLS_REJECT_UNAUTHORIZED=0 asks it not to check whom it talks to']
      : []),
  ];
  return found.map((why) => `This process holds the API key, and ${why}. Leave it out where reconcile runs.`);
}

/**
 * The key and the address of the API. LAYERS_API_KEY_FILE wins over LAYERS_API_KEY; whether the key is good is for the
 * API to say, but one with a shape that no key has is refused before it travels.
 */
export function readCredentials(
  environment: Readonly<MutableEnvironment>,
  given: GivenKey | null,
  fileSystem: Pick<FileSystem, 'readFile' | 'stat'>,
): CredentialsResult {
  const base = parseBaseUrl(environment['LAYERS_BASE_URL'] || DEFAULT_BASE_URL);
  if (!base.ok) return { ok: false, message: `LAYERS_BASE_URL: ${base.message}` };
  const path = environment['LAYERS_API_KEY_FILE'];
  if (path !== undefined && path !== '') return fromFile(base.origin, path, fileSystem);
  if (given === null) return { ok: false, message: noKey };
  if (!given.hasShape) return { ok: false, message: `LAYERS_API_KEY ${wrongShape}` };
  return { ok: true, credentials: { baseUrl: base.origin, token: () => given.key, warnings: [] } };
}

const noKey =
  'There is no API key. Set LAYERS_API_KEY to a key of the parent organization that holds org:admin, or ' +
  'LAYERS_API_KEY_FILE to a file with it. `reconcile --sandbox` needs none.';

const wrongShape =
  'does not hold an API key: it must be lp_live_… or lp_test_… in one piece, as the dashboard shows it once.';

function hasShape(text: string): boolean {
  return /^lp_(?:live|test)_[A-Za-z0-9_-]{16,256}$/.test(text);
}

function fromFile(baseUrl: string, path: string, fileSystem: Pick<FileSystem, 'readFile' | 'stat'>): CredentialsResult {
  const first = readKey(path, fileSystem);
  if (!first.ok) return { ok: false, message: `LAYERS_API_KEY_FILE: ${first.message}` };
  let latest = first.key;
  const token = () => {
    const again = readKey(path, fileSystem);
    // A file that is being replaced is not there or half there for a moment: the last good key goes on.
    if (again.ok && !again.key.equals(latest)) latest = again.key;
    return latest;
  };
  const warnings = first.worldReadable
    ? [`${path} can be read by every user of this machine. Allow only its owner to: chmod 600.`]
    : [];
  return { ok: true, credentials: { baseUrl, token, warnings } };
}

type KeyFile =
  | { readonly ok: true; readonly key: Secret; readonly worldReadable: boolean }
  | { readonly ok: false; readonly message: string };

function readKey(path: string, fileSystem: Pick<FileSystem, 'readFile' | 'stat'>): KeyFile {
  try {
    const facts = fileSystem.stat(path);
    if (facts.kind !== 'file') return { ok: false, message: `${path} is not a regular file, which can be read again.` };
    if (facts.size > FILE_BYTES_MAX) return { ok: false, message: `${path} ${wrongShape}` };
    const text = new TextDecoder().decode(fileSystem.readFile(path)).trim();
    if (!hasShape(text)) return { ok: false, message: `${path} ${wrongShape}` };
    return { ok: true, key: new Secret(text), worldReadable: (facts.mode & 0o004) !== 0 };
  } catch (error) {
    const failure: SystemFailure | null = systemFailure(error);
    if (failure === null) throw error;
    return { ok: false, message: `${path} cannot be read: ${failure.message}.` };
  }
}

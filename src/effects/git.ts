import { runProgram } from './program.ts';

/** The program git, run in one directory. */
export interface Git {
  run(args: readonly string[], options?: GitOptions): Promise<GitAnswer>;
}

export interface GitOptions {
  /** What it reads from its standard input; nothing by default. */
  readonly input?: Uint8Array;
  /** When it is stopped, in milliseconds; default 30,000. */
  readonly deadlineMs?: number;
}

export type GitAnswer =
  | { readonly ok: true; readonly stdout: Buffer }
  /** `message` is git's own reason on one line, without credentials; `stderr` is all that it said. */
  | { readonly ok: false; readonly message: string; readonly stderr: string };

export interface GitPlace {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const DEADLINE_MS = 30_000;

/**
 * What a child may see of our environment: what git needs to find its settings, its credentials and the network. Nothing
 * of Layers (I4), and nothing that names another repository, index or object store.
 */
const passedOn =
  /^(PATH|HOME|USER|LOGNAME|TMPDIR|XDG_CONFIG_HOME|SSH_AUTH_SOCK|SSL_CERT_(FILE|DIR)|(https?|no|all)_proxy|(HTTPS?|NO|ALL)_PROXY|GIT_(ASKPASS|SSH|SSH_COMMAND|SSL_\w+|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)|AUTHOR_\w+|COMMITTER_\w+))$/;

/**
 * Correctness 4.4: no hooks, no submodules, no prompts, no transport that runs a program of somebody's choice, and no
 * housekeeping of the user's repository while a pass waits.
 */
const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'protocol.ext.allow=never',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'push.recurseSubmodules=no',
  'push.followTags=false',
  'gc.auto=0',
  'maintenance.auto=false',
].flatMap((setting) => ['-c', setting]);

export function createGit({ directory, environment }: GitPlace): Git {
  const env = {
    ...Object.fromEntries(Object.entries(environment).filter(([name]) => passedOn.test(name))),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
  };
  return { run: (args, options = {}) => runOnce(directory, env, [...settings, ...args], options) };
}

async function runOnce(
  cwd: string,
  env: Record<string, string | undefined>,
  args: readonly string[],
  { input, deadlineMs = DEADLINE_MS }: GitOptions,
): Promise<GitAnswer> {
  const end = await runProgram({ argv: ['git', ...args], cwd, env, input, deadlineMs });
  if (end.kind === 'not-started') {
    const message = end.code === 'ENOENT' ? 'git is not installed' : 'git could not be started';
    return { ok: false, message, stderr: '' };
  }
  if (end.kind === 'stopped') return { ok: false, message: `git ${end.why}`, stderr: end.stderr };
  if (end.code === 0) return { ok: true, stdout: end.stdout };
  return { ok: false, message: reasonIn(end.stderr), stderr: end.stderr };
}

/** `fatal: …` as a piece of a sentence. A URL may carry a password or a token (I4). */
function reasonIn(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const line =
    lines.find((one) => /^(fatal|error): /.test(one)) ?? lines.findLast((one) => one !== '') ?? 'it gave no reason';
  return line
    .replace(/^(fatal|error): /, '')
    .replace(/\/\/[^/@\s]*@/g, '//')
    .replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, '·')
    .slice(0, 300);
}

import type { Secret } from '../../core/secret.ts';
import type { FileSystem } from '../filesystem.ts';
import { type ProgramEnd, runProgram } from '../program.ts';
import { findProgram } from './find-program.ts';

/** The program of `secrets: { store: command }`, run once for each question. */
export interface StoreProgram {
  /** For people: `./bin/secret-store`. */
  readonly name: string;
  run(args: readonly string[], input: Secret | null): Promise<ProgramEnd>;
}

export interface StoreProgramOptions {
  /** As in reconcile.yaml: the program and what it is always told first. */
  readonly command: readonly string[];
  /** Names of variables that it is given beside the usual ones. */
  readonly environmentNames: readonly string[];
  /** Of the workspace; it is run there. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly fileSystem: Pick<FileSystem, 'stat'>;
  /** For one run, in milliseconds; default 30,000. */
  readonly deadlineMs?: number;
}

/** Longer than a person takes to touch a security key, shorter than a step may last. */
const DEADLINE_MS = 30_000;

/** A document of ours has less than a tenth of it. */
const OUTPUT_BYTES_MAX = 64 * 1024;

/**
 * What it may see of our environment: what a program needs to find its settings and the network, and what reconcile.yaml
 * names. Nothing of Layers and nothing of ours: declarations cannot name it either (I4).
 */
const passedOn =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TZ|LANG|LC_\w+|XDG_\w+|SSH_AUTH_SOCK|GPG_TTY|SSL_CERT_(FILE|DIR)|(https?|no|all)_proxy|(HTTPS?|NO|ALL)_PROXY)$/;

export function createStoreProgram(options: StoreProgramOptions): StoreProgram {
  const { command, environmentNames, directory, environment, fileSystem, deadlineMs = DEADLINE_MS } = options;
  const [program = '', ...args] = command;
  const isPassedOn = (name: string) => passedOn.test(name) || environmentNames.includes(name);
  const env = Object.fromEntries(Object.entries(environment).filter(([name]) => isPassedOn(name)));
  const searchPath = environment['PATH'] ?? '';
  return {
    name: program,
    async run(more, input) {
      // Looked for each time: whoever installs it need not end a daemon.
      const found = findProgram(program, { directory, searchPath, fileSystem });
      if (!found.ok) return { kind: 'not-started', code: 'ENOENT', why: `it ${found.message}` };
      return runProgram({
        argv: [found.path, ...args, ...more],
        cwd: directory,
        env,
        input: input === null ? undefined : new TextEncoder().encode(input.reveal()),
        deadlineMs,
        outputBytesMax: OUTPUT_BYTES_MAX,
      });
    },
  };
}

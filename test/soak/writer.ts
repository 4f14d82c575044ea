import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { systemFailure } from '../../src/effects/errno.ts';
import { repositoryRoot } from '../support/source-tree.ts';
import type { NetworkProxy } from './proxy.ts';

/** What stands before the paths of files on a shared disk. */
export const SHARED = 'shared';

/** One machine that runs `reconcile`: a workspace directory of its own, and its own way to the API. */
export interface Writer {
  readonly directory: string;
  readonly proxy: NetworkProxy;
  /** What a person wrote into each file, without the status. */
  readonly texts: ReadonlyMap<string, string>;
  /** Replaces what a person wrote and keeps the recorded status, or drops it too. */
  edit(file: string, text: string, keepsStatus: boolean): void;
  /** The file as it is. */
  read(file: string): string;
  loseJournal(): void;
  /** Every file of the workspace by its path. */
  files(): ReadonlyMap<string, { readonly text: string; readonly mode: number; readonly mtimeMs: number }>;
  start(...args: string[]): Running;
  /** As {@link start}, with more in its environment. */
  startWith(environment: Readonly<Record<string, string>>, ...args: string[]): Running;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Its log so far. */
  said(): string;
  /** What a co-tenant may see of the process: its arguments and its environment. */
  visible(): string;
}

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `shared`: a disk that several writers keep status and secrets on; null where each has all of its own. */
export function createWriter(
  directory: string,
  proxy: NetworkProxy,
  apiKeyFile: string,
  shared: string | null = null,
): Writer {
  const texts = new Map<string, string>();
  const api = { LAYERS_BASE_URL: proxy.url, LAYERS_API_KEY_FILE: apiKeyFile };
  const pathOf = (file: string) => join(directory, file);
  return {
    directory,
    proxy,
    texts,
    edit(file, text, keepsStatus) {
      const path = pathOf(file);
      const old = keepsStatus && existsSync(path) ? statusIn(readFileSync(path, 'utf8')) : '';
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text + old);
      texts.set(file, text);
    },
    read: (file) => readFileSync(pathOf(file), 'utf8'),
    loseJournal: () => rmSync(pathOf('.reconcile/journal.jsonl'), { force: true }),
    files: () =>
      new Map(
        [
          ...walk(directory).map((path) => [relative(directory, path), path] as const),
          ...(shared === null ? [] : walk(shared).map((path) => [join(SHARED, relative(shared, path)), path] as const)),
        ].flatMap(([name, path]) => {
          const seen = look(path);
          return seen ? [[name, seen] as const] : [];
        }),
      ),
    start: (...args) => start(directory, args, api),
    startWith: (environment, ...args) => start(directory, args, { ...environment, ...api }),
  };
}

/** The block that the tool keeps at the end of a file. */
export function statusIn(text: string): string {
  return /^status:[\s\S]*/m.exec(text)?.[0] ?? '';
}

function start(directory: string, args: readonly string[], environment: Record<string, string>): Running {
  const child = spawn(process.execPath, [join(repositoryRoot, 'dist/cli/main.js'), ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', HOME: directory, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, ...output }));
  });
  return { child, ended, said: () => output.stderr, visible: () => visibleOf(child.pid) };
}

/** Empty where there is no /proc, or the process is gone. */
function visibleOf(pid: number | undefined): string {
  try {
    return ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'utf8')).join('\n');
  } catch {
    return '';
  }
}

function walk(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Null for a file that a writer which is still at work has renamed or removed since it was listed. */
function look(path: string) {
  try {
    const { mode, mtimeMs } = statSync(path);
    return { text: readFileSync(path, 'latin1'), mode: mode & 0o777, mtimeMs };
  } catch (error) {
    if (systemFailure(error)?.code === 'ENOENT') return null;
    throw error;
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { join } from 'node:path';
import { repositoryRoot } from './source-tree.ts';

/** The built command as users have it: a process of its own, spoken to by arguments, environment, files and signals. */

export type Environment = Readonly<Record<string, string>>;

export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly finished: Promise<Finished>;
  /** Resolves with the match as soon as stdout or stderr shows it; rejects when the process ends without it. */
  shows(pattern: RegExp): Promise<RegExpExecArray>;
  stop(signal?: 'SIGTERM' | 'SIGINT'): Promise<Finished>;
  signal(signal: NodeJS.Signals): void;
}

const DEADLINE_MS = 15_000;

/**
 * Starts `reconcile` in `directory`, with nothing of our own environment but what finding programs needs. Daemons of tests
 * that run side by side must not all listen at the usual place.
 */
export function start(directory: string, args: readonly string[], environment: Environment = {}): Running {
  const child = spawn(process.execPath, [join(repositoryRoot, 'dist/cli/main.js'), ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', HOME: directory, RECONCILE_LISTEN: 'off', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      for (const listener of listeners) listener();
    });
  }
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, ...output }));
  });
  return {
    finished,
    shows: (pattern) => waitFor(pattern, output, listeners, finished),
    stop: (signal = 'SIGTERM') => stop(child, signal, finished),
    signal: (signal) => void child.kill(signal),
  };
}

/** Runs `reconcile` to its end. */
export function run(directory: string, args: readonly string[], environment: Environment = {}): Promise<Finished> {
  return start(directory, args, environment).finished;
}

function waitFor(
  pattern: RegExp,
  output: { readonly stdout: string; readonly stderr: string },
  listeners: Set<() => void>,
  finished: Promise<Finished>,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      listeners.delete(look);
      clearTimeout(deadline);
      end();
    };
    const complain = (why: string) =>
      settle(() => reject(new Error(`${why} before it showed ${pattern}:\n${output.stdout}\n${output.stderr}`)));
    const look = () => {
      const match = pattern.exec(output.stdout) ?? pattern.exec(output.stderr);
      if (match) settle(() => resolve(match));
    };
    const deadline = setTimeout(() => complain(`${DEADLINE_MS / 1000} s passed`), DEADLINE_MS);
    listeners.add(look);
    finished.then(({ exitCode }) => complain(`reconcile ended with ${exitCode}`), reject);
    look();
  });
}

async function stop(child: ChildProcess, signal: NodeJS.Signals, finished: Promise<Finished>): Promise<Finished> {
  child.kill(signal);
  const impatience = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  try {
    return await finished;
  } finally {
    clearTimeout(impatience);
  }
}

export interface SandboxProcess {
  /** What points the command line at this sandbox. */
  readonly environment: { readonly LAYERS_BASE_URL: string; readonly LAYERS_API_KEY: string };
  /** A request to the API, as the parent unless another key is given. */
  get(path: string, apiKey?: string): Promise<{ readonly status: number; readonly body: unknown }>;
  /** As `get`, with an idempotency key that nobody else uses. */
  post(path: string, body: object): Promise<{ readonly status: number; readonly body: unknown }>;
  /** A request to the control routes of docs/sandbox.md. */
  control(method: 'GET' | 'POST' | 'DELETE', name: string, body?: object): Promise<unknown>;
  stop(): Promise<Finished>;
}

/** Starts `reconcile sandbox` on a port of the system's choice; its state goes into `directory`. */
export async function startSandbox(directory: string): Promise<SandboxProcess> {
  const running = start(directory, ['sandbox', '--port', '0', '--data-directory', directory]);
  const [, url = ''] = await running.shows(/^export LAYERS_BASE_URL=(\S+)$/m);
  const [, key = ''] = await running.shows(/^export LAYERS_API_KEY=(\S+)$/m);
  return {
    environment: { LAYERS_BASE_URL: url, LAYERS_API_KEY: key },
    get: (path, apiKey = key) => send(url, 'GET', path, apiKey),
    post: (path, body) => send(url, 'POST', path, key, body),
    control: async (method, name, body) => (await send(url, method, `/__sandbox/${name}`, key, body)).body,
    stop: () => running.stop(),
  };
}

function send(
  url: string,
  method: string,
  path: string,
  apiKey: string,
  body?: object,
): Promise<{ readonly status: number; readonly body: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${apiKey}`, connection: 'close', 'idempotency-key': randomUUID() };
    const sent = request(new URL(path, url), { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
    });
    sent.once('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

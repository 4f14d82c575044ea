import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { podman } from '../../real/container-parts.ts';
import { podmanArguments, runPodman } from '../../real/containers.ts';

/** Nobody that the image knows. */
export const STRANGER = '12345:12345';

/** A workspace with declarations that nobody may write to, and an empty `.reconcile/` for the journal and the secrets. */
export interface Workspace {
  readonly directory: string;
}

/** No right is held, no network is there. (Without systemd nobody asks for the health of a container, so a test does.) */
export function confined(user: string): readonly string[] {
  return [
    '--read-only',
    '--read-only-tmpfs=false',
    '--cap-drop',
    'all',
    '--security-opt',
    'no-new-privileges',
    '--user',
    user,
    '--network',
    'none',
    '--no-healthcheck',
    // The defaults of podman are above what a container in a container may ask for.
    '--ulimit',
    'nofile=4096:4096',
    '--ulimit',
    'nproc=4096:4096',
  ];
}

/** As a stranger, with nothing to write to but `.reconcile/`. */
export function lockedDown({ directory }: Workspace): readonly string[] {
  return [
    ...confined(STRANGER),
    '--volume',
    `${directory}:/workspace:ro`,
    '--tmpfs',
    '/workspace/.reconcile:rw,size=16m,notmpcopyup',
  ];
}

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs to its end. */
export function runOnce(options: readonly string[], ...command: readonly string[]): Ended {
  const { status, stdout, stderr } = runPodman('run', '--rm', ...options, inject('image'), ...command);
  return { exitCode: status, stdout, stderr };
}

export interface Container {
  /** A second process in it. */
  exec(...command: readonly string[]): Ended;
  signal(name: 'TERM' | 'USR1' | 'KILL'): void;
  /** On stdout and stderr, until now. */
  said(): string;
  readonly ended: Promise<Ended>;
}

export function startContainer(options: readonly string[], ...command: readonly string[]): Container {
  const name = `reconcile-test-${randomBytes(5).toString('hex')}`;
  const args = podmanArguments('run', '--rm', '--name', name, ...options, inject('image'), ...command);
  const child: ChildProcess = spawn(podman.path, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text;
    });
  return {
    exec(...words) {
      const { status, stdout, stderr } = runPodman('exec', name, ...words);
      return { exitCode: status, stdout, stderr };
    },
    said: () => said.stdout + said.stderr,
    signal: (signal) => void runPodman('kill', '--signal', signal, name),
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode) => resolve({ exitCode, ...said }));
    }),
  };
}

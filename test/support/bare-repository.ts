import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createGit } from '../../src/effects/git.ts';
import { nodeFileSystem } from '../../src/effects/node-filesystem.ts';
import { createGitStatusStore } from '../../src/effects/status/git-store.ts';
import { createStatusBranch } from '../../src/effects/status/status-branch.ts';
import type { DiscardingStatusStore } from '../../src/effects/status/store.ts';

const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@partner.example', '-c', 'init.defaultBranch=main'];

export function git(directory: string, ...args: string[]): string {
  return execFileSync('git', [...who, ...args], {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'reconcile-git-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A real repository with one commit of declarations, and checkouts of it. */
export interface Remote {
  /** The bare repository. */
  readonly directory: string;
  checkout(url?: string): Checkout;
  /** Commits of the status branch, newest first. */
  history(branch?: string): { commit: string; parents: string[]; subject: string }[];
  /** The text of a file on the status branch; null when there is none. */
  textOf(path: string, branch?: string): string | null;
}

export interface Checkout {
  readonly directory: string;
  /** As a pass makes it: it looks at the remote at its first read. */
  store(options?: { branch?: string; remote?: string; folder?: string; now?: number }): DiscardingStatusStore;
}

export function createRemote(): Remote {
  const root = temporaryDirectory();
  const directory = join(root, 'remote.git');
  git(root, 'init', '--quiet', '--bare', directory);
  const first = join(root, 'first');
  git(root, 'clone', '--quiet', directory, first);
  mkdirSync(join(first, 'customers'));
  writeFileSync(join(first, 'reconcile.yaml'), 'webhooks: []\n');
  git(first, 'checkout', '--quiet', '-b', 'main');
  git(first, 'add', '--all');
  git(first, 'commit', '--quiet', '-m', 'Declare');
  git(first, 'push', '--quiet', 'origin', 'main');
  let made = 0;
  return {
    directory,
    checkout(url = directory) {
      made += 1;
      const place = join(root, `checkout-${made}`);
      git(root, 'clone', '--quiet', '--branch', 'main', url, place);
      return { directory: place, store: (options) => storeIn(place, options) };
    },
    history(branch = 'reconcile-status') {
      const lines = git(directory, 'log', '--format=%H|%P|%s', branch).trim().split('\n');
      return lines.map((line) => {
        const [commit = '', parents = '', subject = ''] = line.split('|');
        return { commit, parents: parents.split(' ').filter((one) => one !== ''), subject };
      });
    },
    textOf(path, branch = 'reconcile-status') {
      try {
        return git(directory, 'show', `${branch}:${path}`);
      } catch {
        return null;
      }
    },
  };
}

let uuids = 0;

function storeIn(
  checkout: string,
  { branch = 'reconcile-status', remote = 'origin', folder = '.', now = 1_800_000_000_000 } = {},
): DiscardingStatusStore {
  const directory = join(checkout, folder);
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], LAYERS_API_KEY: 'lp_live_never' };
  return createGitStatusStore({
    fileSystem: nodeFileSystem,
    chance: {
      uuid: () => {
        uuids += 1;
        return `made-${uuids}`;
      },
    },
    branch: createStatusBranch({ git: createGit({ directory, environment }), remote, branch, remoteIsAsked: true }),
    clock: { now: () => now },
    pendingDirectory: join(directory, '.reconcile', 'status'),
  });
}

import { lstatSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';

/** What will keep a change of the declarations from ever arriving, found at the start; for people. */
export interface MountWarning {
  readonly path: string;
  readonly why: string;
  readonly next: string;
}

/** As far as this system tells: without `/proc` nothing is said. */
export function mountWarnings(directory: string): readonly MountWarning[] {
  return [...pinnedMounts(readMountinfo(), directory, isFile), ...movingWorkspace(directory)];
}

/**
 * Mounts among the declarations that stay as they are whatever happens to their source: one file of a volume, and what
 * Kubernetes mounts with `subPath`, which keeps the revision of the ConfigMap that was there when the pod began.
 * `mountinfo` is `/proc/self/mountinfo`.
 */
export function pinnedMounts(
  mountinfo: string,
  directory: string,
  isSingleFile: (path: string) => boolean,
): readonly MountWarning[] {
  const customers = join(directory, 'customers');
  const isOurs = (path: string): boolean =>
    path === join(directory, 'reconcile.yaml') || path === customers || path.startsWith(customers + sep);
  return mountinfo.split('\n').flatMap((line) => {
    const [, , , root = '', point = ''] = line.split(' ').map(unescaped);
    if (!isOurs(point)) return [];
    const isPinned = root.split('/').some((name) => /^\.\.\d{4}_\d\d_\d\d/.test(name));
    if (!isPinned && !isSingleFile(point)) return [];
    const why = isPinned
      ? 'it is mounted with subPath, which shows one revision of the ConfigMap for ever'
      : 'it is mounted as a single file, which goes on showing the old one when the file is replaced';
    return [{ path: point, why, next: 'mount the whole volume as a directory' }];
  });
}

/**
 * A workspace behind a link that git-sync moves: `.reconcile/` stays in the tree that is left and is deleted with it, and
 * so are file secrets (I3).
 */
function movingWorkspace(directory: string): readonly MountWarning[] {
  try {
    const isBehindGitSync = realpathSync(directory).split(sep).includes('.worktrees');
    if (!isBehindGitSync && !lstatSync(directory).isSymbolicLink()) return [];
  } catch {
    return [];
  }
  return [
    {
      path: directory,
      why: 'the workspace is a link; when it moves, .reconcile/ with journal, lock and file secrets stays behind',
      next: 'let git-sync write below the workspace, and link customers and reconcile.yaml there',
    },
  ];
}

/** A space is written as `\040` there. */
function unescaped(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

function readMountinfo(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

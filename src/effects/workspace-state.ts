import { join } from 'node:path';
import { type Disk, ensureDirectory, failedTo, replaceFile } from './durable-file.ts';
import { unless } from './errno.ts';

/** Where a workspace keeps what is its own: the journal, the lock, the file secrets, the sandbox. */
export function stateDirectoryOf(workspaceDirectory: string): string {
  return join(workspaceDirectory, '.reconcile');
}

export type StateResult =
  | { readonly ok: true; readonly directory: string }
  | { readonly ok: false; readonly message: string };

function noWorkspace(directory: string): string {
  return `There is no directory ${directory}. Check what -C names; \`reconcile init\` makes a workspace.`;
}

const FORBIDDEN: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);
const WHO_MAY =
  'Run this as the user to whom the workspace belongs, on a disk that can be written to. --dry-run, status and explain write nothing there.';

/**
 * Makes `.reconcile/` (0700) with a `.gitignore` that keeps all of it out of git, in a workspace that is there: what -C
 * misspells must not come into being. For commands that write: a command that only reads does not call this and makes
 * nothing.
 */
export function ensureWorkspaceState(disk: Disk, workspaceDirectory: string): StateResult {
  const { fileSystem } = disk;
  const directory = stateDirectoryOf(workspaceDirectory);
  try {
    const workspace = unless(['ENOENT', 'ENOTDIR'], () => fileSystem.stat(workspaceDirectory));
    if (workspace?.kind !== 'directory') return { ok: false, message: noWorkspace(workspaceDirectory) };
    ensureDirectory(fileSystem, directory, 0o700);
    // A volume that the cluster mounted here belongs to root and keeps its mode; whatever needs privacy below it, the
    // secret store above all, looks for itself.
    if ((fileSystem.stat(directory).mode & 0o777) !== 0o700) {
      unless(['EPERM', 'EROFS', 'ENOTSUP'], () => fileSystem.chmod(directory, 0o700));
    }
    const ignoreFile = join(directory, '.gitignore');
    if (unless(['ENOENT'], () => fileSystem.stat(ignoreFile)) !== null) return { ok: true, directory };
    const written = replaceFile(disk, ignoreFile, new TextEncoder().encode('*\n'), { mode: 0o644 });
    return written.ok ? { ok: true, directory } : written;
  } catch (error) {
    const { code, message } = failedTo(`make ${directory} or write there`, error);
    return { ok: false, message: `${message}.${FORBIDDEN.has(code) ? ` ${WHO_MAY}` : ''}` };
  }
}

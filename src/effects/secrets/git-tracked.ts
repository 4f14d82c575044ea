import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * True when git tracks the path, so that a secret written there would be committed. Outside of a work tree, and without
 * git, nothing is tracked.
 */
export function isTrackedByGit(path: string): Promise<boolean> {
  return askGit(['--literal-pathspecs', 'ls-files', '--error-unmatch', '--', path], path);
}

/** True when git ignores the path, so that an encrypted secret there is never committed and ends with the machine. */
export function isIgnoredByGit(path: string): Promise<boolean> {
  return askGit(['check-ignore', '--quiet', '--', path], path);
}

/** True inside of a work tree of git. */
export function isInWorkTree(directory: string): Promise<boolean> {
  return askGit(['rev-parse', '--show-cdup'], join(directory, 'reconcile.yaml'));
}

/** True inside of a work tree that has a remote to push to. */
export function hasRemote(directory: string): Promise<boolean> {
  return askGit(['remote', 'get-url', 'origin'], join(directory, 'reconcile.yaml'));
}

/** Whether git answers yes (exit code 0), asked where the path lies. */
function askGit(question: readonly string[], path: string): Promise<boolean> {
  const options = ['-c', 'safe.directory=*', '-c', 'core.fsmonitor=false'];
  // The environment is made anew: it may hold the parent's API key, and a GIT_DIR that means another repository.
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' };
  return new Promise((resolve) => {
    execFile(
      'git',
      [...options, ...question],
      { cwd: existingDirectory(dirname(path)), env, timeout: 10_000 },
      (error) => resolve(error === null),
    );
  });
}

function existingDirectory(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : existingDirectory(dirname(path));
}

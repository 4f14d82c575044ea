import { dirname } from 'node:path';
import { unless } from '../errno.ts';
import type { FileSystem } from '../filesystem.ts';

const othersMayWrite = 0o022;
const worldMayWrite = 0o002;
const sticky = 0o1000;

/**
 * Why secrets must not be written into `directory`, or null. From the store's root down nobody else may write at all;
 * above it, whoever may write could put another directory in the root's place, unless the directory is sticky as /tmp is.
 * (A group may write above the root: that is what an ordinary umask of 002 gives, and so does a checkout of git, for which
 * `groupMayWrite` allows it everywhere.) Directories that do not exist yet are fine, they are made. Throws what node:fs
 * throws.
 */
export function unsafeDirectory(
  fileSystem: FileSystem,
  root: string,
  directory: string,
  groupMayWrite: boolean,
): string | null {
  const forbidden = groupMayWrite ? worldMayWrite : othersMayWrite;
  for (let path = directory; ; path = dirname(path)) {
    if ((modeOf(fileSystem, path) & forbidden) !== 0) {
      return `others may write to ${path}. Take that right away (chmod go-w) or let secrets.directory name a directory below it`;
    }
    if (path === root || path === dirname(path)) break;
  }
  for (let path = realPathOfExisting(fileSystem, directory); path !== dirname(path); ) {
    path = dirname(path);
    const mode = modeOf(fileSystem, path);
    if ((mode & worldMayWrite) !== 0 && (mode & sticky) === 0) {
      return `everybody may write to ${path}, and so replace what lies below it. Take that right away (chmod o-w)`;
    }
  }
  return null;
}

function modeOf(fileSystem: FileSystem, path: string): number {
  return unless(['ENOENT'], () => fileSystem.stat(path))?.mode ?? 0;
}

function realPathOfExisting(fileSystem: FileSystem, path: string): string {
  const real = unless(['ENOENT'], () => fileSystem.realPath(path));
  if (real !== null || path === dirname(path)) return real ?? path;
  return realPathOfExisting(fileSystem, dirname(path));
}

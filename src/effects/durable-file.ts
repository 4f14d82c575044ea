import { basename, dirname, join } from 'node:path';
import type { Chance } from './chance.ts';
import { type SystemFailure, systemFailure, unless } from './errno.ts';
import type { FileSystem } from './filesystem.ts';

/** What the functions here need of the outside world. */
export interface Disk {
  readonly fileSystem: FileSystem;
  readonly chance: Pick<Chance, 'uuid'>;
}

/** `code` is that of node:fs (`ENOSPC`), or `CHANGED`; `message` names the file and is for people. */
export type ReplaceResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: string; readonly message: string };

export interface ReplaceOptions {
  /** Permissions of the new file, exact in spite of the umask. */
  readonly mode: number;
  /**
   * The bytes that the file must still hold at the last moment before it is replaced; otherwise nothing is replaced and
   * the code is `CHANGED`. What an editor saves within the microseconds after that look cannot be noticed: POSIX has no
   * compare-and-rename.
   */
  readonly expected?: Uint8Array;
  /** True: there must be nothing at the path, up to the last moment too; otherwise nothing is written, with code `EXISTS`. */
  readonly onlyNew?: boolean;
}

/**
 * Replaces a file as a whole: whatever fails or crashes, the path holds the old bytes or the new ones, complete. Ok means
 * that the new ones survive a loss of power. A symbolic link is kept, its target is replaced.
 *
 * We do not use `write-file-atomic`: it installs a truncated file on a full disk.
 */
export function replaceFile(disk: Disk, path: string, bytes: Uint8Array, options: ReplaceOptions): ReplaceResult {
  try {
    const target = targetOf(disk.fileSystem, path);
    const temporary = join(dirname(target), `.reconcile-${disk.chance.uuid()}.tmp`);
    const descriptor = disk.fileSystem.createExclusive(temporary, options.mode);
    return undoingOnFailure(disk.fileSystem, temporary, () => {
      fillAndClose(disk.fileSystem, descriptor, bytes);
      if (options.expected && !sameBytes(disk.fileSystem.readFile(target), options.expected)) {
        disk.fileSystem.unlink(temporary);
        return { ok: false, code: 'CHANGED', message: `${path} was changed by somebody else in the meantime` };
      }
      if (options.onlyNew && isThere(disk.fileSystem, target)) {
        disk.fileSystem.unlink(temporary);
        return { ok: false, code: 'EXISTS', message: `${path} exists` };
      }
      disk.fileSystem.rename(temporary, target);
      disk.fileSystem.fsyncDirectory(dirname(target));
      return { ok: true };
    });
  } catch (error) {
    return failedTo(`write ${path}`, error);
  }
}

/** Makes a directory and those above it that are missing, each durable in the one above it. Throws what node:fs throws. */
export function ensureDirectory(fileSystem: FileSystem, path: string, mode: number): void {
  const existing = unless(['ENOENT'], () => fileSystem.stat(path));
  if (existing?.kind === 'directory') return;
  const parent = dirname(path);
  if (parent !== path) ensureDirectory(fileSystem, parent, mode);
  unless(['EEXIST'], () => fileSystem.makeDirectory(path, mode));
  fileSystem.fsyncDirectory(parent);
}

/**
 * Removes what {@link replaceFile} left behind in a directory when its process was killed. Only the holder of the
 * workspace's lock may call it: the temporary file of a living process looks the same.
 */
export function removeStrayFiles(fileSystem: FileSystem, directory: string): void {
  const entries = unless(['ENOENT'], () => fileSystem.readDirectory(directory)) ?? [];
  for (const { name, kind } of entries) {
    if (kind !== 'file' || !/^\.reconcile-[0-9A-Za-z-]+\.tmp$/.test(name)) continue;
    unless(['ENOENT'], () => fileSystem.unlink(join(directory, name)));
  }
}

/** Removes a file, durably; a missing one is fine. Throws what node:fs throws. */
export function removeFile(fileSystem: FileSystem, path: string): void {
  unless(['ENOENT'], () => fileSystem.unlink(path));
  fileSystem.fsyncDirectory(dirname(path));
}

/**
 * Writes all of `bytes`, syncs and closes. After an error the descriptor is closed and never synced again: a second
 * fsync may report success although the first one dropped the pages.
 */
export function fillAndClose(fileSystem: FileSystem, descriptor: number, bytes: Uint8Array): void {
  let isOpen = true;
  try {
    for (let written = 0; written < bytes.length; ) {
      const count = fileSystem.write(descriptor, bytes.subarray(written));
      if (count <= 0) throw Object.assign(new Error('write took no bytes'), { code: 'EIO' });
      written += count;
    }
    fileSystem.fsync(descriptor);
    isOpen = false;
    fileSystem.close(descriptor);
  } catch (error) {
    if (isOpen && systemFailure(error)) ignoringFailure(() => fileSystem.close(descriptor));
    throw error;
  }
}

/** The failure of a file operation as a sentence that says what was tried; anything but a system error is thrown on. */
export function failedTo(what: string, error: unknown): SystemFailure & { readonly ok: false } {
  const failure = systemFailure(error);
  if (!failure) throw error;
  return { ok: false, code: failure.code, message: `could not ${what}: ${failure.message}` };
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** By its name in the directory, so that a link which leads nowhere counts too; or in another case, on such a disk. */
function isThere(fileSystem: FileSystem, path: string): boolean {
  const named = fileSystem.readDirectory(dirname(path)).some(({ name }) => name === basename(path));
  return named || unless(['ENOENT'], () => fileSystem.stat(path)) !== null;
}

function targetOf(fileSystem: FileSystem, path: string): string {
  const real = unless(['ENOENT'], () => fileSystem.realPath(path));
  return real ?? join(fileSystem.realPath(dirname(path)), basename(path));
}

function undoingOnFailure<T>(fileSystem: FileSystem, temporary: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (systemFailure(error)) ignoringFailure(() => fileSystem.unlink(temporary));
    throw error;
  }
}

/** For tidying up on the way out of a failure, which is reported already. */
function ignoringFailure(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!systemFailure(error)) throw error;
  }
}

import { join } from 'node:path';
import { canonicalJson, type Json } from '../../core/canonical.ts';
import { readStatus, spliceStatus } from '../../core/status-splice.ts';
import { type Disk, ensureDirectory, failedTo, removeFile, removeStrayFiles, replaceFile } from '../durable-file.ts';
import { unless } from '../errno.ts';
import { fileNameOf } from '../file-names.ts';
import type { DiscardingStatusStore, StatusResult, StatusTarget } from './store.ts';
import { decode, encodeWithinLimit } from './text-file.ts';

export interface DirectoryStatusStoreOptions extends Disk {
  /** Absolute; made when the first status is written. */
  readonly directory: string;
}

/** Stands above the block in a file that holds nothing else. */
export const statusFileHeader = '# Written by reconcile. What you change here is overwritten.\n';

/**
 * Status in files of its own: `<directory>/<externalId>.yaml`, and `_fleet.yaml` for the fleet, each with the same
 * `status:` block that the inline store writes, so that it can be moved by hand. (No externalId begins with `_`.)
 */
export function createDirectoryStatusStore({ directory, ...disk }: DirectoryStatusStoreOptions): DiscardingStatusStore {
  const { fileSystem } = disk;
  const pathOf = (target: StatusTarget): string => join(directory, statusFileName(target));
  let isPrepared = false;

  function read(path: string): StatusResult<unknown> {
    const bytes = unless(['ENOENT'], () => fileSystem.readFile(path));
    if (bytes === null) return { ok: true, value: null };
    const found = readStatus(path, decode(bytes));
    return found.ok ? { ok: true, value: found.status } : found;
  }

  function write(path: string, status: { readonly [key: string]: Json }): StatusResult<void> {
    const recorded = read(path);
    // A damaged record may hold what vetoes a write (I7); only a person may throw it away.
    if (!recorded.ok) return recorded;
    if (canonicalJson(recorded.value) === canonicalJson(status)) return { ok: true, value: undefined };
    const spliced = spliceStatus(path, statusFileHeader, status);
    if (!spliced.ok) return spliced;
    const encoded = encodeWithinLimit(path, spliced.text);
    if (!encoded.ok) return encoded;
    if (!isPrepared) {
      ensureDirectory(fileSystem, directory, 0o755);
      removeStrayFiles(fileSystem, directory);
      isPrepared = true;
    }
    const mode = unless(['ENOENT'], () => fileSystem.stat(path).mode & 0o7777) ?? 0o644;
    const replaced = replaceFile(disk, path, encoded.value, { mode });
    return replaced.ok ? { ok: true, value: undefined } : { ok: false, message: replaced.message };
  }

  return {
    async read(target) {
      const path = pathOf(target);
      return attempt(`read the status in ${path}`, () => read(path));
    },
    async write(target, status) {
      const path = pathOf(target);
      return attempt(`write the status to ${path}`, () => write(path, status));
    },
    async discard(target) {
      const path = pathOf(target);
      return attempt(`remove the status in ${path}`, () => {
        if (unless(['ENOENT'], () => fileSystem.stat(path)) !== null) removeFile(fileSystem, path);
        return { ok: true, value: undefined };
      });
    },
  };
}

/** No externalId begins with `_`. */
export function statusFileName({ externalId }: Pick<StatusTarget, 'externalId'>): string {
  return externalId === null ? '_fleet.yaml' : `${fileNameOf(externalId)}.yaml`;
}

function attempt<T>(what: string, action: () => StatusResult<T>): StatusResult<T> {
  try {
    return action();
  } catch (error) {
    return { ok: false, message: failedTo(what, error).message };
  }
}

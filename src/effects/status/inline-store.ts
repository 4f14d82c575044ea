import { dirname, join } from 'node:path';
import { statusSettingNames } from '../../core/declaration/read.ts';
import { readStatus, removeStatus, type StatusSplice, spliceStatus } from '../../core/status-splice.ts';
import { type Disk, failedTo, removeStrayFiles, replaceFile } from '../durable-file.ts';
import type { DiscardingStatusStore, StatusResult, StatusTarget } from './store.ts';
import { decode, encodeWithinLimit, withoutMembers } from './text-file.ts';

export interface InlineStatusStoreOptions extends Disk {
  /** Absolute; the files that targets name are below it. */
  readonly workspaceDirectory: string;
}

/**
 * Status as the `status:` block of the customer's own file, or of `reconcile.yaml` for the fleet. Everything else in the
 * file stays byte for byte, and a file that somebody saves in the meantime is left as they saved it (invariant I11).
 */
export function createInlineStatusStore({
  workspaceDirectory,
  ...disk
}: InlineStatusStoreOptions): DiscardingStatusStore {
  const { fileSystem } = disk;
  const tidied = new Set<string>();
  const pathOf = ({ file }: StatusTarget): string => join(workspaceDirectory, file);

  return {
    async read(target) {
      try {
        const found = readStatus(target.file, decode(fileSystem.readFile(pathOf(target))));
        if (!found.ok) return found;
        return { ok: true, value: withoutMembers(found.status, settingsIn(target)) };
      } catch (error) {
        return { ok: false, message: failedTo(`read ${target.file}`, error).message };
      }
    },
    async write(target, status) {
      try {
        const splice = (text: string) => spliceStatus(target.file, text, status, settingsIn(target));
        return changeBlock(disk, pathOf(target), target, splice, tidied);
      } catch (error) {
        return { ok: false, message: failedTo(`write the status into ${target.file}`, error).message };
      }
    },
    async discard(target) {
      try {
        return changeBlock(disk, pathOf(target), target, (text) => removeStatus(target.file, text), tidied);
      } catch (error) {
        return { ok: false, message: failedTo(`take the status out of ${target.file}`, error).message };
      }
    },
  };
}

function changeBlock(
  disk: Disk,
  path: string,
  target: StatusTarget,
  splice: (text: string) => StatusSplice,
  tidied: Set<string>,
): StatusResult<void> {
  const { fileSystem } = disk;
  const bytes = fileSystem.readFile(path);
  const text = decode(bytes);
  const spliced = splice(text);
  if (!spliced.ok) return spliced;
  if (spliced.text === text) return { ok: true, value: undefined };
  const encoded = encodeWithinLimit(target.file, spliced.text);
  if (!encoded.ok) return encoded;

  const directory = dirname(fileSystem.realPath(path));
  // What a killed process left can lie there once only: when this one began.
  if (!tidied.has(directory)) removeStrayFiles(fileSystem, directory);
  tidied.add(directory);
  const mode = fileSystem.stat(path).mode & 0o7777;
  const replaced = replaceFile(disk, path, encoded.value, { mode, expected: bytes });
  if (replaced.ok) return { ok: true, value: undefined };
  return { ok: false, message: `the status in ${target.file} was left as it was: ${replaced.message}` };
}

/** `status.store` and what belongs to it in reconcile.yaml are the user's settings, not something recorded. */
function settingsIn(target: StatusTarget): readonly string[] {
  return target.externalId === null ? statusSettingNames : [];
}

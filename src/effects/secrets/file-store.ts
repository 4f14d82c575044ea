import { basename, dirname, join, relative } from 'node:path';
import {
  type Disk,
  ensureDirectory,
  failedTo,
  type ReplaceResult,
  removeFile,
  removeStrayFiles,
  replaceFile,
  sameBytes,
} from '../durable-file.ts';
import { unless } from '../errno.ts';
import { unsafeDirectory } from './private-directory.ts';
import { type SlotFiles, slotFiles } from './slot-files.ts';
import { readPrevious, readSlot, recordOf, type SlotState } from './slot-state.ts';
import type { SecretSlot, SecretStore, StoredSecret, StoreResult } from './store.ts';

export interface FileSecretStoreOptions extends Disk {
  /** Absolute; made when missing. */
  readonly directory: string;
  /** The directory as people write it, for references in status and plans; default: `directory`. */
  readonly displayDirectory?: string;
  /** Whether git tracks a path; nothing is minted into one that it does. Default: it tracks nothing. */
  readonly isTracked?: (path: string) => Promise<boolean>;
}

/**
 * Secrets as plain files, 0600 in directories of 0700:
 * `<directory>/<parentOrganizationId>/customers/<externalId>/<name>` and `<directory>/<parentOrganizationId>/webhooks/<name>`.
 * The order of the writes, and why no crash between them can mix up two secrets: docs/decisions/0003-secret-file-layout.md.
 */
export function createFileSecretStore(options: FileSecretStoreOptions): SecretStore {
  const { directory: root, displayDirectory = root, fileSystem, isTracked } = options;
  const filesOf = (slot: SecretSlot): SlotFiles => slotFiles(root, slot);

  return {
    async probe(slot) {
      const files = filesOf(slot);
      for (const path of [files.secret, files.previousSecret]) {
        if (await isTracked?.(path)) return failure(`git tracks ${path}: a secret written there would be committed`);
      }
      return attempt(`prepare ${files.directory}`, () => probeSlot(options, files));
    },
    async read(slot) {
      const files = filesOf(slot);
      return attempt(`read ${files.secret}`, () => storedIn(readSlot(fileSystem, files)));
    },
    async put(slot, stored) {
      const files = filesOf(slot);
      return attempt(`write ${files.secret}`, () => putIntoSlot(options, files, stored));
    },
    async readPrevious(slot) {
      const files = filesOf(slot);
      return attempt(`read ${files.previousSecret}`, () => {
        const previous = storedIn(readPrevious(fileSystem, files));
        const current = readSlot(fileSystem, files);
        // Until the switch that a crash interrupted goes on, the previous place holds a copy of the current secret.
        const isCopy = previous.ok && previous.value && current.kind === 'held' && same(current.stored, previous.value);
        return isCopy ? { ok: true, value: null } : previous;
      });
    },
    async removePrevious(slot) {
      const files = filesOf(slot);
      return attempt(`remove ${files.previousSecret}`, () => removePreviousOf(options, files));
    },
    reference: (slot) => `file:${join(displayDirectory, relative(root, filesOf(slot).secret))}`,
  };
}

function probeSlot(options: FileSecretStoreOptions, files: SlotFiles): StoreResult<void> {
  const { fileSystem } = options;
  const prepared = prepareDirectory(options, files);
  if (!prepared.ok) return prepared;
  const state = readSlot(fileSystem, files);
  if (state.kind === 'unknown') return failure(state.message);
  // As large as all that a put writes, so that a full disk is noticed now.
  const bytes = new TextEncoder().encode('probe\n'.repeat(512));
  const written = replaceFile(options, files.probe, bytes, { mode: 0o600 });
  if (!written.ok) return failure(written.message);
  const isSame = sameBytes(fileSystem.readFile(files.probe), bytes);
  removeFile(fileSystem, files.probe);
  return isSame ? done : failure(`${files.probe} does not read back as it was written`);
}

function putIntoSlot(options: FileSecretStoreOptions, files: SlotFiles, stored: StoredSecret): StoreResult<void> {
  const { fileSystem } = options;
  const prepared = prepareDirectory(options, files);
  if (!prepared.ok) return prepared;
  const before = readSlot(fileSystem, files);
  if (before.kind === 'unknown') setAside(options, files);
  const held = before.kind === 'held' ? before.stored : null;

  const steps: (() => ReplaceResult)[] = [];
  if (held && before.kind === 'held' && before.isSwitching) steps.push(() => writeRecord(options, files, held));
  if (!held || !same(held, stored)) {
    if (held) steps.push(() => copyToPrevious(options, files, held));
    steps.push(
      () => writeSwitching(options, files, held, stored),
      () => writePrivate(options, files.secret, stored.secret.reveal()),
      () => writeRecord(options, files, stored),
    );
  }
  for (const step of steps) {
    const result = step();
    if (!result.ok) return failure(result.message);
  }
  const after = readSlot(fileSystem, files);
  if (after.kind === 'held' && !after.isSwitching && same(after.stored, stored)) return done;
  return failure(`${files.secret} does not read back as it was written`);
}

function removePreviousOf(options: FileSecretStoreOptions, files: SlotFiles): StoreResult<void> {
  const state = readSlot(options.fileSystem, files);
  if (state.kind === 'unknown') return failure(state.message);
  if (state.kind === 'held' && state.isSwitching) {
    const settled = writeRecord(options, files, state.stored);
    if (!settled.ok) return failure(settled.message);
  }
  for (const path of [files.previousSecret, files.previousRecord]) {
    unless(['ENOENT', 'ENOTDIR'], () => removeFile(options.fileSystem, path));
  }
  return done;
}

function prepareDirectory(
  { fileSystem, chance, directory }: FileSecretStoreOptions,
  files: SlotFiles,
): StoreResult<void> {
  const reason = unsafeDirectory(fileSystem, directory, files.directory);
  if (reason !== null) return failure(`no secret is written to ${files.directory}: ${reason}`);
  ensureDirectory(fileSystem, files.directory, 0o700);
  // A crash may have come between the making of a directory and its sync; a secret must not hang on such a branch. What
  // lies above the root may be closed to us.
  for (let path = files.directory; path !== directory; path = dirname(path)) fileSystem.fsyncDirectory(dirname(path));
  unless(['EACCES'], () => fileSystem.fsyncDirectory(dirname(directory)));
  removeStrayFiles(fileSystem, files.directory);
  const ignoreFile = join(files.parentDirectory, '.gitignore');
  if (unless(['ENOENT'], () => fileSystem.stat(ignoreFile)) !== null) return done;
  removeStrayFiles(fileSystem, files.parentDirectory);
  const written = replaceFile({ fileSystem, chance }, ignoreFile, new TextEncoder().encode('*\n'), { mode: 0o600 });
  return written.ok ? done : failure(written.message);
}

/**
 * Copies, so that the current place is never empty. The old record goes first: a secret without a record is worth
 * nothing, a secret with another's record would be believed.
 */
function copyToPrevious(disk: Disk, files: SlotFiles, held: StoredSecret): ReplaceResult {
  const previous = readPrevious(disk.fileSystem, files);
  if (previous.kind === 'held' && same(previous.stored, held)) return { ok: true };
  removeFile(disk.fileSystem, files.previousRecord);
  const copied = writePrivate(disk, files.previousSecret, held.secret.reveal());
  return copied.ok ? writePrivate(disk, files.previousRecord, asJson(recordOf(held))) : copied;
}

function writeSwitching(disk: Disk, files: SlotFiles, from: StoredSecret | null, to: StoredSecret): ReplaceResult {
  return writePrivate(disk, files.record, asJson({ switching: { from: from && recordOf(from), to: recordOf(to) } }));
}

function writeRecord(disk: Disk, files: SlotFiles, stored: StoredSecret): ReplaceResult {
  return writePrivate(disk, files.record, asJson(recordOf(stored)));
}

function writePrivate(disk: Disk, path: string, text: string): ReplaceResult {
  return replaceFile(disk, path, new TextEncoder().encode(text), { mode: 0o600 });
}

/** A secret that nobody can name must neither be believed nor be overwritten. */
function setAside({ fileSystem, chance }: Disk, files: SlotFiles): void {
  const suffix = `unknown-${chance.uuid()}`;
  for (const path of [files.secret, files.record]) {
    unless(['ENOENT'], () => fileSystem.rename(path, join(files.directory, `${basename(path)}.${suffix}`)));
  }
  fileSystem.fsyncDirectory(files.directory);
}

function storedIn(state: SlotState): StoreResult<StoredSecret | null> {
  if (state.kind === 'unknown') return failure(state.message);
  return { ok: true, value: state.kind === 'held' ? state.stored : null };
}

/** A rotated signing secret keeps the id of its endpoint, so the secret itself decides as well. */
function same(a: StoredSecret, b: StoredSecret): boolean {
  return a.id === b.id && a.secret.equals(b.secret);
}

function asJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const done: StoreResult<void> = { ok: true, value: undefined };

function failure(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}

function attempt<T>(what: string, action: () => StoreResult<T>): StoreResult<T> {
  try {
    return action();
  } catch (error) {
    return failure(failedTo(what, error).message);
  }
}

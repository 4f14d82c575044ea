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
import { plainEncoding, type SecretEncoding } from './encoding.ts';
import { unsafeDirectory } from './private-directory.ts';
import { type SlotFiles, slotFiles } from './slot-files.ts';
import { readPrevious, readSlot, recordOf, type SlotState } from './slot-state.ts';
import type { HeldSecret, SecretSlot, SecretStore, StoredSecret, StoreResult } from './store.ts';

export interface FileSecretStoreOptions extends Disk {
  /** Absolute; made when missing. */
  readonly directory: string;
  /** The directory as people write it, for references in status and plans; default: `directory`. */
  readonly displayDirectory?: string;
  /** Whether git tracks a path; no plain secret is minted into one that it does. Default: it tracks nothing. */
  readonly isTracked?: (path: string) => Promise<boolean>;
  /** Whether git ignores a path; nothing that is to be committed is minted into one. Default: it ignores nothing. */
  readonly isIgnored?: (path: string) => Promise<boolean>;
  /** Default: plain. */
  readonly encoding?: SecretEncoding;
}

/** A place with everything that is needed to work in it. */
interface Place extends Disk {
  readonly directory: string;
  readonly encoding: SecretEncoding;
}

/**
 * Secrets in files, `<directory>/<parentOrganizationId>/customers/<externalId>/<name>` and
 * `<directory>/<parentOrganizationId>/webhooks/<name>`: plain ones are 0600 in directories of 0700; encrypted ones, which
 * may be committed, have the modes that a checkout gives them.
 * The order of the writes, and why no crash between them can mix up two secrets: docs/decisions/0003-secret-file-layout.md.
 */
export function createFileSecretStore(options: FileSecretStoreOptions): SecretStore {
  const { directory: root, displayDirectory = root, fileSystem, chance, encoding = plainEncoding } = options;
  const place: Place = { directory: root, fileSystem, chance, encoding };
  const filesOf = (slot: SecretSlot): SlotFiles => slotFiles(root, slot, encoding.suffix);

  return {
    async probe(slot) {
      const files = filesOf(slot);
      const refusal = await refusalByGit(options, encoding, files);
      if (refusal !== null) return failure(refusal);
      const proved = await encoding.prove();
      return proved.ok ? attempt(`prepare ${files.directory}`, () => probeSlot(place, files)) : proved;
    },
    async read(slot) {
      const files = filesOf(slot);
      return attempt(`read ${files.secret}`, () => heldIn(encoding, readSlot(place, files)));
    },
    async put(slot, stored) {
      const files = filesOf(slot);
      const text = await encoding.encode(stored.secret);
      if (!text.ok) return text;
      const put = attempt(`write ${files.secret}`, () => putIntoSlot(place, files, { ...stored, secret: text.value }));
      // Read back already: the file holds exactly this text. Whether the text holds the secret comes after it is safe.
      return put.ok ? encoding.confirm(text.value, stored.secret) : put;
    },
    async settle(slot) {
      const { directory } = filesOf(slot);
      return attempt(`sync ${directory}`, () => {
        // What a file holds is synced before it gets its name; names, and directories, are durable in what is above them.
        for (let path = directory; ; path = dirname(path)) {
          fileSystem.fsyncDirectory(path);
          if (path === dirname(root) || path === dirname(path)) return done;
        }
      });
    },
    async readPrevious(slot) {
      const files = filesOf(slot);
      return attempt(`read ${files.previousSecret}`, () => {
        const previous = readPrevious(place, files);
        const current = readSlot(place, files);
        // Until the switch that a crash interrupted goes on, the previous place holds a copy of the current secret.
        const isCopy =
          previous.kind === 'held' &&
          current.kind === 'held' &&
          (same(current.stored, previous.stored) || isOneCredential(encoding, current.stored, previous.stored));
        return isCopy ? { ok: true, value: null } : heldIn(encoding, previous);
      });
    },
    async removePrevious(slot) {
      const files = filesOf(slot);
      return attempt(`remove ${files.previousSecret}`, () => removePreviousOf(place, files));
    },
    reference: (slot) => `${encoding.scheme}:${join(displayDirectory, relative(root, filesOf(slot).secret))}`,
  };
}

/** A plain secret must stay out of git; one that is to be committed must not be kept out of it. */
async function refusalByGit(
  { isTracked, isIgnored }: FileSecretStoreOptions,
  { mayBeCommitted }: SecretEncoding,
  files: SlotFiles,
): Promise<string | null> {
  for (const path of [files.secret, files.previousSecret]) {
    if (!mayBeCommitted && (await isTracked?.(path)))
      return `git tracks ${path}: a secret written there would be committed`;
    if (mayBeCommitted && (await isIgnored?.(path)))
      return `git ignores ${path}: an encrypted secret there would never be committed. Take it out of .gitignore, or let secrets.directory name another place`;
  }
  return null;
}

function probeSlot(place: Place, files: SlotFiles): StoreResult<void> {
  const { fileSystem } = place;
  const prepared = prepareDirectory(place, files);
  if (!prepared.ok) return prepared;
  const state = readSlot(place, files);
  if (state.kind === 'unknown') return failure(state.message);
  // As large as all that a put writes, so that a full disk is noticed now.
  const bytes = new TextEncoder().encode('probe\n'.repeat(2048));
  const written = replaceFile(place, files.probe, bytes, { mode: 0o600 });
  if (!written.ok) return failure(written.message);
  const isSame = sameBytes(fileSystem.readFile(files.probe), bytes);
  removeFile(fileSystem, files.probe);
  return isSame ? done : failure(`${files.probe} does not read back as it was written`);
}

/** `stored` with the text of its file in place of the secret. */
function putIntoSlot(place: Place, files: SlotFiles, stored: StoredSecret): StoreResult<void> {
  const prepared = prepareDirectory(place, files);
  if (!prepared.ok) return prepared;
  const before = readSlot(place, files);
  if (before.kind === 'unknown') setAside(place, files);
  const held = before.kind === 'held' ? before.stored : null;

  const steps: (() => ReplaceResult)[] = [];
  if (held && before.kind === 'held' && before.isSwitching) steps.push(() => writeRecord(place, files, held));
  if (held && !same(held, stored) && isOneCredential(place.encoding, held, stored)) {
    // Encrypted anew, as after a crash: it takes the place of its twin, and what is in the previous place stays there.
    steps.push(() => writeSecret(place, files.secret, stored));
  } else if (!held || !same(held, stored)) {
    if (held) steps.push(() => copyToPrevious(place, files, held));
    steps.push(
      () => writeSwitching(place, files, held, stored),
      () => writeSecret(place, files.secret, stored),
      () => writeRecord(place, files, stored),
    );
  }
  for (const step of steps) {
    const result = step();
    if (!result.ok) return failure(result.message);
  }
  const after = readSlot(place, files);
  if (after.kind === 'held' && !after.isSwitching && same(after.stored, stored)) return done;
  return failure(`${files.secret} does not read back as it was written`);
}

function removePreviousOf(place: Place, files: SlotFiles): StoreResult<void> {
  const state = readSlot(place, files);
  if (state.kind === 'unknown') return failure(state.message);
  if (state.kind === 'held' && state.isSwitching) {
    const settled = writeRecord(place, files, state.stored);
    if (!settled.ok) return failure(settled.message);
  }
  for (const path of [files.previousSecret, files.previousRecord]) {
    unless(['ENOENT', 'ENOTDIR'], () => removeFile(place.fileSystem, path));
  }
  return done;
}

function prepareDirectory({ fileSystem, chance, directory, encoding }: Place, files: SlotFiles): StoreResult<void> {
  const { mayBeCommitted } = encoding;
  const reason = unsafeDirectory(fileSystem, directory, files.directory, mayBeCommitted);
  if (reason !== null) return failure(`no secret is written to ${files.directory}: ${reason}`);
  ensureDirectory(fileSystem, files.directory, mayBeCommitted ? 0o755 : 0o700);
  // A crash may have come between the making of a directory and its sync; a secret must not hang on such a branch. What
  // lies above the root may be closed to us.
  for (let path = files.directory; path !== directory; path = dirname(path)) fileSystem.fsyncDirectory(dirname(path));
  unless(['EACCES'], () => fileSystem.fsyncDirectory(dirname(directory)));
  removeStrayFiles(fileSystem, files.directory);
  if (mayBeCommitted) return done;
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
function copyToPrevious(place: Place, files: SlotFiles, held: StoredSecret): ReplaceResult {
  const previous = readPrevious(place, files);
  if (previous.kind === 'held' && same(previous.stored, held)) return { ok: true };
  removeFile(place.fileSystem, files.previousRecord);
  const copied = writeSecret(place, files.previousSecret, held);
  return copied.ok ? writeFile(place, files.previousRecord, asJson(recordOf(held))) : copied;
}

function writeSwitching(place: Place, files: SlotFiles, from: StoredSecret | null, to: StoredSecret): ReplaceResult {
  return writeFile(place, files.record, asJson({ switching: { from: from && recordOf(from), to: recordOf(to) } }));
}

function writeRecord(place: Place, files: SlotFiles, stored: StoredSecret): ReplaceResult {
  return writeFile(place, files.record, asJson(recordOf(stored)));
}

function writeSecret(place: Place, path: string, { secret }: StoredSecret): ReplaceResult {
  const text = secret.reveal();
  return writeFile(place, path, `${text}${place.encoding.end}`);
}

function writeFile(place: Place, path: string, text: string): ReplaceResult {
  const mode = place.encoding.mayBeCommitted ? 0o644 : 0o600;
  return replaceFile(place, path, new TextEncoder().encode(text), { mode });
}

/** A secret that nobody can name must neither be believed nor be overwritten. */
function setAside({ fileSystem, chance }: Disk, files: SlotFiles): void {
  const suffix = `unknown-${chance.uuid()}`;
  for (const path of [files.secret, files.record]) {
    unless(['ENOENT'], () => fileSystem.rename(path, join(files.directory, `${basename(path)}.${suffix}`)));
  }
  fileSystem.fsyncDirectory(files.directory);
}

function heldIn(encoding: SecretEncoding, state: SlotState): StoreResult<HeldSecret | null> {
  if (state.kind === 'unknown') return failure(state.message);
  if (state.kind === 'empty') return { ok: true, value: null };
  return { ok: true, value: { ...state.stored, secret: encoding.plainIn(state.stored.secret) } };
}

/** A rotated signing secret keeps the id of its endpoint, so the secret itself decides as well. */
function same(a: StoredSecret, b: StoredSecret): boolean {
  return a.id === b.id && a.secret.equals(b.secret);
}

/** Two encryptions of one secret differ, and nobody here may be able to open them: then their records decide. */
function isOneCredential({ isDeterministic }: SecretEncoding, a: StoredSecret, b: StoredSecret): boolean {
  return !isDeterministic && a.id === b.id && a.prefix === b.prefix && a.createdAt === b.createdAt;
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

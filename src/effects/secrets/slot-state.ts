import { z } from 'zod';
import { Secret } from '../../core/secret.ts';
import { keyPrefix } from '../../core/secret-shape.ts';
import { unless } from '../errno.ts';
import type { FileSystem } from '../filesystem.ts';
import type { SecretEncoding } from './encoding.ts';
import type { SlotFiles } from './slot-files.ts';
import type { CredentialRecord, StoredSecret } from './store.ts';

const credentialRecord = z.object({
  id: z.string(),
  prefix: z.string().nullable(),
  createdAt: z.string().nullable(),
});

/** While one secret takes the place of another, the record names both: the file beside it holds one of the two. */
const recordFile = z.union([
  credentialRecord,
  z.object({ switching: z.object({ from: credentialRecord.nullable(), to: credentialRecord }) }),
]);

type RecordFile = z.output<typeof recordFile>;

export type SlotState =
  | { readonly kind: 'empty' }
  | {
      readonly kind: 'held';
      /** Its `secret` is the text of the file, encoded as it stands there. */
      readonly stored: StoredSecret;
      /** True when a crash left the record naming two credentials; the evidence beside it must stay until it names one. */
      readonly isSwitching: boolean;
    }
  /** Nobody can tell which credential the secret belongs to; `message` says why and what to do. */
  | { readonly kind: 'unknown'; readonly message: string };

/** What reading a slot rests on. */
export interface SlotReader {
  readonly fileSystem: FileSystem;
  readonly encoding: Pick<SecretEncoding, 'flawIn'>;
}

/** Which credential a slot holds, whatever the steps between which a crash fell. Throws what node:fs throws. */
export function readSlot(reader: SlotReader, files: SlotFiles): SlotState {
  const { fileSystem } = reader;
  const text = readText(fileSystem, files.secret);
  if (text === null) return { kind: 'empty' };
  const record = readRecord(fileSystem, files.record);
  if (record === null) return unknown(files, `there is no readable record ${files.record} that says which key it is`);
  if (!('switching' in record)) return held(reader, files, text, record, false);
  const { from, to } = record.switching;
  if (from === null) return held(reader, files, text, to, true);
  const previous = readPair(fileSystem, files.previousSecret, files.previousRecord);
  // `from` was copied to its previous place before the record began to name two, so equal bytes mean the old one.
  if (previous?.id !== from.id) {
    return unknown(files, `${files.previousSecret}, which would tell, was removed while the secret was being replaced`);
  }
  return held(reader, files, text, previous.secret.reveal() === text ? from : to, true);
}

/** The credential in the previous place; null unless both of its files are there. */
export function readPrevious(reader: SlotReader, files: SlotFiles): SlotState {
  const previous = readPair(reader.fileSystem, files.previousSecret, files.previousRecord);
  if (previous === null) return { kind: 'empty' };
  const { secret, ...record } = previous;
  return held(reader, { ...files, secret: files.previousSecret }, secret.reveal(), record, false);
}

export function recordOf({ id, prefix, createdAt }: CredentialRecord): CredentialRecord {
  return { id, prefix, createdAt };
}

function held(
  { encoding }: SlotReader,
  files: SlotFiles,
  text: string,
  record: CredentialRecord,
  isSwitching: boolean,
): SlotState {
  const flaw = encoding.flawIn(text);
  if (flaw !== null) return { kind: 'unknown', message: `${files.secret} ${flaw}. Restore the file, or move it away` };
  // An API key begins with its prefix (layers-api, key text), so a secret put there by hand can be told.
  const shown = keyPrefix(text);
  const expected = record.prefix === null ? null : keyPrefix(record.prefix);
  if (shown !== null && expected !== null && shown !== expected) {
    return unknown(files, `it begins with ${shown}, but its record is that of ${record.id}, ${expected}`);
  }
  return { kind: 'held', stored: { ...record, secret: new Secret(text) }, isSwitching };
}

function unknown(files: SlotFiles, why: string): SlotState {
  const message = `${files.secret} holds a secret of an unknown key: ${why}. Restore the file, or move it away`;
  return { kind: 'unknown', message };
}

function readPair(fileSystem: FileSystem, secretPath: string, recordPath: string): StoredSecret | null {
  const text = readText(fileSystem, secretPath);
  const record = readRecord(fileSystem, recordPath);
  if (text === null || record === null || 'switching' in record) return null;
  return { ...record, secret: new Secret(text) };
}

/** Without the newline that an editor may have added; null when the file is missing. */
function readText(fileSystem: FileSystem, path: string): string | null {
  const bytes = unless(['ENOENT', 'ENOTDIR'], () => fileSystem.readFile(path));
  return bytes && new TextDecoder().decode(bytes).replace(/\r?\n$/, '');
}

function readRecord(fileSystem: FileSystem, path: string): RecordFile | null {
  const text = readText(fileSystem, path);
  if (text === null) return null;
  try {
    return recordFile.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

import type { Chance } from '../chance.ts';
import { emptySlot, isSame, type SlotContents, type SlotReading, setAside, withoutSecrets } from './slot-contents.ts';
import type { SecretSlot, SecretStore, StoredSecret, StoreResult } from './store.ts';

/** A place that keeps one document for each slot and replaces it whole. `Version` is what it tells two of them apart by. */
export interface SlotDocuments<Version> {
  /** For people: `the Secret layers-secrets/layers-acme-…`. */
  nameOf(slot: SecretSlot): string;
  reference(slot: SecretSlot): string;
  /** Names in the document that are for secrets of ours and for nothing else. */
  readonly secretNames: readonly string[];
  /** Proves that a document can be written and read back; the slot's own was read before. */
  prove(slot: SecretSlot): Promise<StoreResult<void>>;
  read(slot: SecretSlot): Promise<StoreResult<DocumentRead<Version>>>;
  /** Replaces the document, if it still has the version that was read. */
  write(slot: SecretSlot, contents: SlotContents, version: Version | null): Promise<Written>;
}

export interface DocumentRead<Version> {
  /** null: there is none. */
  readonly reading: SlotReading | null;
  /** What a write replaces. */
  readonly version: Version | null;
}

export type Written =
  | { readonly outcome: 'ok' }
  /** Somebody was faster, or the answer was lost: what is there now decides. */
  | { readonly outcome: 'again'; readonly message: string }
  | { readonly outcome: 'failed'; readonly message: string };

/** Somebody else writes at the same time, or answers are lost, again and again. */
const ATTEMPTS = 5;

/** What a slot's document held when it was last read. */
interface SlotRead<Version> {
  readonly reading: Exclude<SlotReading, { readonly kind: 'foreign' }>;
  readonly version: Version | null;
  /** Whether this change was sent before, so that what is read now may be its outcome. */
  readonly isSent: boolean;
}

/** What the document is to hold; null when it is as wanted; a text says why it must stay as it is. */
type Decide = (before: Pick<SlotRead<unknown>, 'reading' | 'isSent'>) => SlotContents | string | null;

/**
 * Secrets in documents, one for each slot: both of its secrets, and whose they are. A document is replaced whole and, where
 * the place can compare, only in the version that was read, so that no crash and no other writer can mix up two secrets
 * (I3). Nothing of a slot is ever deleted.
 */
export function createDocumentSecretStore<Version>(
  documents: SlotDocuments<Version>,
  chance: Pick<Chance, 'uuid'>,
): SecretStore {
  return {
    async probe(slot) {
      const found = await readSlot(documents, slot);
      if (!found.ok) return found;
      const { reading } = found.value;
      return reading.kind === 'unknown' ? failure(reading.message) : documents.prove(slot);
    },
    async read(slot) {
      const found = await readSlot(documents, slot);
      if (!found.ok) return found;
      const { reading } = found.value;
      return reading.kind === 'unknown' ? failure(reading.message) : { ok: true, value: reading.contents.current };
    },
    async put(slot, stored) {
      const names = documents.secretNames;
      const put = await changeSlot(documents, slot, (before) => withSecret(before, stored, names, chance));
      return put.ok ? done : failure(withoutSecrets(put.message, [stored.secret]));
    },
    // What the place acknowledged, and what reads back, is durable there: it is for the place to promise that.
    async settle(slot) {
      const found = await readSlot(documents, slot);
      return found.ok ? done : found;
    },
    async readPrevious(slot) {
      const found = await readSlot(documents, slot);
      if (!found.ok) return found;
      const { current, previous } = found.value.reading.contents;
      return { ok: true, value: isSame(current, previous) ? null : previous };
    },
    removePrevious: (slot) =>
      changeSlot(documents, slot, ({ reading }) => {
        if (reading.kind === 'unknown') return reading.message;
        return reading.contents.previous === null ? null : { ...reading.contents, previous: null };
      }),
    reference: (slot) => documents.reference(slot),
  };
}

/** The secret goes in, and what was there becomes the previous one. */
function withSecret(
  { reading, isSent }: Parameters<Decide>[0],
  stored: StoredSecret,
  secretNames: readonly string[],
  { uuid }: Pick<Chance, 'uuid'>,
): SlotContents | null {
  const { current, previous, others } = reading.contents;
  if (isSame(current, stored)) return null;
  // Somebody who came after us has moved it there already: it is as safe, and theirs is the newer one.
  if (isSent && isSame(previous, stored)) return null;
  // A secret that nobody can name must neither be believed nor be overwritten.
  return {
    current: stored,
    previous: current ?? previous,
    others: setAside(others, secretNames, uuid),
    probe: null,
  };
}

/** Writes until a read says that it is done: the read that proves it (K5) is the same that settles a lost answer. */
export async function changeSlot<Version>(
  documents: SlotDocuments<Version>,
  slot: SecretSlot,
  decide: Decide,
): Promise<StoreResult<void>> {
  let why = 'it does not read back as it was written';
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await readSlot(documents, slot);
    if (!before.ok) return before;
    const { reading, version } = before.value;
    const next = decide({ reading, isSent: attempt > 0 });
    if (next === null) return done;
    if (typeof next === 'string') return failure(next);
    const written = await documents.write(slot, next, version);
    if (written.outcome === 'ok') continue;
    why = written.message;
    if (written.outcome === 'failed') break;
  }
  return failure(`${documents.nameOf(slot)} was not written: ${why}`);
}

async function readSlot<Version>(
  documents: SlotDocuments<Version>,
  slot: SecretSlot,
): Promise<StoreResult<Omit<SlotRead<Version>, 'isSent'>>> {
  const found = await documents.read(slot);
  if (!found.ok) return found;
  const { reading, version } = found.value;
  if (reading?.kind === 'foreign') return failure(reading.message);
  return { ok: true, value: { reading: reading ?? { kind: 'ours', contents: emptySlot }, version } };
}

const done: StoreResult<void> = { ok: true, value: undefined };

function failure(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}

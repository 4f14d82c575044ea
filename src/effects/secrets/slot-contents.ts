import { z } from 'zod';
import { Secret } from '../../core/secret.ts';
import { keyPrefix } from '../../core/secret-shape.ts';
import { cleanText, formsOf } from '../layers/wording.ts';
import type { CredentialRecord, StoredSecret } from './store.ts';

/** What a slot holds where it is one document, whole: every write replaces all of it at once. */
export interface SlotContents {
  readonly current: StoredSecret | null;
  readonly previous: StoredSecret | null;
  /**
   * What stands beside them, by its name in the document: a secret that nobody can name, what people added. It is neither
   * believed nor thrown away.
   */
  readonly others: Readonly<Record<string, unknown>>;
  /** Of the last proof that the document can be written, where it is proved with itself. */
  readonly probe: string | null;
}

export type SlotReading =
  | { readonly kind: 'ours'; readonly contents: SlotContents }
  /** A secret of an unknown key stands where ours belongs; `message` says why, and `contents` is all the rest. */
  | { readonly kind: 'unknown'; readonly message: string; readonly contents: SlotContents }
  /** Somebody else's document has the name. */
  | { readonly kind: 'foreign'; readonly message: string };

export const emptySlot: SlotContents = { current: null, previous: null, others: {}, probe: null };

const credentialRecord = z.object({
  id: z.string(),
  prefix: z.string().nullable(),
  createdAt: z.string().nullable(),
});

/**
 * The credential; null for none; a text says why nobody can tell which one it is.
 *
 * @param text the secret, where there is one
 * @param record what stands beside it, unjudged
 * @param recordName where that stands, for people: `its annotation …`
 */
export function storedIn(text: string | null, record: unknown, recordName: string): StoredSecret | string | null {
  if (text === null) return null;
  const known = credentialRecord.safeParse(record).data;
  if (known === undefined) return `${recordName} does not say which key it is`;
  // An API key begins with its prefix (layers-api, key text), so a secret put there by hand can be told.
  const shown = keyPrefix(text);
  const expected = known.prefix === null ? null : keyPrefix(known.prefix);
  if (shown !== null && expected !== null && shown !== expected)
    return `it begins with ${shown}, but ${recordName} is that of ${known.id}, ${expected}`;
  return { ...known, secret: new Secret(text) };
}

export function recordOf({ id, prefix, createdAt }: CredentialRecord): CredentialRecord {
  return { id, prefix, createdAt };
}

/** A rotated signing secret keeps the id of its endpoint, so the secret itself decides as well. */
export function isSame(a: StoredSecret | null, b: StoredSecret | null): boolean {
  return a !== null && b !== null && a.id === b.id && a.secret.equals(b.secret);
}

/** Out of the way of ours, under names that nothing else has; what was set aside before keeps its place. */
export function setAside(
  others: SlotContents['others'],
  ourNames: readonly string[],
  uuid: () => string,
): SlotContents['others'] {
  return Object.fromEntries(
    Object.entries(others).map(([name, value]) => [ourNames.includes(name) ? `unknown-${uuid()}` : name, value]),
  );
}

/** All that may be a secret in it. */
export function secretsIn({ current, previous, others }: SlotContents): readonly Secret[] {
  const known = [current, previous].flatMap((stored) => (stored === null ? [] : [stored.secret]));
  return [...known, ...Object.values(others).flatMap((value) => (typeof value === 'string' ? new Secret(value) : []))];
}

/** A message about these secrets, without them: a server or a program may repeat what it was sent (I4). */
export function withoutSecrets(message: string, secrets: readonly Secret[]): string {
  return cleanText(
    message,
    secrets.flatMap((secret) => formsOf(secret.reveal())),
  );
}

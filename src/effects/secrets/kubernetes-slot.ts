import { z } from 'zod';
import { canonicalJson } from '../../core/canonical.ts';
import { Secret } from '../../core/secret.ts';
import { keyPrefix } from '../../core/secret-shape.ts';
import { sha256 } from '../chance.ts';
import type { SecretObject } from '../kubernetes/kinds.ts';
import { cleanText, formsOf } from '../layers/wording.ts';
import type { CredentialRecord, SecretSlot, StoredSecret } from './store.ts';

/** How a slot stands in a `Secret` object: its two secrets in `data`, whose they are in annotations. */

const domain = 'layers-reconciler.dev';
const SLOT = `${domain}/slot`;
const CREDENTIAL = `${domain}/credential`;
const PREVIOUS_CREDENTIAL = `${domain}/previous-credential`;
const PROBE = `${domain}/probe`;

/** The keys of `data`; pods mount the first one. */
const SECRET_KEY = 'secret';
const PREVIOUS_KEY = 'secret.previous';

const credentialRecord = z.object({
  id: z.string(),
  prefix: z.string().nullable(),
  createdAt: z.string().nullable(),
});

/** What a slot holds, whole: every write replaces all of it at once. */
export interface SlotContents {
  readonly current: StoredSecret | null;
  readonly previous: StoredSecret | null;
  /** Secrets that nobody can name, by their key in `data`: they are neither believed nor thrown away. */
  readonly unnamed: Readonly<Record<string, string>>;
  /** Of the last proof that the object can be written. */
  readonly probe: string | null;
}

export type SlotReading =
  | { readonly kind: 'ours'; readonly contents: SlotContents }
  /** A secret of an unknown key stands where ours belongs; `message` says why, and `contents` is all the rest. */
  | { readonly kind: 'unknown'; readonly message: string; readonly contents: SlotContents }
  /** Somebody else's object has the name. */
  | { readonly kind: 'foreign'; readonly message: string };

/** A name for people to find it by, and a digest that makes it the slot's own (DNS-1123, at most 253 characters). */
export function slotObjectName(slot: SecretSlot): string {
  const digest = sha256(slotIdentity(slot)).slice('sha256:'.length, 'sha256:'.length + 12);
  return ['layers', slug(slot.externalId ?? 'webhook'), slug(slot.name), digest].join('-');
}

function slug(text: string): string {
  const words = text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return words.slice(0, 60).replace(/^-+|-+$/g, '') || 'x';
}

function slotIdentity({ parentOrganizationId, kind, externalId, name }: SecretSlot): string {
  return canonicalJson([parentOrganizationId, kind, externalId, name]);
}

export function readSlotObject(slot: SecretSlot, { metadata, data }: SecretObject): SlotReading {
  const annotations = metadata.annotations ?? {};
  const where = `the Secret ${metadata.namespace ?? ''}/${metadata.name}`;
  if (annotations[SLOT] !== slotIdentity(slot)) {
    const message = `${where} is there already and belongs to something else; it is left as it is. Move it away, or give secrets.namespace a namespace of its own`;
    return { kind: 'foreign', message };
  }
  const values = data ?? {};
  const previous = storedIn(values[PREVIOUS_KEY], annotations[PREVIOUS_CREDENTIAL]);
  const current = storedIn(values[SECRET_KEY], annotations[CREDENTIAL]);
  const named = [
    ...(typeof current === 'string' ? [] : [SECRET_KEY]),
    ...(typeof previous === 'string' ? [] : [PREVIOUS_KEY]),
  ];
  const others = Object.entries(values).filter(([key]) => !named.includes(key));
  const contents: SlotContents = {
    current: typeof current === 'string' ? null : current,
    previous: typeof previous === 'string' ? null : previous,
    unnamed: Object.fromEntries(others),
    probe: annotations[PROBE] ?? null,
  };
  if (typeof current !== 'string') return { kind: 'ours', contents };
  const message = `${where} holds a secret of an unknown key: ${current}. Restore the object, or move it away`;
  return { kind: 'unknown', message, contents };
}

/** The credential; null for none; a text says why nobody can tell which one it is. */
function storedIn(value: string | undefined, annotation: string | undefined): StoredSecret | string | null {
  if (value === undefined) return null;
  const record = credentialRecord.safeParse(parseJson(annotation ?? '')).data;
  if (record === undefined) return `its annotation ${CREDENTIAL} does not say which key it is`;
  const text = Buffer.from(value, 'base64').toString('utf8');
  // An API key begins with its prefix (layers-api, key text), so a secret put there by hand can be told.
  const shown = keyPrefix(text);
  const expected = record.prefix === null ? null : keyPrefix(record.prefix);
  if (shown !== null && expected !== null && shown !== expected)
    return `it begins with ${shown}, but its annotation is that of ${record.id}, ${expected}`;
  return { ...record, secret: new Secret(text) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function slotObject(
  slot: SecretSlot,
  place: { readonly namespace: string; readonly name: string; readonly resourceVersion: string | null },
  { current, previous, unnamed, probe }: SlotContents,
): object {
  const { namespace, name, resourceVersion } = place;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      name,
      namespace,
      ...(resourceVersion === null ? {} : { resourceVersion }),
      labels: { 'app.kubernetes.io/managed-by': 'layers-reconciler', [`${domain}/kind`]: slot.kind },
      annotations: {
        [SLOT]: slotIdentity(slot),
        ...(current === null ? {} : { [CREDENTIAL]: recordText(current) }),
        ...(previous === null ? {} : { [PREVIOUS_CREDENTIAL]: recordText(previous) }),
        ...(probe === null ? {} : { [PROBE]: probe }),
      },
    },
    data: {
      ...unnamed,
      ...(current === null ? {} : { [SECRET_KEY]: encoded(current) }),
      ...(previous === null ? {} : { [PREVIOUS_KEY]: encoded(previous) }),
    },
  };
}

/** Out of the way of ours, under keys that nothing else has; what was set aside before keeps its place. */
export function setAside(unnamed: SlotContents['unnamed'], uuid: () => string): SlotContents['unnamed'] {
  return Object.fromEntries(
    Object.entries(unnamed).map(([key, value]) => [
      key === SECRET_KEY || key === PREVIOUS_KEY ? `unknown-${uuid()}` : key,
      value,
    ]),
  );
}

function recordText({ id, prefix, createdAt }: CredentialRecord): string {
  return canonicalJson({ id, prefix, createdAt });
}

function encoded({ secret }: StoredSecret): string {
  return Buffer.from(secret.reveal()).toString('base64');
}

/** A message about writing this secret, without it: a server may repeat what it was sent (I4). */
export function withoutSecret(message: string, { secret }: StoredSecret): string {
  return cleanText(message, formsOf(secret.reveal()));
}

import { canonicalJson } from '../../core/canonical.ts';
import { sha256 } from '../chance.ts';
import type { SecretObject } from '../kubernetes/kinds.ts';
import { recordOf, type SlotContents, type SlotReading, storedIn } from './slot-contents.ts';
import type { SecretSlot, StoredSecret } from './store.ts';

/** How a slot stands in a `Secret` object: its two secrets in `data`, whose they are in annotations. */

const domain = 'layers-reconciler.dev';
const SLOT = `${domain}/slot`;
const CREDENTIAL = `${domain}/credential`;
const PREVIOUS_CREDENTIAL = `${domain}/previous-credential`;
const PROBE = `${domain}/probe`;

/** The keys of `data`; pods mount the first one. */
const SECRET_KEY = 'secret';
const PREVIOUS_KEY = 'secret.previous';

export const secretKeys: readonly string[] = [SECRET_KEY, PREVIOUS_KEY];

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
  const previous = decoded(values[PREVIOUS_KEY], PREVIOUS_CREDENTIAL, annotations);
  const current = decoded(values[SECRET_KEY], CREDENTIAL, annotations);
  const named = [
    ...(typeof current === 'string' ? [] : [SECRET_KEY]),
    ...(typeof previous === 'string' ? [] : [PREVIOUS_KEY]),
  ];
  const others = Object.entries(values).filter(([key]) => !named.includes(key));
  const contents: SlotContents = {
    current: typeof current === 'string' ? null : current,
    previous: typeof previous === 'string' ? null : previous,
    others: Object.fromEntries(others),
    probe: annotations[PROBE] ?? null,
  };
  if (typeof current !== 'string') return { kind: 'ours', contents };
  const message = `${where} holds a secret of an unknown key: ${current}. Restore the object, or move it away`;
  return { kind: 'unknown', message, contents };
}

function decoded(
  value: string | undefined,
  annotation: string,
  annotations: Readonly<Record<string, string>>,
): ReturnType<typeof storedIn> {
  const text = value === undefined ? null : Buffer.from(value, 'base64').toString('utf8');
  return storedIn(text, parseJson(annotations[annotation] ?? ''), `its annotation ${annotation}`);
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
  { current, previous, others, probe }: SlotContents,
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
        ...(current === null ? {} : { [CREDENTIAL]: canonicalJson(recordOf(current)) }),
        ...(previous === null ? {} : { [PREVIOUS_CREDENTIAL]: canonicalJson(recordOf(previous)) }),
        ...(probe === null ? {} : { [PROBE]: probe }),
      },
    },
    data: {
      ...others,
      ...(current === null ? {} : { [SECRET_KEY]: encoded(current) }),
      ...(previous === null ? {} : { [PREVIOUS_KEY]: encoded(previous) }),
    },
  };
}

function encoded({ secret }: StoredSecret): string {
  return Buffer.from(secret.reveal()).toString('base64');
}

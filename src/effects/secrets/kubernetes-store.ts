import type { Chance } from '../chance.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { secrets } from '../kubernetes/kinds.ts';
import {
  readSlotObject,
  type SlotContents,
  type SlotReading,
  setAside,
  slotObject,
  slotObjectName,
  withoutSecret,
} from './kubernetes-slot.ts';
import type { SecretSlot, SecretStore, StoredSecret, StoreResult } from './store.ts';

export interface KubernetesSecretStoreOptions {
  readonly client: Pick<KubernetesClient, 'get' | 'create' | 'replace'>;
  /** Best one of its own: whoever may read Secrets there has every customer's keys. */
  readonly namespace: string;
  readonly chance: Pick<Chance, 'uuid'>;
}

/** Somebody else writes at the same time, or answers are lost, again and again. */
const ATTEMPTS = 5;

/** What a slot's object held when it was last read. */
interface SlotRead {
  readonly reading: Exclude<SlotReading, { readonly kind: 'foreign' }>;
  /** The version that a write replaces; null when there is no object yet. */
  readonly resourceVersion: string | null;
  /** Whether this change was sent before, so that what is read now may be its outcome. */
  readonly isSent: boolean;
}

/** What the object is to hold; null when it is as wanted; a text says why it must stay as it is. */
type Decide = (before: SlotRead) => SlotContents | string | null;

/**
 * Secrets in `Secret` objects, one for each slot. An object is replaced whole and only in the version that was read, so
 * that no crash and no other writer can mix up two secrets; the server answers when it is durable. It asks for `create`,
 * `get` and `update` and for nothing else: there is no list to take, and nothing is ever deleted
 * (docs/decisions/0011-customers-in-a-cluster.md).
 */
export function createKubernetesSecretStore(options: KubernetesSecretStoreOptions): SecretStore {
  const { namespace, chance } = options;
  return {
    // Proved with the object itself: it is made, or written, and read back, and is the slot's from then on.
    async probe(slot) {
      const probe = chance.uuid();
      return settled(
        await change(options, slot, ({ reading }) => {
          if (reading.kind === 'unknown') return reading.message;
          return reading.contents.probe === probe ? null : { ...reading.contents, probe };
        }),
      );
    },
    async read(slot) {
      const found = await readSlot(options, slot);
      if (!found.ok) return found;
      const { reading } = found.value;
      return reading.kind === 'unknown' ? failure(reading.message) : { ok: true, value: reading.contents.current };
    },
    async put(slot, stored) {
      const put = await change(options, slot, (before) => withSecret(before, stored, chance));
      return put.ok ? done : failure(withoutSecret(put.message, stored));
    },
    // What the server acknowledged, and what it reads back, is on the disks of a majority of its store.
    settle: async (slot) => settled(await readSlot(options, slot)),
    async readPrevious(slot) {
      const found = await readSlot(options, slot);
      if (!found.ok) return found;
      const { current, previous } = found.value.reading.contents;
      return { ok: true, value: isSame(current, previous) ? null : previous };
    },
    async removePrevious(slot) {
      return settled(
        await change(options, slot, ({ reading }) => {
          if (reading.kind === 'unknown') return reading.message;
          return reading.contents.previous === null ? null : { ...reading.contents, previous: null };
        }),
      );
    },
    reference: (slot) => `kubernetes:${namespace}/${slotObjectName(slot)}`,
  };
}

/** The secret goes in, and what was there becomes the previous one. */
function withSecret(
  { reading, isSent }: SlotRead,
  stored: StoredSecret,
  { uuid }: KubernetesSecretStoreOptions['chance'],
): SlotContents | null {
  const { current, previous, unnamed } = reading.contents;
  if (isSame(current, stored)) return null;
  // Somebody who came after us has moved it there already: it is as safe, and theirs is the newer one.
  if (isSent && isSame(previous, stored)) return null;
  // A secret that nobody can name must neither be believed nor be overwritten.
  return { current: stored, previous: current ?? previous, unnamed: setAside(unnamed, uuid), probe: null };
}

/** Writes until a read says that it is done: the read that proves it (K5) is the same that settles a lost answer. */
async function change(
  options: KubernetesSecretStoreOptions,
  slot: SecretSlot,
  decide: Decide,
): Promise<StoreResult<void>> {
  const { client, namespace } = options;
  const name = slotObjectName(slot);
  let why = 'it does not read back as it was written';
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await readSlot(options, slot);
    if (!before.ok) return before;
    const { reading, resourceVersion } = before.value;
    const next = decide({ reading, resourceVersion, isSent: attempt > 0 });
    if (next === null) return done;
    if (typeof next === 'string') return failure(next);
    const body = slotObject(slot, { namespace, name, resourceVersion }, next);
    const written =
      resourceVersion === null
        ? await client.create(secrets, { namespace }, body)
        : await client.replace(secrets, { namespace, name }, body);
    if (written.outcome === 'ok') continue;
    why = written.message;
    if (written.outcome !== 'conflict' && written.outcome !== 'unreachable') break;
  }
  return failure(`the Secret ${namespace}/${name} was not written: ${why}`);
}

async function readSlot(
  { client, namespace }: KubernetesSecretStoreOptions,
  slot: SecretSlot,
): Promise<StoreResult<Omit<SlotRead, 'isSent'>>> {
  const name = slotObjectName(slot);
  const found = await client.get(secrets, { namespace, name });
  if (found.outcome === 'not-found')
    return { ok: true, value: { reading: { kind: 'ours', contents: nothing }, resourceVersion: null } };
  if (found.outcome !== 'ok') return failure(`the Secret ${namespace}/${name} cannot be read: ${found.message}`);
  const reading = readSlotObject(slot, found.value);
  if (reading.kind === 'foreign') return failure(reading.message);
  return { ok: true, value: { reading, resourceVersion: found.value.metadata.resourceVersion } };
}

const nothing: SlotContents = { current: null, previous: null, unnamed: {}, probe: null };

/** A rotated signing secret keeps the id of its endpoint, so the secret itself decides as well. */
function isSame(a: StoredSecret | null, b: StoredSecret | null): boolean {
  return a !== null && b !== null && a.id === b.id && a.secret.equals(b.secret);
}

const done: StoreResult<void> = { ok: true, value: undefined };

function settled(result: StoreResult<unknown>): StoreResult<void> {
  return result.ok ? done : result;
}

function failure(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}

import type { ApiKey } from '../core/api.ts';
import { isLive, recordedKey, type StoredKey, type StoredKeyRecord } from '../core/resources/api-key-facts.ts';
import { OVERLAP_MS } from '../core/resources/api-key-overlap.ts';
import { ordinalOf } from '../core/resources/api-key-secret.ts';
import type { KeyStatus } from '../core/status.ts';
import type { SecretSlot, SecretStore } from '../effects/secrets/store.ts';
import { type CustomerRun, keySlot, organizationIdOf } from './customer-run.ts';

/** What is known of keys besides the API's list: what the store holds, and what the next status will say. */

/**
 * Notes a key whose secret the store holds, for the status. `retires` is the key it replaces, if that is ours. Where
 * that is not known, because a crash came between the store and the status, it is the live key that the status still
 * names: forgotten, it would be a duplicate for ever. One that was replaced earlier is remembered while it lives.
 */
export function rememberKey(
  run: CustomerRun,
  key: ApiKey,
  listed: readonly ApiKey[],
  retires?: string | null,
): KeyStatus {
  const { name } = key;
  const recorded = recordedKey(run.status, organizationIdOf(run), name);
  const livedOn = run.pass.serverTimeMs - Date.parse(key.createdAt) < 2 * OVERLAP_MS;
  // A list may lack a key for a while (P7): it is forgotten when it is seen dead, or long after its overlap.
  const lives = (id: string) => {
    const other = listed.find((one) => one.id === id);
    return id !== key.id && (other ? isLive(other) : livedOn);
  };
  const earlier = [retires, retires === undefined ? recorded?.id : null, recorded?.replaces];
  const isListed = listed.some(({ id }) => id === key.id);
  const sameName = (isListed ? listed : [key, ...listed]).filter((other) => other.name === name);
  const ordinal = ordinalOf(key, sameName, recorded);
  const entry: KeyStatus = {
    name,
    id: key.id,
    prefix: key.prefix,
    secret: run.pass.effects.secrets.reference(keySlot(run, name)),
    seen: Math.max(sameName.length, ordinal + 1, recorded?.seen ?? 0),
    ordinal,
    replaces: earlier.find((id) => typeof id === 'string' && lives(id)) ?? null,
  };
  run.keys.set(name, entry);
  return entry;
}

/** Notes that the recorded key of a name is dead: from then on nobody needs to find it alive in a listing. */
export function rememberRevoked(run: CustomerRun, { id, name }: Pick<ApiKey, 'id' | 'name'>): void {
  const recorded = recordedKey(run.status, organizationIdOf(run), name);
  if (recorded?.id === id && !run.keys.has(name)) run.keys.set(name, { ...recorded, secret: null });
}

/** What the store says about a key, as the decision needs it. */
export async function storedKey(secrets: SecretStore, slot: SecretSlot): Promise<StoredKey> {
  const read = await secrets.read(slot);
  if (!read.ok) return { kind: 'unknown', why: read.message };
  return read.value ? { kind: 'holds', record: { id: read.value.id, prefix: read.value.prefix } } : { kind: 'empty' };
}

/** The key whose secret the store keeps beside the current one; null also where the store cannot be asked. */
export async function previousKey(secrets: SecretStore, slot: SecretSlot): Promise<StoredKeyRecord | null> {
  const read = await secrets.readPrevious(slot);
  return read.ok && read.value ? { id: read.value.id, prefix: read.value.prefix } : null;
}

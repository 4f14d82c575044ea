import type { Chance } from '../chance.ts';
import type { VaultKv } from '../vault/kv.ts';
import { createDocumentSecretStore, type SlotDocuments } from './document-store.ts';
import { secretsIn } from './slot-contents.ts';
import { readSlotDocument, secretMembers, slotDocument } from './slot-document.ts';
import { slotPath } from './slot-files.ts';
import type { SecretSlot, SecretStore, StoreResult } from './store.ts';

export interface VaultSecretStoreOptions {
  readonly kv: VaultKv;
  /** Mount and path, for people: `secret/layers`. */
  readonly place: string;
  readonly chance: Pick<Chance, 'uuid'>;
}

/**
 * Secrets in a KV v2 engine of Vault or OpenBao, one entry for each slot, written with check-and-set over the version that
 * was read, so that no other writer's secret is replaced unseen (I3). It asks for `create`, `read` and `update` below its
 * path, and for `delete` of its own probes alone.
 */
export function createVaultSecretStore(options: VaultSecretStoreOptions): SecretStore {
  return createDocumentSecretStore(vaultDocuments(options), options.chance);
}

function vaultDocuments({ kv, place, chance }: VaultSecretStoreOptions): SlotDocuments<number> {
  const documents: SlotDocuments<number> = {
    nameOf: (slot) => `the entry ${place}/${slotPath(slot)} of Vault`,
    reference: (slot) => `vault:${place}/${slotPath(slot)}`,
    secretNames: secretMembers,
    prove: (slot) => prove(kv, place, slot, chance.uuid()),
    async read(slot) {
      const found = await kv.read(slotPath(slot));
      if (found.kind === 'trouble')
        return { ok: false, message: `${documents.nameOf(slot)} cannot be read: ${found.message}` };
      const { data, version } = found;
      if (data === null) return { ok: true, value: { reading: null, version } };
      return { ok: true, value: { reading: readSlotDocument(slot, data, documents.nameOf(slot)), version } };
    },
    async write(slot, contents, version) {
      const written = await kv.write(slotPath(slot), slotDocument(slot, contents), version ?? 0, secretsIn(contents));
      if (written.kind === 'written') return { outcome: 'ok' };
      const isOpen = written.reason === 'away' || written.reason === 'stale';
      return { outcome: isOpen ? 'again' : 'failed', message: written.message };
    },
  };
  return documents;
}

/** Written, read back and removed beside the target; and that the engine keeps what it is given. */
async function prove(kv: VaultKv, place: string, slot: SecretSlot, id: string): Promise<StoreResult<void>> {
  const failure = (message: string) => ({ ok: false, message }) as const;
  const flaw = await kv.flaw();
  if (flaw !== null) return failure(flaw);
  const path = `${slotPath(slot)}/probe`;
  const name = `the probe ${place}/${path} in Vault`;
  // One of a process that died before it could remove it is replaced.
  const before = await kv.read(path);
  if (before.kind === 'trouble') return failure(`${name} cannot be read: ${before.message}`);
  const written = await kv.write(path, { probe: id }, before.version, []);
  if (written.kind === 'trouble') return failure(`${name} was not written: ${written.message}`);
  const after = await kv.read(path);
  if (after.kind === 'trouble') return failure(`${name} cannot be read: ${after.message}`);
  const removed = await kv.remove(path);
  if (removed.kind === 'trouble') return failure(`${name} was not deleted: ${removed.message}`);
  if (after.data?.['probe'] !== id) return failure(`${name} does not read back as it was written`);
  if (written.deletedAt !== null)
    return failure(
      'the engine deletes what it is given after a while (delete_version_after), and a secret is shown only once: set it to 0s',
    );
  return { ok: true, value: undefined };
}

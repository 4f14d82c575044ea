import type { Chance } from '../chance.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { secrets } from '../kubernetes/kinds.ts';
import { changeSlot, createDocumentSecretStore, type SlotDocuments } from './document-store.ts';
import { readSlotObject, secretKeys, slotObject, slotObjectName } from './kubernetes-slot.ts';
import type { SecretStore } from './store.ts';

export interface KubernetesSecretStoreOptions {
  readonly client: Pick<KubernetesClient, 'get' | 'create' | 'replace'>;
  /** Best one of its own: whoever may read Secrets there has every customer's keys. */
  readonly namespace: string;
  readonly chance: Pick<Chance, 'uuid'>;
}

/**
 * Secrets in `Secret` objects, one for each slot, replaced only in the version that was read; the server answers when that
 * is on the disks of a majority of its store. It asks for `create`, `get` and `update` and for nothing else: there is no
 * list to take, and nothing is ever deleted (docs/decisions/0011-customers-in-a-cluster.md).
 */
export function createKubernetesSecretStore(options: KubernetesSecretStoreOptions): SecretStore {
  return createDocumentSecretStore(secretObjects(options), options.chance);
}

function secretObjects({ client, namespace, chance }: KubernetesSecretStoreOptions): SlotDocuments<string> {
  const documents: SlotDocuments<string> = {
    nameOf: (slot) => `the Secret ${namespace}/${slotObjectName(slot)}`,
    reference: (slot) => `kubernetes:${namespace}/${slotObjectName(slot)}`,
    secretNames: secretKeys,
    // Proved with the object itself: it is made, or written, and read back, and is the slot's from then on.
    async prove(slot) {
      const probe = chance.uuid();
      return changeSlot(documents, slot, ({ reading }) => {
        if (reading.kind === 'unknown') return reading.message;
        return reading.contents.probe === probe ? null : { ...reading.contents, probe };
      });
    },
    async read(slot) {
      const name = slotObjectName(slot);
      const found = await client.get(secrets, { namespace, name });
      if (found.outcome === 'not-found') return { ok: true, value: { reading: null, version: null } };
      if (found.outcome !== 'ok')
        return { ok: false, message: `${documents.nameOf(slot)} cannot be read: ${found.message}` };
      const { resourceVersion } = found.value.metadata;
      return { ok: true, value: { reading: readSlotObject(slot, found.value), version: resourceVersion } };
    },
    async write(slot, contents, resourceVersion) {
      const name = slotObjectName(slot);
      const body = slotObject(slot, { namespace, name, resourceVersion }, contents);
      const written =
        resourceVersion === null
          ? await client.create(secrets, { namespace }, body)
          : await client.replace(secrets, { namespace, name }, body);
      if (written.outcome === 'ok') return { outcome: 'ok' };
      const isOpen = written.outcome === 'conflict' || written.outcome === 'unreachable';
      return { outcome: isOpen ? 'again' : 'failed', message: written.message };
    },
  };
  return documents;
}

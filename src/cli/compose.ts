import { hostname } from 'node:os';
import { join } from 'node:path';
import type { WorkspaceDeclaration } from '../core/declaration/workspace.ts';
import { KEY_NAMESPACE } from '../core/idempotency.ts';
import type { Secret } from '../core/secret.ts';
import type { Announcer } from '../effects/announcer.ts';
import { nameUuid, sha256, systemChance } from '../effects/chance.ts';
import { systemClock } from '../effects/clock.ts';
import { createFileJournal } from '../effects/file-journal.ts';
import { createKubernetesAnnouncer } from '../effects/kubernetes/announcer.ts';
import { type Circuit, type CircuitEvent, createCircuit } from '../effects/layers/circuit.ts';
import type { LayersReader } from '../effects/layers/client.ts';
import { createKeyring } from '../effects/layers/keyring.ts';
import { createLayersClient, createLayersReader } from '../effects/layers/layers-client.ts';
import { createPacer, type Pacer } from '../effects/layers/pacer.ts';
import type { RequestEvent } from '../effects/layers/request.ts';
import { createUndiciTransport } from '../effects/layers/undici-transport.ts';
import { nodeFileSystem } from '../effects/node-filesystem.ts';
import { announcingSource } from '../effects/source/announcing-source.ts';
import { createDirectorySource } from '../effects/source/directory-source.ts';
import {
  createKubernetesSource,
  createUnreachableSource,
  type KubernetesSource,
} from '../effects/source/kubernetes-source.ts';
import type { DeclarationSource } from '../effects/source/source.ts';
import { createStreamJournal } from '../effects/stream-journal.ts';
import type { Effects } from '../engine/context.ts';
import type { ProgressEvent } from '../engine/progress.ts';
import type { Cluster, ClusterAccess } from './cluster.ts';
import { type Place, runDirectoryOf, secretStoresOf, statusStoreOf } from './stores.ts';

export interface ComposeOptions extends Place {
  /** A dry run is given a client without write methods. */
  readonly dryRun: boolean;
  /** A daemon: it reads files while others write them, and does not go on asking an API that is away. */
  readonly watch: boolean;
  readonly onCircuit: (event: CircuitEvent) => void;
  readonly baseUrl: string;
  /** The key as it is now: a token file may change under a running daemon. */
  readonly token: () => Secret;
  /** Takes the lines of a journal that is no file: customers in a cluster. */
  readonly writeJournal: (line: string) => void;
  /** Told once for each kind of trouble with telling objects what became of them. */
  readonly onAnnouncingTrouble: (message: string) => void;
  readonly onRequest: (event: RequestEvent) => void;
  readonly onProgress: (event: ProgressEvent) => void;
  /** Ends waits for the rate limit; requests on the wire run to their end. */
  readonly signal: AbortSignal;
}

/** One connection to the API, for the life of the process; effects are made from it for each pass. */
export interface Composed {
  /** Real effects behind everything the engine touches, with the stores that this workspace asks for. */
  effectsFor(workspace: WorkspaceDeclaration): Effects;
  readonly source: DeclarationSource;
  /** Where customers are declared; null for files. */
  readonly cluster: Cluster | null;
  readonly reader: LayersReader;
  readonly pacer: Pacer;
  /** Of a daemon; a one-shot run has none. */
  readonly circuit: Circuit | null;
  close(): Promise<void>;
}

/** Declarations as they are now; without a cluster, or where they are not in it, from files. */
export function sourceOf(directory: string, cluster: ClusterAccess | null = null): DeclarationSource {
  const files = createDirectorySource({ workspaceDirectory: directory, clock: systemClock });
  return cluster?.isSource ? objectSourceOf(cluster, files) : files;
}

/** Customers from objects, and reconcile.yaml from the workspace as ever. */
function objectSourceOf(cluster: ClusterAccess, settings: DeclarationSource): KubernetesSource {
  const opened = cluster.open();
  if (!opened.ok) return createUnreachableSource(settings, opened.message);
  const { client, customers } = opened.cluster;
  return createKubernetesSource({ client, place: customers, clock: systemClock, settings });
}

/** Objects are told what became of them by whoever may write; in the sandbox nothing happened to them. */
function announcerOf(
  { cluster, dryRun, sandbox, onAnnouncingTrouble }: ComposeOptions,
  source: KubernetesSource,
): Announcer | null {
  const opened = dryRun || sandbox ? null : cluster.open();
  if (!opened?.ok) return null;
  return createKubernetesAnnouncer({
    client: opened.cluster.client,
    clock: systemClock,
    objectAt: (file) => source.objectAt(file),
    instance: hostname(),
    onTrouble: onAnnouncingTrouble,
  });
}

/** For a daemon: a file that is being written is left alone until it is whole. */
function settledSourceOf(directory: string): DeclarationSource {
  const settling = { clock: systemClock };
  return createDirectorySource({ workspaceDirectory: directory, clock: systemClock, settling });
}

export function compose(options: ComposeOptions): Composed {
  const { directory, sandbox } = options;
  const transport = createUndiciTransport({ baseUrl: options.baseUrl });
  const pacer = createPacer({ clock: systemClock, chance: systemChance });
  const files = options.watch ? settledSourceOf(directory) : sourceOf(directory);
  const objects = options.cluster.isSource ? objectSourceOf(options.cluster, files) : null;
  const announcer = objects && announcerOf(options, objects);
  const source = objects && announcer ? announcingSource(objects, announcer) : (objects ?? files);
  const circuit = options.watch
    ? createCircuit({ clock: systemClock, chance: systemChance, onEvent: options.onCircuit })
    : null;
  const requests = { read: 0, write: 0 };
  const keyring = createKeyring(options.token);
  const clientOptions = {
    transport,
    pacer,
    token: keyring.keyFor,
    clock: systemClock,
    chance: systemChance,
    signal: options.signal,
    ...(circuit ? { circuit } : {}),
    onRequest: (event: RequestEvent) => {
      requests[event.requestClass] += 1;
      options.onRequest(event);
    },
  };
  const client = options.dryRun ? null : createLayersClient(clientOptions);
  const common = {
    reader: client ?? createLayersReader(clientOptions),
    writer: client,
    source,
    journal:
      objects && !sandbox
        ? createStreamJournal(options.writeJournal, systemClock)
        : createFileJournal(join(runDirectoryOf(directory, sandbox), 'journal.jsonl'), nodeFileSystem),
    acceptKey: keyring.accept,
    ...(announcer ? { announcer } : {}),
    clock: systemClock,
    chance: systemChance,
    hash: sha256,
    nameUuid: (name: string) => nameUuid(KEY_NAMESPACE, name),
    progress: options.onProgress,
  };
  const opened = objects && options.cluster.open();
  const secretsOf = secretStoresOf(options);
  return {
    source,
    cluster: opened?.ok ? opened.cluster : null,
    reader: common.reader,
    pacer,
    circuit,
    effectsFor(workspace) {
      const before = { ...requests };
      return {
        ...common,
        statuses: statusStoreOf(options, workspace),
        secrets: secretsOf(workspace),
        requests: () => ({ read: requests.read - before.read, write: requests.write - before.write }),
      };
    },
    async close() {
      await announcer?.flush();
      await transport.close();
    },
  };
}

import { systemClock } from '../effects/clock.ts';
import { createKubernetesClient, type KubernetesClient } from '../effects/kubernetes/client.ts';
import { findConnection } from '../effects/kubernetes/find-connection.ts';
import type { Place } from '../effects/kubernetes/kind.ts';
import { createKubernetesWire, type KubernetesWire } from '../effects/kubernetes/wire.ts';
import { nodeFileSystem } from '../effects/node-filesystem.ts';
import { fromFiles, type SourceOptions } from './source-options.ts';

/** A cluster at hand. */
export interface Cluster {
  readonly client: KubernetesClient;
  /** Where our own objects are. */
  readonly namespace: string;
  /** Where the customers' objects are. */
  readonly customers: Place;
}

export type ClusterResult =
  | { readonly ok: true; readonly cluster: Cluster }
  /** What is missing or wrong and what to do, for people. */
  | { readonly ok: false; readonly message: string };

/** The cluster that a command may need, asked for when it does. */
export interface ClusterAccess {
  /** Whether customers are declared there. */
  readonly isSource: boolean;
  /** The same one each time. */
  open(): ClusterResult;
  close(): Promise<void>;
}

export function clusterAccess(
  from: SourceOptions,
  environment: Readonly<Record<string, string | undefined>>,
): ClusterAccess {
  let opened: ClusterResult | null = null;
  let wire: KubernetesWire | null = null;

  function connect(): ClusterResult {
    const found = findConnection({ kubeconfig: from.kubeconfig, environment, fileSystem: nodeFileSystem });
    if (!found.ok) return found;
    wire = createKubernetesWire(found.connection);
    const { namespace } = found.connection;
    return {
      ok: true,
      cluster: {
        client: createKubernetesClient({ wire, clock: systemClock }),
        namespace,
        customers: { namespace: from.allNamespaces ? null : (from.namespace ?? namespace) },
      },
    };
  }

  return {
    isSource: from.source === 'kubernetes',
    open() {
      opened ??= connect();
      return opened;
    },
    close: async () => wire?.close(),
  };
}

/** Work that may need a cluster, which is let go of afterwards: an open connection keeps a process alive. */
export async function withCluster<T>(
  from: SourceOptions | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  work: (cluster: ClusterAccess) => Promise<T>,
): Promise<T> {
  const cluster = clusterAccess(from ?? fromFiles, environment);
  try {
    return await work(cluster);
  } finally {
    await cluster.close();
  }
}

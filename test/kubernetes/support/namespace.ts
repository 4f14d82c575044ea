import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../../src/effects/clock.ts';
import { createKubernetesClient, type KubernetesClient } from '../../../src/effects/kubernetes/client.ts';
import type { KubernetesConnection } from '../../../src/effects/kubernetes/connection.ts';
import { findConnection } from '../../../src/effects/kubernetes/find-connection.ts';
import { type Kind, objectMeta } from '../../../src/effects/kubernetes/kind.ts';
import type { Outcome } from '../../../src/effects/kubernetes/outcome.ts';
import { createKubernetesWire } from '../../../src/effects/kubernetes/wire.ts';
import { nodeFileSystem } from '../../../src/effects/node-filesystem.ts';
import type { Cluster } from './cluster.ts';

const anything = z.looseObject({ metadata: objectMeta });
type Anything = z.output<typeof anything>;

const namespaces: Kind<Anything> = { group: '', version: 'v1', plural: 'namespaces', shape: anything };
export const configMaps: Kind<Anything & { data?: Record<string, string> | undefined }> = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  shape: anything.extend({ data: z.record(z.string(), z.string()).optional() }),
};

/** Connections that the test made, ended with it. */
export interface Kubernetes {
  readonly client: KubernetesClient;
  readonly connection: KubernetesConnection;
  close(): Promise<void>;
}

/** As the administrator of the shared API server, or with another kubeconfig. */
export function connect(kubeconfig: string = inject('cluster').kubeconfig): Kubernetes {
  const found = findConnection({ kubeconfig, environment: {}, fileSystem: nodeFileSystem });
  if (!found.ok) throw new Error(found.message);
  return connectTo(found.connection);
}

/** With a token of somebody's own. */
export function connectAs(
  token: KubernetesConnection['token'],
  { url, ca }: Pick<Cluster, 'url' | 'ca'> = inject('cluster'),
): Kubernetes {
  return connectTo({
    origin: url,
    basePath: '',
    tls: { ca, serverName: null, client: null },
    token,
    namespace: 'default',
    description: 'a test',
  });
}

function connectTo(connection: KubernetesConnection): Kubernetes {
  const wire = createKubernetesWire(connection);
  return { connection, client: createKubernetesClient({ wire, clock: systemClock }), close: () => wire.close() };
}

/** A namespace of the test's own; nobody but the test looks into it. */
export async function makeNamespace(client: KubernetesClient): Promise<string> {
  const name = `test-${randomBytes(5).toString('hex')}`;
  must(
    await client.create(namespaces, { namespace: null }, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }),
  );
  return name;
}

/** What must have succeeded. */
export function must<T>(outcome: Outcome<T>): T {
  if (outcome.outcome === 'ok') return outcome.value;
  throw new Error(`${outcome.outcome}: ${outcome.message}`);
}

import { inject } from 'vitest';
import { z } from 'zod';
import type { KubernetesConnection } from '../../../src/effects/kubernetes/connection.ts';
import { findConnection } from '../../../src/effects/kubernetes/find-connection.ts';
import { type Kind, objectMeta } from '../../../src/effects/kubernetes/kind.ts';
import { nodeFileSystem } from '../../../src/effects/node-filesystem.ts';
import { connectTo, connectWith, type Kubernetes } from '../../real/connect.ts';
import type { Cluster } from './cluster.ts';

export { type Kubernetes, makeNamespace, must } from '../../real/connect.ts';

const anything = z.looseObject({ metadata: objectMeta });
type Anything = z.output<typeof anything>;

export const configMaps: Kind<Anything & { data?: Record<string, string> | undefined }> = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  shape: anything.extend({ data: z.record(z.string(), z.string()).optional() }),
};

/** As the administrator of the shared API server, or with another kubeconfig. */
export function connect(kubeconfig: string = inject('cluster').kubeconfig): Kubernetes {
  const found = findConnection({ kubeconfig, environment: {}, fileSystem: nodeFileSystem });
  if (!found.ok) throw new Error(found.message);
  return connectTo(found.connection);
}

/** With a token of somebody's own. */
export function connectAs(
  token: KubernetesConnection['token'],
  server: Pick<Cluster, 'url' | 'ca'> = inject('cluster'),
) {
  return connectWith(token, server);
}

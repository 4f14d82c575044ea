import { delimiter, join } from 'node:path';
import type { FileSystem } from '../filesystem.ts';
import type { ConnectionResult } from './connection.ts';
import { inClusterConnection, isInCluster } from './in-cluster.ts';
import { kubeconfigConnection } from './kubeconfig-connection.ts';

export interface ConnectionOptions {
  /** --kubeconfig; null when nobody gave it. */
  readonly kubeconfig: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly fileSystem: Pick<FileSystem, 'readFile' | 'stat'>;
  /** Of the pod's credentials; elsewhere than in a pod only in tests. */
  readonly serviceAccountDirectory?: string;
}

/** Which cluster is meant, in the order of other controllers: --kubeconfig, KUBECONFIG, the pod's own, ~/.kube/config. */
export function findConnection(options: ConnectionOptions): ConnectionResult {
  const { kubeconfig, environment, fileSystem, serviceAccountDirectory: directory } = options;
  if (kubeconfig !== null) return kubeconfigConnection([kubeconfig], fileSystem);
  const listed = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  if (listed.length > 0) return kubeconfigConnection(listed, fileSystem);
  if (isInCluster(environment))
    return inClusterConnection({ environment, fileSystem, ...(directory === undefined ? {} : { directory }) });
  const home = environment['HOME'] ?? '';
  if (home !== '') return explainDefault(kubeconfigConnection([join(home, '.kube', 'config')], fileSystem));
  return { ok: false, message: noCluster };
}

const noCluster =
  'No cluster is known. Run in a pod with a service account, or give --kubeconfig <file> or KUBECONFIG.';

function explainDefault(result: ConnectionResult): ConnectionResult {
  return result.ok ? result : { ok: false, message: `${result.message} ${noCluster}` };
}

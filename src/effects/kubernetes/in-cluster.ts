import { changingToken } from '../changing-token.ts';
import { systemFailure } from '../errno.ts';
import type { FileSystem } from '../filesystem.ts';
import { parseServer } from '../server-address.ts';
import type { ConnectionResult } from './connection.ts';

/** Where the kubelet puts a pod's credentials (kubernetes.io, "Access the Kubernetes API from a Pod"). */
const SERVICE_ACCOUNT_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';

interface Place {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly fileSystem: Pick<FileSystem, 'readFile'>;
  readonly directory?: string;
}

/** Whether this process runs in a pod: the variables that every container is given. */
export function isInCluster(environment: Place['environment']): boolean {
  return Boolean(environment['KUBERNETES_SERVICE_HOST'] && environment['KUBERNETES_SERVICE_PORT']);
}

/** The service account of this pod: its token, the cluster's CA, its namespace. */
export function inClusterConnection({
  environment,
  fileSystem,
  directory = SERVICE_ACCOUNT_DIRECTORY,
}: Place): ConnectionResult {
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '';
  const server = parseServer(`https://${host.includes(':') ? `[${host}]` : host}:${port}`);
  if (!server.ok) return { ok: false, message: 'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT name no server.' };
  const read = (name: string): string => new TextDecoder().decode(fileSystem.readFile(`${directory}/${name}`)).trim();
  try {
    const token = changingToken(read('token'), () => attempt(() => read('token')));
    const [ca, namespace] = [read('ca.crt'), read('namespace')];
    const { origin, basePath } = server;
    const tls = { ca, serverName: null, client: null };
    return {
      ok: true,
      connection: { origin, basePath, tls, token, namespace, description: 'the service account of this pod' },
    };
  } catch (error) {
    const failure = systemFailure(error);
    if (failure === null) throw error;
    const message =
      `The service account of this pod cannot be read in ${directory}: ${failure.message}. ` +
      'Give the pod a service account, and leave automountServiceAccountToken on.';
    return { ok: false, message };
  }
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (systemFailure(error) === null) throw error;
    return null;
  }
}

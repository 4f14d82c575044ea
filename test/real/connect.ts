import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Secret } from '../../src/core/secret.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { createKubernetesClient, type KubernetesClient } from '../../src/effects/kubernetes/client.ts';
import type { KubernetesConnection } from '../../src/effects/kubernetes/connection.ts';
import { type Kind, objectMeta } from '../../src/effects/kubernetes/kind.ts';
import type { Outcome } from '../../src/effects/kubernetes/outcome.ts';
import { createKubernetesWire } from '../../src/effects/kubernetes/wire.ts';
import type { ApiServer } from './api-server.ts';

/** Connections that a test made, ended with it. */
export interface Kubernetes {
  readonly client: KubernetesClient;
  readonly connection: KubernetesConnection;
  close(): Promise<void>;
}

export function connectTo(connection: KubernetesConnection): Kubernetes {
  const wire = createKubernetesWire(connection);
  return { connection, client: createKubernetesClient({ wire, clock: systemClock }), close: () => wire.close() };
}

/** As whoever has this token. */
export function connectWith(
  token: KubernetesConnection['token'],
  { url, ca }: Pick<ApiServer, 'url' | 'ca'>,
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

export function connectAsAdmin(server: Pick<ApiServer, 'url' | 'ca' | 'adminToken'>): Kubernetes {
  const token = new Secret(server.adminToken);
  return connectWith(() => token, server);
}

const namespaces: Kind<unknown> = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  shape: z.object({ metadata: objectMeta }),
};

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

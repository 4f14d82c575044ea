import { Pool } from 'undici';
import { inject } from 'vitest';
import { z } from 'zod';
import { Secret } from '../../../src/core/secret.ts';
import type { KubernetesClient } from '../../../src/effects/kubernetes/client.ts';
import { type Kind, objectMeta } from '../../../src/effects/kubernetes/kind.ts';
import { must } from './namespace.ts';

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const anything = z.looseObject({ metadata: objectMeta });
const kind = (group: string, plural: string): Kind<unknown> => ({ group, version: 'v1', plural, shape: anything });
const RBAC = 'rbac.authorization.k8s.io';

/** A service account that may do just this in its namespace, and the token that a pod of it would have. */
export async function makeServiceAccount(
  client: KubernetesClient,
  namespace: string,
  name: string,
  rules: readonly Rule[],
): Promise<Secret> {
  const metadata = { name };
  must(
    await client.create(
      kind('', 'serviceaccounts'),
      { namespace },
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    ),
  );
  const role = { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata, rules };
  must(await client.create(kind(RBAC, 'roles'), { namespace }, role));
  const binding = {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: RBAC, kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  };
  must(await client.create(kind(RBAC, 'rolebindings'), { namespace }, binding));
  return requestToken(namespace, name);
}

/** As the kubelet asks for it (authentication.k8s.io TokenRequest). */
async function requestToken(namespace: string, name: string): Promise<Secret> {
  const { url, ca, adminToken } = inject('cluster');
  const pool = new Pool(url, { connect: { ca } });
  try {
    const { body } = await pool.request({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }),
    });
    return new Secret(tokenAnswer.parse(await body.json()).status.token);
  } finally {
    await pool.destroy();
  }
}

const tokenAnswer = z.object({ status: z.object({ token: z.string() }) });

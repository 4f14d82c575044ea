import { z } from 'zod';
import { customerResourceDefinition } from '../../../src/core/declaration/customer-crd.ts';
import { systemClock } from '../../../src/effects/clock.ts';
import type { KubernetesClient } from '../../../src/effects/kubernetes/client.ts';
import { type Kind, objectMeta } from '../../../src/effects/kubernetes/kind.ts';
import { customers } from '../../../src/effects/kubernetes/kinds.ts';
import { must } from './namespace.ts';

const definition = z.object({
  metadata: objectMeta,
  status: z
    .object({
      conditions: z.array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() })).nullish(),
    })
    .optional(),
});

const definitions: Kind<z.output<typeof definition>> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  shape: definition,
};

const NAME = 'customers.layers-reconciler.dev';

/** Makes the custom resource known to the shared API server, once whoever asks, and waits until objects of it are taken. */
export async function installDefinition(client: KubernetesClient): Promise<z.output<typeof definition>> {
  const made = await client.create(definitions, { namespace: null }, customerResourceDefinition());
  if (made.outcome !== 'ok' && made.outcome !== 'conflict') throw new Error(made.message);
  for (let look = 0; look < 100; look += 1) {
    const found = must(await client.get(definitions, { namespace: null, name: NAME }));
    const isEstablished = found.status?.conditions?.some(
      ({ type, status }) => type === 'Established' && status === 'True',
    );
    if (isEstablished && (await client.list(customers, { namespace: 'default' })).outcome === 'ok') return found;
    await systemClock.sleep(100);
  }
  throw new Error(`${NAME} was not established within 10 s`);
}

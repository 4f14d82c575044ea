import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { repositoryRoot } from '../../support/source-tree.ts';
import { runKubectl } from './kubectl.ts';

/** What deploy/kustomize/ comes to. */

const kustomize = join(repositoryRoot, 'deploy/kustomize');

export const overlays: readonly string[] = readdirSync(join(kustomize, 'overlays')).sort();

const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
export type Manifest = z.output<typeof manifest>;

export interface Rendered {
  readonly text: string;
  readonly manifests: readonly Manifest[];
}

/** An overlay as `kubectl kustomize` builds it, with the component `monitoring`, which each of them may have. */
export async function render(overlay: string): Promise<Rendered> {
  const directory = mkdtempSync(join(tmpdir(), 'reconcile-overlay-'));
  try {
    const from = (path: string) => relative(directory, join(kustomize, path));
    writeFileSync(
      join(directory, 'kustomization.yaml'),
      `resources: [${from(`overlays/${overlay}`)}]\ncomponents: [${from('components/monitoring')}]\n`,
    );
    const { stdout: text } = await runKubectl('kustomize', directory);
    const manifests = parseAllDocuments(text).map((document) => manifest.parse(document.toJS()));
    return { text, manifests };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The kinds of the Prometheus Operator as far as the API server has to know them. */
export const operatorDefinitions = (['ServiceMonitor', 'PrometheusRule'] as const)
  .map((kind) => {
    const plural = `${kind.toLowerCase()}s`;
    const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    return JSON.stringify({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.monitoring.coreos.com` },
      spec: {
        group: 'monitoring.coreos.com',
        names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
        scope: 'Namespaced',
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    });
  })
  .join('\n---\n');

const podSpec = z.looseObject({
  containers: z.array(z.looseObject({ name: z.string(), image: z.string(), env: z.unknown() })),
  initContainers: z.array(z.looseObject({ name: z.string(), image: z.string() })),
  volumes: z.array(z.looseObject({ name: z.string() })),
  terminationGracePeriodSeconds: z.number(),
});
const deployment = z.looseObject({
  spec: z.looseObject({
    replicas: z.number(),
    template: z.looseObject({ metadata: z.looseObject({}), spec: podSpec }),
  }),
});

/** How the daemon is run. */
export function deploymentOf({ manifests }: Rendered) {
  return deployment.parse(manifests.find(({ kind }) => kind === 'Deployment')).spec;
}

const main = z.object({
  args: z.array(z.string()),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
});

/** What the container of the daemon is started with, but for what only a pod knows. */
export function commandOf({ template }: ReturnType<typeof deploymentOf>) {
  const { args, env } = main.parse(template.spec.containers.find(({ name }) => name === 'reconcile'));
  const environment = Object.fromEntries(
    env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
  );
  return { args, environment };
}

export function asList(items: readonly Manifest[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

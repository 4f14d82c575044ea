import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { isThere, kubectl } from '../real/parts.ts';
import { type Finished, type SandboxProcess, start, startSandbox } from '../support/real-process.ts';
import { repositoryRoot } from '../support/source-tree.ts';
import { runKubectl } from './support/kubectl.ts';
import {
  asList,
  commandOf,
  deploymentOf,
  operatorDefinitions,
  overlays,
  type Rendered,
  render,
} from './support/overlays.ts';

const NAMESPACE = 'layers-reconciler';
const SECRETS = 'layers-reconciler-secrets';

let directory: string;
const rendered = new Map<string, Rendered>();

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function renderedAs(overlay: string): Rendered {
  const found = rendered.get(overlay);
  if (found === undefined) throw new Error(`There is no overlay ${overlay}.`);
  return found;
}

describe.skipIf(!isThere(kubectl))('deploy/kustomize', () => {
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'reconcile-manifests-'));
    for (const overlay of overlays) rendered.set(overlay, await render(overlay));
    // What the other objects need before they are looked at: their namespaces and their kinds.
    await runKubectl('apply', '--server-side', '-f', file('operator.json', operatorDefinitions));
    const { manifests } = renderedAs('source-kubernetes');
    const first = manifests.filter(({ kind }) => kind === 'Namespace' || kind === 'CustomResourceDefinition');
    await runKubectl('apply', '--server-side', '-f', file('first.json', asList(first)));
    const definitions = first.filter(({ kind }) => kind === 'CustomResourceDefinition');
    for (const { metadata } of definitions)
      await runKubectl('wait', '--for=condition=Established', `crd/${metadata.name}`, '--timeout=30s');
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('there is an overlay for each way in which customers are declared', () => {
    expect(overlays).toEqual(['customers-configmap', 'customers-git-sync', 'source-kubernetes']);
  });

  describe.each(overlays)('%s', (overlay) => {
    test('is accepted by a real API server, without a warning', async () => {
      const { stdout, stderr } = await runKubectl(
        'apply',
        '--server-side',
        '--dry-run=server',
        '-f',
        file(`${overlay}.yaml`, renderedAs(overlay).text),
      );
      expect(stderr).toBe('');
      expect(stdout.trim().split('\n')).toHaveLength(renderedAs(overlay).manifests.length);
    });

    test('makes pods that the standard "restricted" lets in', async () => {
      const { template } = deploymentOf(renderedAs(overlay));
      const metadata = { ...template.metadata, name: 'probe', namespace: NAMESPACE };
      const pod = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec });
      const { stdout } = await runKubectl('create', '--dry-run=server', '-f', file('pod.json', pod));
      expect(stdout).toContain('pod/probe created');
    });

    test('writes into volumes of a limited size only, and has a limit of memory', () => {
      const { containers, initContainers, volumes } = deploymentOf(renderedAs(overlay)).template.spec;
      for (const container of [...containers, ...initContainers])
        expect(container).toMatchObject({
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          resources: { requests: { cpu: expect.any(String) }, limits: { memory: expect.any(String) } },
        });
      for (const { emptyDir } of volumes) if (emptyDir !== undefined) expect(emptyDir).toHaveProperty('sizeLimit');
    });

    test('takes every image from settings.env', () => {
      const { containers, initContainers } = deploymentOf(renderedAs(overlay)).template.spec;
      const settings = readFileSync(join(repositoryRoot, 'deploy/kustomize/overlays', overlay, 'settings.env'), 'utf8');
      const images = [...settings.matchAll(/^\w*[iI]mage=(.+)$/gm)].map(([, image]) => image);
      for (const { image } of [...containers, ...initContainers]) expect(images).toContain(image);
    });

    test('survives a node that is drained', () => {
      const { manifests } = renderedAs(overlay);
      expect(deploymentOf(renderedAs(overlay)).replicas).toBe(2);
      const budget = manifests.find(({ kind }) => kind === 'PodDisruptionBudget');
      expect(budget).toMatchObject({ spec: { minAvailable: 1 } });
    });
  });

  test('with customers in files nobody is given a right to customers in the cluster', () => {
    for (const overlay of ['customers-configmap', 'customers-git-sync']) {
      const roles = renderedAs(overlay).manifests.filter(({ kind }) => kind.endsWith('Role'));
      expect(roles.map(({ metadata }) => metadata.name).sort()).toEqual([
        'layers-reconciler-lease',
        'layers-reconciler-secrets',
      ]);
    }
  });

  describe('the service account', () => {
    let kubeconfig: string;

    beforeAll(async () => {
      const wanted: readonly string[] = ['ServiceAccount', 'Role', 'RoleBinding'];
      const objects = renderedAs('source-kubernetes').manifests.filter(({ kind }) => wanted.includes(kind));
      await runKubectl('apply', '--server-side', '-f', file('rights.json', asList(objects)));
      const { stdout } = await runKubectl('create', 'token', NAMESPACE, '--namespace', NAMESPACE);
      const admin = readFileSync(inject('cluster').kubeconfig, 'utf8');
      kubeconfig = file(
        'kubeconfig',
        admin
          .replace(inject('cluster').adminToken, stdout.trim())
          // A pod knows its namespace.
          .replace('user: test }', `user: test, namespace: ${NAMESPACE} }`),
      );
    });

    async function answerTo(question: string): Promise<string> {
      const args = ['--kubeconfig', kubeconfig, 'auth', 'can-i', ...question.split(' ')];
      const { stdout } = await runKubectl(...args).catch((refused: { stdout: string }) => refused);
      return stdout.trim();
    }

    test.each([
      [`list customers -n ${NAMESPACE}`, 'the fleet'],
      [`watch customers -n ${NAMESPACE}`, 'a hint that it changed'],
      [`get customers/acme -n ${NAMESPACE}`, 'a declaration, read again before money moves'],
      [`update customers/acme --subresource=status -n ${NAMESPACE}`, 'what became of it'],
      [`create events.events.k8s.io -n ${NAMESPACE}`, 'what people look at first'],
      [`get configmaps/layers-reconciler-fleet -n ${NAMESPACE}`, 'the status of the webhooks'],
      [`update configmaps/layers-reconciler-fleet -n ${NAMESPACE}`, 'the status of the webhooks'],
      [`create configmaps -n ${NAMESPACE}`, 'the status of the webhooks, for the first time'],
      [`get leases.coordination.k8s.io/layers-reconciler -n ${NAMESPACE}`, 'who leads'],
      [`update leases.coordination.k8s.io/layers-reconciler -n ${NAMESPACE}`, 'that it leads'],
      [`create leases.coordination.k8s.io -n ${NAMESPACE}`, 'that it leads, for the first time'],
      [`create secrets -n ${SECRETS}`, 'a key that was minted'],
      [`get secrets/any -n ${SECRETS}`, 'that it is there'],
      [`update secrets/any -n ${SECRETS}`, 'a key that was rotated'],
    ])('may %s: %s', async (question) => {
      expect(await answerTo(question)).toBe('yes');
    });

    test.each([
      [`list secrets -n ${SECRETS}`, 'whoever has the token must not find out what keys there are'],
      [`watch secrets -n ${SECRETS}`, 'that would be the same'],
      [`delete secrets/any -n ${SECRETS}`, 'a key is never lost by our hand (I3)'],
      [`patch secrets/any -n ${SECRETS}`, 'a write names the version that it replaces'],
      [`get secrets/layers-api-key -n ${NAMESPACE}`, 'the parent’s key comes as a file'],
      ['get secrets/any -n kube-system', 'it is nobody there'],
      [`create customers -n ${NAMESPACE}`, 'it declares nothing'],
      [`update customers/acme -n ${NAMESPACE}`, 'it changes no declaration'],
      [`patch customers/acme -n ${NAMESPACE}`, 'it changes no declaration'],
      [`delete customers/acme -n ${NAMESPACE}`, 'absence is never an instruction, and not its to make'],
      ['list customers -n default', 'another team’s customers are not its own'],
      ['list customers --all-namespaces', 'another team’s customers are not its own'],
      [`update leases.coordination.k8s.io/other -n ${NAMESPACE}`, 'somebody else’s lease'],
      [`delete leases.coordination.k8s.io/layers-reconciler -n ${NAMESPACE}`, 'a lease is let go, not deleted'],
      [`get configmaps/layers-reconciler-config -n ${NAMESPACE}`, 'settings come as a file'],
      [`update configmaps/layers-reconciler-config -n ${NAMESPACE}`, 'it lifts no guard of its own'],
      [`create pods -n ${NAMESPACE}`, 'a pod could mount the parent’s key'],
      [`create pods --subresource=exec -n ${NAMESPACE}`, 'it does not enter its neighbour'],
      [
        `create serviceaccounts/${NAMESPACE} --subresource=token -n ${NAMESPACE}`,
        'a stolen token is not renewed with itself',
      ],
      [`create rolebindings.rbac.authorization.k8s.io -n ${NAMESPACE}`, 'it gives itself no rights'],
      ['impersonate users', 'it is nobody else'],
      ['get nodes', 'the machines are not its business'],
    ])('may not %s: %s', async (question) => {
      expect(await answerTo(question)).toBe('no');
    });

    describe('a daemon with its rights and the environment of the Deployment', () => {
      let sandbox: SandboxProcess;
      let workspace: string;

      beforeAll(async () => {
        sandbox = await startSandbox(mkdtempSync(join(directory, 'sandbox-')));
        workspace = mkdtempSync(join(directory, 'workspace-'));
        const { organizationId, apiKeyId } = whoami.parse((await sandbox.get('/v1/whoami')).body);
        writeFileSync(
          join(workspace, 'reconcile.yaml'),
          readFileSync(join(repositoryRoot, 'deploy/kustomize/overlays/source-kubernetes/reconcile.yaml'), 'utf8')
            .replace(/^# (?=parentOrganizationId: )(\w+: ).*$/m, `$1${organizationId}`)
            .replace(/^# (?=apiKeyId: )(\w+: ).*$/m, `$1${apiKeyId}`),
        );
      });
      afterAll(() => sandbox.stop());

      /** The daemon until the customer is ready, and what it said. */
      async function runUntilReady(): Promise<Finished> {
        await runKubectl('apply', '--server-side', '-f', file('customer.json', JSON.stringify(acme)));
        const { args, environment } = commandOf(deploymentOf(renderedAs('source-kubernetes')));
        // In a pod that is the default.
        const daemon = start(workspace, [...args, '--leader-elect'], {
          ...environment,
          KUBECONFIG: kubeconfig,
          LAYERS_BASE_URL: sandbox.environment.LAYERS_BASE_URL,
          LAYERS_API_KEY_FILE: file('api-key', sandbox.environment.LAYERS_API_KEY),
          RECONCILE_LISTEN: '127.0.0.1:0',
          POD_UID: 'a-pod',
        });
        const ready = ['wait', 'customer/acme-coffee', '-n', NAMESPACE, '--for=condition=Ready', '--timeout=30s'];
        try {
          await runKubectl(...ready);
        } finally {
          await daemon.stop();
        }
        return daemon.finished;
      }

      async function nameAndData(kind: string, namespace: string): Promise<string> {
        const rows = '{range .items[*]}{.kind}/{.metadata.name} {.data}{end}';
        return (await runKubectl('get', kind, '-n', namespace, '--output', `jsonpath=${rows}`)).stdout;
      }

      test('onboards a customer that is applied, and is refused nothing', async () => {
        const { exitCode, stdout, stderr } = await runUntilReady();
        expect(stdout + stderr).not.toMatch(/forbidden/i);
        expect(exitCode).toBe(0);
        expect(await nameAndData('secrets', SECRETS)).toMatch(
          /^Secret\/layers-acme-coffee-acme-integration-[0-9a-f]{12} /,
        );
        expect(await nameAndData('leases', NAMESPACE)).toMatch(/^Lease\/layers-reconciler /);
      });

      test('finds everything again after the whole cluster was lost, and pays nothing for it', async () => {
        const secrets = await nameAndData('secrets', SECRETS);
        for (const [kind, namespace] of [
          ['customers', NAMESPACE],
          ['leases', NAMESPACE],
          ['events.events.k8s.io', NAMESPACE],
          ['secrets', SECRETS],
        ] as const)
          await runKubectl('delete', kind, '--all', '-n', namespace);
        expect((await runUntilReady()).exitCode).toBe(0);
        // Within 20 hours of the mint the same request gives the same secret again.
        expect(await nameAndData('secrets', SECRETS)).toBe(secrets);
        const operations = operationsShape.parse(await sandbox.control('GET', 'operations')).map(({ kind }) => kind);
        for (const once of ['organization.create', 'credits.allocate', 'key.mint'])
          expect(operations.filter((kind) => kind === once)).toHaveLength(1);
      });
    });
  });
});

const acme = {
  apiVersion: 'layers-reconciler.dev/v1alpha1',
  kind: 'Customer',
  metadata: { name: 'acme-coffee', namespace: NAMESPACE },
  spec: {
    externalId: 'acme-coffee',
    name: 'Acme Coffee',
    credits: 5000,
    cap: 5000,
    keys: [{ name: 'acme-integration', scopes: ['content:read'] }],
  },
};

const whoami = z.object({ organizationId: z.string(), apiKeyId: z.string() });
const operationsShape = z.array(z.object({ kind: z.string() }));

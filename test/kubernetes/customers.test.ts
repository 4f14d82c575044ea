import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { customers, secrets } from '../../src/effects/kubernetes/kinds.ts';
import { FIREHOSE, openWorkspace, organizationNamed, type Workspace, writes } from '../e2e/support.ts';
import { startApiServer } from '../real/api-server.ts';
import { isThere, kubectl } from '../real/parts.ts';
import { start } from '../support/real-process.ts';
import { installDefinition } from './support/definition.ts';
import { runKubectl } from './support/kubectl.ts';
import { connect, type Kubernetes, makeNamespace, must } from './support/namespace.ts';
import { makeServiceAccount, type Rule } from './support/service-account.ts';

/** The built command, a sandbox of the Layers API over HTTP, and a real cluster, as a partner would have them. */

let kubernetes: Kubernetes;

beforeAll(async () => {
  kubernetes = connect();
  await installDefinition(kubernetes.client);
});

afterAll(() => kubernetes.close());

const kind = { apiVersion: 'layers-reconciler.dev/v1alpha1', kind: 'Customer' };
const acme = {
  externalId: 'acme-coffee',
  name: 'Acme Coffee',
  credits: 5000,
  cap: 5000,
  keys: [{ name: 'acme-integration', scopes: ['content:read'] }],
};
const birch = { externalId: 'birch-books', name: 'Birch Books' };

/** A namespace for objects, one for secrets, and a workspace that holds reconcile.yaml and nothing else. */
async function partner(kubeconfig = inject('cluster').kubeconfig, client = kubernetes.client) {
  const workspace = await openWorkspace();
  onTestFinished(() => workspace.close());
  const [namespace, escrow] = [await makeNamespace(client), await makeNamespace(client)];
  workspace.write(
    'reconcile.yaml',
    `${workspace.read('reconcile.yaml')}secrets: { store: kubernetes, namespace: ${escrow} }\n`,
  );
  const environment = {
    ...workspace.sandbox.environment,
    KUBECONFIG: kubeconfig,
    RECONCILE_SOURCE: 'kubernetes',
    RECONCILE_NAMESPACE: namespace,
  };
  const at = (name: string) => ({ namespace, name });
  const read = async (name: string) => must(await client.get(customers, at(name)));
  return {
    workspace,
    environment,
    namespace,
    escrow,
    read,
    reconcile: (...args: string[]) => workspace.reconcileWith(environment, ...args),
    watch: () => start(workspace.directory, ['--watch'], environment),
    apply: async (name: string, spec: object, where = namespace) => {
      const body = { ...kind, metadata: { name }, spec };
      must(await client.patch(customers, { namespace: where, name }, { type: 'apply', body }));
    },
    status: async (name: string) => statusShape.parse((await read(name)).status),
    restore: async (name: string, status: unknown) => {
      const { metadata, spec } = await read(name);
      must(await client.replace(customers, at(name), { ...kind, metadata, spec, status }, { subresource: 'status' }));
    },
  };
}

const statusShape = z.looseObject({
  phase: z.string(),
  observedGeneration: z.number().optional(),
  organizationId: z.string().optional(),
  conditions: z.array(z.looseObject({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() })),
});

async function balanceOf(workspace: Workspace, name: string): Promise<number> {
  return (await organizationNamed(workspace, name)).summary.balance;
}

describe('a customer that is applied', () => {
  test('is onboarded; its object says so, its secret is a Secret, and a second pass writes nothing anywhere', async () => {
    const { workspace, reconcile, apply, read, status, escrow } = await partner();
    await apply('acme', acme);
    await workspace.requests();
    expect(await reconcile()).toMatchObject({ exitCode: 0 });
    expect(writes(await workspace.requests())).toHaveLength(4);
    expect(await status('acme')).toMatchObject({
      externalId: 'acme-coffee',
      phase: 'Ready',
      observedGeneration: 1,
      conditions: [{ type: 'Ready', status: 'True', reason: 'Converged' }],
      credits: { declared: 5000, granted: 5000 },
    });
    const [secret, ...others] = must(await kubernetes.client.list(secrets, { namespace: escrow })).items;
    expect(others).toEqual([]);
    expect(Buffer.from(secret?.data?.['secret'] ?? '', 'base64').toString()).toMatch(/^lp_live_/);

    const { metadata } = await read('acme');
    expect((await reconcile()).stdout).toContain('nothing to do');
    expect(writes(await workspace.requests())).toEqual([]);
    expect((await read('acme')).metadata.resourceVersion).toBe(metadata.resourceVersion);
    // Nothing of ours is a file.
    expect(Object.keys(workspace.files())).toEqual(['reconcile.yaml']);
    expect(workspace.sizes()).toEqual({});
  });

  test.skipIf(!isThere(kubectl))('is waited for, listed and described by kubectl', async () => {
    const { reconcile, apply, namespace } = await partner();
    await apply('acme', acme);
    const waiting = runKubectl('wait', '--for=condition=Ready', 'customer/acme', '-n', namespace, '--timeout=30s');
    await reconcile();
    expect((await waiting).stdout).toContain('condition met');
    const listed = (await runKubectl('get', 'lcust', '-n', namespace)).stdout.split('\n');
    expect(listed[0]?.split(/\s+/)).toEqual(['NAME', 'READY', 'PHASE', 'DECLARED', 'GRANTED', 'ORGANIZATION', 'AGE']);
    expect(listed[1]).toMatch(/^acme\s+True\s+Ready\s+5000\s+5000\s+org_/);
    const { stdout: described } = await runKubectl('describe', 'customer', 'acme', '-n', namespace);
    for (const reason of ['OrganizationCreated', 'CreditsGranted', 'LimitsChanged', 'KeyMinted', 'Converged'])
      expect(described).toMatch(new RegExp(`Normal\\s+${reason}`));
    // A newer generation is not ready because an older one was.
    await apply('acme', { ...acme, credits: 6000 });
    const stale = runKubectl('wait', '--for=condition=Ready', 'customer/acme', '-n', namespace, '--timeout=1s');
    await expect(stale).rejects.toThrow(/timed out/);
  });

  test('is explained, validated and shown by its place in the object', async () => {
    const { reconcile, apply } = await partner();
    await apply('acme', acme);
    expect((await reconcile('explain', 'acme-coffee')).stdout).toMatch(/customers\/test-\w+\/acme:spec\.keys\[0\]/);
    expect(await reconcile('validate')).toMatchObject({ exitCode: 0 });
    expect((await reconcile('status')).stdout).toContain('acme-coffee');
    const plan = JSON.parse((await reconcile('--dry-run', '--output', 'json')).stdout);
    expect(plan.customers[0].steps[1]).toMatchObject({ action: 'grant', path: 'spec.credits' });
  });
});

describe('absence is no instruction', () => {
  test('an object that is deleted leaves an orphan, and nothing is written for it', async () => {
    const { workspace, reconcile, apply, namespace } = await partner();
    await apply('acme', acme);
    await apply('birch', birch);
    await reconcile();
    await workspace.requests();
    must(await kubernetes.client.remove(customers, { namespace, name: 'acme' }));
    const { exitCode, stdout } = await reconcile();
    expect(exitCode).toBe(0);
    expect(stdout).toContain('acme-coffee');
    expect(writes(await workspace.requests())).toEqual([]);
    expect((await reconcile('orphans')).stdout).toContain('acme-coffee');
    // Applied again, it is found by its mark.
    await apply('acme', acme);
    expect(await reconcile()).toMatchObject({ exitCode: 0 });
    expect(writes(await workspace.requests())).toEqual([]);
    expect(await balanceOf(workspace, 'Acme Coffee')).toBe(5000);
  });

  test('a namespace without objects is a mistake, not a fleet of none', async () => {
    const { reconcile } = await partner();
    expect(await reconcile()).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('NoCustomers') });
  });

  test('an API server that is away is unknown: nothing is asked of anybody', async () => {
    const { workspace, environment, apply } = await partner();
    await apply('acme', acme);
    const away = `apiVersion: v1
kind: Config
current-context: away
contexts: [{ name: away, context: { cluster: away, namespace: acme } }]
clusters: [{ name: away, cluster: { server: 'https://127.0.0.1:9' } }]
`;
    workspace.write('away', away);
    await workspace.requests();
    const ended = await workspace.reconcileWith({ ...environment, KUBECONFIG: `${workspace.directory}/away` });
    expect(ended).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('DeclarationsUnreadable') });
    expect(await workspace.requests()).toEqual([]);
  });
});

describe('two namespaces that claim one identity', () => {
  test('are both frozen, and both objects say so, whatever they said before', async () => {
    const { workspace, environment, reconcile, apply, status, namespace } = await partner();
    // Of all namespaces of this server, nobody else's test declares it.
    const twin = { ...acme, externalId: `twin-${namespace}` };
    await apply('acme', twin);
    await reconcile();
    const mallory = await makeNamespace(kubernetes.client);
    await apply('mine-now', { ...twin, credits: 9000, keys: [{ name: 'stolen', scopes: ['*'] }] }, mallory);
    await workspace.requests();
    const everywhere = { ...environment, RECONCILE_NAMESPACE: '', RECONCILE_ALL_NAMESPACES: 'true' };
    await workspace.reconcileWith(everywhere);
    expect(writes(await workspace.requests())).toEqual([]);
    const { organizationId, conditions, phase } = await status('acme');
    expect(phase).toBe('Stalled');
    expect(organizationId).toMatch(/^org_/);
    expect(conditions[0]).toMatchObject({ type: 'Ready', status: 'False', reason: 'DuplicateIdentity' });
    expect(conditions[0]?.message).toContain(`customers/${mallory}/mine-now`);
    const other = must(await kubernetes.client.get(customers, { namespace: mallory, name: 'mine-now' }));
    expect(statusShape.parse(other.status).conditions[0]).toMatchObject({ reason: 'DuplicateIdentity' });

    must(await kubernetes.client.remove(customers, { namespace: mallory, name: 'mine-now' }));
    expect(await reconcile()).toMatchObject({ exitCode: 0 });
    expect(await status('acme')).toMatchObject({ phase: 'Ready', conditions: [{ status: 'True' }] });
    expect(writes(await workspace.requests())).toEqual([]);
  });
});

describe('recorded status vetoes and never authorises', () => {
  test('restored, edited or deleted, it moves no money and mints no key', async () => {
    const { workspace, reconcile, apply, status, restore, read, escrow } = await partner();
    await apply('acme', acme);
    await reconcile();
    const old = await status('acme');
    await apply('acme', { ...acme, credits: 8000 });
    await reconcile();
    expect(await balanceOf(workspace, 'Acme Coffee')).toBe(8000);
    await workspace.requests();
    const forged = { ...old, credits: { declared: 8000, granted: 0, slots: 0 }, keys: [] };
    for (const status of [old, forged, undefined]) {
      await restore('acme', status);
      await reconcile('--full');
      await reconcile('--full');
    }
    expect(writes(await workspace.requests())).toEqual([]);
    expect(await balanceOf(workspace, 'Acme Coffee')).toBe(8000);
    expect((await read('acme')).status).toMatchObject({ phase: 'Ready', credits: { granted: 8000, slots: 2 } });
    expect(must(await kubernetes.client.list(secrets, { namespace: escrow })).items).toHaveLength(1);
  });

  test('of a customer that cannot be used any more stays as evidence until it is mended', async () => {
    const { workspace, reconcile, apply, status } = await partner();
    await apply('acme', acme);
    await apply('birch', birch);
    await reconcile();
    const before = await status('acme');
    // Only we know what time it is, so the API server takes this one.
    const [key] = acme.keys;
    await apply('acme', { ...acme, keys: [{ ...key, createdAfter: '2999-01-01T00:00:00Z' }] });
    expect(await reconcile()).toMatchObject({ exitCode: 5 });
    expect(await status('acme')).toMatchObject({
      organizationId: before.organizationId,
      observedGeneration: 2,
      phase: 'Stalled',
      conditions: [{ type: 'Ready', status: 'False', reason: 'InstantInFuture' }],
    });
    await workspace.requests();
    await apply('acme', acme);
    expect(await reconcile()).toMatchObject({ exitCode: 0 });
    expect(await status('acme')).toMatchObject({ phase: 'Ready', observedGeneration: 3 });
    expect(writes(await workspace.requests())).toEqual([]);
  });
});

test('the role that docs/kubernetes.md names is enough', async () => {
  const { workspace, environment, namespace, apply, status } = await partner();
  const whole = (rules: readonly Rule[]) => makeServiceAccount(kubernetes.client, namespace, 'reconcile', rules);
  const token = await whole([
    { apiGroups: ['layers-reconciler.dev'], resources: ['customers'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: ['layers-reconciler.dev'], resources: ['customers/status'], verbs: ['update'] },
    { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create'] },
    { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] },
    {
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: ['layers-reconciler-fleet'],
      verbs: ['get', 'update'],
    },
    { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'get', 'update'] },
  ]);
  const settings = workspace.read('reconcile.yaml').replace(/namespace: \S+/, `namespace: ${namespace}`);
  workspace.write('reconcile.yaml', settings + FIREHOSE);
  const { url, ca } = inject('cluster');
  const user = { name: 'pod', user: { token: token.reveal() } };
  const data = Buffer.from(ca).toString('base64');
  const kubeconfig = {
    'current-context': 'pod',
    contexts: [{ name: 'pod', context: { cluster: 'pod', user: 'pod', namespace } }],
    clusters: [{ name: 'pod', cluster: { server: url, 'certificate-authority-data': data } }],
    users: [user],
  };
  workspace.write('kubeconfig', JSON.stringify(kubeconfig));
  await apply('acme', acme);
  const account = { ...environment, KUBECONFIG: `${workspace.directory}/kubeconfig` };
  const ended = await workspace.reconcileWith(account);
  expect(ended).toMatchObject({ exitCode: 0 });
  expect(ended.stderr).not.toContain('may not');
  expect(await status('acme')).toMatchObject({ phase: 'Ready' });
  expect((await workspace.reconcileWith(account)).stdout).toContain('nothing to do');
});

test('an API server that dies in the middle holds everything up and loses nothing', async () => {
  const server = await startApiServer();
  onTestFinished(() => server.stop());
  const admin = connect(server.kubeconfig);
  onTestFinished(() => admin.close());
  await installDefinition(admin.client);
  const { workspace, apply, status, watch, escrow } = await partner(server.kubeconfig, admin.client);
  await apply('acme', acme);
  const daemon = watch();
  onTestFinished(async () => void (await daemon.stop()));
  await expect.poll(() => status('acme').catch(() => null), { timeout: 20_000 }).toMatchObject({ phase: 'Ready' });
  await apply('acme', { ...acme, credits: 7000, keys: [...acme.keys, { name: 'second', scopes: ['content:read'] }] });
  await server.kill();
  await daemon.shows(/objects cannot be watched/);
  await server.startAgain();
  await expect
    .poll(() => status('acme').catch(() => null), { timeout: 40_000 })
    .toMatchObject({ phase: 'Ready', observedGeneration: 2, credits: { granted: 7000 } });
  expect(await daemon.stop()).toMatchObject({ exitCode: 0 });
  expect(await balanceOf(workspace, 'Acme Coffee')).toBe(7000);
  const kept = must(await admin.client.list(secrets, { namespace: escrow })).items;
  expect(kept.map(({ data }) => Object.keys(data ?? {}))).toEqual([['secret'], ['secret']]);
  expect((await workspace.operations()).filter((operation) => operation === 'key.mint')).toHaveLength(2);
});

describe('the daemon', () => {
  test('is woken by what is applied, writes its journal to stdout, and is woken by no status', async () => {
    const { workspace, apply, status, watch } = await partner();
    await apply('birch', birch);
    const daemon = watch();
    onTestFinished(async () => void (await daemon.stop()));
    await expect.poll(() => status('birch').catch(() => null), { timeout: 20_000 }).toMatchObject({ phase: 'Ready' });
    await apply('acme', acme);
    await expect.poll(() => status('acme').catch(() => null), { timeout: 20_000 }).toMatchObject({ phase: 'Ready' });
    await apply('acme', { ...acme, credits: 6000 });
    await expect
      .poll(() => status('acme'), { timeout: 20_000 })
      .toMatchObject({ observedGeneration: 2, phase: 'Ready', credits: { granted: 6000 } });
    const { exitCode, stdout } = await daemon.stop();
    expect(exitCode).toBe(0);
    const journal = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => z.looseObject({ msg: z.string(), event: z.string(), step: z.string() }).parse(JSON.parse(line)));
    expect(journal.filter(({ event }) => event === 'intent').map(({ step }) => step)).toEqual([
      'create-organization',
      'create-organization',
      'grant',
      'change-limits',
      'mint-key',
      'grant',
    ]);
    expect(stdout).not.toMatch(/lp_live_[A-Z0-9]{16}_/);
    expect(await balanceOf(workspace, 'Acme Coffee')).toBe(6000);
    expect(workspace.sizes()).toEqual({});
  });
});

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { systemChance } from '../../src/effects/chance.ts';
import type { KubernetesClient } from '../../src/effects/kubernetes/client.ts';
import { customers, secrets } from '../../src/effects/kubernetes/kinds.ts';
import { createKubernetesSecretStore } from '../../src/effects/secrets/kubernetes-store.ts';
import { createKubernetesStatusStore } from '../../src/effects/status/kubernetes-store.ts';
import { describeSecretStore, first, plain, second, shown, slot } from '../effects/secrets/contract.ts';
import { startApiServer } from '../real/api-server.ts';
import { installDefinition } from './support/definition.ts';
import { connect, connectAs, type Kubernetes, makeNamespace, must } from './support/namespace.ts';
import { makeServiceAccount } from './support/service-account.ts';

let kubernetes: Kubernetes;

beforeAll(async () => {
  kubernetes = connect();
  await installDefinition(kubernetes.client);
});

afterAll(() => kubernetes.close());

describeSecretStore('a real cluster', async () => {
  const namespace = await makeNamespace(kubernetes.client);
  return () => createKubernetesSecretStore({ client: kubernetes.client, namespace, chance: systemChance });
});

describe('secrets', () => {
  const escrow = { apiGroups: [''], resources: ['secrets'] };

  async function as(verbs: readonly string[]) {
    const namespace = await makeNamespace(kubernetes.client);
    const token = await makeServiceAccount(kubernetes.client, namespace, 'reconcile', [{ ...escrow, verbs }]);
    const pod = connectAs(() => token);
    onTestFinished(() => pod.close());
    return createKubernetesSecretStore({ client: pod.client, namespace, chance: systemChance });
  }

  test('need create, get and update, and nothing else', async () => {
    const store = await as(['create', 'get', 'update']);
    expect(await store.probe(slot)).toMatchObject({ ok: true });
    expect(await store.put(slot, first)).toMatchObject({ ok: true });
    expect(await store.put(slot, second)).toMatchObject({ ok: true });
    expect(shown(await store.readPrevious(slot))).toEqual(plain(first));
    expect(await store.removePrevious(slot)).toMatchObject({ ok: true });
  });

  test.each(['create', 'get'])(
    'are refused before anything is minted where %s is missing, with the rule to add',
    async (missing) => {
      const store = await as(['create', 'get', 'update'].filter((verb) => verb !== missing));
      const proved = await store.probe(slot);
      expect(proved).toMatchObject({ ok: false, message: expect.stringContaining(`verbs: ["${missing}"]`) });
    },
  );

  test('are refused before anything is minted where there is no such namespace', async () => {
    const options = { client: kubernetes.client, namespace: 'nobody-made-this-one', chance: systemChance };
    expect(await createKubernetesSecretStore(options).probe(slot)).toMatchObject({ ok: false });
  });

  test('of many writers at once are never mixed up', async () => {
    const namespace = await makeNamespace(kubernetes.client);
    const store = () => createKubernetesSecretStore({ client: kubernetes.client, namespace, chance: systemChance });
    await Promise.all([
      store().put(slot, first),
      store().put(slot, second),
      store().put(slot, first),
      store().probe(slot),
    ]);
    const [object] = must(await kubernetes.client.list(secrets, { namespace })).items;
    const { current, previous } = {
      current: shown(await store().read(slot)),
      previous: shown(await store().readPrevious(slot)),
    };
    expect([plain(first), plain(second)]).toContainEqual(current);
    if (previous !== null) expect([plain(first), plain(second)]).toContainEqual(previous);
    expect(object?.metadata.annotations).toMatchObject({
      'layers-reconciler.dev/slot': '["org_parent","api-key","acme-coffee","acme-integration"]',
    });
  });
});

describe('status', () => {
  const status = {
    externalId: 'acme',
    parentOrganizationId: 'org_parent',
    declaration: 'sha256:one',
    observedGeneration: 1,
    organizationId: 'org_child',
    phase: 'Ready',
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Converged',
        message: 'Fine.',
        lastTransitionTime: '2026-11-25T00:00:00.000Z',
      },
    ],
    credits: { declared: 5, granted: 5, slots: 1 },
    keys: [
      {
        name: 'sync',
        id: 'key_1',
        prefix: 'lp_live_A',
        secret: 'kubernetes:a/b',
        seen: 2,
        ordinal: 1,
        replaces: 'key_0',
      },
    ],
  } as const;

  async function object() {
    const namespace = await makeNamespace(kubernetes.client);
    const body = {
      apiVersion: 'layers-reconciler.dev/v1alpha1',
      kind: 'Customer',
      metadata: { name: 'acme' },
      spec: { externalId: 'acme', name: 'Acme', cap: null },
    };
    must(await kubernetes.client.create(customers, { namespace }, body));
    const store = createKubernetesStatusStore({ client: kubernetes.client, namespace });
    const read = async () => must(await kubernetes.client.get(customers, { namespace, name: 'acme' }));
    return { namespace, store, read, target: { externalId: 'acme', file: `customers/${namespace}/acme` } };
  }

  test('comes back whole, raises no generation, and is not written twice', async () => {
    const { store, read, target } = await object();
    expect(await store.read(target)).toEqual({ ok: true, value: null });
    expect(await store.write(target, status)).toMatchObject({ ok: true });
    expect(await store.read(target)).toEqual({ ok: true, value: status });
    const { metadata, spec } = await read();
    expect(metadata.generation).toBe(1);
    expect(spec).toEqual({ externalId: 'acme', name: 'Acme', cap: null });
    await store.write(target, status);
    expect((await read()).metadata.resourceVersion).toBe(metadata.resourceVersion);
  });

  test('keeps what a newer version recorded', async () => {
    const { store, target } = await object();
    await store.write(target, { ...status, aMemberOfTheFuture: { grants: 3 } });
    expect(await store.read(target)).toMatchObject({ value: { aMemberOfTheFuture: { grants: 3 } } });
  });

  test('of many writers at once never counts less than any of them saw', async () => {
    const { store, target } = await object();
    await store.write(target, status);
    const counts = [1, 4, 2, 5, 3].map((slots) => ({ ...status, credits: { declared: 9, granted: slots, slots } }));
    await Promise.all(counts.map((one) => store.write(target, one)));
    expect(await store.read(target)).toMatchObject({ value: { credits: { granted: 5 } } });
  });

  test('is thrown away when a person says so', async () => {
    const { store, read, target } = await object();
    await store.write(target, status);
    expect(await store.discard(target)).toMatchObject({ ok: true });
    expect(await read()).not.toHaveProperty('status');
  });

  test('of the fleet has a ConfigMap of its own', async () => {
    const { store } = await object();
    const fleet = { externalId: null, file: 'reconcile.yaml' };
    const recorded = { parentOrganizationId: 'org_parent', webhooks: [{ name: 'firehose', id: 'one', seen: 2 }] };
    expect(await store.read(fleet)).toEqual({ ok: true, value: null });
    expect(await store.write(fleet, recorded)).toMatchObject({ ok: true });
    expect(await store.read(fleet)).toEqual({ ok: true, value: recorded });
  });
});

test('while etcd is paused a secret is not said to be stored; afterwards it is, once', async () => {
  const server = await startApiServer();
  onTestFinished(() => server.stop());
  const admin = connectAs(() => new Secret(server.adminToken), server);
  onTestFinished(() => admin.close());
  const namespace = await makeNamespace(admin.client);
  // A second instead of ten, so that nobody waits for what cannot come.
  const deadline = { deadlineMs: 1_000 };
  const hasty: Pick<KubernetesClient, 'get' | 'create' | 'replace'> = {
    get: (kind, at) => admin.client.get(kind, at, deadline),
    create: (kind, at, object) => admin.client.create(kind, at, object, deadline),
    replace: (kind, at, object) => admin.client.replace(kind, at, object, deadline),
  };
  const store = createKubernetesSecretStore({ client: hasty, namespace, chance: systemChance });
  await store.probe(slot);
  server.pauseStore();
  expect(await store.put(slot, first)).toMatchObject({ ok: false });
  server.resumeStore();
  await expect.poll(() => store.put(slot, first), { timeout: 30_000 }).toMatchObject({ ok: true });
  expect(shown(await store.read(slot))).toEqual(plain(first));
  expect(await store.readPrevious(slot)).toEqual({ ok: true, value: null });
});

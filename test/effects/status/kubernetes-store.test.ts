import { describe, expect, test } from 'vitest';
import { configMaps, customers } from '../../../src/effects/kubernetes/kinds.ts';
import { createKubernetesStatusStore } from '../../../src/effects/status/kubernetes-store.ts';
import { createFakeCluster, type FakeCluster } from '../../support/fake-cluster.ts';

const target = { externalId: 'acme', file: 'customers/acme/acme' };
const fleet = { externalId: null, file: 'reconcile.yaml' };
const spec = { externalId: 'acme', name: 'Acme' };
const status = {
  externalId: 'acme',
  parentOrganizationId: 'org_parent',
  declaration: 'sha256:one',
  organizationId: 'org_child',
  phase: 'Ready',
  credits: { declared: 5, granted: 5, slots: 1 },
} as const;

function clusterWith(recorded?: object): FakeCluster {
  const cluster = createFakeCluster();
  cluster.apply({
    apiVersion: 'layers-reconciler.dev/v1alpha1',
    kind: 'Customer',
    metadata: { name: 'acme', namespace: 'acme' },
    spec,
    ...(recorded ? { status: recorded } : {}),
  });
  return cluster;
}

const storeIn = ({ client }: FakeCluster) => createKubernetesStatusStore({ client, namespace: 'layers' });
const theObject = (cluster: FakeCluster) => cluster.object(customers, 'acme', 'acme');
const writes = ({ calls }: FakeCluster) =>
  calls.filter(({ verb }) => verb !== 'get').map(({ verb, resource }) => `${verb} ${resource}`);

describe('the status of an object', () => {
  test('comes back as it was written, beside a spec that stays as it is', async () => {
    const cluster = clusterWith();
    expect(await storeIn(cluster).read(target)).toEqual({ ok: true, value: null });
    expect(await storeIn(cluster).write(target, status)).toMatchObject({ ok: true });
    expect(await storeIn(cluster).read(target)).toEqual({ ok: true, value: status });
    expect(theObject(cluster)).toMatchObject({ spec, metadata: { generation: 1 } });
    expect(writes(cluster)).toEqual(['update customers.layers-reconciler.dev/status']);
  });

  test('is not written when it says the same', async () => {
    const cluster = clusterWith(status);
    await storeIn(cluster).write(target, { ...status });
    expect(writes(cluster)).toEqual([]);
  });

  test('that somebody else wrote meanwhile keeps what they counted', async () => {
    const cluster = clusterWith({ ...status, credits: { declared: 5, granted: 3, slots: 1 } });
    let isFirst = true;
    cluster.fault = ({ verb }) => {
      const object = theObject(cluster);
      if (verb === 'update' && isFirst && object) {
        isFirst = false;
        cluster.apply({ ...object, status: { ...status, credits: { declared: 9, granted: 9, slots: 3 } } });
      }
      return null;
    };
    expect(await storeIn(cluster).write(target, status)).toMatchObject({ ok: true });
    expect(theObject(cluster)?.['status']).toMatchObject({ credits: { declared: 5, granted: 9, slots: 3 } });
  });

  test('that others write all the time is left to the next pass, and said', async () => {
    const cluster = clusterWith();
    cluster.fault = ({ verb }) =>
      verb === 'update' ? { outcome: 'conflict', reason: 'stale', message: 'stale' } : null;
    expect(await storeIn(cluster).write(target, status)).toMatchObject({ ok: false });
  });

  test.each([
    {
      reason: 'the server is away',
      strike: (cluster: FakeCluster) => {
        cluster.fault = () => 'lost-request';
      },
    },
    { reason: 'the object is gone', strike: (cluster: FakeCluster) => cluster.delete(customers, 'acme', 'acme') },
  ])('is unknown, not empty, when $reason', async ({ strike }) => {
    const cluster = clusterWith(status);
    strike(cluster);
    expect(await storeIn(cluster).read(target)).toMatchObject({ ok: false });
    expect(await storeIn(cluster).write(target, status)).toMatchObject({ ok: false });
  });

  test('of a customer from a file is refused in words', async () => {
    const store = storeIn(clusterWith());
    expect(await store.read({ externalId: 'acme', file: 'customers/acme.yaml' })).toMatchObject({
      ok: false,
      message: expect.stringContaining('no object in a cluster'),
    });
  });

  test('that only says why the object was refused is no record of anything', async () => {
    const cluster = clusterWith({ phase: 'Stalled', observedGeneration: 1, conditions: [] });
    expect(await storeIn(cluster).read(target)).toEqual({ ok: true, value: null });
  });

  test('is thrown away for a person who says so', async () => {
    const cluster = clusterWith(status);
    expect(await storeIn(cluster).discard(target)).toMatchObject({ ok: true });
    expect(theObject(cluster)).not.toHaveProperty('status');
    expect(await storeIn(cluster).discard(target)).toMatchObject({ ok: true });
    expect(writes(cluster)).toHaveLength(1);
  });
});

describe('the status of the fleet', () => {
  const recorded = { parentOrganizationId: 'org_parent', webhooks: [{ name: 'firehose', id: 'one', seen: 2 }] };

  test('stands in a ConfigMap of its own, made at the first write', async () => {
    const cluster = createFakeCluster();
    expect(await storeIn(cluster).read(fleet)).toEqual({ ok: true, value: null });
    expect(await storeIn(cluster).write(fleet, recorded)).toMatchObject({ ok: true });
    expect(await storeIn(cluster).read(fleet)).toEqual({ ok: true, value: recorded });
    await storeIn(cluster).write(fleet, recorded);
    expect(writes(cluster)).toEqual(['create configmaps']);
    expect(cluster.object(configMaps, 'layers', 'layers-reconciler-fleet')).not.toBeNull();
  });

  test('of two writers counts what either of them saw', async () => {
    const cluster = createFakeCluster();
    await storeIn(cluster).write(fleet, recorded);
    await storeIn(cluster).write(fleet, { ...recorded, webhooks: [{ name: 'other', id: 'two' }] });
    expect(await storeIn(cluster).read(fleet)).toMatchObject({
      value: { webhooks: [{ name: 'other' }, { name: 'firehose', seen: 2 }] },
    });
  });

  test('that is damaged is not written over', async () => {
    const cluster = createFakeCluster();
    cluster.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'layers-reconciler-fleet', namespace: 'layers' },
      data: { 'status.json': '{' },
    });
    expect(await storeIn(cluster).read(fleet)).toMatchObject({ ok: false });
    expect(await storeIn(cluster).write(fleet, recorded)).toMatchObject({ ok: false });
    expect(writes(cluster)).toEqual([]);
  });
});

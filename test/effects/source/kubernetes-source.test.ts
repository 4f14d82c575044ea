import { describe, expect, test } from 'vitest';
import { emptyWorkspace } from '../../../src/core/declaration/read.ts';
import { placeText, type SourcedWorkspace } from '../../../src/core/source.ts';
import { customers } from '../../../src/effects/kubernetes/kinds.ts';
import { createKubernetesSource } from '../../../src/effects/source/kubernetes-source.ts';
import type { DeclarationSource, FleetLoad } from '../../../src/effects/source/source.ts';
import { createFakeCluster, type FakeCluster } from '../../support/fake-cluster.ts';

const now = Date.parse('2026-11-25T00:00:00Z');
const workspace: SourcedWorkspace = { ...emptyWorkspace(), file: 'reconcile.yaml', hash: 'sha256:one' };

function customer(name: string, spec: object, namespace = 'acme') {
  return {
    apiVersion: 'layers-reconciler.dev/v1alpha1',
    kind: 'Customer',
    metadata: { name, namespace },
    spec: { externalId: name, name: 'Acme', ...spec },
  };
}

/** reconcile.yaml as a mounted ConfigMap has it; `hash` is what it says. */
function settings(said: { hash: string } = workspace): DeclarationSource {
  return {
    loadWorkspace: async () => ({ ok: true, workspace: { ...workspace, hash: said.hash } }),
    loadFleet: () => Promise.reject(new Error('files are not asked for customers')),
    reread: () => Promise.reject(new Error('files are not asked for customers')),
  };
}

function sourceOf({ client }: FakeCluster, namespace: string | null = 'acme', from = settings()) {
  return createKubernetesSource({ client, place: { namespace }, clock: { now: () => now }, settings: from });
}

function problemsOf(load: FleetLoad): string[] {
  const problems = load.ok ? load.fleet.broken.flatMap((broken) => broken.problems) : load.problems;
  return problems.map((problem) => `${placeText(problem)} ${problem.code}`);
}

async function theOnly(source: DeclarationSource) {
  const load = await source.loadFleet(workspace);
  const [only] = load.ok ? load.fleet.customers : [];
  if (!only) throw new Error('there is no usable customer');
  return only;
}

describe('the fleet in a cluster', () => {
  test('is every object of the namespace, with its generation and its status as it is', async () => {
    const cluster = createFakeCluster();
    cluster.apply({ ...customer('birch', { credits: 5 }), status: { phase: 'Ready' } });
    cluster.apply(customer('acme', {}));
    cluster.apply(customer('elsewhere', {}, 'other'));
    const load = await sourceOf(cluster).loadFleet(workspace);
    expect(load).toMatchObject({
      ok: true,
      fleet: {
        customers: [
          { file: 'customers/acme/acme', generation: 1 },
          { file: 'customers/acme/birch', declaration: { credits: 5 }, status: { phase: 'Ready' } },
        ],
        broken: [],
      },
    });
  });

  test('hashes a spec as the file that says the same, whatever the order of its members', async () => {
    const cluster = createFakeCluster();
    cluster.apply(customer('acme', { credits: 5, cap: 9 }));
    const { hash } = await theOnly(sourceOf(cluster));
    cluster.apply({
      ...customer('acme', {}),
      spec: { cap: 9, credits: 5, name: 'Acme', state: 'active', externalId: 'acme' },
    });
    expect(await theOnly(sourceOf(cluster))).toMatchObject({ hash, generation: 2 });
  });

  test('of which one object is broken freezes that one, and says where in it', async () => {
    const cluster = createFakeCluster();
    cluster.apply(customer('acme', { keys: [{ name: 'sync', scopes: [] }] }));
    cluster.apply(customer('birch', {}));
    const load = await sourceOf(cluster).loadFleet(workspace);
    expect(load.ok && load.fleet.customers.map(({ file }) => file)).toEqual(['customers/acme/birch']);
    expect(problemsOf(load)).toEqual(['customers/acme/acme:spec.keys[0].scopes OutOfRange']);
  });

  test('in which two namespaces claim one identity freezes both, in another case too', async () => {
    const cluster = createFakeCluster();
    cluster.apply(customer('acme', {}));
    cluster.apply(customer('mine-now', { externalId: 'ACME' }, 'mallory'));
    const load = await sourceOf(cluster, null).loadFleet(workspace);
    expect(load.ok && load.fleet.customers).toEqual([]);
    expect(problemsOf(load)).toEqual([
      'customers/acme/acme:spec.externalId DuplicateIdentity',
      'customers/mallory/mine-now:spec.externalId DuplicateIdentity',
    ]);
  });

  test('does not count an object that is being deleted', async () => {
    const cluster = createFakeCluster();
    cluster.apply(customer('acme', {}));
    const leaving = customer('birch', {});
    cluster.apply({ ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2026-11-25T00:00:00Z' } });
    expect(await theOnly(sourceOf(cluster))).toMatchObject({ file: 'customers/acme/acme' });
  });

  test('that has no object is a mistake, never a fleet of none', async () => {
    const load = await sourceOf(createFakeCluster()).loadFleet(workspace);
    expect(load).toMatchObject({ ok: false, problems: [{ code: 'NoCustomers' }] });
    expect(load).not.toHaveProperty('isUnknown');
  });

  test.each(['lost-request', { outcome: 'forbidden', message: 'We may not list customers.' }] as const)(
    'that cannot be listed (%j) is unknown, never gone',
    async (fault) => {
      const cluster = createFakeCluster();
      cluster.apply(customer('acme', {}));
      cluster.fault = () => fault;
      expect(await sourceOf(cluster).loadFleet(workspace)).toMatchObject({
        ok: false,
        isUnknown: true,
        problems: [{ code: 'ClusterUnreadable', path: '*' }],
      });
    },
  );

  test('waits for a time that lies in the future', async () => {
    const cluster = createFakeCluster();
    cluster.apply(customer('acme', { keys: [{ name: 'a', scopes: ['x:y'], createdAfter: '2027-01-01T00:00:00Z' }] }));
    expect(problemsOf(await sourceOf(cluster).loadFleet(workspace))).toEqual([
      'customers/acme/acme:spec.keys[0].createdAfter InstantInFuture',
    ]);
  });

  test('takes what reconcile.yaml gives to every customer', async () => {
    const cluster = createFakeCluster();
    cluster.apply(customer('acme', {}));
    const declaration = { ...workspace.declaration, defaults: { cap: 7 } };
    const load = await sourceOf(cluster).loadFleet({ ...workspace, declaration });
    expect(load).toMatchObject({ ok: true, fleet: { customers: [{ declaration: { cap: 7 } }] } });
  });
});

describe('a null that client-side kubectl apply left out', () => {
  const applied = (spec: object, manifest: object) => {
    const object = customer('acme', spec);
    const annotations = {
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec: { ...object.spec, ...manifest } }),
    };
    return { ...object, metadata: { ...object.metadata, annotations } };
  };

  test('is not taken for "not managed": the customer is frozen, and told how to apply it', async () => {
    const cluster = createFakeCluster();
    cluster.apply(applied({}, { refill: null, cap: null }));
    const load = await sourceOf(cluster).loadFleet(workspace);
    expect(problemsOf(load)).toEqual([
      'customers/acme/acme:spec.refill NullLost',
      'customers/acme/acme:spec.cap NullLost',
    ]);
    expect(load.ok && load.fleet.broken[0]?.problems[0]?.hint).toContain('--server-side');
  });

  test.each([
    { reason: 'the object says it', spec: { refill: null }, manifest: { refill: null } },
    {
      reason: 'somebody has declared something since',
      spec: { refill: { threshold: 1, amount: 1 } },
      manifest: { refill: null },
    },
    { reason: 'the manifest had none', spec: {}, manifest: {} },
  ])('is nobody’s problem where $reason', async ({ spec, manifest }) => {
    const cluster = createFakeCluster();
    cluster.apply(applied(spec, manifest));
    expect(problemsOf(await sourceOf(cluster).loadFleet(workspace))).toEqual([]);
  });
});

describe('the look before money moves', () => {
  const answers: readonly { reason: string; change: (cluster: FakeCluster) => void; answer: 'same' | 'changed' }[] = [
    { reason: 'nothing happened', change: () => {}, answer: 'same' },
    {
      reason: 'only the status was written',
      change: (cluster) => {
        const object = cluster.object(customers, 'acme', 'acme');
        if (object) cluster.apply({ ...object, status: { phase: 'Held' } });
      },
      answer: 'same',
    },
    {
      reason: 'the spec was lowered',
      change: (cluster) => cluster.apply(customer('acme', { credits: 4 })),
      answer: 'changed',
    },
    {
      reason: 'the object was deleted',
      change: (cluster) => cluster.delete(customers, 'acme', 'acme'),
      answer: 'changed',
    },
    {
      reason: 'nobody can say',
      change: (cluster) => {
        cluster.fault = () => 'lost-request';
      },
      answer: 'changed',
    },
  ];

  test.each(answers)('is $answer when $reason', async ({ change, answer }) => {
    const cluster = createFakeCluster();
    cluster.apply(customer('acme', { credits: 5 }));
    const source = sourceOf(cluster);
    const planned = await theOnly(source);
    change(cluster);
    expect(await source.reread(planned, workspace)).toBe(answer);
  });

  test('is changed when reconcile.yaml says something else', async () => {
    const cluster = createFakeCluster();
    cluster.apply(customer('acme', {}));
    const said = { hash: workspace.hash };
    const source = sourceOf(cluster, 'acme', settings(said));
    const planned = await theOnly(source);
    said.hash = 'sha256:two';
    expect(await source.reread(planned, workspace)).toBe('changed');
  });
});

import { describe, expect, test } from 'vitest';
import { secrets } from '../../../src/effects/kubernetes/kinds.ts';
import { formsOf } from '../../../src/effects/layers/wording.ts';
import { createKubernetesSecretStore } from '../../../src/effects/secrets/kubernetes-store.ts';
import { createFakeCluster, type FakeCluster, type Fault } from '../../support/fake-cluster.ts';
import { describeSecretStore, first, plain, second, shown, slot } from './contract.ts';

const namespace = 'layers-secrets';

function storeIn({ client }: FakeCluster) {
  let made = 0;
  return createKubernetesSecretStore({ client, namespace, chance: { uuid: () => `fresh-${made++}` } });
}

describeSecretStore('a cluster', async () => {
  const cluster = createFakeCluster();
  return () => storeIn(cluster);
});

function theObject(cluster: FakeCluster) {
  const [object] = cluster.objects(secrets);
  if (!object) throw new Error('there is no Secret');
  return object;
}

const verbs = ({ calls }: FakeCluster) => calls.map(({ verb }) => verb);

describe('a Secret object', () => {
  test('says in public whose it is and of which key, and has the secret in its data alone', async () => {
    const cluster = createFakeCluster();
    await storeIn(cluster).put(slot, first);
    const object = theObject(cluster);
    expect(object.metadata.name).toMatch(/^layers-acme-coffee-acme-integration-[0-9a-f]{12}$/);
    expect(object['data']).toEqual({ secret: Buffer.from(first.secret.reveal()).toString('base64') });
    expect(object.metadata['annotations']).toMatchObject({
      'layers-reconciler.dev/slot': '["org_parent","api-key","acme-coffee","acme-integration"]',
      'layers-reconciler.dev/credential': expect.stringContaining('"id":"key_1"'),
    });
    const { data: _, ...rest } = object;
    for (const form of formsOf(first.secret.reveal())) expect(JSON.stringify(rest)).not.toContain(form);
  });

  test('has a name that the cluster takes, whatever people call their keys', async () => {
    const store = storeIn(createFakeCluster());
    for (const name of ['☕☕', '-', `${'Ü'.repeat(120)}`, 'a'.repeat(120), 'A B', '..'])
      for (const externalId of ['A'.repeat(128), 'a.b:c_d', null]) {
        const [, object = ''] = store.reference({ ...slot, externalId, name }).split('/');
        expect(object).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
        expect(object.length).toBeLessThanOrEqual(253);
      }
  });

  test('of somebody else is never written, and its owner is named as the obstacle', async () => {
    const cluster = createFakeCluster();
    const store = storeIn(cluster);
    const [, name = ''] = store.reference(slot).split('/');
    cluster.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data: { password: 'eA==' } });
    for (const result of [
      await store.probe(slot),
      await store.put(slot, first),
      await store.read(slot),
      await store.removePrevious(slot),
    ])
      expect(result).toMatchObject({ ok: false, message: expect.stringContaining('belongs to something else') });
    expect(theObject(cluster)['data']).toEqual({ password: 'eA==' });
    expect(verbs(cluster)).not.toContain('update');
  });

  test('that holds a secret nobody can name is told, not believed, and set aside when a new one comes', async () => {
    const cluster = createFakeCluster();
    const store = storeIn(cluster);
    await store.put(slot, first);
    const object = theObject(cluster);
    cluster.apply({ ...object, data: { secret: Buffer.from(second.secret.reveal()).toString('base64') } });
    expect(await store.read(slot)).toMatchObject({ ok: false, message: expect.stringContaining('unknown key') });
    expect(await store.probe(slot)).toMatchObject({ ok: false });
    expect(await store.put(slot, first)).toMatchObject({ ok: true });
    expect(shown(await store.read(slot))).toEqual(plain(first));
    expect(Object.entries(theObject(cluster)['data'] ?? {})).toContainEqual([
      expect.stringMatching(/^unknown-/),
      Buffer.from(second.secret.reveal()).toString('base64'),
    ]);
  });

  test('is asked for by create, get and update alone, and by nothing while all is as it should be', async () => {
    const cluster = createFakeCluster();
    const store = storeIn(cluster);
    await store.probe(slot);
    await store.put(slot, first);
    await store.put(slot, second);
    await store.removePrevious(slot);
    expect(new Set(verbs(cluster))).toEqual(new Set(['create', 'get', 'update']));
    cluster.calls.splice(0);
    await store.put(slot, second);
    await store.read(slot);
    await store.removePrevious(slot);
    await store.settle(slot);
    expect(new Set(verbs(cluster))).toEqual(new Set(['get']));
  });
});

describe('a proof that nothing is minted into the void', () => {
  test.each<{ reason: string; fault: Fault; on: string }>([
    { reason: 'may not create', fault: { outcome: 'forbidden', message: 'We may not create secrets.' }, on: 'create' },
    { reason: 'has no room', fault: { outcome: 'invalid', message: 'exceeded quota' }, on: 'create' },
    { reason: 'is away', fault: 'lost-request', on: 'get' },
    { reason: 'never takes a write', fault: 'lost-request', on: 'create' },
  ])('fails where the account $reason', async ({ fault, on }) => {
    const cluster = createFakeCluster();
    cluster.fault = ({ verb }) => (verb === on ? fault : null);
    expect(await storeIn(cluster).probe(slot)).toMatchObject({ ok: false });
    expect(cluster.objects(secrets)).toEqual([]);
  });

  test('fails where an object that is there may not be written any more', async () => {
    const cluster = createFakeCluster();
    await storeIn(cluster).put(slot, first);
    cluster.fault = ({ verb }) => (verb === 'update' ? { outcome: 'forbidden', message: 'We may not update.' } : null);
    expect(await storeIn(cluster).probe(slot)).toMatchObject({
      ok: false,
      message: expect.stringContaining('may not update'),
    });
  });
});

describe('faults', () => {
  /** Each request of a rotation in turn, struck in each way; the process then dies, and another one does it again. */
  const kinds: readonly Fault[] = [
    'lost-request',
    'lost-answer',
    { outcome: 'conflict', reason: 'stale', message: 'stale' },
  ];
  const points = [0, 1, 2, 3].flatMap((point) => kinds.map((fault) => ({ point, fault })));

  test.each(points)(
    'at request $point of a put ($fault) neither mix secrets up nor lose one',
    async ({ point, fault }) => {
      const cluster = createFakeCluster();
      await storeIn(cluster).put(slot, first);
      let seen = 0;
      cluster.fault = () => (seen++ === point ? fault : null);
      await storeIn(cluster).put(slot, second);
      cluster.fault = () => null;
      const between = shown(await storeIn(cluster).read(slot));
      expect([plain(first), plain(second)]).toContainEqual(between);
      expect(await storeIn(cluster).put(slot, second)).toMatchObject({ ok: true });
      expect(shown(await storeIn(cluster).read(slot))).toEqual(plain(second));
      expect(shown(await storeIn(cluster).readPrevious(slot))).toEqual(plain(first));
    },
  );

  test('of a write whose answer is lost are settled by the read after it', async () => {
    const cluster = createFakeCluster();
    cluster.fault = ({ verb }) => (verb === 'create' ? 'lost-answer' : null);
    expect(await storeIn(cluster).put(slot, first)).toMatchObject({ ok: true });
    expect(shown(await storeIn(cluster).read(slot))).toEqual(plain(first));
  });

  test('of a write whose answer says yes while the object does not hold it are no yes', async () => {
    const cluster = createFakeCluster();
    const lying = storeIn({
      ...cluster,
      client: {
        ...cluster.client,
        create: (kind) => Promise.resolve({ outcome: 'ok', value: kind.shape.parse(anyObject) }),
      },
    });
    expect(await lying.put(slot, first)).toMatchObject({ ok: false, message: expect.stringContaining('read back') });
  });

  test('of a rival who was faster keep what the rival stored', async () => {
    const cluster = createFakeCluster();
    await storeIn(cluster).probe(slot);
    const store = storeIn(
      withReplace(cluster, async (replace) => {
        await storeIn(cluster).put(slot, first);
        return replace();
      }),
    );
    expect(await store.put(slot, second)).toMatchObject({ ok: true });
    expect(shown(await store.read(slot))).toEqual(plain(second));
    expect(shown(await store.readPrevious(slot))).toEqual(plain(first));
  });

  test('of a rival who came after us do not begin a fight: ours is kept as the previous one', async () => {
    const cluster = createFakeCluster();
    await storeIn(cluster).probe(slot);
    const store = storeIn(
      withReplace(cluster, async (replace) => {
        const answer = await replace();
        await storeIn(cluster).put(slot, second);
        return answer;
      }),
    );
    expect(await store.put(slot, first)).toMatchObject({ ok: true });
    expect(shown(await store.read(slot))).toEqual(plain(second));
    expect(shown(await store.readPrevious(slot))).toEqual(plain(first));
  });

  test('in words never repeat the secret, even where a server does', async () => {
    const cluster = createFakeCluster();
    for (const form of formsOf(first.secret.reveal())) {
      cluster.fault = ({ verb }) =>
        verb === 'create' ? { outcome: 'invalid', message: `admission: ${form} is not allowed` } : null;
      const result = await storeIn(cluster).put(slot, first);
      expect(result.ok).toBe(false);
      expect(JSON.stringify(result)).not.toContain(form);
    }
  });
});

/** The cluster as one writer sees it whose first replacement is not alone. */
function withReplace(
  cluster: FakeCluster,
  meanwhile: (replace: () => Promise<unknown>) => Promise<unknown>,
): FakeCluster {
  let isFirst = true;
  return {
    ...cluster,
    client: {
      ...cluster.client,
      async replace(kind, at, object, options) {
        const replace = () => cluster.client.replace(kind, at, object, options);
        if (!isFirst) return replace();
        isFirst = false;
        let answer = null;
        await meanwhile(async () => {
          answer = await replace();
        });
        return answer ?? replace();
      },
    },
  };
}

const anyObject = { metadata: { name: 'x', uid: 'x', resourceVersion: '1' } };

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { systemChance } from '../../src/effects/chance.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { findConnection } from '../../src/effects/kubernetes/find-connection.ts';
import { type Followed, follow } from '../../src/effects/kubernetes/follow.ts';
import type { Kind } from '../../src/effects/kubernetes/kind.ts';
import { nodeFileSystem } from '../../src/effects/node-filesystem.ts';
import { connectTo } from '../real/connect.ts';
import { isThere, kubectl } from '../real/parts.ts';
import { runKubectl } from './support/kubectl.ts';
import { configMaps, connect, connectAs, type Kubernetes, makeNamespace, must } from './support/namespace.ts';
import { makeServiceAccount } from './support/service-account.ts';

let kubernetes: Kubernetes;
let namespace: string;

beforeAll(async () => {
  kubernetes = connect();
  namespace = await makeNamespace(kubernetes.client);
});

afterAll(() => kubernetes.close());

function configMap(name: string, data: Record<string, string>, resourceVersion?: string) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, resourceVersion }, data };
}

async function make(name: string, data: Record<string, string> = {}) {
  return must(await kubernetes.client.create(configMaps, { namespace }, configMap(name, data)));
}

describe('a compare-and-swap', () => {
  test('succeeds for whoever read last, and is a conflict for everybody else', async () => {
    const { client } = kubernetes;
    const at = { namespace, name: 'swap' };
    const { metadata } = await make('swap', { turn: '0' });
    const mine = configMap('swap', { turn: '1' }, metadata.resourceVersion);
    expect(await client.replace(configMaps, at, mine)).toMatchObject({ outcome: 'ok', value: { data: { turn: '1' } } });
    expect(await client.replace(configMaps, at, mine)).toMatchObject({ outcome: 'conflict', reason: 'stale' });
    expect(await client.create(configMaps, { namespace }, configMap('swap', {}))).toMatchObject({
      outcome: 'conflict',
      reason: 'exists',
    });
  });

  test('is lost by all but one of many at once', async () => {
    const { metadata } = await make('race');
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, turn) =>
        kubernetes.client.replace(
          configMaps,
          { namespace, name: 'race' },
          configMap('race', { turn: String(turn) }, metadata.resourceVersion),
        ),
      ),
    );
    expect(outcomes.filter(({ outcome }) => outcome === 'ok')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'conflict')).toHaveLength(9);
  });
});

test.skipIf(!isThere(kubectl))('what we write is what kubectl reads, and who wrote it', async () => {
  await make('seen', { turn: '7' });
  const managers = '{.data.turn} {.metadata.managedFields[*].manager}';
  const { stdout } = await runKubectl(
    'get',
    'configmap',
    'seen',
    '--namespace',
    namespace,
    '--output',
    `jsonpath=${managers}`,
  );
  expect(stdout).toBe('7 layers-reconciler');
});

describe('patches', () => {
  test('a merge changes what it names, and null takes away', async () => {
    await make('merged', { a: '1', b: '2' });
    const at = { namespace, name: 'merged' };
    const merged = await kubernetes.client.patch(configMaps, at, {
      type: 'merge',
      body: { data: { a: null, c: '3' } },
    });
    expect(must(merged).data).toEqual({ b: '2', c: '3' });
  });

  test('server-side apply makes what is missing, and is a conflict where a field was written otherwise', async () => {
    const at = { namespace, name: 'applied' };
    const apply = (data: Record<string, string>) =>
      kubernetes.client.patch(configMaps, at, { type: 'apply', body: configMap('applied', data) });
    expect(must(await apply({ a: '1' })).data).toEqual({ a: '1' });
    expect(must(await apply({ b: '2' })).data).toEqual({ b: '2' });
    await kubernetes.client.patch(configMaps, at, { type: 'merge', body: { data: { b: 'merged' } } });
    expect(await apply({ b: 'applied' })).toMatchObject({ outcome: 'conflict' });
  });

  test('a field that the server does not know is refused instead of dropped', async () => {
    const answer = await kubernetes.client.create(configMaps, { namespace }, { ...configMap('odd', {}), dats: {} });
    expect(answer).toMatchObject({ outcome: 'invalid', message: expect.stringContaining('dats') });
  });
});

describe('removal', () => {
  test('spares an object that is not the one that was meant', async () => {
    const { client } = kubernetes;
    const at = { namespace, name: 'removed' };
    const { metadata } = await make('removed');
    expect(await client.remove(configMaps, at, { uid: '00000000-0000-0000-0000-000000000000' })).toMatchObject({
      outcome: 'conflict',
    });
    expect(await client.remove(configMaps, at, { uid: metadata.uid })).toMatchObject({ outcome: 'ok' });
    expect(await client.remove(configMaps, at)).toMatchObject({ outcome: 'not-found' });
    expect(await client.get(configMaps, at)).toMatchObject({ outcome: 'not-found' });
  });
});

describe('who may not', () => {
  test('is told the verb, the resource and the rule', async () => {
    const { nobodyToken } = inject('cluster');
    const nobody = connectAs(() => new Secret(nobodyToken));
    const answer = await nobody.client.list(configMaps, { namespace });
    expect(answer).toMatchObject({
      outcome: 'forbidden',
      message: expect.stringContaining(
        `We may not list configmaps in namespace ${namespace}: a Role bound to our account needs { apiGroups: [""], resources: ["configmaps"], verbs: ["list"] }.`,
      ),
    });
    await nobody.close();
  });

  test('and who is not known is told that, without the token', async () => {
    const stranger = connectAs(() => new Secret('not-a-token-of-anybody'));
    const answer = await stranger.client.get(configMaps, { namespace, name: 'swap' });
    expect(answer).toMatchObject({ outcome: 'forbidden', message: expect.stringContaining('401') });
    expect(JSON.stringify(answer)).not.toContain('not-a-token');
    await stranger.close();
  });

  test('a server whose certificate nobody vouches for is not spoken to', async () => {
    const { url, adminToken } = inject('cluster');
    const deceived = connectAs(() => new Secret(adminToken), { url, ca: '' });
    expect(await deceived.client.get(configMaps, { namespace, name: 'swap' })).toMatchObject({
      outcome: 'unreachable',
      nothingDone: true,
    });
    await deceived.close();
  });
});

test('a pod reaches its cluster with what the kubelet gives it, and follows a token that is replaced', async () => {
  const { url, ca, adminToken } = inject('cluster');
  const account = mkdtempSync(join(tmpdir(), 'reconcile-account-'));
  onTestFinished(() => rmSync(account, { recursive: true }));
  const rule = { apiGroups: [''], resources: ['configmaps'], verbs: ['list'] };
  const token = await makeServiceAccount(kubernetes.client, namespace, 'pod', [rule]);
  const mount = { token: token.reveal(), 'ca.crt': ca, namespace };
  for (const [name, text] of Object.entries(mount)) writeFileSync(join(account, name), text);
  const { hostname, port } = new URL(url);
  const found = findConnection({
    kubeconfig: null,
    environment: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
    fileSystem: nodeFileSystem,
    serviceAccountDirectory: account,
  });
  if (!found.ok) throw new Error(found.message);
  const pod = connectTo(found.connection);
  onTestFinished(() => pod.close());
  const here = { namespace: found.connection.namespace };
  expect(await pod.client.list(configMaps, here)).toMatchObject({ outcome: 'ok' });
  expect(await pod.client.create(configMaps, here, configMap('more', {}))).toMatchObject({ outcome: 'forbidden' });
  writeFileSync(join(account, 'token'), adminToken);
  expect(await pod.client.create(configMaps, here, configMap('more', {}))).toMatchObject({ outcome: 'ok' });
});

describe('a list', () => {
  test('is whole, however small its pages are', async () => {
    const own = await makeNamespace(kubernetes.client);
    for (let index = 0; index < 7; index += 1)
      must(await kubernetes.client.create(configMaps, { namespace: own }, configMap(`page-${index}`, {})));
    const listing = must(await kubernetes.client.list(configMaps, { namespace: own }, { pageSize: 3 }));
    expect(listing.items.map(({ metadata }) => metadata.name)).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `page-${n}`));
  });

  test('of a kind that the server does not know is not found', async () => {
    const unknown: Kind<unknown> = { ...configMaps, group: 'nowhere.example' };
    expect(await kubernetes.client.list(unknown, { namespace })).toMatchObject({ outcome: 'not-found' });
  });
});

describe('a watch', () => {
  test('is ended by the server on time', async () => {
    const { client } = kubernetes;
    const { resourceVersion } = must(await client.list(configMaps, { namespace }));
    const seen = [];
    const signal = new AbortController().signal;
    for await (const event of client.watch(configMaps, { namespace }, { resourceVersion, lifeMs: 1_000, signal }))
      seen.push(event);
    expect(seen.at(-1)).toEqual({ type: 'ended', trouble: null });
  });

  test('tells what happens to a namespace, beginning with what is there', async () => {
    const own = await makeNamespace(kubernetes.client);
    const { client } = kubernetes;
    must(await client.create(configMaps, { namespace: own }, configMap('first', {})));
    const stop = new AbortController();
    const options = { client, clock: systemClock, chance: systemChance, signal: stop.signal };
    const told: string[] = [];
    const inWords = (one: Followed<{ metadata: { name: string } }>) =>
      one.kind === 'listed'
        ? `listed ${one.items.map(({ metadata }) => metadata.name).join(' ')}`
        : one.kind === 'trouble'
          ? one.trouble.message
          : `${one.kind} ${one.object.metadata.name}`;
    const next: Record<string, () => Promise<unknown>> = {
      'listed first': () => client.create(configMaps, { namespace: own }, configMap('second', {})),
      'changed second': () => client.remove(configMaps, { namespace: own, name: 'first' }),
    };
    for await (const one of follow(configMaps, { namespace: own }, options)) {
      told.push(inWords(one));
      await next[told.at(-1) ?? '']?.();
      if (one.kind === 'removed') stop.abort();
    }
    expect(told).toEqual(['listed first', 'changed second', 'removed first']);
  });
});

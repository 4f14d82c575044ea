import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { systemChance } from '../../src/effects/chance.ts';
import { systemClock } from '../../src/effects/clock.ts';
import type { KubernetesClient } from '../../src/effects/kubernetes/client.ts';
import { createLeaseLeadership } from '../../src/effects/kubernetes/lease.ts';
import { leases } from '../../src/effects/kubernetes/lease-record.ts';
import type { Leadership } from '../../src/effects/leadership.ts';
import { startApiServer } from '../real/api-server.ts';
import { isThere, kubectl } from '../real/parts.ts';
import { runKubectl } from './support/kubectl.ts';
import { connect, connectAs, type Kubernetes, makeNamespace, must } from './support/namespace.ts';
import { makeServiceAccount } from './support/service-account.ts';

const FOR_EVER = new AbortController().signal;
/** Short, so that one that runs out is not waited for; how long 15 s are is shown in virtual time. */
const DURATION_MS = 3_000;

let kubernetes: Kubernetes;
let namespace: string;

beforeAll(async () => {
  kubernetes = connect();
  namespace = await makeNamespace(kubernetes.client);
});

afterAll(() => kubernetes.close());

interface Replica extends Leadership {
  readonly said: () => readonly { readonly msg: string; readonly why?: string }[];
}

function replica(
  name: string,
  identity: string,
  client: KubernetesClient = kubernetes.client,
  where = namespace,
): Replica {
  const lines: { msg: string; why?: string }[] = [];
  const leadership = createLeaseLeadership({
    client,
    clock: systemClock,
    chance: systemChance,
    place: { namespace: where, name },
    identity,
    durationMs: DURATION_MS,
    log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }),
  });
  onTestFinished(() => leadership.release());
  return Object.assign(leadership, { said: () => lines });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

describe('of replicas that want one lease', () => {
  test('one leads, and when it lets go, the next one does', async () => {
    const all = ['a', 'b', 'c'].map((identity) => replica('shared', identity));
    const led: number[] = [];
    const waiting = new Map(all.map((one, index) => [index, one.acquire(FOR_EVER).then(() => index)]));
    for (let turn = 0; turn < all.length; turn += 1) {
      const leader = await Promise.race(waiting.values());
      waiting.delete(leader);
      led.push(leader);
      await all[leader]?.release();
    }
    expect(new Set(led)).toEqual(new Set([0, 1, 2]));
    expect(all.filter(({ lost }) => lost.aborted)).toEqual([]);
    const lease = must(await kubernetes.client.get(leases, { namespace, name: 'shared' }));
    expect(lease.spec).toMatchObject({ holderIdentity: '', leaseTransitions: 2 });
  });

  test('the next one takes over when the leader is gone without a word', async () => {
    const gone = connect();
    const a = replica('abandoned', 'a', gone.client);
    await a.acquire(FOR_EVER);
    const b = replica('abandoned', 'b');
    const taken = b.acquire(FOR_EVER);
    // As if its network were cut.
    await gone.close();
    await aborted(a.lost);
    expect(b.said().map(({ msg }) => msg)).toEqual(['standing by']);
    await taken;
    expect(a.said().at(-1)).toMatchObject({ msg: 'leadership lost' });
  });

  test('a leader whose lease somebody edits by hand stops', async () => {
    const a = replica('edited', 'a');
    await a.acquire(FOR_EVER);
    const body = { spec: { holderIdentity: 'a-person' } };
    must(await kubernetes.client.patch(leases, { namespace, name: 'edited' }, { type: 'merge', body }));
    await aborted(a.lost);
    expect(a.said().at(-1)).toMatchObject({ msg: 'leadership lost', why: 'it is held by a-person now' });
  });
});

test.skipIf(!isThere(kubectl))('kubectl shows who leads, and since when', async () => {
  const a = replica('seen', 'pod-a');
  await a.acquire(FOR_EVER);
  const { stdout } = await runKubectl('describe', 'lease', 'seen', '--namespace', namespace);
  expect(stdout).toMatch(/Holder Identity:\s+pod-a/);
  expect(stdout).toMatch(/Acquire Time:\s+20\d\d-/);
});

describe('the role', () => {
  const rule = { apiGroups: ['coordination.k8s.io'], resources: ['leases'] };

  test('that get, create and update of leases are enough for, and nothing else', async () => {
    const token = await makeServiceAccount(kubernetes.client, namespace, 'leader', [
      { ...rule, verbs: ['create'] },
      { ...rule, resourceNames: ['by-role'], verbs: ['get', 'update'] },
    ]);
    const pod = connectAs(() => token);
    onTestFinished(() => pod.close());
    const a = replica('by-role', 'a', pod.client);
    expect(await a.acquire(FOR_EVER)).toBe(true);
    await a.release();
    expect(a.said().map(({ msg }) => msg)).toEqual(['leading', 'leadership released']);
  });

  test('that lacks update is said by name, and nobody leads', async () => {
    const token = await makeServiceAccount(kubernetes.client, namespace, 'reader', [
      { ...rule, verbs: ['get', 'create'] },
    ]);
    const pod = connectAs(() => token);
    onTestFinished(() => pod.close());
    await replica('half-role', 'other')
      .acquire(FOR_EVER)
      .then(() => undefined);
    const stop = new AbortController();
    const a = replica('half-role', 'a', pod.client);
    must(
      await kubernetes.client.patch(
        leases,
        { namespace, name: 'half-role' },
        { type: 'merge', body: { spec: { holderIdentity: '' } } },
      ),
    );
    const acquired = a.acquire(stop.signal);
    await expect
      .poll(() =>
        a
          .said()
          .map(({ why }) => why)
          .join(),
      )
      .toContain('verbs: ["update"]');
    stop.abort();
    expect(await acquired).toBe(false);
  });
});

test('while etcd is paused writes hang: the leader stops in time, and when it goes on somebody leads again', async () => {
  const server = await startApiServer();
  onTestFinished(() => server.stop());
  const admin = () => {
    const connected = connectAs(() => new Secret(server.adminToken), server);
    onTestFinished(() => connected.close());
    return connected.client;
  };
  const where = await makeNamespace(admin());
  const [a, b] = [replica('paused', 'a', admin(), where), replica('paused', 'b', admin(), where)];
  await a.acquire(FOR_EVER);
  const taken = b.acquire(FOR_EVER);
  server.pauseStore();
  await aborted(a.lost);
  expect(b.said().filter(({ msg }) => msg === 'leading')).toEqual([]);
  server.resumeStore();
  expect(await taken).toBe(true);
});

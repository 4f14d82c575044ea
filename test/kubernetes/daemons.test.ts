import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type LeaderRoundOptions, runLeaderRound } from '../soak/leader-round.ts';
import { connect, type Kubernetes, makeNamespace } from './support/namespace.ts';

/** Two daemons as two replicas run them: real processes of the built command, one API server, one sandbox over HTTP. */

let kubernetes: Kubernetes;
let cluster: Pick<LeaderRoundOptions, 'kubeconfig' | 'client' | 'namespace'>;

beforeAll(async () => {
  kubernetes = connect();
  const { client } = kubernetes;
  cluster = { kubeconfig: inject('cluster').kubeconfig, client, namespace: await makeNamespace(client) };
});

afterAll(() => kubernetes.close());

describe('of two daemons the leader is killed at work', () => {
  test('and the standby takes over within 17 seconds, with the durations that everybody has', async () => {
    const result = await runLeaderRound({
      ...cluster,
      seed: 4,
      kills: 2,
      status: 'shared',
      leaseSeconds: 15,
      restarts: 0,
    });
    expect(result.violations).toEqual([]);
    expect(result.kills).toBe(2);
    process.stdout.write(`taken over after ${result.takeovers.map((seconds) => seconds.toFixed(1)).join(' and ')} s\n`);
    expect(result.takeovers.length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...result.takeovers)).toBeLessThanOrEqual(17);
  }, 240_000);

  /** A slice of `npm run soak:leader`. */
  test.each([
    { reason: 'status and secrets on a disk that both have', seed: 10, status: 'shared' as const },
    { reason: 'a disk each, so that the standby never heard of what was done', seed: 11, status: 'directory' as const },
  ])(
    'and nothing is paid twice, nothing lost, and both come to rest: $reason',
    async ({ seed, status }) => {
      const result = await runLeaderRound({ ...cluster, seed, kills: 3, status, leaseSeconds: 3, restarts: 0.25 });
      expect(result.violations).toEqual([]);
      expect(result.kills).toBe(3);
      expect(result.handovers).toHaveLength(1);
    },
    240_000,
  );
});

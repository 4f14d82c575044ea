import { describe, expect, it } from 'vitest';
import { createHealth, observeHealth } from '../../src/daemon/health.ts';
import { createMetrics } from '../../src/daemon/metrics/metrics.ts';
import { observeMetrics } from '../../src/daemon/metrics/observe.ts';
import { tellingBalance, watchBalance } from '../../src/daemon/wallet.ts';
import { createDaemonWorld, type DaemonWorld, type DaemonWorldOptions } from '../support/daemon-world.ts';
import { hasPromtool, promtool } from '../support/promtool.ts';
import { ACME, FIREHOSE, WORKSPACE } from '../support/world.ts';
import { counted, samples } from './metrics/support.ts';

const MINUTE_MS = 60_000;

/** A daemon in virtual time, and somebody who looks at it. */
function watched(options: DaemonWorldOptions = {}) {
  const daemon = createDaemonWorld(options);
  const { clock, world } = daemon;
  const health = createHealth(clock, 10 * MINUTE_MS);
  const metrics = createMetrics({
    clock,
    concurrency: 8,
    leaseName: 'workspace',
    pacing: () => ({ remaining: 1, waitedMs: 0 }),
    processMetrics: false,
  });
  const observers = [observeHealth(health), observeMetrics(metrics)];
  return {
    ...daemon,
    world,
    health,
    /** After the daemon was told of everything that happened. */
    async look(): Promise<typeof metrics> {
      for (const event of daemon.takeEvents()) for (const observe of observers) observe(event);
      return metrics;
    },
  };
}

const edit = ({ world }: Pick<DaemonWorld, 'world'>, file: string, change: (text: string) => string) => {
  const path = `${WORKSPACE}/${file}`;
  world.disk.plant(path, change(world.disk.textOf(path) ?? ''));
};

describe('who looks at a daemon', () => {
  it('sees an onboarding, and then a fleet at rest', async () => {
    const daemon = watched({ workspaceYaml: FIREHOSE });
    daemon.world.declare('acme.yaml', ACME);
    await daemon.start();
    await daemon.advance(MINUTE_MS);
    const metrics = await daemon.look();
    expect(daemon.health.ready()).toEqual({ ok: true, note: 'ok' });
    expect(await counted(metrics, 'customers')).toEqual(['{state="Ready"} 1']);
    expect(await samples(metrics, 'credits_granted_total')).toEqual(['5000']);
    expect(await samples(metrics, 'keys_minted_total')).toEqual(['1']);
    expect(await samples(metrics, 'orphans')).toEqual(['0']);
    expect(await samples(metrics, 'uncertain_steps')).toEqual(['0']);
    expect(await counted(metrics, 'reconcile_errors_total')).toEqual([]);
    await daemon.advance(60 * MINUTE_MS);
    await daemon.look();
    expect(await samples(metrics, 'credits_granted_total')).toEqual(['5000']);
    expect(await counted(metrics, 'active_workers')).toEqual([]);
    const { clock } = daemon;
    const [sync] = await samples(metrics, 'last_sync_timestamp_seconds');
    expect(clock.now() / 1000 - Number(sync)).toBeLessThanOrEqual(20 * 60);
    if (hasPromtool) expect(promtool(['check', 'metrics'], await metrics.registry.metrics()).said).toBe('');
  });

  it('sees a payment in doubt for as long as nobody can tell, and not any longer', async () => {
    let isCutOff = false;
    const daemon = watched({
      transport: (inner) => ({
        async send(request) {
          const isGrant = request.path.endsWith('/credits/allocate');
          const answer = isCutOff ? null : await inner.send(request);
          isCutOff ||= isGrant && answer?.kind === 'response';
          if (answer && !isCutOff) return answer;
          return { kind: 'failure', certainty: 'unknown', code: 'TIMEOUT', message: 'No answer came.' };
        },
      }),
    });
    daemon.world.declare('acme.yaml', ACME);
    await daemon.start();
    await daemon.advance(2 * MINUTE_MS);
    const metrics = await daemon.look();
    expect(await samples(metrics, 'uncertain_steps')).toEqual(['1']);
    expect(await samples(metrics, 'credits_unproven')).toEqual(['5000']);
    isCutOff = false;
    await daemon.advance(20 * MINUTE_MS);
    await daemon.look();
    expect(await samples(metrics, 'uncertain_steps')).toEqual(['0']);
    expect(await samples(metrics, 'credits_unproven')).toEqual(['0']);
    expect(await counted(metrics, 'customers')).toEqual(['{state="Ready"} 1']);
  });

  it('sees what a guard holds back, until the limit is raised', async () => {
    const daemon = watched({ workspaceYaml: 'guards: { maxGrant: 100 }\n' });
    daemon.world.declare('acme.yaml', ACME);
    await daemon.start();
    await daemon.advance(MINUTE_MS);
    const metrics = await daemon.look();
    expect(await samples(metrics, 'plan_pending_approval')).toEqual(['1']);
    expect(await counted(metrics, 'guard_blocked_total')).toEqual(['{guard="maxGrant"} 1']);
    expect(await counted(metrics, 'customers')).toEqual(['{state="Stalled"} 1']);
    edit(daemon, 'reconcile.yaml', (text) => text.replace('100', '100000'));
    await daemon.hint();
    await daemon.advance(MINUTE_MS);
    await daemon.look();
    expect(await samples(metrics, 'plan_pending_approval')).toEqual(['0']);
  });

  it('sees files that cannot be used, one and all, and that they were mended', async () => {
    const daemon = watched();
    daemon.world.declare('acme.yaml', ACME);
    daemon.world.declare('birch.yaml', 'externalId: birch\nname: Birch\n');
    await daemon.start();
    await daemon.advance(MINUTE_MS);
    edit(daemon, 'customers/birch.yaml', () => 'externalId: birch\nnames: Birch\n');
    await daemon.hint();
    const metrics = await daemon.look();
    expect(await counted(metrics, 'customers')).toEqual(['{state="Ready"} 1', '{state="Frozen"} 1']);
    expect(daemon.health.ready().ok).toBe(true);
    edit(daemon, 'reconcile.yaml', (text) => `${text}guards: { maxGrants: 1 }\n`);
    await daemon.hint();
    await daemon.look();
    expect(await samples(metrics, 'config_last_reload_successful')).toEqual(['0']);
    expect(daemon.health.ready()).toMatchObject({ ok: false, why: expect.stringContaining('reconcile.yaml') });
    edit(daemon, 'reconcile.yaml', (text) => text.replace(/guards.*\n/, ''));
    edit(daemon, 'customers/birch.yaml', () => 'externalId: birch\nname: Birch\n');
    await daemon.hint();
    await daemon.advance(MINUTE_MS);
    await daemon.look();
    expect(await samples(metrics, 'config_last_reload_successful')).toEqual(['1']);
    expect(await counted(metrics, 'customers')).toEqual(['{state="Ready"} 2']);
    expect(daemon.health.ready().ok).toBe(true);
  });

  it('is told why a daemon is not ready, and that it lives', async () => {
    let isAway = true;
    const daemon = watched({
      transport: (inner) => ({
        send: async (request) =>
          isAway
            ? { kind: 'failure', certainty: 'nothing-sent', code: 'NETWORK', message: 'The connection was refused.' }
            : inner.send(request),
      }),
    });
    daemon.world.declare('acme.yaml', ACME);
    await daemon.start();
    await daemon.advance(90 * MINUTE_MS);
    const metrics = await daemon.look();
    expect(daemon.health.ready()).toMatchObject({ ok: false, why: expect.stringContaining('refused') });
    expect(daemon.health.live().ok).toBe(true);
    expect(await counted(metrics, 'customers')).toEqual(['{state="Unknown"} 1']);
    isAway = false;
    await daemon.advance(30 * MINUTE_MS);
    await daemon.look();
    expect(daemon.health.ready()).toEqual({ ok: true, note: 'ok' });
    expect(await counted(metrics, 'customers')).toEqual(['{state="Ready"} 1']);
  });

  it('sees a standby that is ready and asks nobody', async () => {
    const daemon = watched({
      leadership: {
        acquire: (signal) =>
          new Promise((resolve) => signal.addEventListener('abort', () => resolve(false), { once: true })),
        lost: new AbortController().signal,
        release: async () => {},
      },
    });
    daemon.world.declare('acme.yaml', ACME);
    await daemon.start();
    await daemon.advance(24 * 60 * MINUTE_MS);
    const metrics = await daemon.look();
    expect(daemon.health.ready()).toEqual({ ok: true, note: 'ok, standing by: another replica leads' });
    expect(daemon.health.live().ok).toBe(true);
    expect(await samples(metrics, 'leader_election_master_status')).toEqual(['{name="workspace"} 0']);
    expect(await samples(metrics, 'customers')).toEqual([]);
    expect(daemon.takeRequests()).toEqual([]);
  });
});

describe('the balance of the parent', () => {
  it('is read when the fleet is listed and after grants, at most once a minute', async () => {
    const daemon = createDaemonWorld();
    daemon.world.declare('acme.yaml', ACME);
    await daemon.start();
    await daemon.advance(MINUTE_MS);
    const events = daemon.takeEvents();
    const balances: number[] = [];
    const reader = tellingBalance(daemon.world.effects().reader, (balance) => balances.push(balance));
    const defects: unknown[] = [];
    const watch = watchBalance(reader, daemon.clock, (error) => defects.push(error));
    for (const event of events) watch.observe(event);
    await daemon.advance(0);
    expect(balances).toEqual([995_000]);
    await daemon.advance(3 * MINUTE_MS);
    // The grant came after the listing, within the same minute.
    expect(balances).toEqual([995_000, 995_000]);
    watch.close();
    for (const event of events) watch.observe(event);
    await daemon.advance(3 * MINUTE_MS);
    expect(balances).toHaveLength(2);
    expect(defects).toEqual([]);
  });
});

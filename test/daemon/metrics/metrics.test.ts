import { describe, expect, it } from 'vitest';
import { workspaceSchema } from '../../../src/core/declaration/workspace.ts';
import { METRIC_PREFIX } from '../../../src/daemon/metrics/instruments.ts';
import { createMetrics } from '../../../src/daemon/metrics/metrics.ts';
import { systemClock } from '../../../src/effects/clock.ts';
import { hasPromtool, promtool } from '../../support/promtool.ts';
import { metricsDocument } from './metrics-document.ts';
import { counted, fedMetrics, metricsAt, request, samples } from './support.ts';

describe('requests', () => {
  it.each([
    { reason: 'an answer has its status', event: request(), code: '200', up: '1' },
    {
      reason: 'a refusal is an answer',
      event: request({ outcome: 'not-done', status: 403, code: 'FORBIDDEN_SCOPE' }),
      code: '403',
      up: '1',
    },
    {
      reason: 'the rate limit is an answer',
      event: request({ outcome: 'not-done', status: 429, code: 'RATE_LIMITED' }),
      code: '429',
      up: '1',
    },
    {
      reason: 'a state is no outage',
      event: request({ outcome: 'not-done', status: 503, code: 'KILL_SWITCH' }),
      code: '503',
      up: '1',
    },
    {
      reason: 'an outage is one',
      event: request({ outcome: 'in-doubt', status: 503, code: 'HTTP_ERROR' }),
      code: '503',
      up: '0',
    },
    {
      reason: 'a garbled answer is named by what is wrong',
      event: request({ outcome: 'in-doubt', code: 'BAD_ANSWER' }),
      code: 'BAD_ANSWER',
      up: '0',
    },
    {
      reason: 'nobody answered',
      event: request({ outcome: 'not-done', status: null, code: 'NETWORK' }),
      code: 'NETWORK',
      up: '0',
    },
    {
      reason: 'nobody answered in time',
      event: request({ outcome: 'in-doubt', status: null, code: 'TIMEOUT' }),
      code: 'TIMEOUT',
      up: '0',
    },
  ])('$reason', async ({ event, code, up }) => {
    const metrics = metricsAt();
    metrics.noteRequest(event);
    expect(await samples(metrics, 'api_requests_total')).toEqual([`{operation="organizations.get",code="${code}"} 1`]);
    expect(await samples(metrics, 'api_up')).toEqual([up]);
  });

  it('that never left say nothing about the other side', async () => {
    const metrics = metricsAt();
    metrics.noteRequest(request({ outcome: 'not-done', status: null, code: 'STALE_INTENT' }));
    expect(await samples(metrics, 'api_up')).toEqual([]);
  });

  it('take as many seconds as they took', async () => {
    const metrics = metricsAt();
    metrics.noteRequest(request({ durationMs: 300 }));
    const text = await metrics.registry.getSingleMetricAsString(`${METRIC_PREFIX}api_request_duration_seconds`);
    expect(text).toContain('bucket{le="0.25",operation="organizations.get"} 0');
    expect(text).toContain('bucket{le="0.5",operation="organizations.get"} 1');
    expect(text).toContain('sum{operation="organizations.get"} 0.3');
  });

  it('are paced, and both classes say how', async () => {
    const metrics = metricsAt();
    expect(await samples(metrics, 'api_rate_limit_remaining')).toEqual(['{class="read"} 100', '{class="write"} 0']);
    const waited = ['{class="read"} 1.5', '{class="write"} 1.5'];
    expect(await samples(metrics, 'api_rate_limit_wait_seconds_total')).toEqual(waited);
    // A counter that is asked twice has not counted twice.
    expect(await samples(metrics, 'api_rate_limit_wait_seconds_total')).toEqual(waited);
  });
});

describe('the loop', () => {
  const ended = { result: 'success', tookMs: 2_000, isTerminal: false, isPanic: false, isRetried: false } as const;

  it('shows who waits, who is worked on and for how long', async () => {
    const time = { ms: 1_000_000 };
    const metrics = metricsAt(time);
    metrics.loop.noteQueued(1);
    metrics.loop.noteQueued(2);
    metrics.loop.noteStarted('customer', 'acme', 500, 1);
    time.ms += 40_000;
    metrics.loop.noteStarted('customer', 'bolt', 500, 0);
    time.ms += 2_000;
    expect(await samples(metrics, 'workqueue_depth')).toEqual(['{name="fleet"} 0']);
    expect(await samples(metrics, 'workqueue_adds_total')).toEqual(['{name="fleet"} 2']);
    expect(await counted(metrics, 'active_workers')).toEqual(['{controller="customer"} 2']);
    expect(await samples(metrics, 'workqueue_unfinished_work_seconds')).toEqual(['{name="fleet"} 44']);
    expect(await samples(metrics, 'workqueue_longest_running_processor_seconds')).toEqual(['{name="fleet"} 42']);
    expect(await samples(metrics, 'last_reconcile_timestamp_seconds')).toEqual([]);
    metrics.loop.noteEnded('customer', 'bolt', ended);
    expect(await counted(metrics, 'active_workers')).toEqual(['{controller="customer"} 1']);
    expect(await samples(metrics, 'last_reconcile_timestamp_seconds')).toEqual(['1042']);
  });

  it('counts what reconciliations came to, failures, those for a person and defects apart', async () => {
    const metrics = metricsAt();
    metrics.loop.noteEnded('customer', 'acme', ended);
    metrics.loop.noteEnded('customer', 'acme', { ...ended, result: 'requeue', isRetried: true });
    metrics.loop.noteEnded('customer', 'acme', { ...ended, result: 'error', isTerminal: true });
    metrics.loop.noteEnded('webhooks', '', { ...ended, result: 'error', isPanic: true, isRetried: true });
    expect(await counted(metrics, 'reconcile_total')).toEqual([
      '{controller="customer",result="success"} 1',
      '{controller="customer",result="error"} 1',
      '{controller="customer",result="requeue"} 1',
      '{controller="webhooks",result="error"} 1',
    ]);
    expect(await counted(metrics, 'reconcile_errors_total')).toHaveLength(2);
    expect(await counted(metrics, 'terminal_reconcile_errors_total')).toEqual(['{controller="customer"} 1']);
    expect(await counted(metrics, 'reconcile_panics_total')).toEqual(['{controller="webhooks"} 1']);
    expect(await samples(metrics, 'workqueue_retries_total')).toEqual(['{name="fleet"} 2']);
  });
});

describe('the declarations', () => {
  it('are said to be readable or not, since when, and how often they were not', async () => {
    const time = { ms: 5_000 };
    const metrics = metricsAt(time);
    expect(await samples(metrics, 'config_last_reload_successful')).toEqual([]);
    metrics.config.noteLoaded(2);
    time.ms = 9_000;
    metrics.config.noteFailed();
    expect(await samples(metrics, 'config_last_reload_successful')).toEqual(['0']);
    expect(await samples(metrics, 'config_last_reload_success_timestamp_seconds')).toEqual(['5']);
    expect(await samples(metrics, 'config_load_errors_total')).toEqual(['3']);
  });
});

describe('all metrics', () => {
  const all = () =>
    createMetrics({
      clock: systemClock,
      concurrency: 8,
      leaseName: 'workspace',
      pacing: () => ({ remaining: 0, waitedMs: 0 }),
      processMetrics: true,
    });

  it('are named as Prometheus names things, ours after this program', async () => {
    const { registry } = all();
    const found = await registry.getMetricsAsJSON();
    expect(found.length).toBeGreaterThan(60);
    for (const { name, help, type } of found) {
      expect(name).toMatch(/^(layers_reconciler|process|nodejs)_[a-z0-9_]+$/);
      expect([name, name.endsWith('_total')]).toEqual([name, String(type) === 'counter']);
      expect([name, /_(ms|milliseconds|count|sum|bucket|info_total)$/.test(name)]).toEqual([name, false]);
      expect(help).not.toBe('');
      if (name.startsWith(METRIC_PREFIX)) expect(help).toMatch(/^[A-Z][ -~]+\.$/);
    }
  });

  it('have labels that stay few: none names a customer, a file or an organization', async () => {
    const labels = (await fedMetrics().registry.getMetricsAsJSON()).flatMap(({ values }) =>
      values.flatMap((value) => Object.keys(value.labels)),
    );
    const bounded = [
      'class',
      'code',
      'controller',
      'guard',
      'kind',
      'le',
      'name',
      'node_version',
      'operation',
      'reason',
      'result',
      'state',
      'status',
      'type',
      'version',
    ];
    expect([...new Set(labels)].toSorted().filter((label) => !bounded.includes(label))).toEqual([]);
  });

  it('know every guard of reconcile.yaml from the start', async () => {
    const guards = Object.keys(workspaceSchema.parse({}).guards);
    const shown = await samples(metricsAt(), 'guard_blocked_total');
    for (const guard of guards.filter((name) => name !== 'approved')) expect(shown).toContain(`{guard="${guard}"} 0`);
  });

  it('have values as soon as everything was told once', async () => {
    const found = await fedMetrics().registry.getMetricsAsJSON();
    expect(found.filter(({ values }) => values.length === 0).map(({ name }) => name)).toEqual([]);
  });

  it('stand in docs/metrics.md as they are (npm run metrics)', async () => {
    const { present, wanted } = await metricsDocument();
    expect(present).toBe(wanted);
  });

  it.runIf(hasPromtool)('pass promtool check metrics', async () => {
    const metrics = all();
    metrics.noteLeading(true);
    metrics.fleet.noteDeclared(['acme'], [], 0);
    metrics.noteRequest(request());
    expect(promtool(['check', 'metrics'], await metrics.registry.metrics())).toEqual({ ok: true, said: '' });
  });
});

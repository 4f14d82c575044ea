import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { METRIC_PREFIX } from '../../src/daemon/metrics/instruments.ts';
import { metricsAt } from '../daemon/metrics/support.ts';
import { hasPromtool, promtool } from '../support/promtool.ts';
import { repositoryRoot } from '../support/source-tree.ts';
import { type AlertCase, alertCases } from './alert-cases.ts';

const rulesFile = join(repositoryRoot, 'deploy/prometheus/alerts.yaml');
const rulesShape = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.object({ severity: z.enum(['critical', 'warning', 'info']) }),
          annotations: z.object({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
        }),
      ),
    }),
  ),
});
const rules = rulesShape.parse(parse(readFileSync(rulesFile, 'utf8'))).groups.flatMap((group) => group.rules);

describe('every alert', () => {
  it('rests on metrics that there are', async () => {
    const known = new Set((await metricsAt().registry.getMetricsAsJSON()).map(({ name }) => name));
    const used = rules.flatMap(({ expr }) => expr.match(new RegExp(`\\b${METRIC_PREFIX}\\w+`, 'g')) ?? []);
    expect(used.length).toBeGreaterThanOrEqual(rules.length);
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });

  it.each(rules)('$alert is told in sentences and has its own runbook', ({ alert, annotations }) => {
    const { summary, description, runbook_url: runbook } = annotations;
    for (const text of [summary, description]) expect(text).toMatch(/^['A-Z{][^\n]*\.$/);
    expect(description).not.toBe(summary);
    expect(runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`);
    const operations = readFileSync(join(repositoryRoot, 'docs/operations.md'), 'utf8');
    const section = operations.split(/^(?=#{2,3} )/m).find((text) => text.startsWith(`### ${alert}\n`));
    for (const part of ['**Means.**', '**Look at.**', '**Settle it.**']) expect(section).toContain(part);
  });

  it('has a case in which it fires and one in which it does not', () => {
    expect(alertCases.map(({ alert }) => alert)).toEqual(rules.map(({ alert }) => alert));
  });

  it.runIf(hasPromtool)('passes promtool check rules', () => {
    expect(promtool(['check', 'rules', rulesFile])).toMatchObject({ ok: true });
  });

  it.runIf(hasPromtool)('fires when it should, says what is the matter, and is silent otherwise', () => {
    const directory = mkdtempSync(join(tmpdir(), 'reconcile-alerts-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'alerts.test.yaml');
    const tests = alertCases.flatMap((one) => [unitTest(one, one.fires, true), unitTest(one, one.quiet, false)]);
    writeFileSync(file, stringify({ rule_files: [rulesFile], evaluation_interval: '1m', tests }));
    expect(promtool(['test', 'rules', file])).toEqual({ ok: true, said: expect.stringContaining('SUCCESS') });
  });
});

function unitTest(one: AlertCase, series: Readonly<Record<string, string>>, fires: boolean) {
  const rule = rules.find(({ alert }) => alert === one.alert);
  if (!rule) throw new Error(`there is no alert ${one.alert}`);
  const expected = {
    exp_labels: { severity: rule.labels.severity, ...one.labels },
    exp_annotations: { ...rule.annotations, summary: one.summary },
  };
  return {
    name: `${one.alert} ${fires ? 'fires' : 'is quiet'}`,
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: METRIC_PREFIX + name, values })),
    alert_rule_test: [{ eval_time: one.at ?? '30m', alertname: one.alert, exp_alerts: fires ? [expected] : [] }],
  };
}

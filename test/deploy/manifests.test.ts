import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GRACE_MS } from '../../src/daemon/daemon.ts';
import { run } from '../support/real-process.ts';
import { repositoryRoot } from '../support/source-tree.ts';
import { prometheusRuleYaml } from './prometheus-rule.ts';

/** What needs no cluster to be looked at; the rest is in test/kubernetes/manifests.test.ts. */

function read(...path: readonly string[]): string {
  return readFileSync(join(repositoryRoot, ...path), 'utf8');
}

const deployed = ['deploy/kustomize', 'deploy/systemd'].flatMap((folder) =>
  readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(yaml|service|env)$/.test(name))
    .map((name) => `${folder}/${name}`),
);

/** Read by the program without being an option. */
const withoutOption = ['RECONCILE_AGE_IDENTITY_FILE', 'RECONCILE_ENVIRONMENT', 'RECONCILE_LOG_LEVEL'];

test('the alerts in the cluster are those of deploy/prometheus/alerts.yaml', () => {
  expect(read('deploy/kustomize/components/monitoring/prometheus-rule.yaml'), 'npm run manifests').toBe(
    prometheusRuleYaml(read('deploy/prometheus/alerts.yaml')),
  );
});

test('every variable that a deployment sets is one that the command knows', async () => {
  const { stdout: help } = await run(repositoryRoot, ['--help']);
  const set = ['Dockerfile', ...deployed].flatMap((path) =>
    [...read(path).matchAll(/\bRECONCILE_[A-Z_]+\b/g)].map(([variable]) => ({ path, variable })),
  );
  expect(set.length).toBeGreaterThan(3);
  const unknown = set.filter(({ variable }) => {
    const option = `--${variable.slice('RECONCILE_'.length).toLowerCase().replaceAll('_', '-')}`;
    return !withoutOption.includes(variable) && !new RegExp(`${option}\\b`).test(help);
  });
  expect(unknown).toEqual([]);
});

describe('whoever stops the daemon waits longer than the daemon waits for its writes', () => {
  test.each([
    ['deploy/kustomize/base/deployment.yaml', /terminationGracePeriodSeconds: (\d+)/],
    ['deploy/systemd/layers-reconciler.service', /TimeoutStopSec=(\d+)s/],
  ])('%s', (path, seconds) => {
    const [, found = '0'] = seconds.exec(read(path)) ?? [];
    // With time for the lease and the last status.
    expect(Number(found) * 1_000).toBeGreaterThanOrEqual(GRACE_MS + 20_000);
  });
});

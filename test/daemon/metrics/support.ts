import type { Problem } from '../../../src/core/problem.ts';
import type { CustomerReport, StepReport } from '../../../src/core/report.ts';
import { METRIC_PREFIX } from '../../../src/daemon/metrics/instruments.ts';
import { createMetrics, type Metrics } from '../../../src/daemon/metrics/metrics.ts';
import type { RequestEvent } from '../../../src/effects/layers/request.ts';
import { step as reportedStep } from '../../support/reports.ts';

/** Metrics on a clock that stands still unless somebody sets it. */
export function metricsAt(time: { ms: number } = { ms: 0 }): Metrics {
  return createMetrics({
    clock: { now: () => time.ms, monotonic: () => time.ms },
    concurrency: 8,
    leaseName: 'workspace',
    pacing: (requestClass) => ({ remaining: requestClass === 'read' ? 100.7 : 0, waitedMs: 1_500 }),
    processMetrics: false,
  });
}

/** The samples of one metric without our prefix: `{state="Ready"} 1`; all of them as in a scrape. */
export async function samples({ registry }: Metrics, name: string): Promise<string[]> {
  const text = await registry.getSingleMetricAsString(METRIC_PREFIX + name);
  return text
    .split('\n')
    .filter((line) => line.startsWith(METRIC_PREFIX))
    .map((line) => line.slice(METRIC_PREFIX.length + name.length).trim());
}

/** Those that are not 0. */
export async function counted(metrics: Metrics, name: string): Promise<string[]> {
  return (await samples(metrics, name)).filter((line) => !/(^| )0$/.test(line));
}

const at = { file: 'customers/acme.yaml', line: 1, column: 1 };

export const step = (overrides: Partial<StepReport> = {}): StepReport =>
  reportedStep({
    resource: 'organization',
    name: null,
    reason: 'it differs',
    at,
    before: null,
    after: null,
    outcome: 'done',
    ...overrides,
  });

export const grant = (outcome: StepReport['outcome']): StepReport =>
  step({ action: 'grant', resource: 'credits', credits: 3_000, after: { granted: 8_000 }, outcome });

export const mint = (outcome: StepReport['outcome']): StepReport =>
  step({ action: 'mint', resource: 'api-key', name: 'main', outcome });

export function problem(code: string, severity: Problem['severity'] = 'error'): Problem {
  return { code, severity, message: 'It is so.', next: null, at, requestId: null };
}

export function customer(overrides: Partial<CustomerReport> = {}): CustomerReport {
  return {
    externalId: 'acme',
    file: 'customers/acme.yaml',
    organizationId: 'org_1',
    phase: 'Ready',
    steps: [],
    problems: [],
    approvalHash: null,
    credits: { declared: 8_000, granted: 5_000 },
    refillExposure: null,
    readInFull: true,
    ...overrides,
  };
}

export function request(overrides: Partial<RequestEvent> = {}): RequestEvent {
  return {
    operation: 'organizations.get',
    requestClass: 'read',
    method: 'GET',
    path: '/v1/organizations/org_1',
    attempt: 1,
    outcome: 'ok',
    status: 200,
    code: null,
    requestId: null,
    durationMs: 30,
    ...overrides,
  };
}

/** Metrics that were told of everything there is to tell once. */
export function fedMetrics(): Metrics {
  const metrics = metricsAt({ ms: 1_000_000 });
  metrics.noteLeading(true);
  metrics.config.noteLoaded(0);
  metrics.noteRequest(request());
  metrics.fleet.noteDeclared(['acme'], [], 0);
  metrics.fleet.noteCustomer(customer({ steps: [grant('done')] }));
  metrics.fleet.noteOrphans(0);
  metrics.fleet.noteParentWallet(1_000_000);
  metrics.loop.noteStarted('customer', 'acme', 5, 0);
  const ended = { result: 'success', tookMs: 20, isTerminal: false, isPanic: false, isRetried: false } as const;
  metrics.loop.noteEnded('customer', 'acme', ended);
  return metrics;
}

import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Clock } from '../../effects/clock.ts';
import type { CircuitEvent } from '../../effects/layers/circuit.ts';
import type { RequestEvent } from '../../effects/layers/request.ts';
import { packageVersion } from '../../effects/version.ts';
import { createCircuitMetrics } from './circuit-metrics.ts';
import { type ConfigMetrics, createConfigMetrics } from './config-metrics.ts';
import { createFleetMetrics, type FleetMetrics } from './fleet-metrics.ts';
import { createInstruments } from './instruments.ts';
import { createLoopMetrics, type LoopMetrics } from './loop-metrics.ts';
import { exposePacing, type Pacing } from './pacing-metrics.ts';
import { createRequestMetrics } from './request-metrics.ts';

/** All that `/metrics` shows, and the doors by which it is fed (docs/metrics.md). */
export interface Metrics {
  readonly registry: Registry;
  readonly noteRequest: (event: RequestEvent) => void;
  readonly noteCircuit: (event: CircuitEvent) => void;
  readonly loop: LoopMetrics;
  readonly fleet: FleetMetrics;
  readonly config: ConfigMetrics;
  readonly noteLeading: (isLeading: boolean) => void;
}

export interface MetricsOptions {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly concurrency: number;
  /** What leaders take turns in: the name of the Lease, or the only workspace there is. */
  readonly leaseName: string;
  readonly pacing: Pacing;
  /** Of the process and of Node; without them in tests, which have but one process. */
  readonly processMetrics: boolean;
}

export function createMetrics({ clock, concurrency, leaseName, pacing, processMetrics }: MetricsOptions): Metrics {
  const registry = new Registry();
  if (processMetrics) collectProcessMetrics(registry);
  const make = createInstruments(registry);
  make
    .gauge('build_info', 'Always 1; the labels say what runs.', ['version', 'node_version'])
    .set({ version: packageVersion, node_version: process.version }, 1);
  const leader = make.gauge('leader_election_master_status', 'Whether this replica leads: 1 it does, 0 it stands by.', [
    'name',
  ]);
  leader.set({ name: leaseName }, 0);
  let isLeading = false;
  exposePacing(make, pacing);
  return {
    registry,
    noteRequest: createRequestMetrics(make),
    noteCircuit: createCircuitMetrics(make),
    loop: createLoopMetrics(make, { ...clockOf(clock), concurrency }),
    fleet: createFleetMetrics(make, { now: () => clock.now(), isLeading: () => isLeading }),
    config: createConfigMetrics(make, () => clock.now()),
    noteLeading(leads) {
      isLeading = leads;
      leader.set({ name: leaseName }, leads ? 1 : 0);
    },
  };
}

function clockOf(clock: MetricsOptions['clock']) {
  return { now: () => clock.now(), monotonic: () => clock.monotonic() };
}

/** Gauges whose names end as a counter's do, against the rules that `promtool check metrics` holds names to. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
}

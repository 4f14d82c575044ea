import type { Logger } from 'pino';
import type { ListenAddress } from '../core/declaration/listen-address.ts';
import type { Clock } from '../effects/clock.ts';
import type { LayersReader } from '../effects/layers/client.ts';
import { createHealth, observeHealth } from './health.ts';
import { createHttpServer } from './http-server.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { observeMetrics } from './metrics/observe.ts';
import type { Pacing } from './metrics/pacing-metrics.ts';
import { type Observer, observers } from './observer.ts';
import { tellingBalance, watchBalance } from './wallet.ts';

export interface LookoutOptions<Reader extends LayersReader> {
  readonly reader: Reader;
  readonly pacing: Pacing;
  readonly clock: Clock;
  readonly concurrency: number;
  /** What leaders take turns in: the name of the Lease, or the only workspace there is. */
  readonly leaseName: string;
  readonly resyncMs: number;
  readonly log: Logger;
  readonly onDefect: (error: unknown) => void;
}

/** All that can be seen of the daemon from outside: probes and metrics, and what feeds them. */
export interface Lookout<Reader> {
  readonly observe: Observer;
  /** To be read through, so that the parent's balance is seen whoever asks for it. */
  readonly reader: Reader;
  readonly onRequest: Metrics['noteRequest'];
  readonly onCircuit: Metrics['noteCircuit'];
  noteInterval(resyncMs: number): void;
  /** See {@link createHttpServer}. */
  listen(address: ListenAddress | null): Promise<string | null>;
  close(): Promise<void>;
}

export function createLookout<Reader extends LayersReader>(options: LookoutOptions<Reader>): Lookout<Reader> {
  const { clock, log } = options;
  const health = createHealth(clock, options.resyncMs);
  const metrics = createMetrics({ ...options, processMetrics: true });
  const server = createHttpServer({ health, metrics: metrics.registry, log });
  const reader = tellingBalance(options.reader, metrics.fleet.noteParentWallet);
  const balance = watchBalance(reader, clock, options.onDefect);
  return {
    observe: observers(options.onDefect, observeHealth(health), observeMetrics(metrics), balance.observe),
    reader,
    onRequest: metrics.noteRequest,
    onCircuit: metrics.noteCircuit,
    noteInterval: (resyncMs) => health.noteInterval(resyncMs),
    listen: (address) => server.follow(address),
    close() {
      balance.close();
      return server.close();
    },
  };
}

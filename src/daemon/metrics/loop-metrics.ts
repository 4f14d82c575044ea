import type { Instruments } from './instruments.ts';

/** What is worked on: customers, and the fleet's webhooks as one. */
export const controllers = ['customer', 'webhooks'] as const;
export type Controller = (typeof controllers)[number];

/** As controller-runtime calls them: done; failed; to be repeated with backoff; to be repeated at a known time. */
const results = ['success', 'error', 'requeue', 'requeue_after'] as const;

export interface Ended {
  readonly result: (typeof results)[number];
  readonly tookMs: number;
  /** Needs a person: nothing but a changed declaration or the next resync brings it back. */
  readonly isTerminal: boolean;
  /** An exception that nobody foresaw. */
  readonly isPanic: boolean;
  /** Comes back because it did not come to rest. */
  readonly isRetried: boolean;
}

export interface LoopMetrics {
  /** `depth`: how many wait now. */
  noteQueued(depth: number): void;
  /** `key` tells items apart and is not exposed. */
  noteStarted(controller: Controller, key: string, queuedMs: number, depth: number): void;
  noteEnded(controller: Controller, key: string, ended: Ended): void;
}

export interface LoopMetricsOptions {
  readonly monotonic: () => number;
  readonly now: () => number;
  readonly concurrency: number;
}

/** As in controller-runtime, so that its dashboards fit. */
const RECONCILE_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
const QUEUE_BUCKETS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];

/** There is one queue. */
const QUEUE = { name: 'fleet' };

/** The families of controller-runtime: reconciliations and the queue they come from. */
export function createLoopMetrics(make: Instruments, options: LoopMetricsOptions): LoopMetrics {
  const { monotonic } = options;
  const running = new Map<string, { readonly controller: Controller; readonly sinceMs: number }>();
  let endedAtMs: number | null = null;
  let waiting = 0;
  const reconcile = reconcileFamily(make);
  const queue = queueFamily(make);
  exposeRunning(
    make,
    () => waiting,
    () => [...running.values()].map(({ sinceMs }) => (monotonic() - sinceMs) / 1000),
  );
  make.scraped('active_workers', 'Reconciliations under way.', ['controller'], () =>
    controllers.map((controller) => ({
      labels: { controller },
      value: [...running.values()].filter((one) => one.controller === controller).length,
    })),
  );
  make
    .gauge('max_concurrent_reconciles', 'Reconciliations that may be under way at once, of whichever kind.')
    .set(options.concurrency);
  make.scraped(
    'last_reconcile_timestamp_seconds',
    'When the last reconciliation ended, whatever it came to.',
    [],
    () => (endedAtMs === null ? [] : [{ value: endedAtMs / 1000 }]),
  );
  return {
    noteQueued(depth) {
      queue.adds.inc(QUEUE);
      waiting = depth;
    },
    noteStarted(controller, key, queuedMs, depth) {
      running.set(key, { controller, sinceMs: monotonic() });
      queue.waited.observe(QUEUE, queuedMs / 1000);
      waiting = depth;
    },
    noteEnded(controller, key, { result, tookMs, isTerminal, isPanic, isRetried }) {
      running.delete(key);
      endedAtMs = options.now();
      queue.worked.observe(QUEUE, tookMs / 1000);
      reconcile.time.observe({ controller }, tookMs / 1000);
      reconcile.total.inc({ controller, result });
      if (result === 'error') reconcile.errors.inc({ controller });
      if (isTerminal) reconcile.terminal.inc({ controller });
      if (isPanic) reconcile.panics.inc({ controller });
      if (isRetried) queue.retries.inc(QUEUE);
    },
  };
}

function reconcileFamily({ counter, histogram }: Instruments) {
  const total = counter('reconcile_total', 'Reconciliations by what they came to.', ['controller', 'result']);
  const errors = counter('reconcile_errors_total', 'Reconciliations that failed.', ['controller']);
  const terminal = counter(
    'terminal_reconcile_errors_total',
    'Reconciliations that ended in a problem which waits for a person.',
    ['controller'],
  );
  const panics = counter(
    'reconcile_panics_total',
    'Reconciliations that met a defect in this program; they are repeated.',
    ['controller'],
  );
  const time = histogram('reconcile_time_seconds', 'How long reconciliations took.', RECONCILE_BUCKETS, ['controller']);
  // What is not exposed before it happens has no increase when it does.
  for (const controller of controllers) {
    for (const result of results) total.inc({ controller, result }, 0);
    for (const one of [errors, terminal, panics]) one.inc({ controller }, 0);
    time.zero({ controller });
  }
  return { total, errors, terminal, panics, time };
}

function queueFamily({ counter, histogram }: Instruments) {
  const labels = ['name'] as const;
  const adds = counter('workqueue_adds_total', 'Items that were put into the queue.', labels);
  const retries = counter('workqueue_retries_total', 'Items that come back because they did not come to rest.', labels);
  const waited = histogram(
    'workqueue_queue_duration_seconds',
    'How long items waited for a worker.',
    QUEUE_BUCKETS,
    labels,
  );
  const worked = histogram('workqueue_work_duration_seconds', 'How long items were worked on.', QUEUE_BUCKETS, labels);
  for (const one of [adds, retries]) one.inc(QUEUE, 0);
  for (const one of [waited, worked]) one.zero(QUEUE);
  return { adds, retries, waited, worked };
}

function exposeRunning({ scraped }: Instruments, depth: () => number, ages: () => readonly number[]): void {
  const one = (value: () => number) => () => [{ labels: QUEUE, value: value() }];
  scraped('workqueue_depth', 'Items that wait for a worker.', ['name'], one(depth));
  scraped(
    'workqueue_unfinished_work_seconds',
    'How long all items under way have been worked on, together; it grows when one hangs.',
    ['name'],
    one(() => ages().reduce((total, age) => total + age, 0)),
  );
  scraped(
    'workqueue_longest_running_processor_seconds',
    'How long the item has been worked on that is under way for longest.',
    ['name'],
    one(() => Math.max(0, ...ages())),
  );
}

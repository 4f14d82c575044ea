import type { Logger } from 'pino';
import type { ListenAddress } from '../core/declaration/listen-address.ts';
import type { PassReport } from '../core/report.ts';
import type { Clock } from '../effects/clock.ts';
import type { DeclarationSource } from '../effects/source/source.ts';
import { fingerprint } from './fingerprint.ts';
import { type Hints, watchFiles } from './hints.ts';
import { logReport } from './log-report.ts';
import { listenForProbes, type Probes } from './probes.ts';

export interface DaemonOptions {
  /** The workspace, absolute. */
  readonly directory: string;
  readonly source: DeclarationSource;
  /** At most this long between two passes, in milliseconds. */
  readonly resyncMs: number;
  /** Where probes answer; null for nowhere. */
  readonly listen: ListenAddress | null;
  readonly stop: AbortSignal;
  readonly log: Logger;
  readonly clock: Clock;
  readonly runPass: (signal: AbortSignal) => Promise<PassReport>;
}

/** A pass that could not begin, or left something that settles by itself, is repeated sooner: 1 s, doubling to 60 s. */
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 60_000;

/**
 * The loop of `--watch`: a pass at the start, after every change of a declaration, and at every resync. Files are only
 * a hint to look: what counts is whether what they declare differs from what the last pass worked from, so that status
 * written by us never wakes us. Ends with 0 after a stop, when the pass under way has ended.
 */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  const { log, stop, clock, source } = options;
  const hints = watchFiles(options.directory, log);
  const probes = options.listen ? await listenForProbes(options.listen, log) : null;
  log.info({ directory: options.directory, resyncMs: options.resyncMs }, 'daemon started');
  let failures = 0;
  try {
    while (!stop.aborted) {
      // Taken before the pass reads the files: an edit made meanwhile differs from it and is not missed.
      const seen = await fingerprint(source);
      const settled = await passOnce(options, probes);
      failures = settled ? 0 : failures + 1;
      const retryMs = settled
        ? options.resyncMs
        : Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 10));
      await waitForWork(source, hints, seen, Math.min(retryMs, options.resyncMs), clock, stop);
    }
  } finally {
    await hints.close();
    await probes?.close();
    log.info('daemon stopped');
  }
  return 0;
}

/** True when nothing is left that would settle by itself. A bug in one pass must not end the daemon. */
async function passOnce({ runPass, stop, log }: DaemonOptions, probes: Probes | null): Promise<boolean> {
  try {
    const report = await runPass(stop);
    logReport(log, report);
    probes?.notePass(report.refused === null);
    if (report.refused) return report.refused.kind === 'invalid-input';
    return report.customers.every(({ phase }) => phase !== 'Held' && phase !== 'Progressing');
  } catch (error) {
    log.error({ err: error }, 'pass failed unexpectedly');
    probes?.notePass(false);
    return false;
  }
}

/** Resolves when declarations differ from `seen`, when `ms` have passed, or at a stop. */
async function waitForWork(
  source: DeclarationSource,
  hints: Hints,
  seen: string,
  ms: number,
  clock: Clock,
  stop: AbortSignal,
): Promise<void> {
  const until = clock.monotonic() + ms;
  while (!stop.aborted) {
    const left = until - clock.monotonic();
    if (left <= 0) return;
    const hinted = await hints.next(left, stop);
    if (!hinted) return;
    if ((await fingerprint(source)) !== seen) return;
  }
}

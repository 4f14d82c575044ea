import { setTimeout as delay } from 'node:timers/promises';
import { watch } from 'chokidar';
import type { Logger } from 'pino';

/** File events, which are hints and nothing more: they may come late, doubled, or not at all. */
export interface Hints {
  /** True at a hint, false after `ms` or at a stop. Events close together are one hint. */
  next(ms: number, stop: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
}

/** Editors write a file in several steps; this long after the last event they are done. */
const QUIET_MS = 300;

/**
 * Watches the workspace's declarations. Only the directory itself is watched, with everything of ours left out; a root
 * that is replaced (a mounted ConfigMap, git-sync) may end the events, which is why every resync looks anyway.
 */
export function watchFiles(directory: string, log: Logger): Hints {
  let wake: (() => void) | null = null;
  let pending = false;
  const watcher = watch(directory, {
    ignoreInitial: true,
    ignored: (path) => /[\\/](\.reconcile|\.git|node_modules)([\\/]|$)/.test(path),
  });
  watcher.on('all', () => {
    pending = true;
    wake?.();
  });
  watcher.on('error', (error) =>
    log.warn({ err: error }, 'files cannot be watched; every resync looks at them anyway'),
  );

  return {
    async next(ms, stop) {
      if (!pending)
        await sleepUntil(ms, stop, (resolve) => {
          wake = resolve;
        });
      wake = null;
      if (!pending || stop.aborted) return false;
      while (pending && !stop.aborted) {
        pending = false;
        await sleepUntil(QUIET_MS, stop, () => {});
      }
      return !stop.aborted;
    },
    close: () => watcher.close(),
  };
}

/** Waits for `ms`, a stop, or the function handed to `arm`. */
async function sleepUntil(ms: number, stop: AbortSignal, arm: (resolve: () => void) => void): Promise<void> {
  const woken = new AbortController();
  arm(() => woken.abort());
  try {
    await delay(ms, undefined, { signal: AbortSignal.any([stop, woken.signal]) });
  } catch {
    // Woken before the time was up; why is looked at by the caller.
  }
}

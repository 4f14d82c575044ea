import type { Clock } from '../effects/clock.ts';
import type { Nap } from './nap.ts';

export interface Due {
  /** True when it is time; that is then used up. */
  readonly isDue: () => boolean;
  /** When it may be time next, on the monotonic clock. Whoever brings it forward wakes the nap. */
  readonly dueAt: () => number;
}

/** Resolves with true when it is time, with false after `ms` or at a stop. */
export function nextDue(clock: Pick<Clock, 'monotonic'>, nap: Nap, { isDue, dueAt }: Due) {
  return async (ms: number, stop: AbortSignal): Promise<boolean> => {
    const until = clock.monotonic() + ms;
    stop.addEventListener('abort', nap.wake);
    try {
      while (!stop.aborted) {
        if (isDue()) return true;
        const now = clock.monotonic();
        if (now >= until) return false;
        await nap.sleep(Math.max(1, Math.min(until, dueAt()) - now));
      }
      return false;
    } finally {
      stop.removeEventListener('abort', nap.wake);
    }
  };
}

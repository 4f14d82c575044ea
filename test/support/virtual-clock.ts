import type { Clock } from '../../src/effects/clock.ts';

/** A clock that stands still until everybody who sleeps on it has gone to sleep, and then jumps to the next waking. */
export interface VirtualClock extends Clock {
  /** Lets time pass until the promise settles; throws when nobody sleeps any more and it still has not. */
  run<T>(work: Promise<T>): Promise<T>;
  /** Moves on by `ms`, waking whoever is due on the way. */
  advance(ms: number): Promise<void>;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export function createVirtualClock(startMs = Date.parse('2026-11-02T08:00:00.000Z')): VirtualClock {
  let elapsed = 0;
  let sleepers: Sleeper[] = [];

  const nextSleeper = (): Sleeper | undefined => {
    let [next] = sleepers;
    for (const sleeper of sleepers) if (next && sleeper.at < next.at) next = sleeper;
    return next;
  };
  const jumpTo = ({ at, wake }: Sleeper): void => {
    elapsed = Math.max(elapsed, at);
    wake();
  };

  return {
    // As Date.now(), whole milliseconds.
    now: () => Math.floor(startMs + elapsed),
    monotonic: () => elapsed,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper: Sleeper = {
          at: elapsed + ms,
          wake: () => {
            sleepers = sleepers.filter((other) => other !== sleeper);
            signal?.removeEventListener('abort', sleeper.wake);
            resolve();
          },
        };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', sleeper.wake, { once: true });
      }),
    run: async (work) => {
      let settled = false;
      const markSettled = (): void => {
        settled = true;
      };
      work.then(markSettled, markSettled);
      for (;;) {
        await everybodyAsleep();
        if (settled) return work;
        const next = nextSleeper();
        if (next === undefined) throw new Error('Nothing sleeps on this clock, and the work is not done.');
        jumpTo(next);
      }
    },
    advance: async (ms) => {
      const until = elapsed + ms;
      for (;;) {
        await everybodyAsleep();
        const next = nextSleeper();
        if (next === undefined || next.at > until) break;
        jumpTo(next);
      }
      elapsed = until;
      await everybodyAsleep();
    },
  };
}

/** A turn of the event loop: every promise that could settle without time has settled. */
function everybodyAsleep(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

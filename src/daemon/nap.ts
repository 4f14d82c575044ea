import type { Clock } from '../effects/clock.ts';

/** A wait that somebody may end for everybody who waits. */
export interface Nap {
  sleep(ms: number): Promise<void>;
  readonly wake: () => void;
}

export function createNap(clock: Pick<Clock, 'sleep'>): Nap {
  // One alarm for each sleeper: a signal that many listen to looks like a leak to Node.
  const alarms = new Set<AbortController>();
  return {
    async sleep(ms) {
      const alarm = new AbortController();
      alarms.add(alarm);
      await clock.sleep(ms, alarm.signal);
      alarms.delete(alarm);
    },
    wake() {
      for (const alarm of alarms) alarm.abort();
    },
  };
}

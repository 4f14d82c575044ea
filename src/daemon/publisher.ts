import { backoffMs } from '../core/backoff.ts';
import type { Chance } from '../effects/chance.ts';
import type { Clock } from '../effects/clock.ts';
import type { FleetEngine } from '../engine/fleet/fleet-engine.ts';
import { createNap } from './nap.ts';
import type { Observer } from './observer.ts';

export interface PublisherOptions {
  readonly engine: Pick<FleetEngine, 'publish' | 'hasUnpublished'>;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly chance: Pick<Chance, 'random'>;
  readonly observe: Observer;
  /** Nobody is visited, and nobody waits. */
  readonly isIdle: () => boolean;
}

/** Status that a store has to publish waits at most this long for the burst to end that it belongs to. */
const PUBLISH_WITHIN_MS = 30_000;

/** Has what a burst of visits recorded published together: one commit for all of them (design 5). */
export interface Publisher {
  /** A visit ended. */
  noteVisit(): void;
  /** Publishes what is left. */
  end(): Promise<void>;
}

export function createPublisher({ engine, clock, chance, observe, isIdle }: PublisherOptions): Publisher {
  const nap = createNap(clock);
  let publishing: Promise<void> | null = null;
  let failures = 0;
  let isEnding = false;

  async function publish(): Promise<void> {
    if (!isEnding) await nap.sleep(failures > 0 ? backoffMs(failures, chance.random()) : PUBLISH_WITHIN_MS);
    const problem = await engine.publish();
    failures = problem ? failures + 1 : 0;
    observe({ kind: 'status-published', problem });
  }

  function begin(): void {
    publishing ??= publish()
      .catch((error: unknown) => observe({ kind: 'defect', where: 'publishing status', error }))
      .finally(() => {
        publishing = null;
        if (engine.hasUnpublished() && !isEnding) begin();
      });
  }

  return {
    noteVisit() {
      if (!engine.hasUnpublished()) return;
      begin();
      if (isIdle() && failures === 0) nap.wake();
    },
    async end() {
      isEnding = true;
      nap.wake();
      if (publishing) await publishing;
      if (!engine.hasUnpublished()) return;
      begin();
      await publishing;
    },
  };
}

import type { Logger } from 'pino';
import type { Chance } from '../effects/chance.ts';
import type { Clock } from '../effects/clock.ts';
import type { KubernetesClient } from '../effects/kubernetes/client.ts';
import { follow } from '../effects/kubernetes/follow.ts';
import type { Place } from '../effects/kubernetes/kind.ts';
import { type CustomerObject, customers } from '../effects/kubernetes/kinds.ts';
import type { Hints } from './hints.ts';
import { createNap } from './nap.ts';
import { nextDue } from './next-due.ts';

export interface ObjectHintOptions {
  readonly client: Pick<KubernetesClient, 'list' | 'watch'>;
  readonly place: Place;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Pick<Logger, 'warn' | 'info'>;
}

/** Changes close together, as of an apply of many objects, are one hint. */
const QUIET_MS = 300;

/**
 * Hints that a customer's object may have changed: one came or went, or its spec is another. Status, which we write
 * ourselves, leaves the generation alone and hints at nothing. A watch that is broken is mended by itself, and what it
 * missed is found by the next list or at the resync.
 */
export function watchObjects({ client, place, clock, chance, log }: ObjectHintOptions): Hints {
  const ending = new AbortController();
  const nap = createNap(clock);
  let dueAt: number | null = null;

  const notice = (): void => {
    dueAt ??= clock.monotonic() + QUIET_MS;
    nap.wake();
  };

  async function listen(): Promise<void> {
    let known: Map<string, string> | null = null;
    let isTroubled = false;
    for await (const seen of follow(customers, place, { client, clock, chance, signal: ending.signal })) {
      if (seen.kind === 'trouble') {
        if (!isTroubled)
          log.warn({ why: seen.trouble.message }, 'objects cannot be watched; every resync looks at them anyway');
        isTroubled = true;
        continue;
      }
      if (isTroubled) log.info('objects are watched again');
      isTroubled = false;
      const before = known ?? new Map<string, string>();
      const after = afterwards(before, seen);
      // The first list is what whoever begins reads anyway.
      if (known !== null && !isSame(before, after)) notice();
      known = after;
    }
  }
  const listening = listen();

  return {
    next: nextDue(clock, nap, {
      isDue: () => {
        if (dueAt === null || dueAt > clock.monotonic()) return false;
        dueAt = null;
        return true;
      },
      dueAt: () => dueAt ?? Number.POSITIVE_INFINITY,
    }),
    async close() {
      ending.abort();
      await listening;
    },
  };
}

/** What is known of the objects, as far as a declaration goes: which there are, and which spec each has. */
function afterwards(
  before: ReadonlyMap<string, string>,
  seen:
    | { readonly kind: 'listed'; readonly items: readonly CustomerObject[] }
    | { readonly kind: 'changed' | 'removed'; readonly object: CustomerObject },
): Map<string, string> {
  if (seen.kind === 'listed') return new Map(seen.items.map(entryOf));
  const after = new Map(before);
  const [uid, spec] = entryOf(seen.object);
  if (seen.kind === 'removed') after.delete(uid);
  else after.set(uid, spec);
  return after;
}

function entryOf({ metadata }: CustomerObject): [uid: string, spec: string] {
  return [metadata.uid, `${metadata.generation ?? 0} ${metadata.deletionTimestamp ?? ''}`];
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([uid, spec]) => b.get(uid) === spec);
}

/** A hint of either is a hint. */
export function eitherHints(all: readonly Hints[]): Hints {
  return {
    async next(ms, stop) {
      const hinted = new AbortController();
      const signal = AbortSignal.any([stop, hinted.signal]);
      const results = await Promise.all(
        all.map(async (hints) => {
          const isHinted = await hints.next(ms, signal);
          if (isHinted) hinted.abort();
          return isHinted;
        }),
      );
      return results.includes(true) && !stop.aborted;
    },
    close: async () => {
      await Promise.all(all.map((hints) => hints.close()));
    },
  };
}

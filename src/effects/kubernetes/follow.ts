import type { Chance } from '../chance.ts';
import type { Clock } from '../clock.ts';
import type { KubernetesClient } from './client.ts';
import type { Kind, Place } from './kind.ts';
import type { Trouble } from './outcome.ts';

export interface FollowOptions {
  readonly client: Pick<KubernetesClient, 'list' | 'watch'>;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly signal: AbortSignal;
  readonly labelSelector?: string;
  /** All objects are listed again after so long, whatever the watch says; default 10 minutes. */
  readonly relistMs?: number;
}

export type Followed<T> =
  /** Everything that is there; what was there before and is not among it, is gone. */
  | { readonly kind: 'listed'; readonly items: readonly T[] }
  | { readonly kind: 'changed' | 'removed'; readonly object: T }
  /** Nothing is seen until the next `listed`, or until the next change; it is tried again by itself. */
  | { readonly kind: 'trouble'; readonly trouble: Trouble; readonly retryInMs: number };

const RELIST_MS = 600_000;
/** A watch lives so long and up to a quarter longer, so that those of many clients do not end together. */
const WATCH_MS = 240_000;
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MAX_MS = 30_000;

interface Follower {
  resourceVersion: string | null;
  listedAt: number;
  failures: number;
}

/**
 * The objects of a kind and every change of them, until the signal: a list, then watches that go on where the last one
 * ended, and a new list when the server has forgotten that point (410), after `relistMs`, and after any trouble that may
 * have hidden an event. Events may be repeated, and several changes of one object may be seen as one.
 */
export async function* follow<T>(
  kind: Kind<T>,
  place: Place,
  options: FollowOptions,
): AsyncGenerator<Followed<T>, void> {
  const { clock, signal } = options;
  const state: Follower = { resourceVersion: null, listedAt: 0, failures: 0 };
  while (!signal.aborted) {
    const trouble = yield* state.resourceVersion === null
      ? listOnce(kind, place, options, state)
      : watchOnce(kind, place, state.resourceVersion, options, state);
    if (trouble === null || signal.aborted) continue;
    const retryInMs = retryDelayMs(trouble, state.failures, options.chance);
    state.failures += 1;
    yield { kind: 'trouble', trouble, retryInMs };
    await clock.sleep(retryInMs, signal);
  }
}

async function* listOnce<T>(
  kind: Kind<T>,
  place: Place,
  { client, clock, signal, labelSelector }: FollowOptions,
  state: Follower,
): AsyncGenerator<Followed<T>, Trouble | null> {
  const selection = labelSelector === undefined ? {} : { labelSelector };
  const listing = await client.list(kind, place, { signal, ...selection });
  if (listing.outcome !== 'ok') return listing;
  state.resourceVersion = listing.value.resourceVersion;
  state.listedAt = clock.monotonic();
  yield { kind: 'listed', items: listing.value.items };
  return null;
}

async function* watchOnce<T>(
  kind: Kind<T>,
  place: Place,
  resourceVersion: string,
  { client, clock, chance, signal, labelSelector, relistMs = RELIST_MS }: FollowOptions,
  state: Follower,
): AsyncGenerator<Followed<T>, Trouble | null> {
  const startedAt = clock.monotonic();
  const leftMs = state.listedAt + relistMs - startedAt;
  if (leftMs < 1_000) {
    state.resourceVersion = null;
    return null;
  }
  const lifeMs = Math.min(leftMs, WATCH_MS * (1 + chance.random() / 4));
  const selection = labelSelector === undefined ? {} : { labelSelector };
  for await (const event of client.watch(kind, place, { resourceVersion, lifeMs, signal, ...selection })) {
    if (event.type === 'ended') return endOf(event.trouble, clock.monotonic() - startedAt, state);
    state.failures = 0;
    state.resourceVersion = event.resourceVersion;
    if (event.type !== 'bookmark')
      yield { kind: event.type === 'deleted' ? 'removed' : 'changed', object: event.object };
  }
  return null;
}

/** What the end of a watch asks for: to go on, to list again at once, or to wait first. */
function endOf(trouble: Trouble | null, livedMs: number, state: Follower): Trouble | null {
  if (trouble === null && livedMs >= BACKOFF_FIRST_MS) {
    state.failures = 0;
    return null;
  }
  // A busy server forgets a point by right; only one that does so again and again is waited for.
  if (trouble?.outcome === 'gone' && state.failures === 0) {
    state.failures = 1;
    state.resourceVersion = null;
    return null;
  }
  if (trouble === null)
    return {
      outcome: 'unreachable',
      message: 'The API server ends every watch at once.',
      nothingDone: true,
      retryAfterMs: null,
    };
  // 429 before the watch began hides nothing; after anything else an event may be missing.
  if (!(trouble.outcome === 'unreachable' && trouble.nothingDone)) state.resourceVersion = null;
  return trouble;
}

function retryDelayMs(trouble: Trouble, failures: number, chance: Chance): number {
  const asked = trouble.outcome === 'unreachable' ? (trouble.retryAfterMs ?? 0) : 0;
  const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(failures, 10));
  return asked + ceiling * (0.5 + chance.random() / 2);
}

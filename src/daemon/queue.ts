import type { Clock } from '../effects/clock.ts';

/**
 * Who is to be visited, as client-go's workqueue: each item waits at most once; one that is asked for while somebody is
 * at work on it comes again after, so that no item is ever worked on twice at once and nothing that happened meanwhile
 * is missed. Items say who, never why.
 */
export interface WorkQueue {
  /** Urgent items go before all others. Takes the place of a visit that was planned for later. */
  add(item: string, options?: { readonly urgent?: boolean }): void;
  /** Asks for a visit in so many milliseconds, unless one is asked for sooner. */
  addAfter(item: string, ms: number): void;
  /** The next item, as soon as there is one; null when the queue is closed. {@link WorkQueue.done} must follow. */
  take(): Promise<Taken | null>;
  done(item: string): void;
  /** Nothing is given out any more; what is at work goes on. */
  close(): void;
  /** How many wait to be taken. */
  depth(): number;
  active(): readonly string[];
}

export interface Taken {
  readonly item: string;
  readonly queuedMs: number;
}

export function createWorkQueue(
  clock: Pick<Clock, 'monotonic' | 'sleep'>,
  onQueued: (item: string, depth: number) => void = () => {},
): WorkQueue {
  /** When each began to wait; urgent ones in a line of their own. */
  const urgent = new Map<string, number>();
  const ordinary = new Map<string, number>();
  /** Asked for while they are at work; true when urgently. */
  const dirty = new Map<string, boolean>();
  const working = new Set<string>();
  const later = new Map<string, number>();
  const takers: ((taken: Taken | null) => void)[] = [];
  let alarm: { readonly at: number; readonly cancel: AbortController } | null = null;
  let isClosed = false;

  const depth = () => urgent.size + ordinary.size;

  function put(item: string, isUrgent: boolean): void {
    const since = ordinary.get(item);
    if (urgent.has(item) || (since !== undefined && !isUrgent)) return;
    ordinary.delete(item);
    (isUrgent ? urgent : ordinary).set(item, since ?? clock.monotonic());
    if (since === undefined) onQueued(item, depth());
    const taker = takers.shift();
    if (taker) taker(next());
  }

  function next(): Taken | null {
    const line = urgent.size > 0 ? urgent : ordinary;
    const [first] = line;
    if (!first) return null;
    const [item, since] = first;
    line.delete(item);
    working.add(item);
    return { item, queuedMs: clock.monotonic() - since };
  }

  function wake(): void {
    alarm = null;
    const now = clock.monotonic();
    for (const [item, at] of later) if (at <= now) queue.add(item);
    const soonest = Math.min(...later.values());
    if (Number.isFinite(soonest)) setAlarm(soonest);
  }

  function setAlarm(at: number): void {
    if (isClosed || (alarm && alarm.at <= at)) return;
    alarm?.cancel.abort();
    const cancel = new AbortController();
    alarm = { at, cancel };
    void clock.sleep(Math.max(0, at - clock.monotonic()), cancel.signal).then(() => {
      if (!cancel.signal.aborted) wake();
    });
  }

  const queue: WorkQueue = {
    add(item, { urgent: isUrgent = false } = {}) {
      if (isClosed) return;
      later.delete(item);
      if (working.has(item)) dirty.set(item, isUrgent || (dirty.get(item) ?? false));
      else put(item, isUrgent);
    },
    addAfter(item, ms) {
      const at = clock.monotonic() + ms;
      if (isClosed || (later.get(item) ?? Number.POSITIVE_INFINITY) <= at) return;
      if (urgent.has(item) || ordinary.has(item) || dirty.has(item)) return;
      later.set(item, at);
      setAlarm(at);
    },
    take: () =>
      new Promise((resolve) => {
        const taken = isClosed ? null : next();
        if (taken || isClosed) resolve(taken);
        else takers.push(resolve);
      }),
    done(item) {
      working.delete(item);
      const isUrgent = dirty.get(item);
      dirty.delete(item);
      if (isUrgent !== undefined && !isClosed) put(item, isUrgent);
    },
    close() {
      isClosed = true;
      alarm?.cancel.abort();
      for (const taker of takers.splice(0)) taker(null);
    },
    depth,
    active: () => [...working],
  };
  return queue;
}

/**
 * The quota of one class of requests, as arithmetic on a monotonic clock in milliseconds. Three rules hold at once:
 *
 * - never more than `limit` requests in any 61 s. Wherever a server's minute begins, and whether it counts fixed windows,
 *   sliding windows or tokens, it cannot see more than its limit, as long as the time to reach it varies by less than 1 s;
 * - an even flow at 98.5 % of the limit, after a burst of a sixth of it. A small fleet does not wait at all, a large one
 *   never waits for a whole window, which a grant, good for 30 s, could not outlive (correctness A6);
 * - a reserve for what is urgent. While we are alone it is small, since what is urgent goes first anyhow and the flow is
 *   even; where others use the same key, everybody else stops before the server's count says that nothing is left.
 */
export interface Lane {
  /** 0 when a request may go now. */
  waitMs(now: number, isUrgent: boolean): number;
  grant(now: number): void;
  /** A request that was granted has its answer, or has none and gets none. */
  end(): void;
  /** Takes the newest grant back: its request was never sent. */
  refund(): void;
  setLimit(limitPerMinute: number): void;
  /** The server's count: `remaining` requests until `resetMs` from now. What we did not send was sent by others. */
  learnRemaining(remaining: number, resetMs: number, now: number): void;
  limit(): number;
  /** How many may still go in this minute, as far as we know. */
  remaining(now: number): number;
}

const windowMs = 61_000;
const flowShare = 0.985;
const burstShare = 1 / 6;
/** 98.4 % of the limit fit into a minute by the first rule; less this is still more than 97 %. */
const reserveShare = 0.005;
const sharedReserveShare = 0.05;
const sharedReserveMin = 2;
/** Less than this is an error of floating-point sums, not a wait. */
const roundingMs = 0.01;

/** What the server leaves us until its count begins anew, while others use the key as well. */
interface Shared {
  readonly until: number;
  readonly room: number;
}

export function createLane(limitPerMinute: number): Lane {
  let limit = limitPerMinute;
  /** When the requests of the last window were granted, oldest first; entries before `head` have expired. */
  let grants: number[] = [];
  let head = 0;
  let inFlight = 0;
  /** When the even flow would send the next request; at most a burst behind the clock. */
  let flowAt = Number.NEGATIVE_INFINITY;
  /** Somebody had to wait for the window: the quota is in full use, and no burst is due. */
  let isFull = false;
  let shared: Shared | null = null;

  const isUnlimited = (): boolean => limit === Number.POSITIVE_INFINITY;
  const gapMs = (): number => 60_000 / (limit * flowShare);
  const burstMs = (): number => Math.max(0, Math.floor(limit * burstShare) - 1) * gapMs();
  const used = (): number => grants.length - head;

  const expire = (now: number): void => {
    while (head < grants.length && (grants[head] ?? 0) <= now - windowMs) head += 1;
    if (head > 1_000) {
      grants = grants.slice(head);
      head = 0;
    }
    if (shared !== null && shared.until <= now) shared = null;
  };

  const windowWaitMs = (now: number, reserve: number): number => {
    const excess = used() + reserve + 1 - limit;
    if (excess <= 0) return 0;
    const expiring = grants[head + excess - 1];
    return expiring === undefined ? windowMs : expiring + windowMs - now;
  };

  const sharedWaitMs = (now: number, isUrgent: boolean): number => {
    if (shared === null) return 0;
    const reserve = isUrgent ? 0 : Math.max(sharedReserveMin, Math.floor(limit * sharedReserveShare));
    return shared.room > reserve ? 0 : shared.until - now;
  };

  return {
    limit: () => limit,
    remaining: (now) => {
      if (isUnlimited()) return Number.POSITIVE_INFINITY;
      expire(now);
      return Math.max(0, Math.min(limit - used(), shared?.room ?? Number.POSITIVE_INFINITY));
    },
    waitMs: (now, isUrgent) => {
      if (isUnlimited()) return 0;
      expire(now);
      const inWindow = windowWaitMs(now, isUrgent ? 0 : Math.floor(limit * reserveShare));
      if (inWindow > roundingMs) isFull = true;
      const ms = Math.max(flowAt - burstMs() - now, inWindow, sharedWaitMs(now, isUrgent));
      return ms < roundingMs ? 0 : ms;
    },
    grant: (now) => {
      inFlight += 1;
      if (isUnlimited()) return;
      grants.push(now);
      // Else the burst of the first minute would come again each minute, and each time a gap behind it.
      flowAt = Math.max(flowAt, isFull ? now + burstMs() : now) + gapMs();
      isFull = false;
      if (shared !== null) shared = { ...shared, room: shared.room - 1 };
    },
    end: () => {
      inFlight = Math.max(0, inFlight - 1);
    },
    refund: () => {
      inFlight = Math.max(0, inFlight - 1);
      if (grants.length <= head) return;
      grants.pop();
      flowAt -= gapMs();
      if (shared !== null) shared = { ...shared, room: shared.room + 1 };
    },
    setLimit: (next) => {
      limit = next;
    },
    learnRemaining: (remaining, resetMs, now) => {
      expire(now);
      const isOfOthers = limit - remaining > used();
      if (shared === null && !isOfOthers) return;
      // What is under way may be counted already or not; the smaller room of two answers is the later one.
      const room = remaining - inFlight;
      const until = now + Math.min(resetMs, windowMs);
      shared = { until: shared?.until ?? until, room: Math.min(shared?.room ?? room, room) };
    },
  };
}

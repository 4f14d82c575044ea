/**
 * The quota of one class of requests, as arithmetic on a monotonic clock in milliseconds. Two rules hold at once:
 *
 * - never more than `limit` requests in any 61 s. Wherever a server's minute begins, and whether it counts fixed windows,
 *   sliding windows or tokens, it cannot see more than its limit, as long as the time to reach it varies by less than 1 s;
 * - an even flow at 98.5 % of the limit, after a burst of a sixth of it. A small fleet does not wait at all, a large one
 *   never waits for a whole window, which a grant, good for 30 s, could not outlive (correctness A6).
 */
export interface Lane {
  /** 0 when a request may go now. */
  waitMs(now: number): number;
  grant(now: number): void;
  /** Takes the newest grant back: its request was never sent. */
  refund(): void;
  setLimit(limitPerMinute: number): void;
  /** The server's count: `remaining` requests until `resetMs` from now. What we did not send was sent by others. */
  learnRemaining(remaining: number, resetMs: number, now: number): void;
}

const windowMs = 61_000;
const flowShare = 0.985;
const burstShare = 1 / 6;
/** Less than this is an error of floating-point sums, not a wait. */
const roundingMs = 0.01;

export function createLane(limitPerMinute: number): Lane {
  let limit = limitPerMinute;
  /** When the requests of the last window were granted, oldest first; entries before `head` have expired. */
  let grants: number[] = [];
  let head = 0;
  /** When the even flow would send the next request; at most a burst behind the clock. */
  let flowAt = Number.NEGATIVE_INFINITY;
  let foreign = { count: 0, until: 0 };

  const gapMs = (): number => 60_000 / (limit * flowShare);
  const burstMs = (): number => Math.max(0, Math.floor(limit * burstShare) - 1) * gapMs();

  const expire = (now: number): void => {
    while (head < grants.length && (grants[head] ?? 0) <= now - windowMs) head += 1;
    if (head > 1_000) {
      grants = grants.slice(head);
      head = 0;
    }
    if (foreign.until <= now) foreign = { count: 0, until: 0 };
  };

  const windowWaitMs = (now: number): number => {
    const excess = grants.length - head + foreign.count + 1 - limit;
    if (excess <= 0) return 0;
    const expiring = grants[head + excess - 1];
    const ownMs = expiring === undefined ? Number.POSITIVE_INFINITY : expiring + windowMs - now;
    return foreign.count === 0 ? ownMs : Math.min(ownMs, foreign.until - now);
  };

  return {
    waitMs: (now) => {
      if (limit === Number.POSITIVE_INFINITY) return 0;
      expire(now);
      const ms = Math.max(flowAt - burstMs() - now, windowWaitMs(now));
      return ms < roundingMs ? 0 : ms;
    },
    grant: (now) => {
      if (limit === Number.POSITIVE_INFINITY) return;
      grants.push(now);
      flowAt = Math.max(flowAt, now) + gapMs();
    },
    refund: () => {
      if (grants.length <= head) return;
      grants.pop();
      flowAt -= gapMs();
    },
    setLimit: (next) => {
      limit = next;
    },
    learnRemaining: (remaining, resetMs, now) => {
      expire(now);
      const count = limit - remaining - (grants.length - head);
      if (count > foreign.count) foreign = { count, until: now + Math.min(resetMs, windowMs) };
    },
  };
}

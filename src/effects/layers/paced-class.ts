import type { Clock } from '../clock.ts';
import type { RateLimitHeaders } from './headers.ts';
import { createLane } from './lane.ts';

export interface TakeOptions {
  /** Goes before those that are not: what must be sent within 30 s of a read (correctness A6). */
  readonly urgent: boolean;
  /** A pause that the server asked for, or a used-up day, longer than this is refused instead of waited for. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal;
}

export type Permit =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'stopped' }
  | { readonly ok: false; readonly reason: 'limited'; readonly retryAfterMs: number };

export interface Waiting {
  readonly requests: number;
  /** Wall clock, milliseconds since the epoch, of the next one's turn. */
  readonly untilMs: number;
  /** `quota`: our own pace. `server`: a 429 asked for it, or the day's writes are used up. */
  readonly reason: 'quota' | 'server';
}

/** For metrics. */
export interface PaceState {
  /** Requests a minute; Infinity where nothing is paced. */
  readonly limit: number;
  /** How many may still go in this minute, as far as we know. */
  readonly remaining: number;
  /** Requests that wait now. */
  readonly waiting: number;
  /** How long all requests together have waited so far, in milliseconds. */
  readonly waitedMs: number;
}

/** One class of requests: its quota and the queue of those that wait for it. */
export interface PacedClass {
  take(options: TakeOptions): Promise<Permit>;
  end(): void;
  refund(): void;
  pause(ms: number): void;
  learn(seen: RateLimitHeaders): void;
  setTierLimits(perMinute: number, perDay: number): void;
  waiting(): Waiting | null;
  state(): PaceState;
}

interface Waiter {
  readonly options: TakeOptions;
  readonly since: number;
  readonly settle: (permit: Permit) => void;
}

const dayMs = 86_400_000;
/** Of the writes of a day the last ones are for what is urgent; nothing else may use up the day for money. */
const dayReserveShare = 0.01;
/** A limit outside of this is no number of requests a minute. */
const plausibleLimitMax = 60_000;

/** `serverNow`: the server's wall clock as far as it is known, milliseconds since the epoch. */
export function createPacedClass(clock: Clock, serverNow: () => number, perMinute: number, perDay: number): PacedClass {
  const lane = createLane(perMinute);
  const queue: Waiter[] = [];
  let learnedLimit: number | null = null;
  let pausedUntil = 0;
  let day = { number: 0, sent: 0, limit: perDay };
  let waitedMs = 0;
  let pumping = false;
  let wake = new AbortController();

  /** How long the server, not our own pace, keeps this class from sending. */
  const heldMs = (isUrgent: boolean): number => {
    // The day begins at midnight UTC by the server's clock; nobody says so (layers-api 18, item 27).
    const wall = serverNow();
    const today = Math.floor(wall / dayMs);
    if (day.number !== today) day = { ...day, number: today, sent: 0 };
    const limit = isUrgent || day.limit === Infinity ? day.limit : Math.floor(day.limit * (1 - dayReserveShare));
    const dayEndsInMs = day.sent < limit ? 0 : (today + 1) * dayMs - wall;
    return Math.max(0, pausedUntil - clock.monotonic(), dayEndsInMs);
  };
  const waitMs = (isUrgent: boolean): number => Math.max(heldMs(isUrgent), lane.waitMs(clock.monotonic(), isUrgent));

  const grant = (waiter: Waiter): void => {
    const now = clock.monotonic();
    lane.grant(now);
    day.sent += 1;
    waitedMs += now - waiter.since;
    waiter.settle({ ok: true });
  };

  const pump = async (): Promise<void> => {
    pumping = true;
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      const ms = waitMs(next.options.urgent);
      if (ms > 0) {
        wake = new AbortController();
        await clock.sleep(ms, wake.signal);
      } else {
        queue.shift();
        grant(next);
      }
    }
    pumping = false;
  };

  /** Ends the waiting of those who do not wait that long, and lets the pump look at the clock again. */
  const reconsider = (): void => {
    for (const waiter of queue.filter(({ options }) => options.patienceMs < heldMs(options.urgent))) {
      queue.splice(queue.indexOf(waiter), 1);
      waiter.settle({ ok: false, reason: 'limited', retryAfterMs: heldMs(waiter.options.urgent) });
    }
    wake.abort();
  };

  const enqueue = ({ options, settle }: Pick<Waiter, 'options' | 'settle'>): void => {
    const stop = (): void => {
      queue.splice(queue.indexOf(waiter), 1);
      settle({ ok: false, reason: 'stopped' });
      wake.abort();
    };
    const waiter: Waiter = {
      options,
      since: clock.monotonic(),
      settle: (permit) => {
        options.signal?.removeEventListener('abort', stop);
        settle(permit);
      },
    };
    options.signal?.addEventListener('abort', stop, { once: true });
    const firstPatient = queue.findIndex((other) => !other.options.urgent);
    queue.splice(options.urgent && firstPatient !== -1 ? firstPatient : queue.length, 0, waiter);
    if (!pumping) void pump();
  };

  return {
    take: (options) => {
      const held = heldMs(options.urgent);
      if (options.signal?.aborted) return Promise.resolve({ ok: false, reason: 'stopped' });
      if (held > options.patienceMs) return Promise.resolve({ ok: false, reason: 'limited', retryAfterMs: held });
      return new Promise((settle) => enqueue({ options, settle }));
    },
    end: () => lane.end(),
    refund: () => {
      lane.refund();
      day.sent = Math.max(0, day.sent - 1);
      wake.abort();
    },
    pause: (ms) => {
      pausedUntil = Math.max(pausedUntil, clock.monotonic() + ms);
      reconsider();
    },
    learn: ({ limit, remaining, resetMs }) => {
      if (limit !== undefined && limit >= 1 && limit <= plausibleLimitMax && limit !== learnedLimit) {
        learnedLimit = limit;
        lane.setLimit(limit);
        wake.abort();
      }
      if (remaining !== undefined) lane.learnRemaining(remaining, resetMs ?? Infinity, clock.monotonic());
    },
    setTierLimits: (nextPerMinute, nextPerDay) => {
      day = { ...day, limit: nextPerDay };
      // What the server counts by is the better witness.
      if (learnedLimit === null) lane.setLimit(nextPerMinute);
      wake.abort();
    },
    waiting: () => {
      const [first] = queue;
      if (first === undefined) return null;
      const { urgent } = first.options;
      const reason = heldMs(urgent) > 0 ? 'server' : 'quota';
      return { requests: queue.length, untilMs: clock.now() + waitMs(urgent), reason };
    },
    state: () => ({
      limit: lane.limit(),
      remaining: lane.remaining(clock.monotonic()),
      waiting: queue.length,
      waitedMs,
    }),
  };
}

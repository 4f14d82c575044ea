import type { Chance } from '../chance.ts';
import type { Clock } from '../clock.ts';
import { rateLimitHeaders, retryAfterMs, serverTimeMs } from './headers.ts';
import {
  createPacedClass,
  type PacedClass,
  type PaceState,
  type Permit,
  type TakeOptions,
  type Waiting,
} from './paced-class.ts';
import type { WireAnswer } from './transport.ts';

/** read-light is every GET; write-light PATCH, DELETE and small POSTs (operational/rate-limits). */
export type RequestClass = 'read' | 'write';

/**
 * Keeps us inside the provider's rate limit: uses at least 97 % of the quota under load and earns no 429 of its own
 * making. It knows the tiers, learns from `X-RateLimit-*`, and stops a class for as long as a 429 asks.
 */
export interface Pacer {
  /** Waits for the turn of one request. Never rejects. */
  take(requestClass: RequestClass, options: TakeOptions): Promise<Permit>;
  /** Gives a permit back whose request never left. A permit ends with this, or with {@link observe}. */
  refund(requestClass: RequestClass): void;
  /** Ends a permit whose request may have left, and learns from its answer, if there is one. */
  observe(requestClass: RequestClass, answer: WireAnswer): void;
  /** The tier that whoami names. One we do not know, `sandbox` and `internal` among them, is taken for `standard`. */
  setTier(tier: string): void;
  /** What to tell somebody who wonders why nothing happens; null when nobody waits. */
  waiting(requestClass: RequestClass): Waiting | null;
  /** For metrics. */
  state(requestClass: RequestClass): PaceState;
}

export interface PacerOptions {
  readonly clock: Clock;
  readonly chance: Pick<Chance, 'random'>;
  /** `unlimited` paces nothing and only obeys 429s. */
  readonly tier?: string;
}

interface Quota {
  /** Requests a minute. */
  readonly read: number;
  readonly write: number;
  readonly writesPerDay: number;
}

const standard: Quota = { read: 120, write: 60, writesPerDay: 10_000 };

/** operational/rate-limits */
const quotas: ReadonlyMap<string, Quota> = new Map([
  ['standard', standard],
  ['pilot', { read: 1_200, write: 600, writesPerDay: 100_000 }],
  ['partner', { read: 6_000, write: 3_000, writesPerDay: 500_000 }],
  ['unlimited', { read: Infinity, write: Infinity, writesPerDay: Infinity }],
]);

const endpointClasses = { read: 'read-light', write: 'write-light' } as const;

/** The pause after a 429 that does not say how long. */
const unsaidPauseMs = 5_000;
/** Writers that share a key do not all come back in the same instant. */
const jitterMaxMs = 1_000;

export function createPacer({ clock, chance, tier = 'standard' }: PacerOptions): Pacer {
  const quota = quotas.get(tier) ?? standard;
  let aheadMs = 0;
  const serverNow = (): number => clock.now() + aheadMs;
  const classes: Readonly<Record<RequestClass, PacedClass>> = {
    read: createPacedClass(clock, serverNow, quota.read, Infinity),
    write: createPacedClass(clock, serverNow, quota.write, quota.writesPerDay),
  };

  return {
    take: (requestClass, options) => classes[requestClass].take(options),
    refund: (requestClass) => classes[requestClass].refund(),
    waiting: (requestClass) => classes[requestClass].waiting(),
    state: (requestClass) => classes[requestClass].state(),
    setTier: (next) => {
      if (tier === 'unlimited') return;
      const { read, write, writesPerDay } = quotas.get(next) ?? standard;
      classes.read.setTierLimits(read, Infinity);
      classes.write.setTierLimits(write, writesPerDay);
    },
    observe: (requestClass, answer) => {
      classes[requestClass].end();
      if (answer.kind !== 'response') return;
      aheadMs = (serverTimeMs(answer.headers) ?? serverNow()) - clock.now();
      const seen = rateLimitHeaders(answer.headers, clock.now());
      if (answer.status === 429) {
        const askedMs = retryAfterMs(answer.headers, clock.now()) ?? unsaidPauseMs;
        classes[requestClass].pause(askedMs + chance.random() * jitterMaxMs);
      }
      // Counts of another class (a server that calls one of our POSTs long-running) say nothing about this one.
      const ours = seen.endpointClass === undefined || seen.endpointClass === endpointClasses[requestClass];
      if (ours && tier !== 'unlimited') classes[requestClass].learn(seen);
    },
  };
}

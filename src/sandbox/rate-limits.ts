import { DAY_MS } from './behaviour.ts';
import type { ApiKeyRow, Bucket, RateLimitTier } from './state.ts';

export type EndpointClass = 'read-light' | 'write-light' | 'long-running';

interface TierLimits extends Readonly<Record<EndpointClass, number>> {
  readonly writesPerDay: number;
}

const standard: TierLimits = { 'read-light': 120, 'write-light': 60, 'long-running': 20, writesPerDay: 10_000 };

/** Requests a minute and writes a day (operational/rate-limits). The numbers of `sandbox` are not published. */
const TIERS: Readonly<Record<Exclude<RateLimitTier, 'unlimited'>, TierLimits>> = {
  standard,
  pilot: { 'read-light': 1200, 'write-light': 600, 'long-running': 60, writesPerDay: 100_000 },
  partner: { 'read-light': 6000, 'write-light': 3000, 'long-running': 300, writesPerDay: 500_000 },
  sandbox: standard,
};

const MINUTE_MS = 60_000;

/** The buckets' state as the headers show it. Absent for the tier `unlimited`. */
interface Quota {
  readonly limit: number;
  readonly remaining: number;
  readonly resetAtMs: number;
}

export interface Charge {
  readonly quota: Quota | null;
  /** Seconds to wait when the request is refused, else null. */
  readonly retryAfterSeconds: number | null;
}

/**
 * Takes one request from the key's bucket of this class, a window of one clock minute, and from its writes of the day
 * (UTC). A refused request takes nothing.
 */
export function charge(buckets: Map<string, Bucket>, key: ApiKeyRow, kind: EndpointClass, nowMs: number): Charge {
  if (key.rateLimitTier === 'unlimited') return { quota: null, retryAfterSeconds: null };
  const limits = TIERS[key.rateLimitTier];
  const minute = bucketAt(buckets, `${key.id} ${kind}`, MINUTE_MS, nowMs);
  const day = bucketAt(buckets, `${key.id} day`, DAY_MS, nowMs);
  const minuteIsFull = minute.used >= limits[kind];
  const dayIsFull = kind !== 'read-light' && day.used >= limits.writesPerDay;
  if (minuteIsFull || dayIsFull) {
    const resetAtMs = dayIsFull ? day.startMs + DAY_MS : minute.startMs + MINUTE_MS;
    const quota = { limit: limits[kind], remaining: 0, resetAtMs };
    return { quota, retryAfterSeconds: Math.max(1, Math.ceil((resetAtMs - nowMs) / 1000)) };
  }
  buckets.set(`${key.id} ${kind}`, { ...minute, used: minute.used + 1 });
  if (kind !== 'read-light') buckets.set(`${key.id} day`, { ...day, used: day.used + 1 });
  const remaining = limits[kind] - minute.used - 1;
  return { quota: { limit: limits[kind], remaining, resetAtMs: minute.startMs + MINUTE_MS }, retryAfterSeconds: null };
}

/** Gives back what {@link charge} took: used for replays when they do not count. */
export function refund(buckets: Map<string, Bucket>, key: ApiKeyRow, kind: EndpointClass): void {
  const names = kind === 'read-light' ? [kind] : [kind, 'day'];
  for (const name of names) {
    const bucket = buckets.get(`${key.id} ${name}`);
    if (bucket && bucket.used > 0) buckets.set(`${key.id} ${name}`, { ...bucket, used: bucket.used - 1 });
  }
}

function bucketAt(buckets: Map<string, Bucket>, name: string, lengthMs: number, nowMs: number): Bucket {
  const startMs = Math.floor(nowMs / lengthMs) * lengthMs;
  const bucket = buckets.get(name);
  return bucket?.startMs === startMs ? bucket : { startMs, used: 0 };
}

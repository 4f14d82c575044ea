/** One thing that `reconcile doctor` looked at. */
export interface Check {
  /** Stable, kebab-case. */
  readonly id: string;
  readonly result: 'ok' | 'warning' | 'failed' | 'skipped';
  /** One sentence for people. */
  readonly message: string;
  /** What to do; null when there is nothing to do. */
  readonly next: string | null;
}

export function passed(id: string, message: string): Check {
  return { id, result: 'ok', message, next: null };
}

export function warned(id: string, message: string, next: string): Check {
  return { id, result: 'warning', message, next };
}

export function failedCheck(id: string, message: string, next: string | null): Check {
  return { id, result: 'failed', message, next };
}

export function skipped(id: string, message: string): Check {
  return { id, result: 'skipped', message, next: null };
}

const CLOCK_SKEW_MAX_MS = 60_000;

/** `skewMs`: the local clock minus the server's, whose `Date` header is exact to a second; null when it sends none. */
export function judgeClock(skewMs: number | null): Check {
  if (skewMs === null) return skipped('clock', 'The API sends no Date header to compare with.');
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= CLOCK_SKEW_MAX_MS)
    return passed('clock', `The local clock agrees with the API's to within ${Math.max(2, seconds)} seconds.`);
  const direction = skewMs > 0 ? 'ahead of' : 'behind';
  return warned(
    'clock',
    `The local clock is ${seconds} seconds ${direction} the API's. Money and keys go by the API's clock, but times in status and journal are off.`,
    "Set this machine's clock, for example by NTP.",
  );
}

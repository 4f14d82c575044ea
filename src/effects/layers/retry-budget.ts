import type { Clock } from '../clock.ts';

/**
 * How many retries all reads together may add, so that an outage is not amplified: one retry for every ten requests
 * (10 %), and besides one every 30 s with a stock of ten, so that a quiet daemon can retry at all.
 */
export interface RetryBudget {
  /** Call once for every first try. */
  deposit(): void;
  /** True when a retry may be sent now; it is then counted. */
  spend(): boolean;
}

const perRequest = 0.1;
const stock = 10;
const refillMs = 30_000;

export function createRetryBudget(clock: Clock): RetryBudget {
  let balance = stock;
  let refilledAt = clock.monotonic();
  return {
    deposit: () => {
      balance = Math.min(stock, balance + perRequest);
    },
    spend: () => {
      const now = clock.monotonic();
      balance = Math.min(stock, balance + (now - refilledAt) / refillMs);
      refilledAt = now;
      if (balance < 1) return false;
      balance -= 1;
      return true;
    },
  };
}

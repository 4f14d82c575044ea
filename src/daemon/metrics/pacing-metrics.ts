import type { RequestClass } from '../../effects/layers/pacer.ts';
import type { Instruments } from './instruments.ts';

interface PacedState {
  /** Requests that may be sent at once. */
  readonly remaining: number;
  /** How long requests have waited for their turn so far, all of them together. */
  readonly waitedMs: number;
}

/** What the pacer tells of a class of requests. */
export type Pacing = (requestClass: RequestClass) => PacedState;

const classes = ['read', 'write'] as const satisfies readonly RequestClass[];

/** How much of the provider's rate limit is left, and what keeping to it costs. */
export function exposePacing({ scraped, scrapedCounter }: Instruments, state: Pacing): void {
  scraped(
    'api_rate_limit_remaining',
    'Requests that the rate limit leaves now, as we count them and as the API last said.',
    ['class'],
    () => classes.map((name) => ({ labels: { class: name }, value: Math.floor(state(name).remaining) })),
  );
  scrapedCounter(
    'api_rate_limit_wait_seconds_total',
    'Seconds that requests have waited for the rate limit, all of them together.',
    ['class'],
    () => classes.map((name) => ({ labels: { class: name }, value: state(name).waitedMs / 1000 })),
  );
}

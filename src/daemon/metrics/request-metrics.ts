import type { RequestEvent } from '../../effects/layers/request.ts';
import { boundedLabel, type Instruments } from './instruments.ts';

/** Up to the 30 s after which a request is given up, and a little beyond. */
const DURATION_BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60];

/** Counts requests to the Layers API, by operation and by what came back; never by customer. */
export function createRequestMetrics({ counter, scraped, histogram }: Instruments): (event: RequestEvent) => void {
  const requests = counter(
    'api_requests_total',
    'Requests to the Layers API by operation and HTTP status; where no usable answer came, by what went wrong instead.',
    ['operation', 'code'],
  );
  const durations = histogram(
    'api_request_duration_seconds',
    'How long requests to the Layers API took, from sending to the last byte of the answer, waits for the rate limit left out.',
    DURATION_BUCKETS,
    ['operation'],
  );
  let isUp: boolean | null = null;
  scraped(
    'api_up',
    'Whether the last request to the Layers API was answered: 0 after a failed connection, a timeout, an answer that cannot be used, or a 5xx other than KILL_SWITCH.',
    [],
    () => (isUp === null ? [] : [{ value: isUp ? 1 : 0 }]),
  );
  const bounded = boundedLabel(/^[A-Za-z0-9_.-]{1,64}$/, 'other');
  return (event) => {
    const { operation, durationMs } = event;
    requests.inc({ operation, code: bounded(codeOf(event)) });
    durations.observe({ operation }, durationMs / 1000);
    // Nothing left this machine: that says nothing about the other side.
    if (event.code !== 'STALE_INTENT') isUp = isAnswered(event);
  };
}

/** A garbled answer has a fine status, which is not what matters about it. */
function codeOf({ status, code }: RequestEvent): string {
  if (code === 'BAD_ANSWER') return code;
  return status === null ? (code ?? 'other') : String(status);
}

function isAnswered({ status, code }: RequestEvent): boolean {
  if (status === null || code === 'BAD_ANSWER') return false;
  // operational/errors: a killed key or a suspended organization answers 503, which is a state and no outage.
  return status < 500 || code === 'KILL_SWITCH';
}

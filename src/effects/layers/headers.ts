type Headers = Readonly<Record<string, string>>;

const second = 1000;
const hour = 3600 * second;

/** `Retry-After` as seconds or as an HTTP date, clamped to 1 s..1 h; undefined when missing or unreadable. */
export function retryAfterMs(headers: Headers, localNowMs: number): number | undefined {
  const text = headers['retry-after']?.trim() ?? '';
  const ms = /^\d{1,15}(\.\d+)?$/.test(text)
    ? Number(text) * second
    : httpDateMs(text, serverTimeMs(headers) ?? localNowMs);
  return ms === undefined ? undefined : Math.min(Math.max(ms, second), hour);
}

/** The server's clock from `Date`, in milliseconds since the epoch. */
export function serverTimeMs(headers: Headers): number | undefined {
  const time = Date.parse(headers['date'] ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** `X-Request-Id`, when it has one of the two forms the API prints: `req_…` or a bare UUID (operational/errors). */
export function asRequestId(text: unknown): string | undefined {
  return typeof text === 'string' && /^(?:req_[A-Za-z0-9_-]{1,96}|[0-9a-fA-F-]{36})$/.test(text) ? text : undefined;
}

export interface RateLimitHeaders {
  /** Requests a minute. */
  readonly limit?: number;
  readonly remaining?: number;
  /** From now until the count starts again. */
  readonly resetMs?: number;
  /** `read-light`, `write-light` or `long-running`. */
  readonly endpointClass?: string;
}

/**
 * `X-RateLimit-*` (operational/rate-limits). The page does not say the unit of `Reset`: a large number is taken for
 * Unix seconds, a small one for seconds from now.
 */
export function rateLimitHeaders(headers: Headers, localNowMs: number): RateLimitHeaders {
  const limit = wholeNumber(headers['x-ratelimit-limit']);
  const remaining = wholeNumber(headers['x-ratelimit-remaining']);
  const reset = wholeNumber(headers['x-ratelimit-reset']);
  const endpointClass = headers['x-ratelimit-endpoint-class'];
  const nowMs = serverTimeMs(headers) ?? localNowMs;
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(reset === undefined ? {} : { resetMs: Math.max(0, reset > 1e9 ? reset * second - nowMs : reset * second) }),
    ...(endpointClass === undefined ? {} : { endpointClass }),
  };
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d{1,12}(?:\.\d+)?\s*(?:[;,]|$)/.test(text) ? Number.parseInt(text, 10) : undefined;
}

function httpDateMs(text: string, nowMs: number): number | undefined {
  // Date.parse accepts far more than HTTP dates ("-5", "2"); a weekday's name is what they all begin with.
  const time = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time - nowMs;
}

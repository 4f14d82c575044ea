import type { WireAnswer, WireRequest } from '../../src/effects/layers/transport.ts';
import type { Fault } from '../../src/sandbox/index.ts';

/** What a fault may do with the request it strikes. */
export interface Strike {
  /** Lets the server have the request, with a fault of the sandbox's own if need be. */
  perform(fault?: Fault): WireAnswer;
  /** Keeps the request back: the server executes it at the given moment. */
  delay(until: LateMoment): void;
  /** Time passes. */
  wait(ms: number): void;
  /** The process dies here; the answer is never seen. */
  die(): WireAnswer;
  /** Answers the next request of this listing, which asks with the cursor. */
  nextPage(cursor: string, body: string): void;
  /** Carries out the edit that the walk foresees. */
  edit(): void;
}

/** When a request that timed out is executed after all. */
export type LateMoment = 'next-request' | 'end-of-pass' | 'first-write-of-recovery' | 'after-convergence';

export interface RequestFault {
  readonly name: string;
  readonly of: 'read' | 'write' | 'listing' | 'any';
  readonly strike: (strike: Strike, request: WireRequest) => WireAnswer;
}

const DEADLINE_MS = 30_000;

const failure = (code: 'NETWORK' | 'TIMEOUT' | 'BAD_ANSWER', certainty: 'nothing-sent' | 'unknown'): WireAnswer => ({
  kind: 'failure',
  certainty,
  code,
  message: 'on purpose',
});

const answer = (status: number, body: string, headers: Record<string, string> = {}): WireAnswer => ({
  kind: 'response',
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body,
});

const envelope = (code: string, message = 'On purpose.') =>
  JSON.stringify({ error: { code, message, requestId: 'req_on_purpose' } });

const late = (until: LateMoment): RequestFault => ({
  name: `late-${until}`,
  of: 'write',
  strike: (strike) => {
    strike.delay(until);
    strike.wait(DEADLINE_MS);
    return failure('TIMEOUT', 'unknown');
  },
});

const stale = (name: string, fault: Fault): RequestFault => ({
  name: `stale-${name}`,
  of: 'read',
  strike: (strike) => strike.perform(fault),
});

/** Rewrites the items of a listing; anything but a listing goes through as it is. */
const pages = (
  name: string,
  rewrite: (items: readonly unknown[], next: (items: readonly unknown[], cursor: string | null) => void) => unknown,
): RequestFault => ({
  name: `page-${name}`,
  of: 'listing',
  strike: (strike) => {
    const whole = strike.perform();
    if (whole.kind !== 'response' || whole.status !== 200) return whole;
    const { items } = JSON.parse(whole.body);
    if (!Array.isArray(items)) return whole;
    const next = (rest: readonly unknown[], nextCursor: string | null) =>
      strike.nextPage('torn', JSON.stringify({ items: rest, nextCursor }));
    return { ...whole, body: JSON.stringify(rewrite(items, next)) };
  },
});

const half = (items: readonly unknown[]) => Math.ceil(items.length / 2);

/** Every way in which a request or its answer goes wrong. */
export const requestFaults: readonly RequestFault[] = [
  { name: 'refused', of: 'any', strike: () => failure('NETWORK', 'nothing-sent') },
  { name: 'lost-request', of: 'any', strike: () => failure('NETWORK', 'unknown') },
  {
    name: 'lost-answer',
    of: 'any',
    strike: (strike) => {
      strike.perform();
      return failure('NETWORK', 'unknown');
    },
  },
  {
    name: 'timeout',
    of: 'any',
    strike: (strike) => {
      strike.perform();
      strike.wait(DEADLINE_MS);
      return failure('TIMEOUT', 'unknown');
    },
  },
  late('next-request'),
  late('end-of-pass'),
  late('first-write-of-recovery'),
  late('after-convergence'),
  { name: '500-before', of: 'any', strike: (strike) => strike.perform({ kind: 'error-before' }) },
  { name: '503-before', of: 'any', strike: (strike) => strike.perform({ kind: 'error-before', status: 503 }) },
  { name: '500-after', of: 'any', strike: (strike) => strike.perform({ kind: 'error-after' }) },
  {
    name: '502-html',
    of: 'any',
    strike: () => answer(502, '<html>bad gateway</html>', { 'content-type': 'text/html' }),
  },
  {
    name: '429',
    of: 'any',
    strike: () => answer(429, envelope('RATE_LIMITED'), { 'retry-after': '2' }),
  },
  {
    name: 'twice-first-answer',
    of: 'write',
    strike: (strike) => {
      const first = strike.perform();
      strike.perform();
      return first;
    },
  },
  {
    name: 'twice-second-answer',
    of: 'write',
    strike: (strike) => {
      strike.perform();
      return strike.perform();
    },
  },
  {
    name: 'twice-in-flight',
    of: 'write',
    strike: (strike) => {
      strike.perform({ kind: 'slow', ms: 5_000 });
      return strike.perform();
    },
  },
  {
    name: 'truncated',
    of: 'any',
    strike: (strike) => {
      strike.perform();
      return failure('BAD_ANSWER', 'unknown');
    },
  },
  {
    name: 'half-json',
    of: 'any',
    strike: (strike) => {
      const whole = strike.perform();
      return whole.kind === 'response' ? { ...whole, body: whole.body.slice(0, whole.body.length / 2) } : whole;
    },
  },
  {
    name: 'empty-object',
    of: 'any',
    strike: (strike) => {
      const whole = strike.perform();
      return whole.kind === 'response' ? { ...whole, body: '{}' } : whole;
    },
  },
  {
    name: 'wrong-content-type',
    of: 'any',
    strike: (strike) => {
      const whole = strike.perform();
      return whole.kind === 'response'
        ? { ...whole, headers: { ...whole.headers, 'content-type': 'text/html' } }
        : whole;
    },
  },
  {
    name: 'redirect',
    of: 'any',
    strike: () => answer(307, '', { location: 'https://elsewhere.example/v1' }),
  },
  {
    name: 'slow',
    of: 'any',
    strike: (strike) => {
      const whole = strike.perform();
      strike.wait(DEADLINE_MS - 1_000);
      return whole;
    },
  },
  {
    name: 'asleep-two-hours',
    of: 'read',
    strike: (strike) => {
      const whole = strike.perform();
      strike.wait(2 * 3_600_000);
      return whole;
    },
  },
  { name: 'not-found', of: 'read', strike: () => answer(404, envelope('NOT_FOUND')) },
  { name: 'kill-switch', of: 'any', strike: () => answer(503, envelope('KILL_SWITCH')) },
  { name: 'unauthenticated', of: 'any', strike: () => answer(401, envelope('UNAUTHENTICATED')) },
  {
    name: 'error-echoes-token',
    of: 'any',
    strike: (_strike, { headers }) => answer(422, envelope('VALIDATION', Object.values(headers).join(' '))),
  },
  {
    name: 'error-echoes-answer',
    of: 'any',
    strike: (strike) => {
      const whole = strike.perform();
      return answer(500, envelope('INTERNAL', whole.kind === 'response' ? whole.body : ''));
    },
  },
  stale('one-write', { kind: 'stale-listing', writes: 1 }),
  stale('two-writes', { kind: 'stale-listing', writes: 2 }),
  stale('one-pass', { kind: 'stale-listing', ageMs: 10 * 60_000 }),
  stale('one-hour', { kind: 'stale-listing', ageMs: 3_600_000 }),
  pages('lost', () => ({ items: [], nextCursor: null })),
  pages('lacks-newest', (items) => ({ items: items.slice(1), nextCursor: null })),
  pages('lacks-oldest', (items) => ({ items: items.slice(0, -1), nextCursor: null })),
  pages('torn-in-two', (items, next) => {
    next(items.slice(half(items)), null);
    return { items: items.slice(0, half(items)), nextCursor: 'torn' };
  }),
  pages('item-on-two', (items, next) => {
    next(items.slice(Math.max(0, half(items) - 1)), null);
    return { items: items.slice(0, half(items)), nextCursor: 'torn' };
  }),
  pages('cursor-loop', (items, next) => {
    next(items, 'torn');
    return { items, nextCursor: 'torn' };
  }),
  { name: 'crash-before', of: 'any', strike: (strike) => strike.die() },
  {
    name: 'crash-after',
    of: 'any',
    strike: (strike) => {
      strike.perform();
      return strike.die();
    },
  },
  {
    name: 'edit-before',
    of: 'any',
    strike: (strike) => {
      strike.edit();
      return strike.perform();
    },
  },
];

const LISTING = /\/(organizations|api-keys|events|webhook-endpoints)(\?|$)/;

export function strikes(fault: RequestFault, { method, path }: Pick<WireRequest, 'method' | 'path'>): boolean {
  if (fault.of === 'any') return true;
  if (fault.of === 'write') return method !== 'GET';
  return method === 'GET' && (fault.of === 'read' || LISTING.test(path));
}

import type { Answer, Failure, TransportCode } from '../../core/answer.ts';
import type { Chance } from '../chance.ts';
import type { Clock } from '../clock.ts';
import { ourFailure } from './answers.ts';

/**
 * Keeps a daemon from asking an API that is away, or that has switched it off. Both are found out by requests that anybody
 * made, confirmed by one look at whoami, and end with another one. Meanwhile nothing is sent; what was sent before
 * keeps its own protocol, for only what never left may be called not done (I1).
 */
export interface Circuit {
  /** Null when a request may be sent; else why not. Looks itself when it is time to, for one request at a time. */
  admit(look: Look): Promise<Failure | null>;
  /** What is known without a look: null, or why nothing is sent. */
  refusal(): Failure | null;
  /** To be told of the answer to every request. */
  note(answer: Answer<unknown>): void;
  /** A person says that it is mended: the next request looks. */
  lookNow(): void;
  /** Everybody is compared so often: who wants that sooner than every ten minutes wants a parent looked at likewise. */
  lookWithin(ms: number): void;
  state(): CircuitState;
}

/** One request for whoami, which the API answers whenever it answers anything. */
export type Look = () => Promise<Answer<unknown>>;

/** `outage`: no usable answers. `switched-off`: a suspended organization or a killed key, a state that only people end. */
export type CircuitReason = 'outage' | 'switched-off';

export type CircuitState =
  | { readonly open: false }
  | { readonly open: true; readonly reason: CircuitReason; readonly sinceMs: number };

/** Told once at either end. Times are milliseconds since the epoch, durations milliseconds. */
export type CircuitEvent =
  | {
      readonly kind: 'opened';
      readonly reason: CircuitReason;
      readonly sinceMs: number;
      readonly lookEveryMs: number;
      readonly code: string;
      readonly message: string;
      readonly requestId: string | null;
    }
  | { readonly kind: 'closed'; readonly reason: CircuitReason; readonly sinceMs: number; readonly lastedMs: number };

export interface CircuitOptions {
  readonly clock: Clock;
  readonly chance: Pick<Chance, 'random'>;
  readonly onEvent: (event: CircuitEvent) => void;
}

/** So many answers in a row that are none make a suspicion, whichever customers they were for: as many as a read has tries. */
const FAILURES_MAX = 3;
const LOOK_EVERY_MS: Readonly<Record<CircuitReason, number>> = { outage: 15_000, 'switched-off': 600_000 };
/** Daemons of many partners do not all come back in the same second. */
const JITTER = 0.2;

interface Open {
  readonly reason: CircuitReason;
  readonly sinceMs: number;
  readonly lookAt: number;
}

export function createCircuit({ clock, chance, onEvent }: CircuitOptions): Circuit {
  let open: Open | null = null;
  /** Failures in a row, and when the first of them was seen by the wall clock. */
  let failures = { count: 0, sinceMs: 0 };
  let suspicion = false;
  /** A customer's own kill switch is answered like ours; having looked once, it is not looked for again and again. */
  let unsuspiciousUntil = 0;
  let looking: Promise<void> | null = null;
  let withinMs = Number.POSITIVE_INFINITY;

  const refusal = (): Failure | null => {
    if (open === null) return null;
    const retryAfterMs = Math.max(1_000, open.lookAt - clock.monotonic());
    const { code, message } = REFUSALS[open.reason];
    const refused = ourFailure('not-done', code, message);
    return { ...refused, problem: { ...refused.problem, retryAfterMs } };
  };
  const lookEveryMs = (reason: CircuitReason): number =>
    Math.max(LOOK_EVERY_MS.outage, Math.min(LOOK_EVERY_MS[reason], withinMs));
  const nextLook = (reason: CircuitReason): number =>
    clock.monotonic() + lookEveryMs(reason) * (1 + JITTER * chance.random());

  const close = (): void => {
    suspicion = false;
    failures = { count: 0, sinceMs: 0 };
    if (open === null) return;
    const { reason, sinceMs } = open;
    open = null;
    onEvent({ kind: 'closed', reason, sinceMs, lastedMs: clock.now() - sinceMs });
  };
  const keepOpen = (reason: CircuitReason, { problem, meta }: Failure): void => {
    suspicion = false;
    const isNews = open?.reason !== reason;
    const began = reason === 'outage' && failures.count > 0 ? failures.sinceMs : clock.now();
    const sinceMs = open !== null && !isNews ? open.sinceMs : began;
    open = { reason, sinceMs, lookAt: nextLook(reason) };
    if (!isNews) return;
    const { code, message } = problem;
    const requestId = meta.requestId ?? null;
    onEvent({ kind: 'opened', reason, sinceMs, lookEveryMs: lookEveryMs(reason), code, message, requestId });
  };

  async function decide(look: Look): Promise<void> {
    const answer = await look();
    const reason = reasonOf(answer);
    if (answer.outcome !== 'ok' && reason !== null) return keepOpen(reason, answer);
    // Not sent, because we stop or because the rate limit leaves no room: that tells nothing of the API.
    if (answer.outcome !== 'ok' && answer.meta.status === undefined) {
      if (open !== null) open = { ...open, lookAt: nextLook(open.reason) };
      return;
    }
    unsuspiciousUntil = clock.monotonic() + LOOK_EVERY_MS.outage;
    close();
  }

  return {
    refusal,
    async admit(look) {
      const isTime = open === null ? suspicion : clock.monotonic() >= open.lookAt;
      if (!isTime || (open !== null && looking !== null)) return refusal();
      looking ??= decide(look).finally(() => {
        looking = null;
      });
      await looking;
      return refusal();
    },
    note(answer) {
      const reason = reasonOf(answer);
      // An answer that was under way when it opened proves nothing of what comes after it; the next look does.
      if (open !== null) return;
      if (reason === 'switched-off') suspicion ||= clock.monotonic() >= unsuspiciousUntil;
      if (reason !== 'outage') failures = { count: 0, sinceMs: 0 };
      else failures = { count: failures.count + 1, sinceMs: failures.count === 0 ? clock.now() : failures.sinceMs };
      if (failures.count >= FAILURES_MAX) suspicion = true;
    },
    lookNow() {
      if (open !== null) open = { ...open, lookAt: clock.monotonic() };
    },
    lookWithin(ms) {
      withinMs = ms;
      if (open !== null) open = { ...open, lookAt: Math.min(open.lookAt, nextLook(open.reason)) };
    },
    state: () => (open === null ? { open: false } : { open: true, reason: open.reason, sinceMs: open.sinceMs }),
  };
}

/** No number in them: they may end up in a status, which is rewritten only when its meaning changes (V3). */
const REFUSALS: Readonly<Record<CircuitReason, { readonly code: TransportCode; readonly message: string }>> = {
  outage: { code: 'UNREACHABLE', message: 'The API does not answer; this request was not sent.' },
  'switched-off': {
    code: 'SWITCHED_OFF',
    message: 'The parent organization is suspended or its API key is switched off; this request was not sent.',
  },
};

function reasonOf(answer: Answer<unknown>): CircuitReason | null {
  if (answer.outcome === 'ok') return null;
  if (answer.problem.code === 'KILL_SWITCH') return 'switched-off';
  return isOutage(answer) ? 'outage' : null;
}

const unanswered: ReadonlySet<string> = new Set<TransportCode>(['NETWORK', 'TIMEOUT', 'BAD_ANSWER']);

/** No answer, half an answer, or a 5xx. A KILL_SWITCH is a state in spite of its 503 (operational/errors). */
export function isOutage({ problem, meta }: Failure): boolean {
  if (problem.code === 'KILL_SWITCH') return false;
  return (meta.status ?? 0) >= 500 || unanswered.has(problem.code);
}

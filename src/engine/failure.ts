import type { Answer, Failure } from '../core/answer.ts';
import type { Notices } from '../core/notice.ts';
import type { Problem, Severity } from '../core/problem.ts';
import type { Refusal } from '../core/report.ts';
import { isStopped, type Pass } from './context.ts';

/** Why a command that only reads can tell nothing: `what` begins the sentence, "The organizations cannot be listed". */
export function cannotRead(what: string, { problem, meta }: Failure): Refusal {
  return {
    kind: 'cannot-run',
    code: problem.code,
    message: `${what}: ${problem.message}`,
    next: '`reconcile doctor` shows what can be reached.',
    requestId: meta.requestId ?? null,
    problems: [],
  };
}

/** What a failed answer means for the customer (correctness 2.6), as a problem that points to the declaration. */
export function problemOf(failure: Failure, doing: string, pointer: string, notices: Notices): Problem {
  const { code, message } = failure.problem;
  const meaning = MEANINGS[code] ?? meaningOfOutcome(failure);
  return notices.problem(pointer, meaning.severity, meaning.code, `${doing} failed: ${message} (${code}).`, {
    next: meaning.next,
    requestId: failure.meta.requestId,
  });
}

interface Meaning {
  readonly severity: Severity;
  readonly code: string;
  readonly next: string | null;
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  UNAUTHENTICATED: {
    severity: 'error',
    code: 'Unauthenticated',
    next: 'Check LAYERS_API_KEY or LAYERS_API_KEY_FILE: the key is wrong, revoked, or replaced.',
  },
  FORBIDDEN_SCOPE: {
    severity: 'error',
    code: 'ForbiddenScope',
    next: 'The API key must hold org:admin and every scope that it hands on.',
  },
  VALIDATION: {
    severity: 'error',
    code: 'RefusedByApi',
    next: 'Change the declaration; the same request is not repeated.',
  },
  // A listing, an answer or a read of this pass has shown it: nothing is deleted on this API, so a 404 is a late read (P7).
  NOT_FOUND: {
    severity: 'held',
    code: 'NotVisibleYet',
    next: 'It was seen a moment ago: the next pass looks again. Nothing is created in its place.',
  },
  BILLING_EXHAUSTED: {
    severity: 'held',
    code: 'ParentShortOfCredits',
    next: 'Buy credits for the parent. The refusal may be remembered for up to 24 hours; the grant then goes on by itself.',
  },
  KILL_SWITCH: {
    severity: 'error',
    code: 'KillSwitch',
    next: 'The organization or the key is switched off. This is a state, not an outage: it is not tried again.',
  },
  SWITCHED_OFF: {
    severity: 'error',
    code: 'SwitchedOff',
    next: 'Ask whoever did it, or Layers. It is looked at again by itself, at least every ten minutes.',
  },
  UNREACHABLE: {
    severity: 'held',
    code: 'ApiUnreachable',
    next: 'Nothing to do: it goes on by itself as soon as the API answers again.',
  },
  CONFLICT: {
    severity: 'error',
    code: 'StateConflict',
    next: 'Somebody changed its state meanwhile; look at the organization.',
  },
  JOURNAL: {
    severity: 'held',
    code: 'JournalUnwritable',
    next: 'Mend the disk that holds .reconcile/; nothing is sent that could not be written down before.',
  },
  STOPPED: { severity: 'held', code: 'Interrupted', next: 'The next pass goes on.' },
  RATE_LIMITED: { severity: 'held', code: 'RateLimited', next: 'It is tried again by itself.' },
};

function meaningOfOutcome(failure: Failure): Meaning {
  const { status } = failure.meta;
  const refused = failure.outcome === 'not-done' && status !== undefined && status < 500;
  return refused
    ? { severity: 'error', code: 'RefusedByApi', next: null }
    : { severity: 'held', code: 'ApiUnavailable', next: 'It is tried again by itself.' };
}

/** What is true of every request, whoever it is for: going on is of no use to anybody. */
const FOR_EVERYBODY: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'UNREACHABLE', 'SWITCHED_OFF']);

/** Notes a failure that ends the pass for everybody: a token that is not accepted (correctness 2.6), an API that is away. */
export function noteFailure(pass: Pass, answer: Answer<unknown>): void {
  if (answer.outcome !== 'ok' && FOR_EVERYBODY.has(answer.problem.code)) pass.stoppedBy ??= answer;
}

/** Whether a problem of one customer is nobody's own, as {@link noteFailure} has it. */
export function concernsEverybody({ code }: Problem): boolean {
  return [...FOR_EVERYBODY].some((one) => MEANINGS[one]?.code === code);
}

const RETRY_BACKOFF_MS: readonly number[] = [1_000, 2_000, 4_000, 8_000];

/** The longest that an answer may ask to wait (correctness 2.6); what is longer is our own count of a day's writes. */
const WAIT_MAX_MS = 3_600_000;

/**
 * Waits before the next try of a step: 1, 2, 4, 8 s. False when there are no more tries, when the wait would outlast any
 * pass and keep its customer from being looked at and told of (V5), or when the pass is to end.
 */
export async function waitBeforeRetry(
  pass: Pass,
  customer: string | null,
  why: string,
  attempt: number,
  atLeastMs = 0,
): Promise<boolean> {
  const backoff = RETRY_BACKOFF_MS[attempt];
  if (backoff === undefined || atLeastMs > WAIT_MAX_MS || isStopped(pass)) return false;
  const ms = Math.max(backoff, atLeastMs);
  pass.effects.progress({ kind: 'waiting', customer, why, ms });
  await pass.effects.clock.sleep(ms, pass.signal);
  return !isStopped(pass);
}

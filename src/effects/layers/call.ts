import type { Answer, Failure } from '../../core/answer.ts';
import { canonicalJson } from '../../core/canonical.ts';
import type { Chance } from '../chance.ts';
import { ourFailure } from './answers.ts';
import { type Circuit, isOutage } from './circuit.ts';
import { createPacer, type Pacer } from './pacer.ts';
import { type Call, classOf, type Prepared, pathOf, type SenderOptions, sendOnce } from './request.ts';
import { createRetryBudget } from './retry-budget.ts';

export type Caller = <T>(call: Call<T>) => Promise<Answer<T>>;

export interface CallerOptions extends SenderOptions {
  readonly chance: Chance;
  /** Shared by everything that uses one API key. Without it nothing is paced, but a 429 still pauses its class. */
  readonly pacer?: Pacer;
  /** For a daemon; a one-shot run asks in vain a few times and then says so. */
  readonly circuit?: Circuit;
  /** Ends every wait; requests on the wire run to their end. */
  readonly signal?: AbortSignal;
}

const triesMax = 3;
const backoffBaseMs = 250;
const backoffCapMs = 20_000;
/** How often one call is sent again after a 429, and how long a pause it sits out; then its caller decides. */
const resendsMax = 5;
const patienceMs = 120_000;

/**
 * Sends calls: paced, reads retried, writes never, except that a write which the rate limit turned away is sent again
 * with the same bytes. An allocation is not even that (correctness 2.6: for money a 429 is a doubt).
 */
export function createCaller(options: CallerOptions): Caller {
  const { clock, chance, signal } = options;
  const pacer = options.pacer ?? createPacer({ clock, chance, tier: 'unlimited' });
  const budget = createRetryBudget(clock);
  const { circuit } = options;
  const look = async (): Promise<Answer<unknown>> => {
    const permit = await takePermit(options, pacer, lookCall);
    return permit.ok ? sendOnce(options, pacer, lookCall, { path: '/v1/whoami', body: null }, 1) : permit.refusal;
  };

  return async (call) => {
    const path = pathOf(call);
    if (path === null) return ourRefusal('VALIDATION', `${call.operation} was given an id that cannot be one.`);
    const request: Prepared = { path, body: call.body === undefined ? null : canonicalJson(call.body) };
    if (call.kind === 'read') budget.deposit();
    const startedAt = clock.monotonic();
    let tries = 1;
    for (let attempt = 1; ; attempt += 1) {
      // A write that is here again was turned away by the rate limit: not sent now, it is still not done (I1).
      const refusal = await circuit?.admit(look);
      if (refusal) return refusal;
      const permit = await takePermit(options, pacer, call);
      if (!permit.ok) return permit.refusal;
      const closedMeanwhile = circuit?.refusal();
      if (closedMeanwhile) {
        pacer.refund(classOf(call));
        return closedMeanwhile;
      }
      const answer = await sendOnce(options, pacer, call, request, attempt);
      circuit?.note(answer);
      if (answer.outcome === 'ok') return answer;
      // Whose switch it is decides what it means, so that is asked before anybody acts on it.
      if (answer.problem.code === 'KILL_SWITCH') return (await circuit?.admit(look)) ?? answer;
      if (isTurnedAway(answer)) {
        if (attempt - tries >= resendsMax || clock.monotonic() - startedAt > patienceMs) return answer;
        continue;
      }
      const waitMs = call.kind === 'read' && tries < triesMax ? retryDelayMs(answer, tries, chance) : null;
      if (waitMs === null || !budget.spend()) {
        // A read that failed may be told as what it was a part of. A write that was sent stays what it is (I1).
        return (call.kind === 'read' ? await circuit?.admit(look) : null) ?? answer;
      }
      tries += 1;
      await clock.sleep(waitMs, signal);
    }
  };
}

/** What the circuit looks at. Any answer of the API's will do; what it says is for others to read. */
const lookCall: Call<null> = {
  operation: 'whoami',
  kind: 'read',
  method: 'GET',
  path: ['whoami'],
  urgent: true,
  keyPurpose: 'look',
  shape: () => ({ ok: true, value: null }),
};

async function takePermit(
  { signal, clock }: CallerOptions,
  pacer: Pacer,
  call: Call<unknown>,
): Promise<{ readonly ok: true } | { readonly ok: false; readonly refusal: Failure }> {
  const permit = await pacer.take(classOf(call), {
    urgent: call.urgent ?? false,
    patienceMs,
    ...(signal ? { signal } : {}),
  });
  if (permit.ok) return permit;
  return { ok: false, refusal: permit.reason === 'stopped' ? stopped() : limited(permit.retryAfterMs, clock.now()) };
}

/** The server's rate limit turned the request away; nothing was done. */
function isTurnedAway({ outcome, problem }: Failure): boolean {
  return outcome === 'not-done' && problem.code === 'RATE_LIMITED';
}

const transientStatuses = new Set([408, 425]);

/** Full jitter below a doubling ceiling, and never sooner than the server asks; null when a retry is of no use. */
function retryDelayMs(failure: Failure, tries: number, chance: Chance): number | null {
  const { problem, meta } = failure;
  if (!isOutage(failure) && !transientStatuses.has(meta.status ?? 0)) return null;
  const askedMs = problem.retryAfterMs ?? 0;
  if (askedMs > backoffCapMs) return null;
  const ceilingMs = Math.min(backoffCapMs, backoffBaseMs * 2 ** (tries - 1));
  return askedMs + chance.random() * ceilingMs;
}

function stopped(): Failure {
  return ourFailure('not-done', 'STOPPED', 'Stopped before the request was sent.');
}

function limited(retryAfterMs: number, nowMs: number): Failure {
  const message = `The rate limit leaves no room for this request${untilText(retryAfterMs, nowMs)}; it was not sent.`;
  return ourRefusal('RATE_LIMITED', message, retryAfterMs);
}

const LONG_MS = 600_000;
const MINUTE_MS = 60_000;

/**
 * The message may end up in a status, which is rewritten only when its meaning changes (V3): so never how long, and of a
 * day's or an hour's limit the minute in which it ends, which is the same however often it is said.
 */
function untilText(ms: number, nowMs: number): string {
  if (ms < LONG_MS) return '';
  const end = Math.round((nowMs + ms) / MINUTE_MS) * MINUTE_MS;
  return ` before ${new Date(end).toISOString().replace(':00.000Z', 'Z')}`;
}

/** A refusal of ours that means what the API's own code means. */
function ourRefusal(code: string, message: string, retryAfterMs?: number): Failure {
  const problem = { code, message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return { outcome: 'not-done', problem, meta: {} };
}

import type { Logger } from 'pino';
import type { Chance } from '../chance.ts';
import type { Clock } from '../clock.ts';
import type { Leadership } from '../leadership.ts';
import { type Attempt, createLeaseAttempts, type LeaseAttempts, type LeasePlace } from './lease-attempts.ts';
import type { Lease } from './lease-record.ts';

export interface LeaseOptions extends LeasePlace {
  readonly clock: Clock;
  readonly chance: Pick<Chance, 'random'>;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Of 15 s, as everywhere in Kubernetes: 10 s to renew in, a try each 2 s, and calls so short that two fit before we give up. */
function timesOf(durationMs: number) {
  const renewDeadlineMs = (durationMs * 2) / 3;
  return { renewDeadlineMs, retryMs: (durationMs * 2) / 15, callMs: renewDeadlineMs / 2 };
}

/** While we lead. */
interface Term {
  lease: Lease;
  /** Monotonic: when the last good renewal was *sent*, so that we are never later than whoever counts from its arrival. */
  renewedAt: number;
  /** Aborted at its end, by loss or release. */
  readonly over: AbortController;
}

/**
 * Leadership by a Lease (design 10). Nobody's clock is compared with anybody else's: a lease has run out when it was seen
 * unchanged for its whole duration on one's own monotonic clock, as in client-go. Who holds it gives up after two thirds of that
 * without a renewal, and so has stopped before another begins.
 */
export function createLeaseLeadership(options: LeaseOptions): Leadership {
  const { clock, chance, log, durationMs, identity } = options;
  const { name: lease, namespace } = options.place;
  const { retryMs, callMs } = timesOf(durationMs);
  const attempts = createLeaseAttempts(options);
  const lost = new AbortController();
  let term: Term | null = null;
  let renewing: Promise<unknown> = Promise.resolve();

  const lose = (ending: Term, why: string): void => {
    if (ending.over.signal.aborted) return;
    log.error({ why, lease, namespace }, 'leadership lost');
    ending.over.abort();
    lost.abort();
  };

  const begin = (taken: Lease, renewedAt: number): void => {
    const begun = { lease: taken, renewedAt, over: new AbortController() };
    term = begun;
    log.info({ identity, lease, namespace }, 'leading');
    renewing = Promise.all([keepRenewing(options, attempts, begun, lose), watchOver(options, begun, lose)]);
  };

  const release = async (): Promise<void> => {
    if (term === null || term.over.signal.aborted) return;
    const ending = term;
    ending.over.abort();
    // A renewal in flight would come after us and take the lease again.
    await renewing;
    if (await attempts.giveUp(ending.lease, callMs)) log.info({ lease, namespace }, 'leadership released');
    else log.warn({ lease, namespace }, 'the lease could not be released; the next leader waits until it runs out');
  };

  return {
    lost: lost.signal,
    release,
    async acquire(signal) {
      const say = sayOnce(options);
      while (!signal.aborted) {
        const startedAt = clock.monotonic();
        const attempt = await attempts.tryToLead(callMs, signal);
        if (attempt.is === 'held') {
          begin(attempt.lease, startedAt);
          if (!signal.aborted) return true;
          // Stopped in the very moment: nobody shall wait for a leader that is going.
          await release();
          return false;
        }
        if (signal.aborted) break;
        say(attempt);
        // Not in step with the others that stand by, and twice as often as the leader renews: of one that dies right after a
        // renewal, 1 s passes until we see that one, then its 15 s, and a busy machine may still be late by a second before
        // the 17 s that we promise are over. The moment in which the lease runs out is not slept through.
        const nextLookMs = (retryMs / 2) * (0.75 + 0.25 * chance.random());
        const leftMs = attempt.is === 'held-by-another' ? Math.max(1, attempt.leftMs) : nextLookMs;
        await clock.sleep(Math.min(nextLookMs, leftMs), signal);
      }
      return false;
    },
  };
}

type Lose = (term: Term, why: string) => void;

async function keepRenewing(options: LeaseOptions, attempts: LeaseAttempts, term: Term, lose: Lose): Promise<void> {
  const { clock, log, durationMs, place } = options;
  const { retryMs, callMs } = timesOf(durationMs);
  const { signal } = term.over;
  let lastWhy = '';
  for (;;) {
    await clock.sleep(retryMs, signal);
    if (signal.aborted) return;
    const startedAt = clock.monotonic();
    const attempt = await attempts.renew(term.lease, callMs);
    if (attempt.is === 'held') {
      // Kept after a release too, which goes on from here.
      term.lease = attempt.lease;
      term.renewedAt = startedAt;
      lastWhy = '';
    }
    if (signal.aborted) return;
    if (attempt.is === 'held-by-another') lose(term, `it is held by ${attempt.holder || 'nobody'} now`);
    if (attempt.is === 'failed' && attempt.why !== lastWhy) {
      lastWhy = attempt.why;
      log.warn({ why: lastWhy, lease: place.name }, 'the lease could not be renewed; it is tried again');
    }
  }
}

/** On its own, so that no renewal that hangs keeps us from noticing the time. */
async function watchOver({ clock, durationMs }: LeaseOptions, term: Term, lose: Lose): Promise<void> {
  const { renewDeadlineMs } = timesOf(durationMs);
  const { signal } = term.over;
  while (!signal.aborted) {
    const leftMs = term.renewedAt + renewDeadlineMs - clock.monotonic();
    if (leftMs <= 0) return lose(term, `it could not be renewed for ${renewDeadlineMs / 1_000} s`);
    await clock.sleep(leftMs, signal);
  }
}

/** Why we stand by, once for each new reason instead of at each look. */
function sayOnce({ log, place }: LeaseOptions): (attempt: Exclude<Attempt, { is: 'held' }>) => void {
  let lastSaid = '';
  return (attempt) => {
    const said = attempt.is === 'failed' ? attempt.why : attempt.is === 'changed' ? '' : attempt.holder;
    if (said === '' || said === lastSaid) return;
    lastSaid = said;
    if (attempt.is === 'failed')
      log.error({ why: said, lease: place.name }, 'the lease cannot be read or taken; it is tried again');
    else log.info({ holder: said, lease: place.name }, 'standing by');
  };
}

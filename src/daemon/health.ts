import type { Clock } from '../effects/clock.ts';
import type { Observer } from './observer.ts';

/** What a probe is told: fine, or why not, in one line. */
export type Verdict = { readonly ok: true; readonly note: string } | { readonly ok: false; readonly why: string };

/**
 * Whether the daemon lives and whether it can work. Alive is a loop that goes on, not a process that answers: a loop that
 * stands still is what a restart mends. Ready is what a rollout waits for: declarations that could be read and an API
 * that knows us. A standby has no loop and asks nobody: it is ready when it could take over.
 */
export interface Health {
  live(): Verdict;
  ready(): Verdict;
  /** The loop did something, if only to see that there is nothing to do. */
  noteProgress(): void;
  /** `resyncMs`: what an interval is from now on. */
  noteInterval(resyncMs: number): void;
  /** null: they could be read. */
  noteDeclarations(trouble: string | null): void;
  /** null: the API answered, and is the one that the workspace is bound to. */
  noteApi(trouble: string | null): void;
  noteLeading(isLeading: boolean): void;
}

const INTERVALS_MAX = 3;
/** A step may wait two minutes for the rate limit, whatever the interval. */
const STILL_MIN_MS = 5 * 60_000;

export function createHealth(clock: Pick<Clock, 'monotonic'>, resyncMs: number): Health {
  let intervalMs = resyncMs;
  let movedAtMs = clock.monotonic();
  let isStandby = false;
  let declarations: string | null = 'the declarations have not been read yet';
  let api: string | null = 'the API has not answered yet';

  return {
    live() {
      if (isStandby) return { ok: true, note: 'ok, standing by' };
      const stillMs = clock.monotonic() - movedAtMs;
      if (stillMs <= Math.max(STILL_MIN_MS, INTERVALS_MAX * intervalMs)) return { ok: true, note: 'ok' };
      return { ok: false, why: `the loop has not moved for ${Math.floor(stillMs / 1000)} s` };
    },
    ready() {
      const why = declarations ?? (isStandby ? null : api);
      if (why !== null) return { ok: false, why };
      return { ok: true, note: isStandby ? 'ok, standing by: another replica leads' : 'ok' };
    },
    noteProgress() {
      movedAtMs = clock.monotonic();
    },
    noteInterval(ms) {
      intervalMs = ms;
    },
    noteDeclarations(trouble) {
      declarations = trouble;
    },
    noteApi(trouble) {
      api = trouble;
    },
    noteLeading(isLeading) {
      isStandby = !isLeading;
      movedAtMs = clock.monotonic();
    },
  };
}

/** Tells health what happens in the daemon; whatever happens is progress. */
export function observeHealth(health: Health): Observer {
  return (event) => {
    health.noteProgress();
    if (event.kind === 'declarations-loaded') health.noteDeclarations(null);
    if (event.kind === 'declarations-failed') health.noteDeclarations(event.refusal.message);
    if (event.kind === 'view-refreshed') health.noteApi(null);
    if (event.kind === 'view-failed') health.noteApi(event.refusal.message);
    if (event.kind === 'leadership') health.noteLeading(event.state === 'leading');
  };
}

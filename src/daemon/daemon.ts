import type { Clock } from '../effects/clock.ts';
import type { Leadership } from '../effects/leadership.ts';
import type { Hints } from './hints.ts';
import type { Loop } from './loop.ts';
import type { Item, Observer } from './observer.ts';

export interface DaemonOptions {
  readonly loop: Loop;
  /** File events: only a reason to look. */
  readonly hints: Hints;
  /** Calls back at each SIGHUP until what it returns is called. */
  readonly onHangup: (listener: () => void) => () => void;
  readonly leadership: Leadership;
  /** The first signal: no new work, what is in flight ends. */
  readonly stop: AbortSignal;
  readonly clock: Clock;
  readonly observe: Observer;
}

export interface DaemonEnd {
  readonly exitCode: number;
  /** Visits that were still at work: the process must not wait for them. */
  readonly abandoned: readonly Item[];
}

/**
 * How long a stop may take. A request has 30 s, Kubernetes gives 30 s by default; what has not ended by then is left in
 * doubt, which the next process settles as after any crash: by reading, then by the same bytes under the same key.
 */
export const GRACE_MS = 25_000;

/** Without a hint nothing has changed; but while the files cannot be used it is looked again. */
const LOOK_MS = 60_000;

/** The process lost the lease: another one leads, and this one is to end, as client-go does. */
const EXIT_LOST = 1;

/**
 * The life of `--watch` (design 8, correctness 2.9): standby, leading, draining. Ends with 0 after a stop, when the
 * visits under way have ended or their time is up. There is no other way to end and nothing to clean up: whatever a
 * process leaves behind, the next one begins as after a crash.
 */
export async function runDaemon(options: DaemonOptions): Promise<DaemonEnd> {
  const { loop, hints, leadership, stop, observe } = options;
  const ending = new AbortController();
  const end = () => ending.abort();
  for (const signal of [stop, leadership.lost]) signal.addEventListener('abort', end, { once: true });
  if (stop.aborted || leadership.lost.aborted) end();
  // A standby looks at the files too: it says what is wrong with them, and is ready when its time comes.
  await loop.lookAtFiles();
  const files = followFiles(loop, hints, ending.signal);
  const forgetHangups = options.onHangup(() => void loop.everybody());
  try {
    return await lead(options, ending.signal);
  } finally {
    forgetHangups();
    loop.close();
    end();
    await hints.close();
    await files;
    observe({ kind: 'stopped', abandoned: loop.active() });
  }
}

async function lead({ loop, leadership, stop, clock, observe }: DaemonOptions, ended: AbortSignal): Promise<DaemonEnd> {
  observe({ kind: 'leadership', state: 'waiting' });
  if (!(await leadership.acquire(ended))) return { exitCode: leadership.lost.aborted ? EXIT_LOST : 0, abandoned: [] };
  observe({ kind: 'leadership', state: 'leading' });
  await loop.everybody();
  const work = loop.run();
  await until(ended);
  loop.close();
  if (leadership.lost.aborted) {
    observe({ kind: 'leadership', state: 'lost' });
    return { exitCode: EXIT_LOST, abandoned: loop.active() };
  }
  observe({ kind: 'stopping', waitsFor: loop.active(), graceMs: GRACE_MS });
  const isDone = await withinGrace(work, clock, leadership.lost);
  // A lease that is given up while something is in flight would let another begin beside it.
  if (isDone) await release(leadership, observe);
  return { exitCode: stop.aborted && !leadership.lost.aborted ? 0 : EXIT_LOST, abandoned: isDone ? [] : loop.active() };
}

async function release(leadership: Leadership, observe: Observer): Promise<void> {
  try {
    await leadership.release();
    observe({ kind: 'leadership', state: 'released' });
  } catch (error) {
    // The lease runs out by itself.
    observe({ kind: 'defect', where: 'leadership', error });
  }
}

async function followFiles(loop: Loop, hints: Hints, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    const isHinted = await hints.next(LOOK_MS, ended);
    if (ended.aborted) return;
    if (isHinted || !loop.canUseFiles()) await loop.lookAtFiles();
  }
}

/** True when the work ended in time. */
async function withinGrace(work: Promise<void>, clock: Clock, lost: AbortSignal): Promise<boolean> {
  const timer = new AbortController();
  const late = Promise.race([clock.sleep(GRACE_MS, timer.signal), until(lost)]).then(() => false);
  const isDone = await Promise.race([work.then(() => true), late]);
  timer.abort();
  return isDone;
}

function until(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkProxy, Passing, Weather } from './proxy.ts';
import type { Seeded } from './seeded.ts';
import type { Ended, Running, Writer } from './writer.ts';

/** When a process is stopped: after a named event on its way to the API, or after a time. */
export interface Moment {
  readonly event: { readonly what: Passing['what']; readonly line: RegExp; readonly nth: number } | null;
  /** After the event, or after the start. */
  readonly afterMs: number;
}

export interface Fate {
  readonly moment: Moment;
  readonly signal: 'SIGKILL' | 'SIGTERM';
  /** Frozen for so long before it goes on to its end; 0: not at all. */
  readonly frozenMs: number;
}

/** How a run ended, and where it was then. */
export interface Outcome {
  readonly ended: Ended;
  readonly wasKilled: boolean;
  readonly wasFrozen: boolean;
  readonly phase: string;
  /** Arguments and environment as a co-tenant sees them. */
  readonly visible: string;
}

/** A run that is at work and meets no event is stopped all the same. How long Node takes to start says nothing. */
const PATIENCE_MS = 3_000;

const EVENTS = [
  /^(POST|PATCH) /,
  /^(POST|PATCH) /,
  /^POST \/v1\/organizations$/,
  /credits\/allocate$/,
  /credit-config$/,
  /^POST .*\/api-keys(\/<id>\/rotate)?$/,
  /^POST \/v1\/webhook-endpoints$/,
  /^GET /,
] as const;

const FIRST_REQUEST = { what: 'request', line: /./, nth: 1 } as const;
const MOSTLY_EVENTS = Array<'event'>(16).fill('event');

export function randomFate(seeded: Seeded, freezeMostMs: number): Fate {
  const nth = seeded.between(1, 3);
  const event = { what: seeded.pick<Passing['what']>(['request', 'answer']), line: seeded.pick<RegExp>(EVENTS), nth };
  const moment = seeded.pick<'start' | 'run' | 'event'>(['start', 'run', 'run', 'run', ...MOSTLY_EVENTS]);
  return {
    moment: {
      start: { event: null, afterMs: seeded.between(50, 1_500) },
      run: { event: FIRST_REQUEST, afterMs: seeded.between(0, 1_500) },
      event: { event, afterMs: seeded.isHit(0.4) ? 0 : seeded.between(0, 60) },
    }[moment],
    signal: seeded.isHit(0.06) ? 'SIGTERM' : 'SIGKILL',
    frozenMs: seeded.isHit(0.1) ? seeded.between(100, freezeMostMs) : 0,
  };
}

/** Runs `reconcile` until its fate finds it, or until it is done. */
export function runUntil(writer: Writer, fate: Fate, weather: Weather): Promise<Outcome> {
  return strike(() => writer.start(), writer.proxy, fate, weather);
}

/** Ends a process when its fate says; `begin` starts it, or gives one that runs already. */
export async function strike(
  begin: () => Running,
  proxy: NetworkProxy,
  fate: Fate,
  weather: Weather,
): Promise<Outcome> {
  const { moment, signal, frozenMs } = fate;
  let happened = 0;
  let due: () => void = () => {};
  const isDue = new Promise<void>((resolve) => {
    due = resolve;
  });
  let atWork: () => void = () => {};
  const isAtWork = new Promise<void>((resolve) => {
    atWork = resolve;
  });
  const seen: Passing[] = [];
  proxy.begin(weather, (passing) => {
    seen.push(passing);
    atWork();
    const { event, afterMs } = moment;
    if (!event || passing.what !== event.what || !event.line.test(passing.line)) return;
    happened += 1;
    if (happened !== event.nth) return;
    // At once: before what passes by is passed on.
    if (afterMs === 0 && frozenMs === 0) running.child.kill(signal);
    due();
  });
  const running = begin();
  const patience = new AbortController();
  const wait = (ms: number) => sleep(ms, undefined, { signal: patience.signal }).catch(() => {});
  if (moment.event === null) due();
  const isOver = running.ended.then(() => patience.abort());
  await Promise.race([isDue, isAtWork.then(() => wait(PATIENCE_MS)), isOver]);
  await wait(moment.afterMs);
  const visible = running.visible();
  if (frozenMs > 0 && running.child.kill('SIGSTOP')) {
    await sleep(frozenMs);
    running.child.kill('SIGCONT');
    await wait(moment.afterMs);
  }
  const phase = phaseOf(seen, proxy.inFlight);
  running.child.kill(signal);
  if (signal === 'SIGTERM') void wait(PATIENCE_MS).then(() => running.child.kill('SIGKILL'));
  const ended = await running.ended;
  await isOver;
  const wasKilled = ended.signal === 'SIGKILL' || (signal === 'SIGTERM' && ended.exitCode !== 0);
  return { ended, wasKilled, wasFrozen: frozenMs > 0, phase, visible };
}

function phaseOf(seen: readonly Passing[], inFlight: ReadonlySet<string>): string {
  const [first] = inFlight;
  if (first !== undefined) return `in flight: ${first}`;
  const written = seen.findLast(({ isWrite }) => isWrite);
  if (written) return `after the answer: ${written.line}`;
  return seen.length > 0 ? 'while reading' : 'before the first request';
}

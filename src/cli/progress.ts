import { systemClock } from '../effects/clock.ts';
import type { Waiting } from '../effects/layers/paced-class.ts';
import type { Pacer } from '../effects/layers/pacer.ts';
import type { ProgressEvent } from '../engine/progress.ts';
import type { CommandContext } from './context.ts';
import { createPlainProgress } from './plain-progress.ts';
import { nothingYet, type ProgressDisplay, progressLine, withEvent, withPlan } from './progress-line.ts';

/** What is going on, for people on stderr. Every event goes to the log as well. */
export interface Progress extends Omit<ProgressDisplay, 'onWait'> {
  /** From here on it is said what waits for the rate limit, which no event tells. */
  readonly follow: (pacer: Pick<Pacer, 'waiting'>) => void;
}

const ERASE_LINE = '\r\u001b[2K';
const LOOK_MS = 500;
/** Shorter waits are the ordinary pace. */
const WAIT_SHOWN_MS = 250;

/** The report of a single run says it all; only a daemon tells its story in the log, and whoever chose a level has it. */
export function logOnlyTrouble({ environment, log }: CommandContext): void {
  if (!environment['RECONCILE_LOG_LEVEL']) log.level = 'warn';
}

/** `isWanted` is false for whoever tells it otherwise: a daemon in its log, a stream of events on stdout. */
export function createProgress(context: CommandContext, isWanted: boolean): Progress {
  const display = isWanted ? displayFor(context) : null;
  let timer: NodeJS.Timeout | undefined;
  return {
    onEvent(event) {
      logEvent(context, event);
      display?.onEvent(event);
    },
    onPlan: (plan) => display?.onPlan(plan),
    follow(pacer) {
      if (display === null) return;
      timer = setInterval(() => display.onWait(longWait(pacer)), LOOK_MS).unref();
    },
    pause: () => display?.pause(),
    end() {
      clearInterval(timer);
      display?.end();
    },
  };
}

/** A line that is drawn over and over where that can be done, else lines. Who chose a log level follows the log. */
function displayFor(context: CommandContext): ProgressDisplay | null {
  if (context.canRedraw) return createLiveLine(context);
  if (context.environment['RECONCILE_LOG_LEVEL']) return null;
  return createPlainProgress({ write: (text) => context.stderr(text), now: () => systemClock.now() });
}

function createLiveLine(context: CommandContext): ProgressDisplay {
  let state = nothingYet;
  let waiting: Waiting | null = null;
  let drawn = false;
  const erase = () => {
    if (drawn) context.stderr(ERASE_LINE);
    drawn = false;
  };
  const draw = () => {
    context.stderr(`${ERASE_LINE}${progressLine(state, waiting, context.columns())}`);
    drawn = true;
  };
  return {
    onEvent(event) {
      state = withEvent(state, event);
      draw();
    },
    onPlan(plan) {
      state = withPlan(state, plan);
    },
    onWait(now) {
      waiting = now;
      // Only a line that is there is drawn again: not over a question, and not after the end.
      if (drawn) draw();
    },
    pause: erase,
    end: erase,
  };
}

/** Writes wait longest; what they wait for is what a person wants to know. */
function longWait(pacer: Pick<Pacer, 'waiting'>): Waiting | null {
  const waits = (['write', 'read'] as const).flatMap((requestClass) => pacer.waiting(requestClass) ?? []);
  return waits.find(({ untilMs }) => untilMs - systemClock.now() > WAIT_SHOWN_MS) ?? null;
}

/** Static messages, data in fields. */
function logEvent({ log }: CommandContext, event: ProgressEvent): void {
  switch (event.kind) {
    case 'planning':
      log.debug({ customers: event.customers }, 'planning');
      break;
    case 'step-started':
      log.debug(stepFields(event), 'step started');
      break;
    case 'step-ended':
      log.info({ ...stepFields(event), outcome: event.outcome }, 'step ended');
      break;
    case 'waiting':
      log.info({ customer: event.customer, waitMs: event.ms, why: event.why }, 'waiting before another try');
      break;
    case 'journal-failed':
      log.warn({ why: event.message }, 'journal could not be written');
      break;
    case 'status-failed':
      log.warn({ customer: event.customer, why: event.message }, 'status could not be written');
      break;
  }
}

function stepFields({ customer, step }: ProgressEvent & { kind: 'step-started' | 'step-ended' }) {
  const { action, resource, name, credits } = step;
  return { customer, action, resource, name, credits };
}

import type { PassReport } from '../core/report.ts';
import { systemClock } from '../effects/clock.ts';
import type { Waiting } from '../effects/layers/paced-class.ts';
import type { Pacer } from '../effects/layers/pacer.ts';
import type { ProgressEvent } from '../engine/progress.ts';
import type { CommandContext } from './context.ts';
import { nothingYet, progressLine, withEvent, withPlan } from './progress-line.ts';

/** One line on a terminal that says what is going on; nothing at all anywhere else. Every event goes to the log. */
export interface Progress {
  readonly onEvent: (event: ProgressEvent) => void;
  /** From here on the line counts steps. */
  readonly onPlan: (plan: PassReport) => void;
  /** From here on the line says what waits for the rate limit, which no event tells. */
  readonly follow: (pacer: Pick<Pacer, 'waiting'>) => void;
  /** Takes the line away, for a question. */
  readonly pause: () => void;
  readonly end: () => void;
}

const ERASE_LINE = '\r\u001b[2K';
const REDRAW_MS = 500;
/** Shorter waits are the ordinary pace. */
const WAIT_SHOWN_MS = 250;

export function createProgress(context: CommandContext, showLine: boolean): Progress {
  const visible = showLine && context.isTerminal;
  let state = nothingYet;
  let drawn = false;
  let timer: NodeJS.Timeout | undefined;
  let waiting = (): Waiting | null => null;
  const erase = () => {
    if (drawn) context.stderr(ERASE_LINE);
    drawn = false;
  };
  const draw = () => {
    if (!visible) return;
    context.stderr(`${ERASE_LINE}${progressLine(state, waiting(), context.columns())}`);
    drawn = true;
  };
  return {
    onEvent(event) {
      logEvent(context, event);
      state = withEvent(state, event);
      draw();
    },
    onPlan(plan) {
      state = withPlan(state, plan);
    },
    follow(pacer) {
      if (!visible) return;
      waiting = () => longWait(pacer);
      // Only a line that is there is drawn again: not over a question, and not after the end.
      timer = setInterval(() => drawn && draw(), REDRAW_MS).unref();
    },
    pause: erase,
    end() {
      clearInterval(timer);
      erase();
    },
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

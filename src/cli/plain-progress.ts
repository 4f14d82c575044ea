import { printable } from '../core/declaration/yaml/printable.ts';
import type { StepOutcome } from '../core/report.ts';
import {
  localTime,
  nothingYet,
  type PassProgress,
  type ProgressDisplay,
  waitLine,
  withEvent,
  withPlan,
} from './progress-line.ts';
import { counted } from './render/layout.ts';
import { stepName } from './render/step.ts';

/** What a line is worth; what was never begun is for the report. */
const words: Readonly<Partial<Record<StepOutcome, string>>> = {
  done: 'done',
  failed: 'FAILED',
  'in-doubt': 'in doubt',
};

export interface PlainProgressOptions {
  readonly write: (text: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Progress for a place where nothing can be drawn over, such as the log of a runner: one line for each step that ended and
 * for each wait. It says less of a step than the report at the end, which says why.
 */
export function createPlainProgress({ write, now }: PlainProgressOptions): ProgressDisplay {
  let state = nothingYet;
  let saidUntilMs = 0;
  const say = (owner: string | null, text: string) => write(`${printable(`${owner ?? 'the fleet'}: ${text}`)}\n`);
  return {
    onPlan(plan) {
      state = withPlan(state, plan);
    },
    onEvent(event) {
      state = withEvent(state, event);
      if (event.kind === 'waiting') {
        say(event.customer, `waiting until ${localTime(now() + event.ms)}: ${event.why}`);
        return;
      }
      const word = event.kind === 'step-ended' ? words[event.outcome] : undefined;
      if (event.kind !== 'step-ended' || word === undefined) return;
      const change = event.step.action === 'change' ? 'change ' : '';
      say(event.customer, `${change}${stepName(event.step)}: ${word}${standing(state)}`);
    },
    onWait(waiting) {
      // Each wait once, when it begins; a queue that moves on by our own pace is one wait.
      if (waiting === null || waiting.untilMs - now() < WAIT_SAID_MS || waiting.untilMs - saidUntilMs < WAIT_SAID_MS)
        return;
      saidUntilMs = waiting.untilMs;
      write(`${waitLine(waiting)}\n`);
    },
    pause() {},
    end() {},
  };
}

/** A shorter wait for the rate limit is not worth a line. */
const WAIT_SAID_MS = 5_000;

function standing({ planned, done, left }: PassProgress): string {
  return planned === 0 ? '' : ` (${done + left} of ${counted(planned, 'step')})`;
}

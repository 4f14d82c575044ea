import type { PassReport } from '../core/report.ts';
import type { Waiting } from '../effects/layers/paced-class.ts';
import type { ProgressEvent } from '../engine/progress.ts';
import { counted } from './render/layout.ts';
import { isBlocked } from './render/step.ts';
import { allSteps } from './render/summary.ts';

/** Where a pass stands, as far as its events tell. */
export interface PassProgress {
  /** Steps that are to run; 0 until there is a plan. */
  readonly planned: number;
  readonly done: number;
  /** Failed, in doubt, or not started. */
  readonly left: number;
  /** What is going on now, in words. */
  readonly now: string;
}

/** One way to show it. */
export interface ProgressDisplay {
  readonly onEvent: (event: ProgressEvent) => void;
  /** From here on steps are counted. */
  readonly onPlan: (plan: PassReport) => void;
  /** Called twice a second, with what waits for the rate limit longer than is ordinary. */
  readonly onWait: (waiting: Waiting | null) => void;
  /** Makes room for a question. */
  readonly pause: () => void;
  readonly end: () => void;
}

export const nothingYet: PassProgress = { planned: 0, done: 0, left: 0, now: '' };

export function withPlan(progress: PassProgress, plan: PassReport): PassProgress {
  return { ...progress, planned: allSteps(plan).filter((step) => !isBlocked(step)).length };
}

export function withEvent(progress: PassProgress, event: ProgressEvent): PassProgress {
  switch (event.kind) {
    case 'planning':
      return { ...progress, now: `planning ${counted(event.customers, 'customer')}…` };
    case 'step-started': {
      const { action, resource, name } = event.step;
      const what = [action, resource, ...(name === null ? [] : [name])].join(' ');
      return { ...progress, now: `${event.customer ?? 'fleet'}: ${what}…` };
    }
    case 'step-ended':
      return event.outcome === 'done'
        ? { ...progress, done: progress.done + 1 }
        : { ...progress, left: progress.left + 1 };
    case 'waiting':
      return {
        ...progress,
        now: `${event.customer ?? 'fleet'}: waiting ${Math.ceil(event.ms / 1000)} s: ${event.why}`,
      };
    case 'journal-failed':
    case 'status-failed':
      return progress;
  }
}

/** `12 of 80 steps, 1 not done; 5 requests wait for the rate limit until 19:46:05`: never longer than the terminal is wide. */
export function progressLine(progress: PassProgress, waiting: Waiting | null, columns: number): string {
  const { planned, done, left, now } = progress;
  const count =
    planned === 0 ? [] : [`${done} of ${counted(planned, 'step')}${left === 0 ? '' : `, ${left} not done`}`];
  const doing = waiting === null ? now : waitLine(waiting);
  return [...count, doing]
    .filter((part) => part !== '')
    .join('; ')
    .slice(0, Math.max(columns - 1, 0));
}

/** `5 requests wait for the rate limit until 19:46:05`. */
export function waitLine({ requests, untilMs, reason }: Waiting): string {
  const who = `${counted(requests, 'request')} ${requests === 1 ? 'waits' : 'wait'}`;
  const what = reason === 'quota' ? 'for the rate limit' : 'as the API asked';
  return `${who} ${what} until ${localTime(untilMs)}`;
}

/** HH:MM:SS by the clock on the wall, which is the one that people look at. */
export function localTime(ms: number): string {
  const at = new Date(ms);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

import type { ProgressEvent } from '../engine/progress.ts';
import type { CommandContext } from './context.ts';

/** One line on a terminal that says what is going on; nothing at all anywhere else. Every event goes to the log. */
export interface Progress {
  readonly onEvent: (event: ProgressEvent) => void;
  /** Takes the line away, for a question. */
  readonly pause: () => void;
  readonly end: () => void;
}

const ERASE_LINE = '\r\u001b[2K';

export function createProgress(context: CommandContext, showLine: boolean): Progress {
  const visible = showLine && context.isTerminal;
  let drawn = false;
  const erase = () => {
    if (drawn) context.stderr(ERASE_LINE);
    drawn = false;
  };
  const draw = (text: string) => {
    context.stderr(`${ERASE_LINE}${text.slice(0, 79)}`);
    drawn = true;
  };
  return {
    onEvent(event) {
      logEvent(context, event);
      const line = visible ? describe(event) : null;
      if (line !== null) draw(line);
    },
    pause: erase,
    end: erase,
  };
}

function describe(event: ProgressEvent): string | null {
  switch (event.kind) {
    case 'planning':
      return `planning ${event.customers} customer${event.customers === 1 ? '' : 's'}…`;
    case 'step-started':
      return `${event.customer ?? 'fleet'}: ${event.step.action} ${event.step.resource}${event.step.name ? ` ${event.step.name}` : ''}…`;
    case 'waiting':
      return `${event.customer ?? 'fleet'}: waiting ${Math.ceil(event.ms / 1000)} s: ${event.why}`;
    case 'step-ended':
    case 'journal-failed':
    case 'status-failed':
      return null;
  }
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

import { diskFaults, maySticky } from './disk-faults.ts';
import type { Points, StrikeAt } from './history.ts';
import { requestFaults, strikes } from './request-faults.ts';

/** `r7:lost-answer` strikes the 8th request of the struck pass, `D3:EIO+` the 4th operation and all behind it of the recovery. */
function strikeText({ pass, on, index, fault, sticky }: StrikeAt): string {
  const letter = on === 'request' ? 'r' : 'd';
  return `${pass === 'struck' ? letter : letter.toUpperCase()}${index}:${fault}${sticky ? '+' : ''}`;
}

/** `onboard/default/r7:lost-answer,R3:crash-after`: names one case for ever. */
export function caseId(walk: string, variant: string, at: readonly StrikeAt[]): string {
  return `${walk}/${variant}/${at.map(strikeText).join(',')}`;
}

export function parseCaseId(id: string): { walk: string; variant: string; at: StrikeAt[] } {
  const [walk = '', variant = '', list = ''] = id.split('/');
  const at = list
    .split(',')
    .filter(Boolean)
    .map((text): StrikeAt => {
      const match = /^([rdRD])(\d+):([\w-]+)(\+?)$/.exec(text);
      if (!match) throw new Error(`${text} names no fault; an example: r7:lost-answer`);
      const [, letter = 'r', index = '0', fault = '', plus = ''] = match;
      return {
        pass: letter === letter.toLowerCase() ? 'struck' : 'recovery',
        on: letter.toLowerCase() === 'r' ? 'request' : 'operation',
        index: Number(index),
        fault,
        sticky: plus !== '',
      };
    });
  return { walk, variant, at };
}

export interface Extent {
  readonly requests: boolean;
  readonly operations: boolean;
  /** Also the forms that last for the rest of the pass. */
  readonly sticky: boolean;
  /** Also saving the file in the middle of the pass. */
  readonly edits: boolean;
}

/** Every fault at every point, in the order of the points. */
export function* singleStrikes(points: Points, pass: StrikeAt['pass'], extent: Extent): Generator<StrikeAt> {
  if (extent.requests) {
    for (const [index, request] of points.requests.entries()) {
      for (const fault of requestFaults) {
        if (!strikes(fault, request) || (fault.name === 'edit-before' && !extent.edits)) continue;
        yield { pass, on: 'request', index, fault: fault.name, sticky: false };
        const once = /^(crash|edit|asleep|late)/.test(fault.name);
        if (extent.sticky && !once) yield { pass, on: 'request', index, fault: fault.name, sticky: true };
      }
    }
  }
  if (!extent.operations) return;
  for (const [index, { kind }] of points.operations.entries()) {
    for (const fault of diskFaults) {
      if (!fault.of(kind)) continue;
      yield { pass, on: 'operation', index, fault: fault.name, sticky: false };
      if (extent.sticky && maySticky(fault)) yield { pass, on: 'operation', index, fault: fault.name, sticky: true };
    }
  }
}

import { formatCredits } from '../../core/money.ts';
import type { Ending, RefillExposure } from '../../core/plan.ts';
import type { StepReport } from '../../core/report.ts';
import { counted } from './layout.ts';

/** What a step means for the parent wallet and for who uses the keys, one sentence a line. */
export function consequencesOf({ ends, refillExposure, outcome }: StepReport): string[] {
  return [
    // Of what is done, the detail says what really came back and died; an overlap goes on.
    ...(ends && (outcome !== 'done' || ends.afterHours > 0) ? endingSentences(ends) : []),
    ...(refillExposure ? [exposureSentence(refillExposure)] : []),
  ];
}

function endingSentences({ keys, afterHours, lastUsedAt, creditsBack, creditsLost }: Ending): string[] {
  return [
    ...(creditsBack > 0 ? [`about ${counted(creditsBack, 'credit')} come back to the parent wallet`] : []),
    ...(creditsLost > 0 ? [`${counted(creditsLost, 'credit')} that running work holds are lost`] : []),
    ...(keys === null || keys === 0 ? [] : [`${keysEnd(keys, afterHours)}, ${lastUse(keys, lastUsedAt)}`]),
  ];
}

function keysEnd(keys: number, afterHours: number): string {
  const when = afterHours === 0 ? '' : ` in ${afterHours} hours`;
  return keys === 1 ? `1 key stops working${when}` : `${formatCredits(keys)} keys stop working${when}`;
}

function lastUse(keys: number, lastUsedAt: string | null): string {
  if (lastUsedAt !== null) return `last used ${minute(lastUsedAt)}`;
  return keys === 1 ? 'never used' : 'none ever used';
}

/** `2026-06-03 19:02 UTC`: seconds decide nothing here. */
function minute(instant: string): string {
  return `${instant.slice(0, 16).replace('T', ' ')} UTC`;
}

export function exposureSentence({ creditsPerMonth }: RefillExposure): string {
  if (creditsPerMonth === null) return 'refills can take any number of credits from the parent: there is no cap';
  return `refills can take at most ${counted(creditsPerMonth, 'credit')} a month from the parent`;
}

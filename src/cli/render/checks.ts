import type { Check } from '../../core/check.ts';
import { counted, wrap, wrapLines } from './layout.ts';
import type { Paint, Tone } from './palette.ts';

const results: Readonly<Record<Check['result'], { readonly word: string; readonly tone: Tone }>> = {
  ok: { word: 'ok', tone: 'add' },
  warning: { word: 'warning', tone: 'change' },
  failed: { word: 'FAILED', tone: 'trouble' },
  skipped: { word: 'skipped', tone: 'quiet' },
};

const WORD_WIDTH = 'skipped'.length;
const INDENT = WORD_WIDTH + 2;

/** One block per check, what to do below it, and how many failed. Ends with a line break. */
export function renderChecks(checks: readonly Check[], paint: Paint): string {
  const lines = checks.flatMap(({ id, result, message, next }) => {
    const { word, tone } = results[result];
    const [first = '', ...more] = wrap(`${id}: ${message}`, word.padEnd(INDENT), INDENT);
    const todo = next === null ? [] : wrapLines(`Next: ${next}`, ' '.repeat(INDENT));
    return [paint(tone, word) + first.slice(word.length), ...more, ...todo];
  });
  const failed = checks.filter(({ result }) => result === 'failed').length;
  const verdict = failed === 0 ? 'No check failed.' : `${counted(failed, 'check')} failed.`;
  return `${[...lines, '', verdict].join('\n')}\n`;
}

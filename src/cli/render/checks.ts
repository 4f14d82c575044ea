import type { Check } from '../../core/check.ts';
import { counted } from './layout.ts';
import type { Page } from './page.ts';
import type { Tone } from './palette.ts';

const results: Readonly<Record<Check['result'], { readonly word: string; readonly tone: Tone }>> = {
  ok: { word: 'ok', tone: 'add' },
  warning: { word: 'warning', tone: 'change' },
  failed: { word: 'FAILED', tone: 'trouble' },
  skipped: { word: 'skipped', tone: 'quiet' },
};

const WORD_WIDTH = 'skipped'.length;
const INDENT = WORD_WIDTH + 2;

/** One block per check, what to do below it, and how many failed. Ends with a line break. */
export function renderChecks(checks: readonly Check[], page: Page): string {
  const lines = checks.flatMap(({ id, result, message, next }) => {
    const { word, tone } = results[result];
    const [first = '', ...more] = page.wrap(`${id}: ${message}`, word.padEnd(INDENT), INDENT);
    const todo = next === null ? [] : page.wrapLines(`Next: ${next}`, ' '.repeat(INDENT));
    return [page.paint(tone, word) + first.slice(word.length), ...more, ...todo];
  });
  const failed = checks.filter(({ result }) => result === 'failed').length;
  const verdict = failed === 0 ? 'No check failed.' : `${counted(failed, 'check')} failed.`;
  return `${[...lines, '', verdict].join('\n')}\n`;
}

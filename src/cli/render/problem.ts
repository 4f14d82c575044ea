import { printable } from '../../core/declaration/yaml/printable.ts';
import type { Problem, Severity } from '../../core/problem.ts';
import type { Refusal } from '../../core/report.ts';
import { placeText, type SourceProblem } from '../../core/source.ts';
import { counted } from './layout.ts';
import type { Page } from './page.ts';
import type { Tone } from './palette.ts';

const severities: Readonly<Record<Severity, { readonly word: string; readonly tone: Tone }>> = {
  error: { word: 'error', tone: 'trouble' },
  held: { word: 'held', tone: 'change' },
  doubt: { word: 'in doubt', tone: 'trouble' },
  waiting: { word: 'waiting', tone: 'quiet' },
  warning: { word: 'warning', tone: 'change' },
};

const INDENT = 6;

/** The code, what happened, what settles it, the request id for the provider's support, and the place. */
export function renderProblem(problem: Problem, page: Page): string[] {
  const { word, tone } = severities[problem.severity];
  const space = ' '.repeat(INDENT);
  const request = problem.requestId === null ? [] : page.row([`${space}request ${problem.requestId}`], INDENT);
  const body = [
    ...page.wrapLines(problem.message, space),
    ...(problem.next === null ? [] : page.wrapLines(`Next: ${problem.next}`, space)),
    ...request,
  ];
  return [
    `  ${page.paint(tone, word)}  ${printable(problem.code)}`,
    ...page.endWith(body, placeText(problem.at), INDENT),
  ];
}

/** Problems of a file, each with its frame, which was made printable where the file was read. */
export function renderSourceProblems(problems: readonly SourceProblem[], page: Page): string[] {
  return problems.flatMap(({ message, frame, hint, ...at }) => [
    ...page.wrap(`${placeText(at)} ${message}`, '', 2),
    ...(frame === undefined ? [] : within(page, frame.split('\n'))),
    ...(hint === undefined ? [] : page.wrap(hint, '  ')),
  ]);
}

/** A line of a file is never wrapped. Where it is too long, its end is left out, as long as the caret below it stays. */
function within({ width }: Page, frame: readonly string[]): string[] {
  const caret = frame.at(-1)?.length ?? 0;
  if (caret > width) return [...frame];
  return frame.map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line));
}

/** Of one file; more of them are no help to whoever has to begin at the first. */
const PROBLEMS_PER_FILE = 10;

/** Blocks of lines, one a problem, those of one file in a row; what is left out is said. */
export function renderProblemsOfFile(problems: readonly SourceProblem[], page: Page): string[] {
  const said = problems.slice(0, PROBLEMS_PER_FILE).map((problem) => renderSourceProblems([problem], page).join('\n'));
  const [next, ...rest] = problems.slice(PROBLEMS_PER_FILE);
  if (next === undefined) return said;
  const more = `and ${counted(rest.length + 1, 'more problem')} from ${next.path ?? `line ${next.line}`} on.`;
  return [...said, page.wrap(`${next.file}: ${more}`, '', 2).join('\n')];
}

/** Why a command could not begin its work. */
export function renderRefusal(refusal: Refusal, page: Page): string[] {
  return [
    ...renderSourceProblems(refusal.problems, page),
    `${page.paint('trouble', 'error')}  ${refusal.code}`,
    ...page.wrapLines(refusal.message, '  '),
    ...(refusal.next === null ? [] : page.wrapLines(`Next: ${refusal.next}`, '  ')),
    ...(refusal.requestId === null ? [] : page.wrap(`request ${refusal.requestId}`, '  ')),
  ];
}

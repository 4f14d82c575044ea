import { printable } from '../../core/declaration/yaml/printable.ts';
import type { Problem, Severity } from '../../core/problem.ts';
import type { Refusal } from '../../core/report.ts';
import type { SourceProblem } from '../../core/source.ts';
import { counted, endWith, row, wrap, wrapLines } from './layout.ts';
import type { Paint, Tone } from './palette.ts';

const severities: Readonly<Record<Severity, { readonly word: string; readonly tone: Tone }>> = {
  error: { word: 'error', tone: 'trouble' },
  held: { word: 'held', tone: 'change' },
  doubt: { word: 'in doubt', tone: 'trouble' },
  waiting: { word: 'waiting', tone: 'quiet' },
  warning: { word: 'warning', tone: 'change' },
};

const INDENT = 6;

/** The code, what happened, what settles it, the request id for the provider's support, and the place. */
export function renderProblem(problem: Problem, paint: Paint): string[] {
  const { word, tone } = severities[problem.severity];
  const space = ' '.repeat(INDENT);
  const request = problem.requestId === null ? [] : row([`${space}request ${problem.requestId}`], INDENT);
  const body = [
    ...wrapLines(problem.message, space),
    ...(problem.next === null ? [] : wrapLines(`Next: ${problem.next}`, space)),
    ...request,
  ];
  const { file, line, column } = problem.at;
  return [`  ${paint(tone, word)}  ${printable(problem.code)}`, ...endWith(body, `${file}:${line}:${column}`, INDENT)];
}

/** Problems of a file, each with its frame, which was made printable where the file was read. */
export function renderSourceProblems(problems: readonly SourceProblem[]): string[] {
  return problems.flatMap(({ file, line, column, message, frame, hint }) => [
    ...wrap(`${file}:${line}:${column} ${message}`, '', 2),
    ...(frame === undefined ? [] : frame.split('\n')),
    ...(hint === undefined ? [] : wrap(hint, '  ')),
  ]);
}

/** Of one file; more of them are no help to whoever has to begin at the first. */
const PROBLEMS_PER_FILE = 10;

/** Blocks of lines, one a problem, those of one file in a row; what is left out is said. */
export function renderProblemsOfFile(problems: readonly SourceProblem[]): string[] {
  const said = problems.slice(0, PROBLEMS_PER_FILE).map((problem) => renderSourceProblems([problem]).join('\n'));
  const [next, ...rest] = problems.slice(PROBLEMS_PER_FILE);
  if (next === undefined) return said;
  const more = `and ${counted(rest.length + 1, 'more problem')} from line ${next.line} on.`;
  return [...said, wrap(`${next.file}: ${more}`, '', 2).join('\n')];
}

/** Why a command could not begin its work. */
export function renderRefusal(refusal: Refusal, paint: Paint): string[] {
  return [
    ...renderSourceProblems(refusal.problems),
    `${paint('trouble', 'error')}  ${refusal.code}`,
    ...wrapLines(refusal.message, '  '),
    ...(refusal.next === null ? [] : wrapLines(`Next: ${refusal.next}`, '  ')),
    ...(refusal.requestId === null ? [] : wrap(`request ${refusal.requestId}`, '  ')),
  ];
}

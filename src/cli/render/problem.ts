import { printable } from '../../core/declaration/yaml/printable.ts';
import type { Problem, Severity } from '../../core/problem.ts';
import type { Refusal } from '../../core/report.ts';
import type { SourceProblem } from '../../core/source.ts';
import { endWith, row, wrap, wrapLines } from './layout.ts';
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

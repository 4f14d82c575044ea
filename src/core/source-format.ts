import type { SourceProblem } from './source.ts';

/** `customers/acme.yaml:7:3 message`, with the frame and what to do below it; no line break at the end. */
export function formatSourceProblem(problem: SourceProblem): string {
  const lines = [`${problem.file}:${problem.line}:${problem.column} ${problem.message}`];
  if (problem.frame !== undefined) lines.push(problem.frame);
  if (problem.hint !== undefined) lines.push(`  ${problem.hint}`);
  return lines.join('\n');
}

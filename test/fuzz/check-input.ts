import { plainPage } from '../../src/cli/render/page.ts';
import { renderProblemsOfFile } from '../../src/cli/render/problem.ts';
import { readCustomer, readWorkspace } from '../../src/core/declaration/read.ts';
import { yamlLimits } from '../../src/core/declaration/yaml/limits.ts';
import type { FuzzInput } from './mutate.ts';

/**
 * What is wrong with the verdict about an input; null when nothing is. Every input has a verdict: a declaration, or
 * problems that stand inside of it and that a terminal can show. An error that is thrown is passed on.
 */
export function verdictFault({ kind, bytes }: FuzzInput): string | null {
  // As the source decodes files.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const reading =
    kind === 'customer' ? readCustomer('customers/any.yaml', text) : readWorkspace('reconcile.yaml', text);
  if (reading.ok) return null;
  const { problems } = reading;
  if (problems.length === 0) return 'refused without a problem';
  if (problems.length > yamlLimits.problems) return `${problems.length} problems`;
  const lines = text.replace(/^\ufeff/, '').split('\n');
  const misplaced = problems.find(
    ({ line, column }) => line > lines.length || column > (lines[line - 1] ?? '').length + 1 || line < 1 || column < 1,
  );
  if (misplaced !== undefined) return `a problem outside of the file: ${misplaced.line}:${misplaced.column}`;
  const printed = renderProblemsOfFile(problems, plainPage).join('');
  const strange = /(?!\n)\p{Cc}|\p{Surrogate}|undefined|\[object|lp_live_\w{16}_0/u.exec(printed);
  return strange === null
    ? null
    : `prints ${JSON.stringify(printed.slice(Math.max(0, strange.index - 40), strange.index + 40))}`;
}

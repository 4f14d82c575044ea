import { variantNamed } from '../support/variants.ts';
import { walkNamed } from '../walks/list.ts';
import { parseCaseId } from './cases.ts';
import { prepare, runCase } from './run-case.ts';
import type { Failure } from './run-unit.ts';

/** Plays one case again and tells every request, file operation and verdict. */
export async function replay(id: string, options: { readonly operations: boolean }): Promise<string[]> {
  const { walk, variant, at } = parseCaseId(id);
  const lines: string[] = [`${walk}: ${walkNamed(walk).reason}`];
  const prepared = await prepare(walkNamed(walk), variantNamed(variant));
  const { oracle } = prepared.machine;
  let told = oracle.violations.length;
  prepared.machine.trace = (line) => {
    if (options.operations || !/^ {2}d\d+ /.test(line)) lines.push(line);
    const { violations } = prepared.machine.oracle;
    if (violations.length < told) told = 0;
    for (const { invariant, message } of violations.slice(told)) lines.push(`  ✗ ${invariant}: ${message}`);
    told = violations.length;
  };
  const { violations } = await runCase(prepared, at);
  const verdicts = violations.map(({ invariant, message }) => `✗ ${invariant}: ${message}`);
  return [...lines, ...(verdicts.length > 0 ? verdicts : ['✓ every invariant held, and the end is that of no faults'])];
}

/** What a failing suite prints: each case, what is wrong with it, and how to see it again. */
export async function describeFailures(failures: readonly Failure[]): Promise<string> {
  const [first] = failures;
  if (!first) return '';
  const shown = failures.slice(0, 10).flatMap(({ id, violations }) => [id, ...violations.map((text) => `  ${text}`)]);
  const trace = await replay(first.id, { operations: false });
  return [
    `${failures.length} cases failed:`,
    ...shown,
    `\nThe first of them (npm run faults -- --case '${first.id}' shows it with every file operation):`,
    ...trace,
  ].join('\n');
}

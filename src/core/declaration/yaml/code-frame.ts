import type { Position } from '../../source.ts';
import { printable } from './printable.ts';

const widest = 100;

/**
 * The line of the position with the line before it, numbered, and a caret below. Long lines are cut to a window around
 * the caret. What is printed holds no control characters, no marks that reorder text, and nothing shaped like a secret.
 */
export function codeFrame(
  source: { readonly text: string; readonly lineStarts: readonly number[] },
  { line, column }: Position,
): string {
  const gutter = String(line).length;
  const start = Math.max(0, column - 1 - Math.floor(widest / 2));
  const rows: string[] = [];
  if (line > 1) rows.push(`  ${String(line - 1).padStart(gutter)} | ${cut(lineAt(source, line - 1), start)}`);
  rows.push(`> ${line} | ${cut(lineAt(source, line), start)}`);
  rows.push(`  ${' '.repeat(gutter)} | ${' '.repeat(column - 1 - start + (start > 0 ? 1 : 0))}^`);
  return rows.map((row) => row.trimEnd()).join('\n');
}

function lineAt(source: { readonly text: string; readonly lineStarts: readonly number[] }, line: number): string {
  const start = source.lineStarts[line - 1] ?? source.text.length;
  const end = source.lineStarts[line] ?? source.text.length;
  // Every replacement keeps the length, so the caret stays below its character.
  return printable(source.text.slice(start, end).replace(/\r?\n$/, ''));
}

function cut(line: string, start: number): string {
  const left = start > 0 && line.length > 0 ? '…' : '';
  const right = line.length > start + widest ? '…' : '';
  return `${left}${line.slice(start, start + widest)}${right}`;
}

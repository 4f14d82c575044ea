import type { Position } from '../../source.ts';
import { printable } from './printable.ts';

const widest = 100;

/** Longer than any secret, so that no secret is cut in two and missed. */
const margin = 200;

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
  if (line > 1) rows.push(`  ${String(line - 1).padStart(gutter)} | ${cut(source, line - 1, start)}`);
  rows.push(`> ${line} | ${cut(source, line, start)}`);
  rows.push(`  ${' '.repeat(gutter)} | ${' '.repeat(column - 1 - start + (start > 0 ? 1 : 0))}^`);
  return rows.map((row) => row.trimEnd()).join('\n');
}

function cut(
  source: { readonly text: string; readonly lineStarts: readonly number[] },
  line: number,
  start: number,
): string {
  const from = source.lineStarts[line - 1] ?? source.text.length;
  const next = source.lineStarts[line];
  const end = next === undefined ? source.text.length : next - 1;
  const looked = Math.max(0, start - margin);
  const text = source.text.slice(from + looked, Math.min(end, from + start + widest + margin)).replace(/\r$/, '');
  // What is replaced keeps its length, so the caret stays below its character.
  const shown = printable(text).slice(start - looked, start - looked + widest);
  const left = start > 0 && end > from ? '…' : '';
  const right = end - from > start + widest ? '…' : '';
  return `${left}${shown}${right}`;
}

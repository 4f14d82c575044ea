import type { Position } from '../../source.ts';
import { printable } from './printable.ts';

/** Columns of text; with the gutter and the two marks of a cut, a frame fits a terminal of 80. */
const widest = 68;

/** Longer than any secret, so that no secret is cut in two and missed. */
const margin = 200;

interface Lines {
  readonly text: string;
  readonly lineStarts: readonly number[];
}

/**
 * The line of the position with the line before it, numbered, and a caret below. Long lines are cut to a window around
 * the caret. What is printed holds no control characters, no marks that reorder text, and nothing shaped like a secret.
 */
export function codeFrame(source: Lines, { line, column }: Position): string {
  const gutter = String(line).length;
  const isLong = lineAt(source, line).length > widest;
  const start = isLong ? Math.max(0, column - 1 - Math.floor(widest / 2)) : 0;
  const rows: string[] = [];
  if (line > 1 && (start === 0 || lineAt(source, line - 1).length > start)) {
    rows.push(`  ${String(line - 1).padStart(gutter)} | ${cut(source, line - 1, start)}`);
  }
  const shown = cut(source, line, start);
  const before = shown.slice(0, column - 1 - start + (start > 0 ? 1 : 0)).padEnd(column - 1 - start);
  rows.push(`> ${line} | ${shown}`, `  ${' '.repeat(gutter)} | ${blank(before)}^`);
  return rows.map((row) => row.trimEnd()).join('\n');
}

function lineAt({ text, lineStarts }: Lines, line: number): string {
  const from = lineStarts[line - 1] ?? text.length;
  const next = lineStarts[line];
  return text.slice(from, next === undefined ? text.length : next - 1).replace(/\r$/, '');
}

function cut(source: Lines, line: number, start: number): string {
  const whole = lineAt(source, line);
  const looked = Math.max(0, start - margin);
  // What is replaced keeps its length, so the caret stays below its character. A tab that cannot be seen is no help.
  const text = printable(whole.slice(looked, start + widest + margin).replaceAll('\t', '→'));
  const shown = text.slice(start - looked, start - looked + widest).replace(/^\p{Surrogate}|\p{Surrogate}$/gu, '·');
  const left = start > 0 && whole.length > 0 ? '…' : '';
  return `${left}${shown}${whole.length > start + widest ? '…' : ''}`;
}

const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60]/u;
const narrow = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** As many spaces as terminals give a text: two columns for wide characters, none for marks on the one before. */
function blank(text: string): string {
  return Array.from(text, (character) => (wide.test(character) ? '  ' : narrow.test(character) ? '' : ' ')).join('');
}

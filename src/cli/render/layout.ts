import { printable } from '../../core/declaration/yaml/printable.ts';
import { formatCredits } from '../../core/money.ts';

/**
 * Breaks a text at spaces into lines of at most `width` columns; only a single word that is longer reaches beyond. The
 * first line begins with `first`, the others with `hanging` spaces. What comes from a file or from the API is made printable here, whoever calls.
 */
export function wrap(width: number, text: string, first: string, hanging: number = first.length): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of printable(text).split(' ').filter(Boolean)) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = ' '.repeat(hanging);
      isEmpty = true;
    }
    line += isEmpty ? inertAtStart(word, line) : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line.trimEnd()];
}

/** A runner of GitHub Actions obeys lines that begin with `::`, also in what a tool only quotes from a file. */
function inertAtStart(word: string, line: string): string {
  return word.startsWith('::') && line.trim() === '' ? `·${word}` : word;
}

/** As {@link wrap}, for a text whose line breaks matter: lines of YAML to paste, for example. */
export function wrapLines(width: number, text: string, first: string, hanging: number = first.length): string[] {
  const [head = '', ...rest] = text.trim().split('\n');
  return [...wrap(width, head, first, hanging), ...rest.flatMap((line) => indented(width, line, hanging))];
}

/** Keeps the indentation of the line, which means something in YAML. */
function indented(width: number, line: string, hanging: number): string[] {
  const own = line.length - line.trimStart().length;
  return wrap(width, line, ' '.repeat(hanging + own));
}

/** Appends a place (`file:line`) that is never broken: to the last line if it fits, else on a line of its own. */
export function endWith(width: number, lines: readonly string[], place: string, indent: number): string[] {
  const shown = printable(place);
  const last = lines.at(-1) ?? '';
  if (last.length + 2 + shown.length <= width) return [...lines.slice(0, -1), `${last}  ${shown}`];
  return [...lines, ' '.repeat(indent) + shown];
}

/** Words in a row, two spaces between them; those that do not fit any more go to the next line. */
export function row(width: number, parts: readonly string[], hanging: number): string[] {
  const [head = '', ...rest] = parts.map(printable);
  return rest.reduce((lines, part) => endWith(width, lines, part, hanging), [head]);
}

/** `left`, and `right` at the right margin; below each other when the line is too short for both. */
export function margins(width: number, left: string, right: string): string[] {
  if (left.length + 2 + right.length > width) return [left, right.padStart(width)];
  return [left + right.padStart(width - left.length)];
}

/** `1 customer`, `2 customers`. */
export function counted(count: number, one: string, many: string = `${one}s`): string {
  return `${formatCredits(count)} ${count === 1 ? one : many}`;
}

import type { Position, SourceProblem } from '../../source.ts';
import { codeFrame } from './code-frame.ts';

/** The text of one file, without a byte order mark, and where its lines begin. */
export interface SourceText {
  /** Relative to the workspace, with forward slashes. */
  readonly file: string;
  readonly text: string;
  /** Offsets of the first character of each line. */
  readonly lineStarts: readonly number[];
}

export function sourceText(file: string, text: string): SourceText {
  const withoutMark = text.startsWith('\ufeff') ? text.slice(1) : text;
  const lineStarts = [0];
  for (let at = withoutMark.indexOf('\n'); at !== -1; at = withoutMark.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  return { file, text: withoutMark, lineStarts };
}

/** The position of an offset in UTF-16 units; an offset behind the end is the end. */
export function positionAt(source: SourceText, offset: number): Position {
  const at = Math.min(offset, source.text.length);
  let low = 0;
  let high = source.lineStarts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((source.lineStarts[middle] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: at - (source.lineStarts[low] ?? 0) + 1 };
}

/** What a problem says, apart from where it stands. */
export interface ProblemText {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export function problemAt(source: SourceText, offset: number, { code, message, hint }: ProblemText): SourceProblem {
  const position = positionAt(source, offset);
  return {
    file: source.file,
    ...position,
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    frame: codeFrame(source, position),
  };
}

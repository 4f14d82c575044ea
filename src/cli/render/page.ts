import { endWith, margins, row, wrap, wrapLines } from './layout.ts';
import { createPaint, type Paint } from './palette.ts';

/** What text for people is laid out on: how wide it is, and whether it shows colours. */
export interface Page {
  readonly width: number;
  readonly paint: Paint;
  /** The functions of layout.ts, within {@link width}. */
  readonly wrap: (text: string, first: string, hanging?: number) => string[];
  readonly wrapLines: (text: string, first: string, hanging?: number) => string[];
  readonly endWith: (lines: readonly string[], place: string, indent: number) => string[];
  readonly row: (parts: readonly string[], hanging: number) => string[];
  readonly margins: (left: string, right: string) => string[];
}

/** Columns of a terminal that everybody has; also what is taken where there is none, so that a log reads like one. */
const USUAL_WIDTH = 80;
/** Columns of a terminal, or of none. One whose size nobody has set, as `docker run -t` makes it, says that it has 0. */
export function widthOf(columns: number | undefined): number {
  return columns === undefined || columns <= 0 ? USUAL_WIDTH : columns;
}

/** Below it, words could not stand beside their indentation any more. */
const WIDTH_MIN = 40;
/** Longer lines are hard to read, and amounts at the right margin too far from what they are for. */
const WIDTH_MAX = 100;

export interface PageOptions {
  /** Decided by the caller: a terminal, and neither NO_COLOR nor --no-color. */
  readonly color: boolean;
  /** Columns of the terminal. */
  readonly width?: number;
}

export function createPage({ color, width: columns = USUAL_WIDTH }: PageOptions): Page {
  const width = Math.min(Math.max(columns, WIDTH_MIN), WIDTH_MAX);
  return {
    width,
    paint: createPaint(color),
    wrap: (text, first, hanging) => wrap(width, text, first, hanging),
    wrapLines: (text, first, hanging) => wrapLines(width, text, first, hanging),
    endWith: (lines, place, indent) => endWith(width, lines, place, indent),
    row: (parts, hanging) => row(width, parts, hanging),
    margins: (left, right) => margins(width, left, right),
  };
}

/** For whatever is not a terminal, and for complaints. */
export const plainPage: Page = createPage({ color: false });

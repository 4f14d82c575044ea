import { printable } from '../../core/declaration/yaml/printable.ts';

/**
 * Text from files and from the API within Markdown. It stands in one of two places only: in a fence that is longer than
 * any run of backticks in it, or as code whose every sign is a character reference, which CommonMark never takes for
 * structure. GitHub links neither mentions nor references to issues in either of them.
 */

/** Inline, in a table cell and in a summary too. */
export function foreignCode(text: string): string {
  const escaped = printable(text).replace(/[^\p{L}\p{N} /-]/gu, (sign) => `&#${sign.codePointAt(0)};`);
  return `<code>${escaped}</code>`;
}

/** A fenced block of at most so many bytes; lines that do not fit are counted in its last line. */
export function fenced(lines: readonly string[], bytesMax: number): string {
  const longestRun = Math.max(
    2,
    ...(lines
      .join('\n')
      .match(/`+/g)
      ?.map(({ length }) => length) ?? []),
  );
  const fence = '`'.repeat(longestRun + 1);
  const kept: string[] = [];
  let left = bytesMax - 2 * fence.length - FENCE_ROOM;
  for (const line of lines) {
    left -= byteLength(line) + 1;
    if (left < 0) break;
    kept.push(line);
  }
  const unsaid = lines.length - kept.length;
  const more = unsaid === 0 ? [] : [`… and ${unsaid} more ${unsaid === 1 ? 'line' : 'lines'}`];
  return [`${fence}text`, ...kept, ...more, fence].join('\n');
}

/** For `text`, the line breaks, and the line that counts the rest. */
const FENCE_ROOM = 48;

export function byteLength(text: string): number {
  return Buffer.byteLength(text);
}

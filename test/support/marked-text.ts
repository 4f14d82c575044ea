import type { Position } from '../../src/core/source.ts';

/** Text in which `‸` marks the place where a problem is expected; the mark itself is taken out. */
export function unmark(marked: string): { readonly text: string; readonly places: readonly Position[] } {
  const [first = '', ...rest] = marked.split('‸');
  const places: Position[] = [];
  let text = first;
  for (const part of rest) {
    const before = text.replace(/^\ufeff/, '').split('\n');
    places.push({ line: before.length, column: (before.at(-1) ?? '').length + 1 });
    text += part;
  }
  return { text, places };
}

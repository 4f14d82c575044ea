import { describe, expect, it } from 'vitest';
import { widthOf } from '../../../src/cli/render/page.ts';

describe('the width of a page', () => {
  it.each([
    { columns: 120, width: 120, reason: 'a terminal says how wide it is' },
    { columns: undefined, width: 80, reason: 'a pipe has no columns' },
    { columns: 0, width: 80, reason: 'a terminal whose size nobody has set has none either' },
  ])('$reason', ({ columns, width }) => {
    expect(widthOf(columns)).toBe(width);
  });
});

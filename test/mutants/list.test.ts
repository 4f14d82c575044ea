import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../support/source-tree.ts';
import { mutants } from './list.ts';

describe('the seeded mistakes', () => {
  it('are many, and each has a name of its own', () => {
    expect(mutants.length).toBeGreaterThanOrEqual(25);
    expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length);
  });

  it.each(mutants)('fit the source in one place: $id', ({ edits }) => {
    for (const { file, search, replace } of edits) {
      const text = readFileSync(join(repositoryRoot, file), 'utf8');
      expect(text.split(search)).toHaveLength(2);
      expect(text.replace(search, () => replace)).not.toBe(text);
    }
  });
});

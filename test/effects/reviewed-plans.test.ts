import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/effects/chance.ts';
import { createReviewedPlans } from '../../src/effects/reviewed-plans.ts';
import { createMemoryFileSystem } from '../support/memory-filesystem.ts';

function reviewedPlans() {
  const fileSystem = createMemoryFileSystem();
  let count = 0;
  const chance = { uuid: () => String(count++) };
  const directory = '/workspace/.reconcile/plans';
  return { fileSystem, directory, plans: createReviewedPlans({ fileSystem, chance, directory, hash: sha256 }) };
}

describe('the plans that were shown', () => {
  it('are found by their hash', () => {
    const { plans } = reviewedPlans();
    plans.remember(['["one"]', '["two"]']);
    expect(plans.recall(sha256('["two"]'))).toBe('["two"]');
    expect(plans.recall(sha256('["three"]'))).toBeNull();
  });

  it('are not found any more when somebody edits them', () => {
    const { plans, fileSystem, directory } = reviewedPlans();
    const hash = sha256('["one"]');
    plans.remember(['["one"]']);
    fileSystem.plant(`${directory}/${hash.slice('sha256:'.length)}.json`, '["another"]');
    expect(plans.recall(hash)).toBeNull();
  });

  it('are kept up to a hundred', () => {
    const { plans, fileSystem, directory } = reviewedPlans();
    plans.remember(Array.from({ length: 130 }, (_, index) => `["${index}"]`));
    expect(fileSystem.readDirectory(directory)).toHaveLength(100);
  });

  it('take no more room than they are worth, but the newest is always kept', () => {
    const { plans, fileSystem, directory } = reviewedPlans();
    const large = (mark: string) => `["${mark.repeat(20 * 1024 * 1024)}"]`;
    plans.remember([large('a')]);
    plans.remember([large('b')]);
    expect(fileSystem.readDirectory(directory)).toHaveLength(1);
    expect(plans.recall(sha256(large('b')))).not.toBeNull();
    const [huge] = ['c'.repeat(40 * 1024 * 1024)];
    plans.remember([huge ?? '']);
    expect(fileSystem.readDirectory(directory)).toHaveLength(1);
  });

  it('cost nobody a pass where they cannot be written', () => {
    const { fileSystem, plans } = reviewedPlans();
    fileSystem.plant('/workspace/.reconcile', 'a file where a directory belongs');
    expect(() => plans.remember(['["one"]'])).not.toThrow();
    expect(plans.recall(sha256('["one"]'))).toBeNull();
  });
});

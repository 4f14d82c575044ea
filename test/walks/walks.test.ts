import { describe, expect, it } from 'vitest';
import { lifecycleDocument } from './lifecycle-document.ts';
import { chapters } from './list.ts';
import { walk } from './walk.ts';

/** Without faults; `test/faults` strikes every one of these at every point. */
describe.each(chapters)('$title', ({ walks }) => {
  it.each(walks)('$name: $reason', async (it) => {
    const { machine, passes, settled } = await walk(it);
    expect(passes).toEqual(it.passes);
    expect(settled).toEqual({ plans: [], writes: [], says: it.passes.at(-1)?.says, changes: 0 });
    machine.oracle.assertHolds();
  });
});

describe.each(chapters)('$title, through the visits of one process that lives on', ({ walks }) => {
  it.each(walks)('$name: comes to the same end by the same writes', async (it) => {
    const { machine, passes, settled } = await walk(it, true);
    expect(passes).toEqual(it.passes);
    expect(settled).toEqual({ plans: [], writes: [], says: it.passes.at(-1)?.says, changes: 0 });
    machine.oracle.assertHolds();
  });
});

describe('docs/lifecycle.md', () => {
  it('tells what was walked (`npm run lifecycle` writes it)', () => {
    const { present, wanted } = lifecycleDocument();
    expect(present).toBe(wanted);
  });
});

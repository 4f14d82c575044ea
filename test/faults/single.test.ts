import { describe, expect, it } from 'vitest';
import { walks } from '../walks/list.ts';
import { describeFailures } from './replay.ts';
import { runUnit } from './run-unit.ts';

/**
 * A slice of the single-fault suite, the same in every run: every point of the two central walks, and every few
 * points of the others. `npm run faults` plays all of it, with every variant of the provider, and pairs of faults.
 */
const everyPoint: ReadonlySet<string> = new Set(['onboard', 'raise']);

describe('one fault anywhere leaves nothing paid twice, nothing lost, and the end of a history without faults', () => {
  it.each(walks)('$name: $reason', { timeout: 60_000 }, async ({ name }) => {
    const of = everyPoint.has(name) ? 1 : 24;
    const { failures } = await runUnit({ walk: name, variant: 'default', mode: 'slice', part: 0, of });
    expect(failures, await describeFailures(failures)).toEqual([]);
  });
});

describe('one fault, and a provider that answers an open question its own way', () => {
  it.each([
    'P2-description-only',
    'P2-no-markers',
    'P3-no-database-memory',
    'P4-5xx-remembered',
    'P7-ledger-60s-late',
    'P7-lists-60s-late',
    'P9-replay-masks-secret',
    'P12-refill-fires-at-once',
    'lists-omit-newest',
  ])('%s', { timeout: 60_000 }, async (variant) => {
    const { failures } = await runUnit({ walk: 'onboard', variant, mode: 'slice', part: 0, of: 24 });
    expect(failures, await describeFailures(failures)).toEqual([]);
  });
});

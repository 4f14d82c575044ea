import { describe, expect, it } from 'vitest';
import { runRound } from './round.ts';

/** A slice of `npm run soak`, which kills a thousand times: docs/reliability.md. */
describe('real processes that are killed at random moments', () => {
  it.concurrent.each([
    { reason: 'one writer', seed: 1, writers: 1 },
    { reason: 'two writers with a disk each', seed: 3, writers: 2 },
  ])(
    'pay once, lose no secret, and converge: $reason',
    async ({ seed, writers }) => {
      const result = await runRound({ seed, kills: 5, freezeMostMs: 300 });
      expect(result.violations).toEqual([]);
      expect(result.writers).toBe(writers);
      expect(result.kills).toBeGreaterThanOrEqual(5);
    },
    // Processes are started for real; a busy machine needs longer.
    120_000,
  );
});

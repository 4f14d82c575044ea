import { expect, it } from 'vitest';
import { createDay } from './day.ts';

it('an hour of a converged fleet at the standard tier writes nothing anywhere and stays below the quota', async () => {
  const day = createDay(40);
  await day.converge();
  const { reads, ...rest } = await day.hour();
  expect(rest).toMatchObject({ writes: 0, fileWrites: 0, refused: 0 });
  // A look each ten minutes, the audit, and per round one whoami, one listing of organizations and one of webhooks.
  expect(reads).toBeGreaterThanOrEqual(40 * 6 - 10);
  expect(reads).toBeLessThanOrEqual(40 * 6 + 40 + 7 * 3);
});

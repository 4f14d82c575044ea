import type { ApiKey } from './api.ts';
import type { Ending } from './plan.ts';

/** A key to revoke: a listed one, or one that memory names and this listing lacks. */
export type DyingKey = Pick<ApiKey, 'id' | 'name' | 'prefix'> & Partial<Pick<ApiKey, 'lastUsedAt'>>;

/** What ends with keys; null where the list does not tell how they were used. */
export function endingOf(keys: readonly DyingKey[], afterHours: number): Ending | null {
  const listed = keys.flatMap(({ lastUsedAt }) => (lastUsedAt === undefined ? [] : [{ lastUsedAt }]));
  if (listed.length < keys.length) return null;
  return { keys: keys.length, afterHours, lastUsedAt: latestUse(listed), creditsBack: 0, creditsLost: 0 };
}

/** The latest use of any of the keys; null when none was ever used. */
export function latestUse(keys: readonly Pick<ApiKey, 'lastUsedAt'>[]): string | null {
  const uses = keys.flatMap(({ lastUsedAt }) => lastUsedAt ?? []);
  return uses.toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1) ?? null;
}

import type { DiscardingStatusStore } from './store.ts';

/** A store that cannot be reached or cannot be meant: without what it holds nothing is decided (I7); `why` says so. */
export function createRefusingStatusStore(why: string): DiscardingStatusStore {
  const refusal = async () => ({ ok: false, message: why }) as const;
  return { read: refusal, write: refusal, discard: refusal };
}

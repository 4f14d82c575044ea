import type { Leadership } from '../effects/leadership.ts';

/** One process, one leader: the lock of the workspace keeps others out. */
export function leadAlone(): Leadership {
  return { acquire: async (signal) => !signal.aborted, lost: new AbortController().signal, release: async () => {} };
}

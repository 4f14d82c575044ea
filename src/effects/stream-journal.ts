import { looksLikeSecret } from '../core/secret-shape.ts';
import type { Clock } from './clock.ts';
import type { Journal } from './journal.ts';

/**
 * A journal as lines of a log, for a process in a cluster, whose disk does not stay: whoever collects its output keeps
 * the history. It is written before each write as any journal is; nothing is read back from it.
 */
export function createStreamJournal(write: (line: string) => void, clock: Pick<Clock, 'now'>): Journal {
  return {
    append(entry) {
      const time = new Date(clock.now()).toISOString();
      const line = JSON.stringify({ level: 'info', time, msg: 'journal', ...entry });
      if (looksLikeSecret(line))
        return { ok: false, message: 'an entry holds what looks like a secret (a bug in reconcile)' };
      write(`${line}\n`);
      return { ok: true };
    },
    entries: () => [],
    unreadable: () => null,
  };
}

import type { watch } from 'chokidar';
import type { Logger } from 'pino';
import { type Clock, systemClock } from '../effects/clock.ts';
import { systemFailure } from '../effects/errno.ts';
import { QUIET_MS, TORN_MS } from '../effects/source/settled-files.ts';
import { mountWarnings } from './mounts.ts';
import { createNap } from './nap.ts';
import { nextDue } from './next-due.ts';
import { isReplaced, linksBelow, treeIdentity } from './tree-identity.ts';
import { type WatchedTree, watchTree } from './watch-tree.ts';

/** File events, which are hints and nothing more: they may come late, doubled, or not at all. */
export interface Hints {
  /** True at a hint, false after `ms` or at a stop. Events close together are one hint. */
  next(ms: number, stop: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
}

export interface HintOptions {
  readonly clock?: Clock;
  /** Editors write a file in several steps; this long after the last event they are done. */
  readonly quietMs?: number;
  /** How often it is looked at whether the tree that is watched is still the one that counts. */
  readonly lookEveryMs?: number;
  /** A second hint so long after the last event, for a file that was left alone as long as it seemed half written. */
  readonly aftermathMs?: number;
  readonly watch?: typeof watch;
}

/** A writer who never pauses must not keep everybody else's changes from being seen. */
const QUIETS_MAX = 10;

/**
 * Hints that something below `directory` may have changed. Events come from the system; what events do not tell, a
 * workspace, a directory or a link that was replaced as a whole, is looked for each second, and then watched anew. A
 * workspace that is missing, at the start or later, is waited for. What is missed by all of that is found at the resync.
 */
export function watchFiles(directory: string, log: Logger, options: HintOptions = {}): Hints {
  const { clock = systemClock, quietMs = QUIET_MS, lookEveryMs = 1_000, aftermathMs = TORN_MS + 500 } = options;
  const nap = createNap(clock);
  /** When what was noticed becomes a hint; `since` is the first event of it. */
  let due: { readonly at: number; readonly since: number } | null = null;
  let aftermathAt = Number.POSITIVE_INFINITY;
  let pollEveryMs: number | null = null;
  let lookedAt = clock.monotonic();
  for (const warning of mountWarnings(directory)) log.warn(warning, 'changes of the declarations may not arrive');
  let links = linksBelow(directory);
  let identity = treeIdentity(directory, links);

  const notice = (): void => {
    const now = clock.monotonic();
    const since = due?.since ?? now;
    due = { since, at: Math.min(now + quietMs, since + QUIETS_MAX * quietMs) };
    aftermathAt = now + aftermathMs;
    nap.wake();
  };
  const fail = (error: unknown): void => {
    const exhausted = ['ENOSPC', 'EMFILE', 'ENFILE'].includes(systemFailure(error)?.code ?? '');
    if (!exhausted || pollEveryMs !== null) {
      log.warn({ err: error }, 'files cannot be watched; every resync looks at them anyway');
      return;
    }
    pollEveryMs = lookEveryMs;
    const hint = 'raise fs.inotify.max_user_watches and fs.inotify.max_user_instances';
    log.warn({ err: error, next: hint }, 'the system has no watches left; files are looked at instead');
    arm();
  };
  const begin = (): WatchedTree =>
    watchTree(
      directory,
      { changed: notice, failed: fail },
      { pollEveryMs, ...(options.watch ? { watch: options.watch } : {}) },
    );
  let tree = begin();
  const closing = new Set<Promise<void>>();
  function arm(): void {
    const closed = tree.close().finally(() => closing.delete(closed));
    closing.add(closed);
    tree = begin();
  }

  /** Watches anew what was replaced since the last look. */
  const look = (): void => {
    lookedAt = clock.monotonic();
    const seen = treeIdentity(directory, links);
    const replaced = isReplaced(identity, seen);
    identity = seen;
    if (!replaced) return;
    links = linksBelow(directory);
    identity = treeIdentity(directory, links);
    arm();
    notice();
  };
  /** True when it is time for a hint, which is then used up. */
  const isDue = (): boolean => {
    const now = clock.monotonic();
    if (due !== null && due.at <= now) due = null;
    else if (aftermathAt <= now) aftermathAt = Number.POSITIVE_INFINITY;
    else return false;
    // Whoever is hinted at reads everything; links that came meanwhile are looked at from now on.
    links = linksBelow(directory);
    look();
    return true;
  };

  return {
    next: nextDue(clock, nap, {
      isDue: () => {
        if (clock.monotonic() - lookedAt >= lookEveryMs) look();
        return isDue();
      },
      dueAt: () => Math.min(due?.at ?? Number.POSITIVE_INFINITY, aftermathAt, lookedAt + lookEveryMs),
    }),
    close: async () => {
      await Promise.all([tree.close(), ...closing]);
    },
  };
}

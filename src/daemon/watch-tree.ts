import { realpathSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';

export interface WatchedTree {
  close(): Promise<void>;
}

export interface TreeEvents {
  /** Something changed, or may have while the watching began. */
  readonly changed: () => void;
  readonly failed: (error: unknown) => void;
}

export interface WatchOptions {
  /** Looks at every file this often instead of being told, where the system cannot tell; null: is told. */
  readonly pollEveryMs: number | null;
  /** chokidar's, but in tests of its failures. */
  readonly watch?: typeof watch;
}

/**
 * Watches the declarations of a workspace where they really lie: `reconcile.yaml` and `customers` beside it, and all that
 * is below `customers/`. Nothing else of the workspace is looked at, so that neither our own files nor a large repository
 * around it cost anything. A workspace that is not there is not watched; who watches asks again when it is.
 */
export function watchTree(directory: string, events: TreeEvents, options: WatchOptions): WatchedTree {
  const begin = options.watch ?? watch;
  const common = {
    ignoreInitial: true,
    ...(options.pollEveryMs === null ? {} : { usePolling: true, interval: options.pollEveryMs }),
  };
  const watchers: FSWatcher[] = [];
  const add = (watcher: FSWatcher): void => {
    watcher.on('all', events.changed);
    // What changed between the last look and this moment was told to nobody.
    watcher.on('ready', events.changed);
    watcher.on('error', events.failed);
    watchers.push(watcher);
  };
  const root = realPath(directory);
  if (root !== null) {
    const isOther = (path: string): boolean => path !== root && !rootNames.has(basename(path));
    add(begin(root, { ...common, depth: 0, ignored: isOther }));
  }
  const customers = realPath(join(directory, 'customers'));
  if (customers !== null) add(begin(customers, { ...common, ignored: (path) => isHidden(relative(customers, path)) }));
  return {
    close: async () => {
      await Promise.all(watchers.map(closeQuietly));
    },
  };
}

/** An error that comes late, when closing has taken our listener away, would end the process. */
function closeQuietly(watcher: FSWatcher): Promise<void> {
  const closed = watcher.close();
  watcher.on('error', () => {});
  return closed;
}

const rootNames: ReadonlySet<string> = new Set(['customers', 'reconcile.yaml', 'reconcile.yml']);

/** Names that begin with one dot are nobody's declarations; those with two are how a ConfigMap is swapped. */
function isHidden(path: string): boolean {
  return path.split(sep).some((name) => /^\.(?!\.)/.test(name));
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { watch } from 'chokidar';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { type Hints, watchFiles } from '../../src/daemon/hints.ts';
import { systemChance } from '../../src/effects/chance.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { nodeFileSystem } from '../../src/effects/node-filesystem.ts';
import { createDirectorySource } from '../../src/effects/source/directory-source.ts';
import { createInlineStatusStore } from '../../src/effects/status/inline-store.ts';
import { type Declarations, lookAtFiles } from '../../src/engine/fleet/declarations.ts';

/**
 * Real files and the system's own events. Nothing here waits for a time: each test makes a change and waits, at most as
 * long as a test may take, for the daemon's source to say what the files say then. A hint that never comes fails it.
 */
const quick = { quietMs: 15, lookEveryMs: 25, aftermathMs: 60 };
const settling = { clock: systemClock, quietMs: 15, tornMs: 40 };
const silent = pino({ level: 'silent' });
const patienceMs = 15_000;

const places: string[] = [];
const open: Hints[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((hints) => hints.close()));
  for (const place of places.splice(0)) rmSync(place, { recursive: true, force: true });
});

/** An empty directory of this test's own. */
function place(): string {
  const directory = mkdtempSync(join(tmpdir(), 'reconcile-hints-'));
  places.push(directory);
  return directory;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const named = (name: string, externalId = 'acme') => `externalId: ${externalId}\nname: ${name}\n`;

/** Puts a link in the place of another in one step, as git-sync and the kubelet do. */
function swapLink(link: string, target: string): void {
  symlinkSync(target, `${link}_tmp`);
  renameSync(`${link}_tmp`, link);
}

interface Watched {
  /** Waits for the hint after which a load of the declarations answers `expected`. */
  sees(expected: readonly string[]): Promise<void>;
  loads(): Promise<readonly string[]>;
  /** What of the declarations differs from the look before: customers, and whether reconcile.yaml does. */
  readonly changes: () => Promise<readonly [customers: readonly string[], workspace: boolean]>;
  readonly hints: Hints;
}

function watchWorkspace(directory: string, tornMs = settling.tornMs): Watched {
  const source = createDirectorySource({
    workspaceDirectory: directory,
    clock: systemClock,
    settling: { ...settling, tornMs },
  });
  const hints = watchFiles(directory, silent, quick);
  let known: Declarations | null = null;
  open.push(hints);
  /** What is declared, in words: `acme One`, and the codes of what cannot be used. */
  const loads = async (): Promise<readonly string[]> => {
    const workspace = await source.loadWorkspace();
    if (!workspace.ok) return workspace.problems.map(({ code }) => code);
    const fleet = await source.loadFleet(workspace.workspace);
    if (!fleet.ok) return fleet.problems.map(({ code }) => code);
    const { freeze } = workspace.workspace.declaration.guards;
    return [
      ...(freeze ? ['frozen'] : []),
      ...fleet.fleet.customers.map(({ declaration }) => `${declaration.externalId} ${declaration.name}`),
      ...fleet.fleet.broken.map(({ externalId, problems }) => `${externalId} ${problems[0]?.code}`),
    ];
  };
  return {
    hints,
    loads,
    async changes() {
      const loaded = await lookAtFiles(source, known, () => 1);
      if (!loaded.ok) throw new Error(loaded.refusal.message);
      known = loaded.declarations;
      return [loaded.changed, loaded.workspaceChanged];
    },
    async sees(expected) {
      const stop = AbortSignal.timeout(patienceMs);
      let seen: readonly string[] = [];
      // Nobody looks without a hint, so that a change that is not told stays unseen.
      while (await hints.next(patienceMs, stop)) {
        seen = await loads();
        if (seen.join() === expected.join()) return;
      }
      expect(seen).toEqual(expected);
    },
  };
}

/** A workspace with acme, watched until it is seen. */
async function begin(directory: string, root = directory): Promise<Watched> {
  const watched = watchWorkspace(root);
  await watched.sees(['acme One']);
  // The watching itself begins with hints, after which every change has to be told.
  await drain(watched.hints);
  return watched;
}

interface Swap {
  readonly reason: string;
  /** Lays acme's declaration below the place; returns the workspace. */
  readonly lay: (at: string) => string;
  /** Replaces what is declared by `Two`. */
  readonly swap: (at: string) => void;
  /** Where the file lies afterwards, to be written in place. */
  readonly after: string;
}

const kubernetes = (keepsOld: boolean): Swap => ({
  reason: `a ConfigMap's ..data is swapped and its old directory ${keepsOld ? 'kept' : 'deleted'}`,
  lay: (at) => {
    write(join(at, 'customers/..one/acme.yaml'), named('One'));
    symlinkSync('..one', join(at, 'customers/..data'));
    symlinkSync('..data/acme.yaml', join(at, 'customers/acme.yaml'));
    return at;
  },
  swap: (at) => {
    write(join(at, 'customers/..two/acme.yaml'), named('Two'));
    swapLink(join(at, 'customers/..data'), '..two');
    if (!keepsOld) rmSync(join(at, 'customers/..one'), { recursive: true });
  },
  after: 'customers/..two/acme.yaml',
});

const gitSync = (workspace: string, what: string, keepsOld: boolean): Swap => ({
  reason: `git-sync swaps ${what} and ${keepsOld ? 'keeps' : 'deletes'} the old tree`,
  lay: (at) => {
    write(join(at, 'trees/one/fleet/customers/acme.yaml'), named('One'));
    symlinkSync('trees/one', join(at, 'current'));
    if (workspace === '.') symlinkSync('current/fleet/customers', join(at, 'customers'));
    if (workspace === 'link') symlinkSync('current/fleet', join(at, 'link'));
    return join(at, workspace);
  },
  swap: (at) => {
    write(join(at, 'trees/two/fleet/customers/acme.yaml'), named('Two'));
    swapLink(join(at, 'current'), 'trees/two');
    if (!keepsOld) rmSync(join(at, 'trees/one'), { recursive: true });
  },
  after: 'trees/two/fleet/customers/acme.yaml',
});

const plain = (reason: string, swap: Swap['swap'], after = 'customers/acme.yaml'): Swap => ({
  reason,
  lay: (at) => {
    write(join(at, 'fleet/customers/acme.yaml'), named('One'));
    return join(at, 'fleet');
  },
  swap,
  after: `fleet/${after}`,
});

describe.each<Swap>([
  kubernetes(false),
  kubernetes(true),
  ...[false, true].flatMap((keepsOld) => [
    gitSync('current/fleet', 'a link above the workspace', keepsOld),
    gitSync('link', 'a link above the one that is the workspace', keepsOld),
    gitSync('.', 'the tree that customers/ links to', keepsOld),
  ]),
  plain('the workspace is renamed away and another put into its place', (at) => {
    renameSync(join(at, 'fleet'), join(at, 'old'));
    write(join(at, 'fleet/customers/acme.yaml'), named('Two'));
  }),
  plain('customers/ is removed and made again', (at) => {
    rmSync(join(at, 'fleet/customers'), { recursive: true });
    write(join(at, 'fleet/customers/acme.yaml'), named('Two'));
  }),
  plain('a file is written beside and renamed into place', (at) => {
    write(join(at, 'fleet/customers/.acme.yaml.tmp'), named('Two'));
    renameSync(join(at, 'fleet/customers/.acme.yaml.tmp'), join(at, 'fleet/customers/acme.yaml'));
  }),
  plain('an editor keeps the old file as a backup and writes a new one', (at) => {
    renameSync(join(at, 'fleet/customers/acme.yaml'), join(at, 'fleet/customers/acme.yaml~'));
    write(join(at, 'fleet/customers/acme.yaml'), named('Two'));
    rmSync(join(at, 'fleet/customers/acme.yaml~'));
  }),
  plain('a file is deleted and made again', (at) => {
    rmSync(join(at, 'fleet/customers/acme.yaml'));
    write(join(at, 'fleet/customers/acme.yaml'), named('Two'));
  }),
  plain(
    'a file moves into directories that did not exist',
    (at) => {
      rmSync(join(at, 'fleet/customers/acme.yaml'));
      write(join(at, 'fleet/customers/eu/north/acme.yaml'), named('Two'));
    },
    'customers/eu/north/acme.yaml',
  ),
])('when $reason', ({ lay, swap, after }) => {
  test('the new text is seen, and so is a later edit of it in place', async () => {
    const at = place();
    const watched = await begin(at, lay(at));
    swap(at);
    await watched.sees(['acme Two']);
    writeFileSync(join(at, after), named('Three'));
    await watched.sees(['acme Three']);
  });
});

test('an edit in place that keeps size and time of a file is seen', async () => {
  const at = place();
  const file = join(at, 'customers/acme.yaml');
  write(file, named('One'));
  const watched = await begin(at);
  const { atime, mtime } = statSync(file);
  writeFileSync(file, named('Two'));
  utimesSync(file, atime, mtime);
  await watched.sees(['acme Two']);
});

test('a file that is taken away is no longer declared, and its return is seen', async () => {
  const at = place();
  write(join(at, 'customers/acme.yaml'), named('One'));
  write(join(at, 'customers/bolt.yaml'), named('Bolt', 'bolt'));
  const watched = watchWorkspace(at);
  await watched.sees(['acme One', 'bolt Bolt']);
  rmSync(join(at, 'customers/bolt.yaml'));
  await watched.sees(['acme One']);
  write(join(at, 'customers/bolt.yaml'), named('Bolt', 'bolt'));
  await watched.sees(['acme One', 'bolt Bolt']);
});

test('five hundred files that come at once are all seen', async () => {
  const at = place();
  write(join(at, 'customers/acme.yaml'), named('One'));
  const watched = await begin(at);
  const ids = Array.from({ length: 500 }, (_, index) => `many-${String(index).padStart(3, '0')}`);
  for (const id of ids) write(join(at, `customers/${id}.yaml`), named('Many', id));
  await watched.sees(['acme One', ...ids.map((id) => `${id} Many`)]);
});

test('a workspace that is not there yet is waited for, then customers/ in it, then a file', async () => {
  const at = place();
  const watched = watchWorkspace(join(at, 'fleet'));
  expect(await watched.loads()).toEqual(['UnreadableWorkspace']);
  mkdirSync(join(at, 'fleet'));
  await watched.sees(['NoCustomers']);
  mkdirSync(join(at, 'fleet/customers'));
  write(join(at, 'fleet/customers/acme.yaml'), named('One'));
  await watched.sees(['acme One']);
});

test('a workspace that disappears is unknown, not empty, and is watched again when it is back', async () => {
  const at = place();
  write(join(at, 'fleet/customers/acme.yaml'), named('One'));
  const watched = await begin(at, join(at, 'fleet'));
  rmSync(join(at, 'fleet'), { recursive: true });
  await watched.sees(['UnreadableWorkspace']);
  write(join(at, 'fleet/customers/acme.yaml'), named('Two'));
  await watched.sees(['acme Two']);
  writeFileSync(join(at, 'fleet/customers/acme.yaml'), named('Three'));
  await watched.sees(['acme Three']);
});

test('a replaced reconcile.yaml is seen, a linked one too', async () => {
  const at = place();
  write(join(at, 'customers/acme.yaml'), named('One'));
  const watched = await begin(at);
  write(join(at, 'reconcile.yaml.new'), 'guards: { freeze: true }\n');
  renameSync(join(at, 'reconcile.yaml.new'), join(at, 'reconcile.yaml'));
  await watched.sees(['frozen', 'acme One']);
  write(join(at, 'elsewhere/reconcile.yaml'), 'guards: { freeze: false }\n');
  swapLink(join(at, 'reconcile.yaml'), 'elsewhere/reconcile.yaml');
  await watched.sees(['acme One']);
});

test('a half-written file freezes its customer and nothing else, until it is whole', async () => {
  const at = place();
  const file = join(at, 'customers/acme.yaml');
  write(file, named('One'));
  write(join(at, 'customers/bolt.yaml'), named('Bolt', 'bolt'));
  const watched = watchWorkspace(at, 600_000);
  await watched.sees(['acme One', 'bolt Bolt']);
  writeFileSync(file, 'externalId: acme\nname: T');
  await watched.sees(['bolt Bolt', 'acme FileChanging']);
  appendFileSync(file, 'wo\n');
  await watched.sees(['acme Two', 'bolt Bolt']);
});

test('a file whose last line has no end is taken by itself once it stood still', async () => {
  const at = place();
  write(join(at, 'customers/acme.yaml'), named('One'));
  const watched = await begin(at);
  writeFileSync(join(at, 'customers/acme.yaml'), 'externalId: acme\nname: Two');
  await watched.sees(['acme Two']);
});

test('what we write ourselves changes nothing that a pass works from', async () => {
  const at = place();
  write(join(at, 'customers/acme.yaml'), named('One'));
  write(join(at, 'reconcile.yaml'), 'status: { store: inline }\n');
  const watched = await begin(at);
  expect(await watched.changes()).toEqual([['acme'], true]);
  const statuses = createInlineStatusStore({
    workspaceDirectory: at,
    fileSystem: nodeFileSystem,
    chance: systemChance,
  });
  const acme = { externalId: 'acme', file: 'customers/acme.yaml' };
  expect(await statuses.write(acme, { phase: 'Ready' })).toMatchObject({ ok: true });
  expect(await statuses.write({ externalId: null, file: 'reconcile.yaml' }, { webhooks: [] })).toMatchObject({
    ok: true,
  });
  write(join(at, 'status/acme.yaml'), 'status: { phase: Ready }\n');
  write(join(at, '.reconcile/journal.jsonl'), '{}\n');
  expect(await watched.hints.next(patienceMs, AbortSignal.timeout(patienceMs))).toBe(true);
  expect(await watched.changes()).toEqual([[], false]);
  writeFileSync(join(at, 'customers/acme.yaml'), named('Two'));
  await watched.sees(['acme Two']);
});

test('files of ours and of a repository around the workspace are not even watched', async () => {
  const at = place();
  write(join(at, 'customers/acme.yaml'), named('One'));
  const watched = await begin(at);
  for (const path of ['.git/index', '.reconcile/journal.jsonl', 'node_modules/x/y.yaml', 'status/acme.yaml'])
    write(join(at, path), 'x\n');
  // The next thing that is told is an edit, and it is the only one.
  await watched.changes();
  writeFileSync(join(at, 'customers/acme.yaml'), named('Two'));
  expect(await watched.hints.next(patienceMs, AbortSignal.timeout(patienceMs))).toBe(true);
  expect(await watched.changes()).toEqual([['acme'], false]);
});

test('where the system has no watches left, files are looked at instead, and it is said once', async () => {
  const at = place();
  write(join(at, 'customers/acme.yaml'), named('One'));
  const warnings: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => warnings.push(line) });
  const exhausted: typeof watch = (paths, options) => {
    const watcher = watch(paths, options?.usePolling ? options : { ...options, ignored: () => true });
    if (!options?.usePolling)
      queueMicrotask(() => watcher.emit('error', Object.assign(new Error('no space'), { code: 'ENOSPC' })));
    return watcher;
  };
  const hints = watchFiles(at, log, { ...quick, watch: exhausted });
  open.push(hints);
  expect(await hints.next(patienceMs, AbortSignal.timeout(patienceMs))).toBe(true);
  await drain(hints);
  write(join(at, 'customers/bolt.yaml'), named('Bolt', 'bolt'));
  expect(await hints.next(patienceMs, AbortSignal.timeout(patienceMs))).toBe(true);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('the system has no watches left');
});

test('a stop ends the wait for a hint at once', async () => {
  const at = place();
  const hints = watchFiles(at, silent, quick);
  open.push(hints);
  await drain(hints);
  const stop = new AbortController();
  const waiting = hints.next(patienceMs, stop.signal);
  stop.abort();
  expect(await waiting).toBe(false);
  expect(await hints.next(patienceMs, stop.signal)).toBe(false);
});

/** Uses up the hints that the beginning of the watching and its aftermath make. */
async function drain(hints: Hints): Promise<void> {
  while (await hints.next(2 * quick.aftermathMs, AbortSignal.timeout(patienceMs)));
}

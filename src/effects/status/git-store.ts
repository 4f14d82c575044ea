import { join } from 'node:path';
import { canonicalJson, type Json } from '../../core/canonical.ts';
import { mergeCustomerStatus, mergeFleetStatus } from '../../core/status-merge.ts';
import { readStatus, spliceStatus } from '../../core/status-splice.ts';
import type { Clock } from '../clock.ts';
import { type Disk, failedTo, removeFile } from '../durable-file.ts';
import { unless } from '../errno.ts';
import { createDirectoryStatusStore, statusFileHeader, statusFileName } from './directory-store.ts';
import type { BranchChanges, SeenBranch, StatusBranch } from './status-branch.ts';
import type { DiscardingStatusStore, StatusResult, StatusTarget } from './store.ts';
import { decode } from './text-file.ts';

export interface GitStatusStoreOptions extends Disk {
  readonly branch: StatusBranch;
  readonly clock: Pick<Clock, 'now'>;
  /** Absolute. What is not pushed yet lies here, so that neither a crash nor a remote that is away loses it. */
  readonly pendingDirectory: string;
}

type Seen = SeenBranch & { readonly kind: 'seen' };
type Document = { readonly [key: string]: Json };

/** Somebody else pushes at the same time, again and again: then the next pass goes on. */
const ATTEMPTS = 10;

const FLEET = statusFileName({ externalId: null });

/**
 * Status on a branch of its own, `status/<externalId>.yaml` and `status/_fleet.yaml`: one commit a pass, pushed, never
 * forced. What is written waits in a directory of its own until it is pushed. Made anew for each pass, which looks at the
 * remote once, at its first read. Two writers, a remote that is away: docs/decisions/0007-status-on-a-branch.md.
 */
export function createGitStatusStore({
  branch,
  clock,
  pendingDirectory,
  ...disk
}: GitStatusStoreOptions): DiscardingStatusStore {
  const pending = createDirectoryStatusStore({ ...disk, directory: pendingDirectory });
  let looking: Promise<SeenBranch> | null = null;
  const seenBranch = (): Promise<SeenBranch> => {
    looking ??= branch.look();
    return looking;
  };

  /** What waits here, over what the branch holds. */
  async function recorded(target: StatusTarget, seen: Seen): Promise<StatusResult<unknown>> {
    const name = statusFileName(target);
    const published = publishedIn(seen, name);
    if (!published.ok) return published;
    const waiting = await pending.read(target);
    if (!waiting.ok || !isDocument(waiting.value)) return waiting.ok ? published : waiting;
    return { ok: true, value: merged(name, waiting.value, published.value) };
  }

  /** Makes commits until one is pushed or there is nothing left to push. */
  async function publish(changesOver: (seen: Seen) => Promise<Planned>): Promise<StatusResult<void>> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const seen = await seenBranch();
      if (seen.kind === 'unknown') return failure(seen.message);
      const { changes, problem } = await changesOver(seen);
      if (changes.size === 0) {
        const why = problem ?? seen.offline;
        return why === null ? done : failure(why);
      }
      if (seen.offline !== null) return failure(seen.offline);
      const commit = await branch.commit(seen, changes, messageOf(changes), clock.now());
      if (!commit.ok) return failure(commit.message);
      const pushed = await branch.push(commit.stdout.toString('utf8').trim());
      // Whatever the answer was, the branch is looked at again: a push whose answer was lost is found done, one that
      // came second is made again on top of the first.
      looking = null;
      if (pushed.ok) return problem === null ? done : failure(problem);
      const now = await seenBranch();
      if (now.kind === 'seen' && now.offline === null && now.tip === seen.tip) return failure(pushed.message);
    }
    return failure('others push to it all the time');
  }

  /** What waits now, ready to be pushed; `taken` keeps the bytes of each file. */
  async function pendingChanges(seen: Seen, taken: Map<string, Uint8Array>): Promise<Planned> {
    const changes = new Map<string, string>();
    let problem: string | null = null;
    for (const name of waitingNames(disk, pendingDirectory)) {
      const text = disk.fileSystem.readFile(join(pendingDirectory, name));
      taken.set(name, text);
      const change = changeOf(seen, name, join(pendingDirectory, name), decode(text));
      if (!change.ok) problem = change.message;
      else if (change.value !== null) changes.set(name, change.value);
    }
    return { changes, problem };
  }

  return {
    async read(target) {
      const seen = await seenBranch();
      return seen.kind === 'seen' ? recorded(target, seen) : failure(seen.message);
    },
    async write(target, status) {
      const seen = await seenBranch();
      if (seen.kind === 'unknown') return failure(seen.message);
      const before = await recorded(target, seen);
      // A damaged record may hold what vetoes a write (I7); only a person may throw it away.
      if (!before.ok) return before;
      return canonicalJson(before.value) === canonicalJson(status) ? done : pending.write(target, status);
    },
    async commit() {
      try {
        const taken = new Map<string, Uint8Array>();
        const published = await publish((seen) => pendingChanges(seen, taken));
        if (!published.ok) return failure(published.message);
        // What was recorded meanwhile waits for the next commit: it may hold what vetoes a write (I7).
        for (const [name, bytes] of taken) {
          const path = join(pendingDirectory, name);
          if (
            isSame(
              bytes,
              unless(['ENOENT'], () => disk.fileSystem.readFile(path)),
            )
          )
            removeFile(disk.fileSystem, path);
        }
        return done;
      } catch (error) {
        return failure(failedTo(`read ${pendingDirectory}`, error).message);
      }
    },
    async discard(target) {
      const name = statusFileName(target);
      const published = await publish(async ({ files }) => ({
        changes: new Map(files.has(name) ? [[name, null]] : []),
        problem: null,
      }));
      return published.ok ? pending.discard(target) : published;
    },
    async prove() {
      const seen = await seenBranch();
      if (seen.kind === 'unknown') return failure(seen.message);
      if (seen.offline !== null) return failure(seen.offline);
      const proved = await branch.provePush(seen.tip);
      return proved.ok ? done : failure(proved.message);
    },
  };
}

function isSame(a: Uint8Array, b: Uint8Array | null): boolean {
  return b !== null && Buffer.compare(a, b) === 0;
}

/** What is to be pushed, and what could not be made ready for it. */
interface Planned {
  readonly changes: BranchChanges;
  readonly problem: string | null;
}

function waitingNames({ fileSystem }: Disk, directory: string): string[] {
  const entries = unless(['ENOENT'], () => fileSystem.readDirectory(directory)) ?? [];
  return entries
    .filter(({ name, kind }) => kind === 'file' && name.endsWith('.yaml'))
    .map(({ name }) => name)
    .toSorted();
}

function publishedIn({ folder, files }: Seen, name: string): StatusResult<unknown> {
  const text = files.get(name);
  if (text === undefined) return { ok: true, value: null };
  const found = readStatus(`${folder}${name}`, text);
  return found.ok ? { ok: true, value: found.status } : found;
}

/** The text that a waiting file becomes on the branch; null when the branch says the same already. */
function changeOf(seen: Seen, name: string, path: string, text: string): StatusResult<string | null> {
  const published = publishedIn(seen, name);
  if (!published.ok) return published;
  const waiting = readStatus(path, text);
  if (!waiting.ok) return waiting;
  if (!isDocument(waiting.status)) return { ok: true, value: null };
  const next = merged(name, waiting.status, published.value);
  if (canonicalJson(next) === canonicalJson(published.value)) return { ok: true, value: null };
  const spliced = spliceStatus(name, statusFileHeader, next);
  return spliced.ok ? { ok: true, value: spliced.text } : spliced;
}

function merged(name: string, ours: Document, theirs: unknown): Document {
  return name === FLEET ? mergeFleetStatus(ours, theirs) : mergeCustomerStatus(ours, theirs);
}

function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `[skip ci]`: a push of status must not start the workflow that recorded it. */
function messageOf(changes: BranchChanges): string {
  const names = Array.from(changes.keys(), (name) => (name === FLEET ? 'the fleet' : name.slice(0, -'.yaml'.length)));
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return `Record the status of ${names.slice(0, 3).join(', ')}${more} [skip ci]\n`;
}

const done: StatusResult<void> = { ok: true, value: undefined };

function failure(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}

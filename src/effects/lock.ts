import { chmodSync, readdirSync, renameSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import type { Chance } from './chance.ts';
import type { Clock } from './clock.ts';
import { failedTo } from './durable-file.ts';
import { unless } from './errno.ts';
import { type LockHolder, listenOn, probe } from './lock-socket.ts';
import { openSocketDirectory, type SocketDirectory } from './socket-directory.ts';

export interface LockOptions {
  /** The workspace's state directory, which must exist; the lock is the socket `lock` in it. */
  readonly directory: string;
  /** What this process does, for whoever finds the lock held: `reconcile --watch`. */
  readonly command: string;
  readonly clock: Clock;
  readonly chance: Chance;
}

export interface HeldLock {
  /** Lets the next one in. Repeating it does nothing; the end of the process does it too. */
  release(): void;
}

export type LockResult =
  | { readonly ok: true; readonly lock: HeldLock }
  /** `holder` is null when it does not answer, because it is stopped, busy or another user's. */
  | { readonly ok: false; readonly code: 'held'; readonly holder: LockHolder | null; readonly message: string }
  | { readonly ok: false; readonly code: 'failed'; readonly message: string };

const attemptsMax = 40;
const looksMax = 10;

/**
 * Makes this process the only writer of a workspace on this machine. The lock is a Unix socket, so that it is gone with
 * its process, kill -9 included: a refused connection means that nobody holds it any more. It protects files; what keeps
 * money safe does not depend on it.
 *
 * Who wants the lock first *claims*: a socket of its own name that answers already when it becomes visible. Then it looks
 * at everybody else's claim and, last, at the lock. Only who finds nobody alive renames the claim to `lock`, over a stale
 * one; of several that claim at the same time all but the lowest name step back, and that one looks again. Of any two, the
 * later one to become visible sees the other, so never do both go on; and nothing that lives is ever removed, because a
 * name that refuses once refuses for ever.
 */
export async function acquireLock(options: LockOptions): Promise<LockResult> {
  const opened = openSocketDirectory(options.directory);
  if (!opened.ok) return { ok: false, code: 'failed', message: opened.message };
  const { sockets } = opened;
  try {
    for (let attempt = 1; ; attempt++) {
      const outcome = await claimOnce(options, sockets);
      if ('lock' in outcome) return { ok: true, lock: outcome.lock };
      if (outcome.isFinal || attempt === attemptsMax) return heldBy(options.directory, outcome.holder);
      await pause(options);
    }
  } catch (error) {
    const { message } = failedTo(`take the lock ${join(options.directory, 'lock')}`, error);
    return { ok: false, code: 'failed', message };
  } finally {
    sockets.close();
  }
}

export type LockState =
  | { readonly kind: 'free' }
  /** `holder` is null when it does not answer. */
  | { readonly kind: 'held'; readonly holder: LockHolder | null }
  | { readonly kind: 'unknown'; readonly message: string };

/** Who writes in a workspace now. Takes nothing and leaves everything as it is. */
export async function inspectLock(directory: string): Promise<LockState> {
  const opened = openSocketDirectory(directory);
  if (!opened.ok) return { kind: 'unknown', message: opened.message };
  try {
    const found = await probe(opened.sockets.pathOf('lock'));
    return found.kind === 'alive' ? { kind: 'held', holder: found.holder } : { kind: 'free' };
  } finally {
    opened.sockets.close();
  }
}

/** Another process that wants the lock or, when that is final, has it. */
interface Other {
  readonly name: string;
  readonly holder: LockHolder | null;
  readonly isFinal: boolean;
}

async function claimOnce(options: LockOptions, sockets: SocketDirectory): Promise<Other | { readonly lock: HeldLock }> {
  const { directory } = options;
  const name = `lock-${options.chance.uuid().slice(0, 8)}`;
  const [hidden, claim, lock] = [join(directory, `.${name}`), join(directory, name), join(directory, 'lock')];
  const since = new Date(options.clock.now()).toISOString();
  const server = await listenOn(sockets.pathOf(`.${name}`), { pid: process.pid, since, command: options.command });
  let isHeld = false;
  try {
    // Missing when somebody tidied up and took it for a stray, in the moment before it answered.
    if (!unless(['ENOENT'], () => reveal(hidden, claim))) return { name, holder: null, isFinal: false };
    for (let look = 1; ; look++) {
      const other = await findOther(directory, sockets, name);
      if (!other) break;
      if (other.isFinal || other.name < name) return other;
      // It neither goes on nor steps back: it is stopped, and not for us to overtake.
      if (look === looksMax) return { ...other, isFinal: true };
      await pause(options);
    }
    renameSync(claim, lock);
    isHeld = true;
    return { lock: heldLock(server, lock) };
  } finally {
    if (!isHeld) withdraw(server, [hidden, claim]);
  }
}

function reveal(hidden: string, claim: string): true {
  chmodSync(hidden, 0o600);
  renameSync(hidden, claim);
  return true;
}

/**
 * Anybody else alive. The lock is asked last: a claimant that was missed because it was renaming its claim in that very
 * moment is found there. The dead are tidied away, but for the lock, which is replaced by whoever gets it.
 */
async function findOther(directory: string, sockets: SocketDirectory, own: string): Promise<Other | null> {
  let lowest: Other | null = null;
  for (const name of readdirSync(directory).filter((entry) => /^\.?lock-.{1,8}$/.test(entry) && entry !== own)) {
    const found = await probe(sockets.pathOf(name));
    if (found.kind === 'dead') unless(['ENOENT'], () => unlinkSync(join(directory, name)));
    // A hidden one has still to look around, and will find us.
    const isClaim = found.kind === 'alive' && !name.startsWith('.');
    if (isClaim && (lowest === null || name < lowest.name)) {
      lowest = { name, holder: found.holder, isFinal: false };
    }
  }
  const held = await probe(sockets.pathOf('lock'));
  return held.kind === 'alive' ? { name: 'lock', holder: held.holder, isFinal: true } : lowest;
}

/** Long enough for another process to go on; chance keeps two from going in step. */
function pause({ clock, chance }: LockOptions): Promise<void> {
  return clock.sleep(5 + chance.random() * 45);
}

function heldLock(server: Server, path: string): HeldLock {
  let isReleased = false;
  const release = (): void => {
    if (isReleased) return;
    isReleased = true;
    process.removeListener('exit', release);
    // Removed while it still answers: nobody can have put another one in its place.
    withdraw(server, [path]);
  };
  process.once('exit', release);
  return { release };
}

function withdraw(server: Server, paths: readonly string[]): void {
  for (const path of paths) unless(['ENOENT', 'EACCES', 'EROFS'], () => unlinkSync(path));
  server.close();
}

function heldBy(directory: string, holder: LockHolder | null): LockResult {
  const who = holder
    ? `process ${holder.pid} (${JSON.stringify(holder.command)}, since ${holder.since})`
    : 'a process that does not answer: it is stopped, busy or belongs to another user';
  const message = `another reconcile is writing to this workspace: ${join(directory, 'lock')} is held by ${who}. Wait until it is done, or stop it`;
  return { ok: false, code: 'held', holder, message };
}

import { resolve } from 'node:path';
import { emptyWorkspace } from '../core/declaration/read.ts';
import type { WorkspaceDeclaration } from '../core/declaration/workspace.ts';
import { Secret } from '../core/secret.ts';
import { systemChance } from '../effects/chance.ts';
import { systemClock } from '../effects/clock.ts';
import type { CircuitEvent } from '../effects/layers/circuit.ts';
import type { RequestEvent } from '../effects/layers/request.ts';
import { acquireLock, type HeldLock } from '../effects/lock.ts';
import { nodeFileSystem } from '../effects/node-filesystem.ts';
import { ensureWorkspaceState } from '../effects/workspace-state.ts';
import type { ProgressEvent } from '../engine/progress.ts';
import { type Listening, listen, openPersistentSandbox } from '../sandbox/index.ts';
import { clusterAccess } from './cluster.ts';
import { type Composed, compose } from './compose.ts';
import type { CommandContext } from './context.ts';
import { exitCodes } from './exit-code.ts';
import { logCircuit } from './log-circuit.ts';
import { fromFiles, type SourceOptions } from './source-options.ts';
import { runDirectoryOf } from './stores.ts';

export interface SessionOptions {
  readonly directory: string;
  readonly sandbox: boolean;
  /** Default: files. */
  readonly from?: SourceOptions;
  readonly dryRun: boolean;
  /** True for the daemon. */
  readonly watch?: boolean;
  /** What the lock says this process does. */
  readonly command: string;
  /** False for a command that writes no file but a line of the journal: it may run beside the daemon. */
  readonly lock?: boolean;
}

/** Is told what goes over the wire. */
export interface ApiListener {
  readonly onRequest: (event: RequestEvent) => void;
  readonly onCircuit: (event: CircuitEvent) => void;
}

/** A workspace, opened: the lock held, the API (or the sandbox) at hand. */
export interface Session {
  readonly composed: Composed;
  readonly directory: string;
  /** Tells another one of requests, beside the log. */
  followApi(listener: ApiListener): void;
  close(): Promise<void>;
}

export type SessionResult =
  | { readonly ok: true; readonly session: Session }
  | { readonly ok: false; readonly exitCode: number; readonly message: string };

/** Opens a workspace for a pass or for the daemon. A dry run takes no lock and makes no
 * file that is not there, but for the sandbox; where `.reconcile/` is, it leaves the plan that it showed there. */
export async function openSession(
  options: SessionOptions,
  context: CommandContext,
  onProgress: (event: ProgressEvent) => void,
): Promise<SessionResult> {
  const directory = resolve(options.directory);
  const { sandbox, dryRun } = options;
  const refuse = (message: string, exitCode: number = exitCodes.cannotRun): SessionResult => ({
    ok: false,
    exitCode,
    message,
  });
  const cluster = clusterAccess(options.from ?? fromFiles, context.environment);
  // With customers in a cluster nothing of ours is a file: no status, no journal, and so nothing that a lock protects.
  const writesFiles = sandbox || (!dryRun && !cluster.isSource);
  const state = writesFiles
    ? ensureWorkspaceState({ fileSystem: nodeFileSystem, chance: systemChance }, directory)
    : null;
  if (state && !state.ok) return refuse(state.message);
  const credentials = sandbox ? null : context.credentials();
  if (credentials && !credentials.ok) return refuse(credentials.message);

  const isLocked = !dryRun && options.lock !== false;
  const lock = !isLocked || !state ? null : await takeLock(state.directory, options.command);
  if (lock && !lock.ok) return refuse(`${lock.message}.`, exitCodes.lockNotObtained);
  const started = sandbox ? await startSandbox(directory) : null;
  const api = credentials ?? started;
  if (!api?.ok) {
    lock?.lock.release();
    return refuse(api?.message ?? 'There is no API to talk to.');
  }
  const listeners: ApiListener[] = [
    { onRequest: (event) => context.log.debug(event, 'request'), onCircuit: (event) => logCircuit(context.log, event) },
  ];
  const composed = compose({
    directory,
    sandbox,
    dryRun,
    watch: options.watch ?? false,
    baseUrl: api.baseUrl,
    token: api.token,
    environment: context.environment,
    cluster,
    // A single pass prints its report on stdout.
    writeJournal: (line) => (options.watch ? context.stdout(line) : context.stderr(line)),
    onAnnouncingTrouble: (message) => context.log.warn({ why: message }, 'an object cannot be told what became of it'),
    onProgress,
    signal: context.stop,
    onRequest(event) {
      for (const listener of listeners) listener.onRequest(event);
    },
    onCircuit(event) {
      for (const listener of listeners) listener.onCircuit(event);
    },
  });
  return {
    ok: true,
    session: {
      composed,
      directory,
      followApi: (listener) => listeners.push(listener),
      async close() {
        await composed.close();
        await cluster.close();
        if (started?.ok) await started.server.close();
        lock?.lock.release();
      },
    },
  };
}

/** Which stores to use; a reconcile.yaml that is not valid is refused by the pass itself, before any of them is used. */
export async function workspaceOf(session: Session): Promise<WorkspaceDeclaration> {
  const loaded = await session.composed.source.loadWorkspace();
  return loaded.ok ? loaded.workspace.declaration : emptyWorkspace().declaration;
}

async function takeLock(
  directory: string,
  command: string,
): Promise<{ readonly ok: true; readonly lock: HeldLock } | { readonly ok: false; readonly message: string }> {
  return acquireLock({ directory, command, clock: systemClock, chance: systemChance });
}

type StartedSandbox =
  | { readonly ok: true; readonly baseUrl: string; readonly token: () => Secret; readonly server: Listening }
  | { readonly ok: false; readonly message: string };

async function startSandbox(directory: string): Promise<StartedSandbox> {
  try {
    const sandbox = openPersistentSandbox(runDirectoryOf(directory, true));
    const server = await listen(sandbox);
    return { ok: true, baseUrl: server.url, token: () => new Secret(sandbox.parent().token), server };
  } catch (error) {
    // A damaged state file, or a disk that refuses: the sandbox says which, and what to do.
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

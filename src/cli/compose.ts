import { join, resolve } from 'node:path';
import type { WorkspaceDeclaration } from '../core/declaration/workspace.ts';
import { KEY_NAMESPACE } from '../core/idempotency.ts';
import type { Secret } from '../core/secret.ts';
import { nameUuid, sha256, systemChance } from '../effects/chance.ts';
import { systemClock } from '../effects/clock.ts';
import type { Disk } from '../effects/durable-file.ts';
import { createFileJournal } from '../effects/file-journal.ts';
import { createGit } from '../effects/git.ts';
import type { RequestEvent } from '../effects/layers/call.ts';
import { type CircuitEvent, createCircuit } from '../effects/layers/circuit.ts';
import { createLayersClient, createLayersReader } from '../effects/layers/layers-client.ts';
import { createPacer, type Pacer } from '../effects/layers/pacer.ts';
import { createUndiciTransport } from '../effects/layers/undici-transport.ts';
import { nodeFileSystem } from '../effects/node-filesystem.ts';
import { createAgeEncoding } from '../effects/secrets/age-encoding.ts';
import { plainEncoding, type SecretEncoding } from '../effects/secrets/encoding.ts';
import { createFileSecretStore } from '../effects/secrets/file-store.ts';
import { isIgnoredByGit, isTrackedByGit } from '../effects/secrets/git-tracked.ts';
import { refusalInCi } from '../effects/secrets/passing-disk.ts';
import { createRefusingSecretStore } from '../effects/secrets/refusing-store.ts';
import type { SecretStore } from '../effects/secrets/store.ts';
import { createDirectorySource } from '../effects/source/directory-source.ts';
import type { DeclarationSource } from '../effects/source/source.ts';
import { createDirectoryStatusStore } from '../effects/status/directory-store.ts';
import { createGitStatusStore } from '../effects/status/git-store.ts';
import { createInlineStatusStore } from '../effects/status/inline-store.ts';
import { createStatusBranch } from '../effects/status/status-branch.ts';
import type { DiscardingStatusStore } from '../effects/status/store.ts';
import { stateDirectoryOf } from '../effects/workspace-state.ts';
import type { Effects } from '../engine/context.ts';
import type { ProgressEvent } from '../engine/progress.ts';

export interface ComposeOptions {
  /** The workspace, absolute. */
  readonly directory: string;
  /** Everything of ours goes below `.reconcile/sandbox/`, so that trying leaves no trace in the user's files. */
  readonly sandbox: boolean;
  /** A dry run is given a client without write methods. */
  readonly dryRun: boolean;
  /** A daemon: it reads files while others write them, and does not go on asking an API that is away. */
  readonly watch: boolean;
  readonly onCircuit: (event: CircuitEvent) => void;
  readonly baseUrl: string;
  /** Asked anew for each request, so that a token file may change under a running daemon. */
  readonly token: () => Secret;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onRequest: (event: RequestEvent) => void;
  readonly onProgress: (event: ProgressEvent) => void;
  /** Ends waits for the rate limit; requests on the wire run to their end. */
  readonly signal: AbortSignal;
}

/** One connection to the API, for the life of the process; effects are made from it for each pass. */
export interface Composed {
  /** Real effects behind everything the engine touches, with the stores that this workspace asks for. */
  effectsFor(workspace: WorkspaceDeclaration): Effects;
  readonly source: DeclarationSource;
  readonly pacer: Pacer;
  close(): Promise<void>;
}

/** The real disk. */
export const disk: Disk = { fileSystem: nodeFileSystem, chance: systemChance };

/** Where this run keeps its journal, and, in the sandbox, everything else too. */
export function runDirectoryOf(directory: string, sandbox: boolean): string {
  const state = stateDirectoryOf(directory);
  return sandbox ? join(state, 'sandbox') : state;
}

export function sourceOf(directory: string): DeclarationSource {
  return createDirectorySource({ workspaceDirectory: directory, clock: systemClock });
}

/** For a daemon: a file that is being written is left alone until it is whole. */
function settledSourceOf(directory: string): DeclarationSource {
  const settling = { clock: systemClock };
  return createDirectorySource({ workspaceDirectory: directory, clock: systemClock, settling });
}

/** The place status goes to (design 5); without asking the remote, what of it was fetched before. Made anew for each pass: what is published elsewhere is looked at once. */
export function statusStoreOf(
  directory: string,
  sandbox: boolean,
  workspace: WorkspaceDeclaration,
  environment: ComposeOptions['environment'],
  remoteIsAsked = true,
): DiscardingStatusStore {
  if (sandbox)
    return createDirectoryStatusStore({ ...disk, directory: join(runDirectoryOf(directory, true), 'status') });
  const { store, directory: statusDirectory, branch = 'reconcile-status', remote = 'origin' } = workspace.status;
  if (store === 'directory' && statusDirectory !== undefined)
    return createDirectoryStatusStore({ ...disk, directory: resolve(directory, statusDirectory) });
  if (store === 'git')
    return createGitStatusStore({
      ...disk,
      branch: createStatusBranch({ git: createGit({ directory, environment }), remote, branch, remoteIsAsked }),
      clock: systemClock,
      pendingDirectory: join(stateDirectoryOf(directory), 'status'),
    });
  return createInlineStatusStore({ ...disk, workspaceDirectory: directory });
}

/** Where secrets lie, plain or encrypted; absolute. */
export function secretsDirectoryOf(directory: string, sandbox: boolean, workspace: WorkspaceDeclaration): string {
  const chosen = sandbox ? undefined : workspace.secrets.directory;
  return resolve(directory, chosen ?? join(runDirectoryOf('', sandbox), 'secrets'));
}

/** The place secrets go to (design 6). */
function secretStoreOf(options: ComposeOptions, workspace: WorkspaceDeclaration): SecretStore {
  const { directory, sandbox, environment } = options;
  const chosen = workspace.secrets.directory;
  const refusal = sandbox ? null : refusalInCi(environment, chosen);
  if (refusal !== null) return createRefusingSecretStore(refusal);
  const display = sandbox || chosen === undefined ? join(runDirectoryOf('', sandbox), 'secrets') : chosen;
  return createFileSecretStore({
    ...disk,
    directory: secretsDirectoryOf(directory, sandbox, workspace),
    displayDirectory: display,
    isTracked: isTrackedByGit,
    // What the sandbox writes is never committed, encrypted or not.
    ...(sandbox ? {} : { isIgnored: isIgnoredByGit }),
    encoding: secretEncodingOf(workspace, environment),
  });
}

function secretEncodingOf(
  { secrets: { store, recipients } }: WorkspaceDeclaration,
  environment: ComposeOptions['environment'],
): SecretEncoding {
  if (store === 'file' || recipients === undefined) return plainEncoding;
  const identityFile = environment['RECONCILE_AGE_IDENTITY_FILE'] ?? '';
  return createAgeEncoding({
    recipients,
    identityFile: identityFile === '' ? null : resolve(identityFile),
    fileSystem: nodeFileSystem,
  });
}

export function compose(options: ComposeOptions): Composed {
  const { directory, sandbox } = options;
  const transport = createUndiciTransport({ baseUrl: options.baseUrl });
  const pacer = createPacer({ clock: systemClock, chance: systemChance });
  const source = options.watch ? settledSourceOf(directory) : sourceOf(directory);
  const requests = { read: 0, write: 0 };
  const clientOptions = {
    transport,
    pacer,
    token: options.token,
    clock: systemClock,
    chance: systemChance,
    signal: options.signal,
    ...(options.watch
      ? { circuit: createCircuit({ clock: systemClock, chance: systemChance, onEvent: options.onCircuit }) }
      : {}),
    onRequest: (event: RequestEvent) => {
      requests[event.requestClass] += 1;
      options.onRequest(event);
    },
  };
  const client = options.dryRun ? null : createLayersClient(clientOptions);
  const common = {
    reader: client ?? createLayersReader(clientOptions),
    writer: client,
    source,
    journal: createFileJournal(join(runDirectoryOf(directory, sandbox), 'journal.jsonl'), nodeFileSystem),
    clock: systemClock,
    chance: systemChance,
    hash: sha256,
    nameUuid: (name: string) => nameUuid(KEY_NAMESPACE, name),
    progress: options.onProgress,
  };
  return {
    source,
    pacer,
    effectsFor(workspace) {
      const before = { ...requests };
      return {
        ...common,
        statuses: statusStoreOf(directory, sandbox, workspace, options.environment),
        secrets: secretStoreOf(options, workspace),
        requests: () => ({ read: requests.read - before.read, write: requests.write - before.write }),
      };
    },
    close: () => transport.close(),
  };
}

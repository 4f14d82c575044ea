import { join, resolve } from 'node:path';
import { canonicalJson } from '../core/canonical.ts';
import type { WorkspaceDeclaration } from '../core/declaration/workspace.ts';
import { Secret } from '../core/secret.ts';
import type { SourcedWorkspace, SourceProblem } from '../core/source.ts';
import { systemChance } from '../effects/chance.ts';
import { systemClock } from '../effects/clock.ts';
import type { Disk } from '../effects/durable-file.ts';
import { createGit } from '../effects/git.ts';
import { nodeFileSystem } from '../effects/node-filesystem.ts';
import { createAgeEncoding } from '../effects/secrets/age-encoding.ts';
import { createStoreProgram } from '../effects/secrets/command-program.ts';
import { createCommandSecretStore } from '../effects/secrets/command-store.ts';
import { plainEncoding, type SecretEncoding } from '../effects/secrets/encoding.ts';
import { createFileSecretStore } from '../effects/secrets/file-store.ts';
import { programProblem } from '../effects/secrets/find-program.ts';
import { isIgnoredByGit, isTrackedByGit } from '../effects/secrets/git-tracked.ts';
import { createKubernetesSecretStore } from '../effects/secrets/kubernetes-store.ts';
import { refusalInCi } from '../effects/secrets/passing-disk.ts';
import { createRefusingSecretStore } from '../effects/secrets/refusing-store.ts';
import type { SecretStore } from '../effects/secrets/store.ts';
import { createVaultSecretStore } from '../effects/secrets/vault-store.ts';
import { createDirectoryStatusStore } from '../effects/status/directory-store.ts';
import { createGitStatusStore } from '../effects/status/git-store.ts';
import { createInlineStatusStore } from '../effects/status/inline-store.ts';
import { createKubernetesStatusStore } from '../effects/status/kubernetes-store.ts';
import { createRefusingStatusStore } from '../effects/status/refusing-store.ts';
import { createStatusBranch } from '../effects/status/status-branch.ts';
import type { DiscardingStatusStore } from '../effects/status/store.ts';
import { vaultConnection } from '../effects/vault/connection.ts';
import { createVaultKv } from '../effects/vault/kv.ts';
import { createVaultSession } from '../effects/vault/session.ts';
import { createVaultWire } from '../effects/vault/wire.ts';
import { stateDirectoryOf } from '../effects/workspace-state.ts';
import type { ClusterAccess } from './cluster.ts';

/** The real disk. */
export const disk: Disk = { fileSystem: nodeFileSystem, chance: systemChance };

/** A workspace as a command opens it. */
export interface Place {
  /** Absolute. */
  readonly directory: string;
  /** Everything of ours goes below `.reconcile/sandbox/`, so that trying leaves no trace in the user's files. */
  readonly sandbox: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cluster: ClusterAccess;
}

/** Where this run keeps its journal, and, in the sandbox, everything else too. */
export function runDirectoryOf(directory: string, sandbox: boolean): string {
  const state = stateDirectoryOf(directory);
  return sandbox ? join(state, 'sandbox') : state;
}

/**
 * The place status goes to (design 5); without asking the remote, what of it was fetched before. Made anew for each pass:
 * what is published elsewhere is looked at once.
 */
export function statusStoreOf(
  { directory, sandbox, environment, cluster }: Place,
  { status }: WorkspaceDeclaration,
  remoteIsAsked = true,
): DiscardingStatusStore {
  if (sandbox)
    return createDirectoryStatusStore({ ...disk, directory: join(runDirectoryOf(directory, true), 'status') });
  const { store, directory: statusDirectory, branch = 'reconcile-status', remote = 'origin' } = status;
  if (store === 'directory' && statusDirectory !== undefined)
    return createDirectoryStatusStore({ ...disk, directory: resolve(directory, statusDirectory) });
  if (store === 'git')
    return createGitStatusStore({
      ...disk,
      branch: createStatusBranch({ git: createGit({ directory, environment }), remote, branch, remoteIsAsked }),
      clock: systemClock,
      pendingDirectory: join(stateDirectoryOf(directory), 'status'),
    });
  // The declaration's own place: of an object its status, of a file the block at its end.
  if (cluster.isSource) return statusInCluster(cluster);
  if (store === 'kubernetes') return createRefusingStatusStore(noObjects);
  return createInlineStatusStore({ ...disk, workspaceDirectory: directory });
}

const noObjects =
  'status.store: kubernetes keeps status in the object of a customer, and these customers are files. Add --source kubernetes, or choose another store';

function statusInCluster(cluster: ClusterAccess): DiscardingStatusStore {
  const opened = cluster.open();
  if (!opened.ok) return createRefusingStatusStore(withoutStop(opened.message));
  const { client, namespace } = opened.cluster;
  return createKubernetesStatusStore({ client, namespace });
}

/** Where secrets lie, plain or encrypted; absolute. */
export function secretsDirectoryOf(directory: string, sandbox: boolean, workspace: WorkspaceDeclaration): string {
  const chosen = sandbox ? undefined : workspace.secrets.directory;
  return resolve(directory, chosen ?? join(runDirectoryOf('', sandbox), 'secrets'));
}

/** The place secrets go to (design 6); the same store while a workspace says the same, since one may be logged in. */
export function secretStoresOf(place: Place): (workspace: WorkspaceDeclaration) => SecretStore {
  let latest: { readonly settings: string; readonly store: SecretStore } | null = null;
  return (workspace) => {
    const settings = canonicalJson(workspace.secrets);
    if (latest?.settings !== settings) latest = { settings, store: secretStoreOf(place, workspace) };
    return latest.store;
  };
}

function secretStoreOf(place: Place, workspace: WorkspaceDeclaration): SecretStore {
  const { directory, sandbox, environment } = place;
  if (workspace.secrets.store === 'kubernetes' && !sandbox) return secretsInCluster(place, workspace);
  if (workspace.secrets.store === 'vault' && !sandbox) return secretsInVault(place, workspace);
  if (workspace.secrets.store === 'command' && !sandbox) return secretsByProgram(place, workspace);
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

function secretsInCluster({ cluster }: Place, { secrets }: WorkspaceDeclaration): SecretStore {
  const opened = cluster.open();
  if (!opened.ok)
    return createRefusingSecretStore(`secrets.store: kubernetes cannot be used. ${withoutStop(opened.message)}`);
  const { client, namespace } = opened.cluster;
  return createKubernetesSecretStore({ client, namespace: secrets.namespace ?? namespace, chance: systemChance });
}

function secretsInVault({ directory, environment }: Place, { secrets }: WorkspaceDeclaration): SecretStore {
  const { address = '', mount = 'secret', path = 'layers', namespace, caFile, auth } = secrets;
  const absolute = (file: string | undefined) => (file === undefined ? undefined : resolve(directory, file));
  const settings = {
    address,
    namespace,
    caFile: absolute(caFile),
    auth: auth && { ...auth, tokenFile: absolute(auth.tokenFile) },
  };
  const session = createVaultSession({
    connect: () => vaultConnection(settings, { environment, fileSystem: nodeFileSystem }),
    openWire: createVaultWire,
    clock: systemClock,
  });
  const kv = createVaultKv({ session, mount, path });
  return createVaultSecretStore({ kv, place: `${mount}/${path}`, chance: systemChance });
}

function secretsByProgram({ directory, environment }: Place, { secrets }: WorkspaceDeclaration): SecretStore {
  const { command = [], environment: environmentNames = [] } = secrets;
  const program = createStoreProgram({ command, environmentNames, directory, environment, fileSystem: nodeFileSystem });
  return createCommandSecretStore({
    program,
    hidden: credentialsIn(environmentNames, environment),
    chance: systemChance,
  });
}

/** Values that a program is handed and might repeat, by the names that credentials have. */
function credentialsIn(names: readonly string[], environment: Place['environment']): readonly Secret[] {
  return names
    .filter((name) => /KEY|TOKEN|SECRET|PASS|CREDENTIAL/i.test(name) && !/_(FILE|PATH|DIR)$/i.test(name))
    .map((name) => new Secret(environment[name] ?? ''));
}

/** What is wrong with the program that keeps secrets, at its place in reconcile.yaml. */
export function secretProgramProblems(
  workspace: SourcedWorkspace,
  { directory, environment }: Pick<Place, 'directory' | 'environment'>,
  reach: Parameters<typeof programProblem>[2],
): readonly SourceProblem[] {
  const place = { directory, searchPath: environment['PATH'] ?? '', fileSystem: nodeFileSystem };
  const problem = programProblem(workspace, place, reach);
  return problem === null ? [] : [problem];
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

function secretEncodingOf(
  { secrets: { store, recipients } }: WorkspaceDeclaration,
  environment: Place['environment'],
): SecretEncoding {
  if (store !== 'age' || recipients === undefined) return plainEncoding;
  const identityFile = environment['RECONCILE_AGE_IDENTITY_FILE'] ?? '';
  return createAgeEncoding({
    recipients,
    identityFile: identityFile === '' ? null : resolve(identityFile),
    fileSystem: nodeFileSystem,
  });
}

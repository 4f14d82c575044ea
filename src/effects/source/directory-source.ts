import { resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { canonicalJson } from '../../core/canonical.ts';
import type { CustomerDeclaration } from '../../core/declaration/customer.ts';
import { applyDefaults } from '../../core/declaration/defaults.ts';
import { refuseEqualIdentities, type UnusableFile } from '../../core/declaration/identity.ts';
import { emptyWorkspace, readCustomer, readWorkspace } from '../../core/declaration/read.ts';
import { futureInstants, type GoodReading } from '../../core/declaration/reading.ts';
import type { WorkspaceDeclaration } from '../../core/declaration/workspace.ts';
import type { SourcedCustomer, SourcedWorkspace, SourceProblem } from '../../core/source.ts';
import { sha256 } from '../chance.ts';
import type { Clock } from '../clock.ts';
import type { FileSystem } from '../filesystem.ts';
import { nodeFileSystem } from '../node-filesystem.ts';
import { attempt } from './attempt.ts';
import { fileProblem, findCustomerFiles, unreadableWorkspace } from './find-files.ts';
import { readText } from './read-text.ts';
import { type CacheEntry, createReadingCache, type ReadingCache } from './reading-cache.ts';
import type { DeclarationSource, FleetLoad, WorkspaceLoad } from './source.ts';

export interface DirectorySourceOptions {
  /** Holds `customers/` and `reconcile.yaml`; may itself be a symbolic link that moves (git-sync). */
  readonly workspaceDirectory: string;
  /** Tells whether a declared time lies in the future. */
  readonly clock: Pick<Clock, 'now'>;
  /** The real disk when left out. */
  readonly fileSystem?: FileSystem;
}

const workspaceFile = 'reconcile.yaml';

/** After so many files that had to be parsed, other work gets its turn (a lease must be renewed meanwhile). */
const filesPerTurn = 16;

interface Source {
  readonly options: Required<DirectorySourceOptions>;
  readonly workspaces: ReadingCache<WorkspaceDeclaration, SourcedWorkspace>;
  readonly customers: ReadingCache<CustomerDeclaration, SourcedCustomer>;
  /** For a workspace without reconcile.yaml. */
  readonly defaultWorkspace: SourcedWorkspace;
}

/** Declarations from files. Every load reads every file again; only what a changed file says is parsed again. */
export function createDirectorySource(options: DirectorySourceOptions): DeclarationSource {
  const source: Source = {
    options: {
      fileSystem: nodeFileSystem,
      ...options,
      workspaceDirectory: resolve(options.workspaceDirectory),
    },
    workspaces: createReadingCache(readWorkspace),
    customers: createReadingCache(readCustomer),
    defaultWorkspace: sourcedWorkspace(emptyWorkspace()),
  };
  return {
    loadWorkspace: async () => loadWorkspace(source),
    loadFleet: (workspace) => loadFleet(source, workspace),
    reread: async (customer, workspace) => (isUnchanged(source, customer, workspace) ? 'same' : 'changed'),
  };
}

function loadWorkspace({ options, workspaces, defaultWorkspace }: Source): WorkspaceLoad {
  const { fileSystem, workspaceDirectory, clock } = options;
  const entries = attempt(() => fileSystem.readDirectory(workspaceDirectory));
  if (!entries.ok) return { ok: false, problems: [unreadableWorkspace(entries.failure)] };
  const names = entries.value.map(({ name }) => name);
  if (names.includes('reconcile.yml')) return { ok: false, problems: [misnamedWorkspace] };
  // Only a name that is not there at all means defaults: a dangling link must not switch the guards off.
  if (!names.includes(workspaceFile)) return { ok: true, workspace: defaultWorkspace };
  const text = readText(fileSystem, workspaceDirectory, workspaceFile);
  if ('problem' in text) return { ok: false, problems: [text.problem] };
  const { entry } = workspaces.read(workspaceFile, text.text);
  if (!entry.reading.ok) return { ok: false, problems: entry.reading.problems };
  const future = futureInstants(entry.reading, clock.now());
  if (future.length > 0) return { ok: false, problems: future };
  entry.sourced ??= sourcedWorkspace(entry.reading);
  return { ok: true, workspace: entry.sourced };
}

const misnamedWorkspace: SourceProblem = fileProblem('reconcile.yml', {
  code: 'MisnamedWorkspaceFile',
  message: 'The workspace file is called reconcile.yaml; its guards would not be read from this one.',
  hint: 'Rename it to reconcile.yaml.',
});

function sourcedWorkspace({ declaration, positions, status }: GoodReading<WorkspaceDeclaration>): SourcedWorkspace {
  return { declaration, file: workspaceFile, positions, hash: hashOf(declaration), status };
}

async function loadFleet({ options, customers: cache }: Source, workspace: SourcedWorkspace): Promise<FleetLoad> {
  const { fileSystem, workspaceDirectory, clock } = options;
  const found = findCustomerFiles(fileSystem, workspaceDirectory);
  if (!found.ok) return { ok: false, problems: [found.problem] };
  if (found.files.length + found.unusable.length === 0) return { ok: false, problems: [noCustomers] };

  const nowMs = clock.now();
  const customers: SourcedCustomer[] = [];
  const unusable: UnusableFile[] = [...found.unusable];
  let filesParsed = 0;
  for (const file of found.files) {
    const text = readText(fileSystem, workspaceDirectory, file);
    if ('problem' in text) {
      unusable.push({ file, claim: null, problems: [text.problem] });
      continue;
    }
    const { entry, parsed } = cache.read(file, text.text);
    if (parsed && ++filesParsed % filesPerTurn === 0) await nextTurn();
    const customer = sourcedCustomer(entry, file, workspace, nowMs);
    if ('problems' in customer) unusable.push(customer);
    else customers.push(customer);
  }
  cache.keepOnly(new Set(found.files));
  return { ok: true, fleet: refuseEqualIdentities(customers, unusable) };
}

const noCustomers: SourceProblem = fileProblem('customers', {
  code: 'NoCustomers',
  message:
    'There is no *.yaml or *.yml file below customers/. Nothing is done: an empty directory never means that there are ' +
    'no customers.',
  hint: 'Check the directory that -C names, and that the checkout is complete.',
});

function sourcedCustomer(
  entry: CacheEntry<CustomerDeclaration, SourcedCustomer>,
  file: string,
  workspace: SourcedWorkspace,
  nowMs: number,
): SourcedCustomer | UnusableFile {
  const { reading } = entry;
  if (!reading.ok) return { file, claim: reading.claim, problems: reading.problems };
  const future = futureInstants(reading, nowMs);
  if (future.length > 0) {
    const at = reading.positions.get('/externalId') ?? { line: 1, column: 1 };
    return { file, claim: { externalId: reading.declaration.externalId, at }, problems: future };
  }
  if (entry.sourced !== null && entry.workspace === workspace) return entry.sourced;
  const { declaration, origins } = applyDefaults(reading.declaration, workspace);
  const { positions, status } = reading;
  entry.workspace = workspace;
  entry.sourced = { declaration, file, positions, hash: hashOf(declaration), status, origins };
  return entry.sourced;
}

/** Also false when reconcile.yaml changed: its guards may have been tightened, or everything frozen. */
function isUnchanged(source: Source, customer: SourcedCustomer, workspace: SourcedWorkspace): boolean {
  const now = loadWorkspace(source);
  if (!now.ok || now.workspace.hash !== workspace.hash) return false;
  const { fileSystem, workspaceDirectory, clock } = source.options;
  const text = readText(fileSystem, workspaceDirectory, customer.file);
  if ('problem' in text) return false;
  const { entry } = source.customers.read(customer.file, text.text);
  const again = sourcedCustomer(entry, customer.file, workspace, clock.now());
  return !('problems' in again) && again.hash === customer.hash;
}

function hashOf(declaration: WorkspaceDeclaration | CustomerDeclaration): string {
  return sha256(canonicalJson(declaration));
}

import { resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { canonicalJson } from '../../core/canonical.ts';
import type { CustomerDeclaration } from '../../core/declaration/customer.ts';
import { refuseEqualIdentities, type UnusableFile } from '../../core/declaration/identity.ts';
import { emptyWorkspace, readCustomer, readWorkspace } from '../../core/declaration/read.ts';
import { futureInstants } from '../../core/declaration/reading.ts';
import type { WorkspaceDeclaration } from '../../core/declaration/workspace.ts';
import type { SourcedCustomer, SourcedWorkspace, SourceProblem } from '../../core/source.ts';
import type { Clock } from '../clock.ts';
import type { FileSystem } from '../filesystem.ts';
import { nodeFileSystem } from '../node-filesystem.ts';
import { attempt } from './attempt.ts';
import { fileProblem, findCustomerFiles, NO_CUSTOMERS_HINT, unreadableWorkspace } from './find-files.ts';
import { type FileText, readText } from './read-text.ts';
import { createReadingCache, type ReadingCache } from './reading-cache.ts';
import { createSettledFiles, type SettledFiles, type Settling, type Sighting } from './settled-files.ts';
import type { DeclarationSource, FleetLoad, WorkspaceLoad } from './source.ts';
import { claimOf, sourcedCustomer, sourcedWorkspace, workspaceFile } from './sourced.ts';

export interface DirectorySourceOptions {
  /** Holds `customers/` and `reconcile.yaml`; may itself be a symbolic link that moves (git-sync). */
  readonly workspaceDirectory: string;
  /** Tells whether a declared time lies in the future. */
  readonly clock: Pick<Clock, 'now'>;
  /** The real disk when left out. */
  readonly fileSystem?: FileSystem;
  /** For a daemon, which reads while others write; left out, what is read is believed. */
  readonly settling?: Settling;
}

/** After so many files that had to be parsed, other work gets its turn (a lease must be renewed meanwhile). */
const filesPerTurn = 16;

interface Source {
  readonly options: Required<Omit<DirectorySourceOptions, 'settling'>>;
  readonly workspaces: ReadingCache<WorkspaceDeclaration, SourcedWorkspace>;
  readonly customers: ReadingCache<CustomerDeclaration, SourcedCustomer>;
  /** For a workspace without reconcile.yaml. */
  readonly defaultWorkspace: SourcedWorkspace;
  /** Null: what is read is believed. */
  readonly settled: SettledFiles | null;
}

/** Declarations from files. Every load reads every file again; only what a changed file says is parsed again. */
export function createDirectorySource({ settling, ...options }: DirectorySourceOptions): DeclarationSource {
  const source: Source = {
    options: {
      fileSystem: nodeFileSystem,
      ...options,
      workspaceDirectory: resolve(options.workspaceDirectory),
    },
    workspaces: createReadingCache(readWorkspace),
    customers: createReadingCache(readCustomer),
    defaultWorkspace: sourcedWorkspace(emptyWorkspace()),
    settled: settling === undefined ? null : createSettledFiles(settling),
  };
  return {
    loadWorkspace: () => lookTwice(source, async () => settledWorkspace(source)),
    loadFleet: (workspace) => lookTwice(source, () => loadFleet(source, workspace)),
    reread: async (customer, workspace) => (isUnchanged(source, customer, workspace) ? 'same' : 'changed'),
  };
}

interface Look<T> {
  readonly load: T;
  /** Something in it was seen for the first time. */
  readonly isUnsettled: boolean;
}

/** What the first look found changed, the second one confirms; what it does not confirm stays frozen in this load. */
async function lookTwice<T>({ settled }: Source, look: () => Promise<Look<T>>): Promise<T> {
  const first = await look();
  if (settled === null || !first.isUnsettled) return first.load;
  const { clock, quietMs } = settled.settling;
  // A little longer, because a timer may fire a moment early.
  await clock.sleep(quietMs + 10);
  return (await look()).load;
}

function settledWorkspace(source: Source): Look<WorkspaceLoad> {
  const { load, text } = readWorkspaceFile(source);
  const meaning = load.ok ? load.workspace.hash : canonicalJson(load.problems);
  if (admits(source, workspaceFile, { isUsable: load.ok, meaning, claim: null, ...text }))
    return { load, isUnsettled: false };
  return { load: { ok: false, problems: [stillChanging(workspaceFile)] }, isUnsettled: true };
}

interface WorkspaceRead {
  readonly load: WorkspaceLoad;
  /** Empty when there is no such file. */
  readonly text: FileText;
}

const noText: FileText = { text: '', modifiedMs: 0 };

function readWorkspaceFile({ options, workspaces, defaultWorkspace }: Source): WorkspaceRead {
  const { fileSystem, workspaceDirectory, clock } = options;
  const refuse = (problems: readonly SourceProblem[], text = noText): WorkspaceRead => ({
    load: { ok: false, problems },
    text,
  });
  const entries = attempt(() => fileSystem.readDirectory(workspaceDirectory));
  if (!entries.ok) return refuse([unreadableWorkspace(entries.failure)]);
  const names = entries.value.map(({ name }) => name);
  if (names.includes('reconcile.yml')) return refuse([misnamedWorkspace]);
  // Only a name that is not there at all means defaults: a dangling link must not switch the guards off.
  if (!names.includes(workspaceFile)) return { load: { ok: true, workspace: defaultWorkspace }, text: noText };
  const text = readText(fileSystem, workspaceDirectory, workspaceFile);
  if ('problem' in text) return refuse([text.problem]);
  const { entry } = workspaces.read(workspaceFile, text.text);
  if (!entry.reading.ok) return refuse(entry.reading.problems, text);
  const future = futureInstants(entry.reading, clock.now());
  if (future.length > 0) return refuse(future, text);
  entry.sourced ??= sourcedWorkspace(entry.reading);
  return { load: { ok: true, workspace: entry.sourced }, text };
}

const misnamedWorkspace: SourceProblem = fileProblem('reconcile.yml', {
  code: 'MisnamedWorkspaceFile',
  message: 'The workspace file is called reconcile.yaml; its guards would not be read from this one.',
  hint: 'Rename it to reconcile.yaml.',
});

/** True when what a look at the file found may be worked from. */
function admits(
  { settled }: Source,
  file: string,
  { text, ...seen }: FileText & Pick<Sighting, 'isUsable' | 'meaning' | 'claim'>,
): boolean {
  if (settled === null) return true;
  const isOpen = text !== '' && !text.endsWith('\n');
  return settled.admit(file, { ...seen, length: text.length, isOpen });
}

function stillChanging(file: string): SourceProblem {
  return fileProblem(file, {
    code: 'FileChanging',
    message: 'This file has just changed, and may be half written; until it stays the same, nothing is done from it.',
    hint: 'Nothing to do: it is looked at again within seconds. A file that is renamed into place is taken at once.',
  });
}

/** How often a load begins anew because the whole tree was swapped under it. */
const swapsMax = 3;

async function loadFleet(source: Source, workspace: SourcedWorkspace): Promise<Look<FleetLoad>> {
  const { fileSystem, workspaceDirectory } = source.options;
  for (let swaps = 0; ; swaps += 1) {
    // One real path for the whole load: half a fleet of an old tree and half of a new one was never declared (I8).
    const root = attempt(() => fileSystem.realPath(workspaceDirectory));
    if (!root.ok) return { load: { ok: false, problems: [unreadableWorkspace(root.failure)] }, isUnsettled: false };
    const look = await lookAtFleet(source, root.value, workspace);
    const after = attempt(() => fileSystem.realPath(workspaceDirectory));
    if (swaps === swapsMax || (after.ok && after.value === root.value)) return look;
  }
}

async function lookAtFleet(source: Source, root: string, workspace: SourcedWorkspace): Promise<Look<FleetLoad>> {
  const { fileSystem, clock } = source.options;
  const found = findCustomerFiles(fileSystem, root);
  if (!found.ok) return { load: { ok: false, problems: [found.problem] }, isUnsettled: false };
  if (found.files.length + found.unusable.length === 0)
    return { load: { ok: false, problems: [noCustomers] }, isUnsettled: false };

  const nowMs = clock.now();
  const customers: SourcedCustomer[] = [];
  const unusable: UnusableFile[] = [...found.unusable];
  let filesParsed = 0;
  let isUnsettled = false;
  const freeze = (file: string, claim: UnusableFile['claim']): void => {
    unusable.push({ file, claim: claim ?? source.settled?.claimOf(file) ?? null, problems: [stillChanging(file)] });
    isUnsettled = true;
  };
  for (const file of found.files) {
    const read = readText(fileSystem, root, file);
    if ('problem' in read) {
      unusable.push({ file, claim: null, problems: [read.problem] });
      continue;
    }
    const { entry, parsed } = source.customers.read(file, read.text);
    if (parsed && ++filesParsed % filesPerTurn === 0) await nextTurn();
    const customer = sourcedCustomer(entry, file, workspace, nowMs);
    const isUsable = !('problems' in customer);
    const meaning = 'problems' in customer ? canonicalJson(customer.problems) : customer.hash;
    const claim = 'problems' in customer ? customer.claim : claimOf(customer);
    if (!admits(source, file, { isUsable, meaning, claim, ...read })) freeze(file, claim);
    else if ('problems' in customer) unusable.push(customer);
    else customers.push(customer);
  }
  const present = new Set([workspaceFile, ...found.files, ...found.unusable.map(({ file }) => file)]);
  for (const file of source.settled?.missing(present) ?? []) freeze(file, null);
  source.customers.keepOnly(present);
  return { load: { ok: true, fleet: refuseEqualIdentities(customers, unusable) }, isUnsettled };
}

const noCustomers: SourceProblem = fileProblem('customers', {
  code: 'NoCustomers',
  message:
    'There is no *.yaml or *.yml file below customers/. Nothing is done: an empty directory never means that there are ' +
    'no customers.',
  hint: NO_CUSTOMERS_HINT,
});

/** Also false when reconcile.yaml changed: its guards may have been tightened, or everything frozen. */
function isUnchanged(source: Source, customer: SourcedCustomer, workspace: SourcedWorkspace): boolean {
  const { load: now } = readWorkspaceFile(source);
  if (!now.ok || now.workspace.hash !== workspace.hash) return false;
  const { fileSystem, workspaceDirectory, clock } = source.options;
  const text = readText(fileSystem, workspaceDirectory, customer.file);
  if ('problem' in text) return false;
  const { entry } = source.customers.read(customer.file, text.text);
  const again = sourcedCustomer(entry, customer.file, workspace, clock.now());
  return !('problems' in again) && again.hash === customer.hash;
}

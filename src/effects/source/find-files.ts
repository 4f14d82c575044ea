import { join, sep } from 'node:path';
import type { UnusableFile } from '../../core/declaration/identity.ts';
import type { SourceProblem } from '../../core/source.ts';
import type { SystemFailure } from '../errno.ts';
import type { FileSystem } from '../filesystem.ts';
import { attempt } from './attempt.ts';

const mostFiles = 200_000;

export type FoundFiles =
  /** Paths relative to the workspace, with forward slashes, sorted; a file with several names counts once. */
  | { readonly ok: true; readonly files: readonly string[]; readonly unusable: readonly UnusableFile[] }
  | { readonly ok: false; readonly problem: SourceProblem };

interface Walk {
  readonly fileSystem: FileSystem;
  readonly workspace: string;
  /** The workspace without symbolic links: what a link points to must lie inside it. */
  readonly realRoot: string;
  /** Real paths, so that a file or directory reached by several names counts once. */
  readonly directoriesSeen: Set<string>;
  readonly filesSeen: Set<string>;
  readonly files: string[];
  readonly unusable: UnusableFile[];
  /** Links wait until everything real is known: the real name of a file wins over a link to it. */
  readonly links: string[];
}

/**
 * Every `*.yaml` and `*.yml` below `customers/`, in the order of their paths. Names that begin with a dot are ignored
 * (the `..data` of a ConfigMap among them); links are followed while their target lies inside the workspace.
 */
export function findCustomerFiles(fileSystem: FileSystem, workspace: string): FoundFiles {
  const root = attempt(() => fileSystem.realPath(workspace));
  if (!root.ok) return { ok: false, problem: unreadableWorkspace(root.failure) };
  const walk: Walk = {
    fileSystem,
    workspace,
    realRoot: root.value,
    directoriesSeen: new Set(),
    filesSeen: new Set(),
    files: [],
    unusable: [],
    links: [],
  };
  const start = resolveInside(walk, 'customers');
  if ('problem' in start) return { ok: false, problem: customersProblem(start.problem) };
  const listed = walkDirectory(walk, 'customers', start.real);
  if (listed !== null) return { ok: false, problem: customersProblem(listed) };
  // Grows while it is gone through: a link may lead to a directory with more of them.
  for (const link of walk.links) followLink(walk, link);
  if (walk.files.length > mostFiles) return { ok: false, problem: tooManyFiles() };
  return { ok: true, files: walk.files.toSorted(), unusable: walk.unusable };
}

/** The real path of something in the workspace, or why it may not be used. */
export function resolveInside(
  { fileSystem, workspace, realRoot }: Pick<Walk, 'fileSystem' | 'workspace' | 'realRoot'>,
  file: string,
): { readonly real: string } | { readonly problem: FileProblem } {
  const real = attempt(() => fileSystem.realPath(join(workspace, file)));
  if (!real.ok) return { problem: unreadable(real.failure) };
  if (real.value === realRoot || real.value.startsWith(realRoot + sep)) return { real: real.value };
  return { problem: outside };
}

export type FileProblem = Pick<SourceProblem, 'code' | 'message' | 'hint'>;

export function fileProblem(file: string, problem: FileProblem): SourceProblem {
  return { file, line: 1, column: 1, ...problem };
}

function walkDirectory(walk: Walk, start: string, realStart: string): FileProblem | null {
  const pending = [{ path: start, real: realStart }];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const { path, real } = directory;
    if (walk.directoriesSeen.has(real)) continue;
    walk.directoriesSeen.add(real);
    const entries = attempt(() => walk.fileSystem.readDirectory(real));
    if (!entries.ok) {
      if (path === start) return unreadable(entries.failure);
      walk.unusable.push(unusableFile(path, unreadable(entries.failure)));
      continue;
    }
    const sorted = entries.value.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name, kind } of sorted) {
      if (name.startsWith('.') || walk.files.length > mostFiles) continue;
      const entry = `${path}/${name}`;
      if (kind === 'directory') pending.push({ path: entry, real: join(real, name) });
      else if (kind === 'link') walk.links.push(entry);
      else if (isCustomerFile(name)) addFile(walk, entry, join(real, name), kind);
    }
  }
  return null;
}

function followLink(walk: Walk, path: string): void {
  const target = resolveInside(walk, path);
  const problem = 'problem' in target ? target.problem : enter(walk, path, target.real);
  if (problem !== null) walk.unusable.push(unusableFile(path, problem));
}

/** Takes what a link leads to; the answer is why it cannot be taken. */
function enter(walk: Walk, path: string, real: string): FileProblem | null {
  const facts = attempt(() => walk.fileSystem.stat(real));
  if (!facts.ok) return unreadable(facts.failure);
  if (facts.value.kind !== 'directory') {
    if (isCustomerFile(path)) addFile(walk, path, real, facts.value.kind);
    return null;
  }
  const parent = resolveInside(walk, path.slice(0, path.lastIndexOf('/')));
  const isLoop = 'real' in parent && (parent.real === real || parent.real.startsWith(real + sep));
  return isLoop ? directoryLoop : walkDirectory(walk, path, real);
}

function addFile(walk: Walk, file: string, real: string, kind: 'file' | 'other'): void {
  if (walk.filesSeen.has(real)) return;
  walk.filesSeen.add(real);
  if (kind === 'file') walk.files.push(file);
  else walk.unusable.push(unusableFile(file, notRegular));
}

function unusableFile(file: string, problem: FileProblem): UnusableFile {
  return { file, claim: null, problems: [fileProblem(file, problem)] };
}

function isCustomerFile(path: string): boolean {
  return path.endsWith('.yaml') || path.endsWith('.yml');
}

const outside: FileProblem = {
  code: 'OutsideWorkspace',
  message: 'This is a symbolic link to a place outside the workspace, which is not followed.',
  hint: 'Put the file into the workspace.',
};

const directoryLoop: FileProblem = {
  code: 'DirectoryLoop',
  message: 'This symbolic link leads back to a directory that contains it.',
  hint: 'Remove the link.',
};

export const notRegular: FileProblem = {
  code: 'NotARegularFile',
  message: 'This is not a regular file (a pipe, a device, a socket or a directory), so it is not read.',
  hint: 'Replace it by a file, or give it a name that does not end in .yaml or .yml.',
};

const hints: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'Check where the symbolic link points, or remove it.'],
  ['ELOOP', 'Remove the symbolic link, or let it point to a file.'],
  ['EACCES', 'Give the user who runs this permission to read it.'],
  ['EPERM', 'Give the user who runs this permission to read it.'],
]);

export function unreadable(failure: SystemFailure): FileProblem {
  return {
    code: 'UnreadableFile',
    message: `This cannot be read: ${failure.message}.`,
    hint: hints.get(failure.code) ?? 'Check the file and the disk, then run this again.',
  };
}

export function unreadableWorkspace(failure: SystemFailure): SourceProblem {
  return fileProblem('.', {
    code: 'UnreadableWorkspace',
    message: `The workspace cannot be read: ${failure.message}.`,
    hint: 'Name the directory that holds customers/ with -C.',
  });
}

function customersProblem({ code, message, hint }: FileProblem): SourceProblem {
  return fileProblem('customers', {
    code: code === 'UnreadableFile' ? 'NoCustomers' : code,
    message: `${message} Without customers/ nothing is done: a missing directory never means that there are no customers.`,
    hint: code !== 'UnreadableFile' && hint !== undefined ? hint : NO_CUSTOMERS_HINT,
  });
}

export const NO_CUSTOMERS_HINT =
  'Check the directory that -C names, and that the checkout is complete. `reconcile init` makes a new workspace.';

function tooManyFiles(): SourceProblem {
  return fileProblem('customers', {
    code: 'TooManyFiles',
    message: `There are more than ${mostFiles.toLocaleString('en-US')} customer files.`,
    hint: 'Check for a link or a mount that brought in a foreign tree.',
  });
}

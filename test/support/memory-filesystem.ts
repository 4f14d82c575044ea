import type { DirectoryEntry, FileFacts, FileSystem } from '../../src/effects/filesystem.ts';

export type OperationKind = keyof FileSystem;

/** One call of the file system, before it takes effect. */
export interface Operation {
  /** Ordinal over all operations since the file system was made, from 0. */
  readonly index: number;
  readonly kind: OperationKind;
  /** The path, or that of the open file. */
  readonly path: string;
}

/** What a hook makes of an operation; undefined lets it go on. A hook may also throw {@link crash}. */
export type Fault =
  | { readonly fail: string }
  /** A write takes only this many bytes. */
  | { readonly short: number }
  /** A write takes this many bytes, then the process dies. */
  | { readonly tear: number };

/** A change that no fsync has made durable yet. */
export interface PendingChange {
  readonly kind: 'entry' | 'data';
  readonly path: string;
}

/** A change that has just taken effect, for observers. */
export interface Effect {
  readonly kind: 'write' | 'rename' | 'unlink';
  /** Of a rename: the new path. */
  readonly path: string;
  /** What a write added. */
  readonly bytes: Uint8Array | null;
}

export interface MemoryFileSystem extends FileSystem {
  /** Called before each operation; crashes, fails or shortens it. */
  onOperation: ((operation: Operation) => Fault | undefined) | null;
  /** Called after each write, rename and unlink that took effect, torn ones included. */
  onEffect: ((effect: Effect) => void) | null;
  readonly operationCount: number;
  /** True after a crash: every operation throws until {@link restart}. */
  readonly isCrashed: boolean;
  /** The machine is up again; a mere crash of the process loses nothing that was written. */
  restart(): void;
  pendingChanges(): readonly PendingChange[];
  /** The power fails: of the pending changes only those survive for which `survives` says so. Data survives whole or torn in half. */
  losePower(survives: (change: PendingChange, index: number) => boolean | 'half'): void;
  clone(): MemoryFileSystem;
  /** Equal for two disks on which everything to come goes alike. Times are left out; so is what only a loss of power would tell, unless it is asked for. */
  fingerprint(options: { readonly powerMayFail: boolean }): string;
  /** Test set-up and inspection: durable at once, never counted, never failing on purpose. */
  plant(path: string, text: string | Uint8Array, mode?: number): void;
  plantDirectory(path: string, mode?: number): void;
  plantLink(path: string, target: string): void;
  /** Null when there is no such file. */
  textOf(path: string): string | null;
  /** Path and text of every file below a directory; empty when there is none. */
  textsBelow(path: string): readonly (readonly [string, string])[];
  modeOf(path: string): number;
  /** Path → text of every file, sorted. */
  files(): Readonly<Record<string, string>>;
}

interface FileNode {
  readonly kind: 'file';
  bytes: Uint8Array;
  length: number;
  durableLength: number;
  mode: number;
  modifiedMs: number;
}
interface DirectoryNode {
  readonly kind: 'directory';
  entries: Map<string, Node>;
  durable: Map<string, Node>;
  /** Entry changes since the directory was last synced, in order. A rename within one directory is one change. */
  pending: EntryChange[];
  mode: number;
}
interface LinkNode {
  readonly kind: 'link';
  readonly target: string;
}
type Node = FileNode | DirectoryNode | LinkNode;
interface EntryChange {
  readonly set: readonly (readonly [string, Node])[];
  readonly removed: readonly string[];
}

const crashed = new Error('the process was killed here');

/** Thrown by a hook to kill the process at an operation. */
export function crash(): never {
  throw crashed;
}

export function isCrash(error: unknown): boolean {
  return error === crashed;
}

/** Fails the nth operation (from 0) of a kind, once. */
export function failNth(kind: OperationKind, nth: number, code: string): (operation: Operation) => Fault | undefined {
  let seen = 0;
  return (operation) => (operation.kind === kind && seen++ === nth ? { fail: code } : undefined);
}

/** A file system in memory that fails, crashes and loses power on demand. It knows absolute paths only. */
export function createMemoryFileSystem(): MemoryFileSystem {
  return wrap(directoryNode(0o755));
}

function wrap(root: DirectoryNode): MemoryFileSystem {
  const open = new Map<number, { readonly node: FileNode; readonly path: string }>();
  let nextDescriptor = 3;
  let count = 0;
  let down = false;
  let tick = 1_700_000_000_000;

  /** Counts the operation, lets the hook have its way; returns how many bytes a write may take. */
  function begin(kind: OperationKind, path: string, size = 0): { readonly take: number; readonly die: boolean } {
    if (down) throw crashed;
    const index = count++;
    if (!self.onOperation) return { take: size, die: false };
    let fault: Fault | undefined;
    try {
      fault = self.onOperation({ index, kind, path });
    } catch (error) {
      if (error === crashed) down = true;
      throw error;
    }
    if (fault && 'fail' in fault) throw systemError(fault.fail, kind, path);
    if (fault && 'short' in fault) return { take: Math.min(size, fault.short), die: false };
    return fault ? { take: Math.min(size, fault.tear), die: true } : { take: size, die: false };
  }

  const self: MemoryFileSystem = {
    onOperation: null,
    onEffect: null,
    get operationCount() {
      return count;
    },
    get isCrashed() {
      return down;
    },
    restart() {
      down = false;
      open.clear();
    },

    readFile(path) {
      begin('readFile', path);
      const node = fileAt(root, path);
      return node.bytes.slice(0, node.length);
    },
    readDirectory(path) {
      begin('readDirectory', path);
      return [...directoryAt(root, path).entries].map(
        ([name, node]): DirectoryEntry => ({ name, kind: node.kind === 'link' ? 'link' : node.kind }),
      );
    },
    stat(path) {
      begin('stat', path);
      return factsOf(resolve(root, path));
    },
    realPath(path) {
      begin('realPath', path);
      return `/${resolve(root, path).trail.join('/')}`;
    },
    makeDirectory(path, mode) {
      begin('makeDirectory', path);
      const { parent, name } = placeOf(root, path);
      if (parent.entries.has(name)) throw systemError('EEXIST', 'makeDirectory', path);
      changeEntries(parent, { set: [[name, directoryNode(mode)]], removed: [] });
    },
    createExclusive(path, mode) {
      begin('createExclusive', path);
      const { parent, name } = placeOf(root, path);
      if (parent.entries.has(name)) throw systemError('EEXIST', 'createExclusive', path);
      const node = fileNode(mode, tick++);
      changeEntries(parent, { set: [[name, node]], removed: [] });
      return remember(node, path);
    },
    openAppend(path, mode) {
      begin('openAppend', path);
      const { parent, name } = placeOf(root, path);
      if (parent.entries.has(name)) return remember(fileAt(root, path), path);
      const node = fileNode(mode, tick++);
      changeEntries(parent, { set: [[name, node]], removed: [] });
      return remember(node, path);
    },
    write(descriptor, bytes) {
      const { node, path } = opened(descriptor);
      const { take, die } = begin('write', path, bytes.length);
      appendBytes(node, bytes.subarray(0, take));
      node.modifiedMs = tick++;
      self.onEffect?.({ kind: 'write', path, bytes: bytes.subarray(0, take) });
      if (die) {
        down = true;
        throw crashed;
      }
      return take;
    },
    fsync(descriptor) {
      const { node, path } = opened(descriptor);
      begin('fsync', path);
      node.durableLength = node.length;
    },
    close(descriptor) {
      const { path } = opened(descriptor);
      begin('close', path);
      open.delete(descriptor);
    },
    rename(from, to) {
      begin('rename', from);
      const source = placeOf(root, from);
      const target = placeOf(root, to);
      const node = source.parent.entries.get(source.name);
      if (!node) throw systemError('ENOENT', 'rename', from);
      const replaced = target.parent.entries.get(target.name);
      if (replaced?.kind === 'directory') throw systemError('EISDIR', 'rename', to);
      if (source.parent === target.parent) {
        changeEntries(source.parent, { set: [[target.name, node]], removed: [source.name] });
      } else {
        changeEntries(target.parent, { set: [[target.name, node]], removed: [] });
        changeEntries(source.parent, { set: [], removed: [source.name] });
      }
      self.onEffect?.({ kind: 'rename', path: to, bytes: null });
    },
    unlink(path) {
      begin('unlink', path);
      const { parent, name } = placeOf(root, path);
      const node = parent.entries.get(name);
      if (!node) throw systemError('ENOENT', 'unlink', path);
      if (node.kind === 'directory') throw systemError('EISDIR', 'unlink', path);
      changeEntries(parent, { set: [], removed: [name] });
      self.onEffect?.({ kind: 'unlink', path, bytes: null });
    },
    chmod(path, mode) {
      begin('chmod', path);
      const { node } = resolve(root, path);
      node.mode = mode;
    },
    fsyncDirectory(path) {
      begin('fsyncDirectory', path);
      const node = directoryAt(root, path);
      if (node.pending.length === 0) return;
      node.durable = new Map(node.entries);
      node.pending = [];
    },

    pendingChanges: () => collectPending(root).map(({ kind, path }) => ({ kind, path })),
    losePower(survives) {
      // Decided before anything is undone: the index is that of pendingChanges().
      const verdicts = collectPending(root).map((change, index) => ({ change, verdict: survives(change, index) }));
      for (const { change, verdict } of verdicts) {
        if (change.kind === 'data') settleData(change.node, verdict);
      }
      for (const directory of new Set(
        verdicts.flatMap(({ change }) => (change.kind === 'entry' ? [change.node] : [])),
      )) {
        const kept = verdicts.flatMap(({ change, verdict }) =>
          change.kind === 'entry' && change.node === directory && verdict !== false ? [change.change] : [],
        );
        settleEntries(directory, kept);
      }
      down = false;
      open.clear();
    },
    clone: () => wrap(cloneDirectory(root, new Map())),
    fingerprint: ({ powerMayFail }) => (powerMayFail ? describeDurably(root) : describe(root)),

    plant(path, text, mode = 0o644) {
      const parent = plantParents(root, path);
      const node = fileNode(mode, tick++);
      appendBytes(node, typeof text === 'string' ? new TextEncoder().encode(text) : text);
      node.durableLength = node.length;
      plantEntry(parent, path, node);
    },
    plantDirectory(path, mode = 0o755) {
      plantEntry(plantParents(root, path), path, directoryNode(mode));
    },
    plantLink(path, target) {
      plantEntry(plantParents(root, path), path, { kind: 'link', target });
    },
    textOf(path) {
      const node = nodeAt(root, path);
      return node?.kind === 'file' ? new TextDecoder().decode(node.bytes.subarray(0, node.length)) : null;
    },
    textsBelow(path) {
      const node = nodeAt(root, path);
      return node?.kind === 'directory' ? listFiles(node, path) : [];
    },
    modeOf: (path) => resolve(root, path).node.mode,
    files: () => Object.fromEntries(listFiles(root, '').toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };

  function remember(node: FileNode, path: string): number {
    open.set(nextDescriptor, { node, path });
    return nextDescriptor++;
  }

  function opened(descriptor: number): { readonly node: FileNode; readonly path: string } {
    if (down) throw crashed;
    const file = open.get(descriptor);
    if (!file) throw systemError('EBADF', 'descriptor', String(descriptor));
    return file;
  }

  return self;
}

// --- nodes ---

function fileNode(mode: number, modifiedMs: number): FileNode {
  return { kind: 'file', bytes: new Uint8Array(0), length: 0, durableLength: 0, mode, modifiedMs };
}

function directoryNode(mode: number): DirectoryNode {
  return { kind: 'directory', entries: new Map(), durable: new Map(), pending: [], mode };
}

function appendBytes(node: FileNode, bytes: Uint8Array): void {
  const length = node.length + bytes.length;
  if (length > node.bytes.length) {
    const grown = new Uint8Array(Math.max(length, node.bytes.length * 2));
    grown.set(node.bytes.subarray(0, node.length));
    node.bytes = grown;
  }
  node.bytes.set(bytes, node.length);
  node.length = length;
}

function changeEntries(directory: DirectoryNode, change: EntryChange): void {
  applyChange(directory.entries, change);
  directory.pending.push(change);
}

function applyChange(entries: Map<string, Node>, change: EntryChange): void {
  for (const name of change.removed) entries.delete(name);
  for (const [name, node] of change.set) entries.set(name, node);
}

function factsOf({ node }: Resolved): FileFacts {
  if (node.kind === 'file') {
    return { kind: 'file', size: node.length, mode: node.mode, modifiedMs: node.modifiedMs };
  }
  return { kind: 'directory', size: 4096, mode: node.mode, modifiedMs: 0 };
}

// --- paths ---

interface Resolved {
  readonly node: FileNode | DirectoryNode;
  /** The names of the real path. */
  readonly trail: readonly string[];
}

function resolve(root: DirectoryNode, path: string, links = 0): Resolved {
  let node: FileNode | DirectoryNode = root;
  let trail: string[] = [];
  const names = path.split('/');
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? '';
    if (name === '' || name === '.') continue;
    if (name === '..') {
      trail = trail.slice(0, -1);
      node = resolve(root, trail.join('/'), links).node;
      continue;
    }
    if (node.kind !== 'directory') throw systemError('ENOTDIR', 'resolve', path);
    const next: Node | undefined = node.entries.get(name);
    if (!next) throw systemError('ENOENT', 'resolve', path);
    if (next.kind === 'link') {
      if (links >= 40) throw systemError('ELOOP', 'resolve', path);
      const base = next.target.startsWith('/') ? next.target : `${trail.join('/')}/${next.target}`;
      return resolve(root, `${base}/${names.slice(at + 1).join('/')}`, links + 1);
    }
    node = next;
    trail.push(name);
  }
  return { node, trail };
}

function fileAt(root: DirectoryNode, path: string): FileNode {
  const { node } = resolve(root, path);
  if (node.kind !== 'file') throw systemError('EISDIR', 'open', path);
  return node;
}

function directoryAt(root: DirectoryNode, path: string): DirectoryNode {
  const { node } = resolve(root, path);
  if (node.kind !== 'directory') throw systemError('ENOTDIR', 'open', path);
  return node;
}

function placeOf(root: DirectoryNode, path: string): { readonly parent: DirectoryNode; readonly name: string } {
  const slash = path.lastIndexOf('/');
  return { parent: directoryAt(root, path.slice(0, slash)), name: path.slice(slash + 1) };
}

function systemError(code: string, kind: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${kind} '${path}'`), { code });
}

// --- power loss ---

type Pending =
  | { readonly kind: 'entry'; readonly path: string; readonly node: DirectoryNode; readonly change: EntryChange }
  | { readonly kind: 'data'; readonly path: string; readonly node: FileNode };

function collectPending(root: DirectoryNode): readonly Pending[] {
  const found: Pending[] = [];
  const seen = new Set<Node>();
  const visit = (node: Node, path: string): void => {
    if (seen.has(node) || node.kind === 'link') return;
    seen.add(node);
    if (node.kind === 'file') {
      if (node.durableLength !== node.length) found.push({ kind: 'data', path, node });
      return;
    }
    for (const change of node.pending) {
      const name = change.set[0]?.[0] ?? change.removed[0] ?? '';
      found.push({ kind: 'entry', path: `${path}/${name}`, node, change });
    }
    // What was reachable before and what is reachable now: either may be what the disk shows afterwards.
    for (const [name, child] of node.entries) visit(child, `${path}/${name}`);
    for (const [name, child] of node.durable) visit(child, `${path}/${name}`);
  };
  visit(root, '');
  return found;
}

function settleData(node: FileNode, verdict: boolean | 'half'): void {
  if (verdict === false) node.length = node.durableLength;
  if (verdict === 'half') node.length = Math.floor((node.durableLength + node.length) / 2);
  node.durableLength = node.length;
}

function settleEntries(directory: DirectoryNode, kept: readonly EntryChange[]): void {
  const entries = new Map(directory.durable);
  for (const change of kept) {
    // A surviving rename of a file whose creation was lost still shows the file: the journal replays both or neither.
    applyChange(entries, change);
  }
  directory.entries = entries;
  directory.durable = new Map(entries);
  directory.pending = [];
}

// --- set-up and inspection ---

function plantParents(root: DirectoryNode, path: string): DirectoryNode {
  let node = root;
  for (const name of path.split('/').slice(0, -1)) {
    if (name === '') continue;
    const existing = node.entries.get(name);
    if (existing?.kind === 'directory') {
      node = existing;
      continue;
    }
    const made = directoryNode(0o755);
    node.entries.set(name, made);
    node.durable.set(name, made);
    node = made;
  }
  return node;
}

function plantEntry(parent: DirectoryNode, path: string, node: Node): void {
  const name = path.slice(path.lastIndexOf('/') + 1);
  parent.entries.set(name, node);
  parent.durable.set(name, node);
}

/** Without following links. */
function nodeAt(root: DirectoryNode, path: string): Node | null {
  let node: Node | undefined = root;
  for (const name of path.split('/')) {
    if (name === '') continue;
    node = node?.kind === 'directory' ? node.entries.get(name) : undefined;
  }
  return node ?? null;
}

function listFiles(directory: DirectoryNode, path: string): [string, string][] {
  return [...directory.entries].flatMap(([name, node]): [string, string][] => {
    if (node.kind === 'directory') return listFiles(node, `${path}/${name}`);
    if (node.kind === 'link') return [[`${path}/${name}`, `-> ${node.target}`]];
    return [[`${path}/${name}`, new TextDecoder().decode(node.bytes.subarray(0, node.length))]];
  });
}

function textOfFile({ bytes, length }: FileNode): string {
  return new TextDecoder('latin1').decode(bytes.subarray(0, length));
}

function describe(node: Node): string {
  if (node.kind === 'link') return `link ${JSON.stringify(node.target)}`;
  if (node.kind === 'file') return `file ${node.mode} ${JSON.stringify(textOfFile(node))}`;
  const entries = [...node.entries].map(([name, child]) => `${JSON.stringify(name)} ${describe(child)}`).toSorted();
  return `directory ${node.mode} {${entries.join(',')}}`;
}

/** Every node once, with what of it is durable; nodes that stand in two places keep one number. */
function describeDurably(root: DirectoryNode): string {
  const numbers = new Map<Node, number>();
  const lines: string[] = [];
  const numberOf = (node: Node): number => {
    const known = numbers.get(node);
    if (known !== undefined) return known;
    const number = numbers.size;
    numbers.set(node, number);
    const named = (entries: Iterable<readonly [string, Node]>) =>
      [...entries].map(([name, child]): [string, number] => [name, numberOf(child)]);
    const sorted = (entries: readonly [string, number][]) => entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (node.kind !== 'directory') {
      const durable = node.kind === 'file' ? node.durableLength : 0;
      lines.push(`${number} ${durable} ${describe(node)}`);
    } else {
      const pending = node.pending.map(({ set, removed }) => [named(set), removed]);
      const parts = [node.mode, sorted(named(node.entries)), sorted(named(node.durable)), pending];
      lines.push(`${number} ${JSON.stringify(parts)}`);
    }
    return number;
  };
  numberOf(root);
  return lines.toSorted().join('\n');
}

function cloneDirectory(directory: DirectoryNode, copies: Map<Node, Node>): DirectoryNode {
  const copy = directoryNode(directory.mode);
  copies.set(directory, copy);
  const copyNode = (node: Node): Node => {
    const known = copies.get(node);
    if (known) return known;
    if (node.kind === 'directory') return cloneDirectory(node, copies);
    const made: Node = node.kind === 'file' ? { ...node, bytes: node.bytes.slice() } : node;
    copies.set(node, made);
    return made;
  };
  copy.entries = new Map([...directory.entries].map(([name, node]) => [name, copyNode(node)]));
  copy.durable = new Map([...directory.durable].map(([name, node]) => [name, copyNode(node)]));
  copy.pending = directory.pending.map(({ set, removed }) => ({
    set: set.map(([name, node]) => [name, copyNode(node)]),
    removed,
  }));
  return copy;
}

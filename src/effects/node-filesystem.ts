import {
  chmodSync,
  closeSync,
  constants,
  type Dirent,
  fchmodSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { systemFailure, unless } from './errno.ts';
import type { DirectoryEntry, FileSystem } from './filesystem.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/** The real disk. Modes are exact in spite of the umask. */
export const nodeFileSystem: FileSystem = {
  readFile: (path) => readFileSync(path),
  readDirectory: (path) =>
    readdirSync(path, { withFileTypes: true }).map((entry) => ({ name: entry.name, kind: entryKind(entry) })),
  stat(path) {
    const stats = statSync(path);
    const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
    return { kind, size: stats.size, mode: stats.mode & 0o7777, modifiedMs: stats.mtimeMs };
  },
  realPath: (path) => realpathSync(path),
  makeDirectory(path, mode) {
    mkdirSync(path, { mode });
    if ((statSync(path).mode & 0o777) !== mode) chmodSync(path, mode);
  },
  createExclusive: (path, mode) => create(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode),
  openAppend: (path, mode) =>
    unless(['ENOENT'], () => openSync(path, O_WRONLY | O_APPEND)) ??
    // Somebody else may create the file in between; then theirs is the one to append to.
    unless(['EEXIST'], () => create(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL, mode)) ??
    openSync(path, O_WRONLY | O_APPEND),
  write: (descriptor, bytes) => writeSync(descriptor, bytes),
  fsync: (descriptor) => fsyncSync(descriptor),
  close: (descriptor) => closeSync(descriptor),
  rename: (from, to) => renameSync(from, to),
  unlink: (path) => unlinkSync(path),
  chmod: (path, mode) => chmodSync(path, mode),
  fsyncDirectory(path) {
    const descriptor = openSync(path, constants.O_RDONLY);
    try {
      fsyncSync(descriptor);
    } catch (error) {
      // Some network and FUSE file systems cannot sync a directory and say so with these; they offer nothing better.
      if (!['EINVAL', 'ENOTSUP'].includes(systemFailure(error)?.code ?? '')) throw error;
    } finally {
      closeSync(descriptor);
    }
  },
};

function create(path: string, flags: number, mode: number): number {
  const descriptor = openSync(path, flags, mode);
  if ((fstatSync(descriptor).mode & 0o777) !== mode) fchmodSync(descriptor, mode);
  return descriptor;
}

function entryKind(entry: Dirent): DirectoryEntry['kind'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

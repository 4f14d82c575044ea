/**
 * The file operations we use, each one a point where a crash or an error may strike. The node implementation is thin;
 * tests put a file system in memory behind it that fails on demand. Errors are those of node:fs (`code: 'ENOENT'`…).
 * Synchronous on purpose: writes are few and small, and their order is the protocol.
 */
export interface FileSystem {
  readFile(path: string): Uint8Array;
  /** The names in a directory with their kinds, links not followed. */
  readDirectory(path: string): readonly DirectoryEntry[];
  stat(path: string): FileFacts;
  realPath(path: string): string;
  makeDirectory(path: string, mode: number): void;
  /** Creates a new file; fails with EEXIST when the path exists, symbolic links included (O_EXCL | O_NOFOLLOW). */
  createExclusive(path: string, mode: number): number;
  /** Opens for appending, creating the file when missing. */
  openAppend(path: string, mode: number): number;
  /** May write less than it was given; returns how many bytes it took. */
  write(descriptor: number, bytes: Uint8Array): number;
  fsync(descriptor: number): void;
  close(descriptor: number): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  chmod(path: string, mode: number): void;
  fsyncDirectory(path: string): void;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
}

export interface FileFacts {
  readonly kind: 'file' | 'directory' | 'other';
  readonly size: number;
  readonly mode: number;
  readonly modifiedMs: number;
}

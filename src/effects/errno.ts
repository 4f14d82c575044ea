/** What an operating system call failed with: the code of node:fs (`ENOSPC`) and a sentence for people. */
export interface SystemFailure {
  readonly code: string;
  readonly message: string;
}

const sentences: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'the system does not permit it',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EIO: 'the disk reported an error',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  EXDEV: 'it lies on another file system',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'it is a directory',
  ELOOP: 'it is a symbolic link, or a loop of them',
  ENAMETOOLONG: 'the name is too long',
};

/**
 * The failure behind an error that a system call threw; null for anything else, which is a bug and is thrown on. The
 * text of the error is not passed on: it may quote what it was given.
 */
export function systemFailure(error: unknown): SystemFailure | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  const sentence = sentences[error.code];
  return { code: error.code, message: sentence === undefined ? error.code : `${sentence} (${error.code})` };
}

/** Runs a file operation; null when it failed with one of `codes`. Every other error is thrown on. */
export function unless<T>(codes: readonly string[], operation: () => T): T | null {
  try {
    return operation();
  } catch (error) {
    const failure = systemFailure(error);
    if (failure && codes.includes(failure.code)) return null;
    throw error;
  }
}

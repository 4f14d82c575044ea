import { mkdtempSync, realpathSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failedTo } from './durable-file.ts';

/** The address of a Unix socket has room for so many bytes (macOS; Linux has four more), the closing NUL not counted. */
const addressBytesMax = 103;
/** The longest name that is used in such a directory. */
const nameBytesMax = 16;

export interface SocketDirectory {
  /** A path of that socket short enough to bind or connect to. */
  pathOf(name: string): string;
  /** Afterwards `pathOf` must not be used any more; sockets stay. */
  close(): void;
}

/**
 * A way to name sockets in a directory however long its path is: through a link to it with a short name in a private
 * temporary directory. The sockets themselves always lie in `directory`, so everybody meets there whatever their TMPDIR.
 */
export function openSocketDirectory(
  directory: string,
): { readonly ok: true; readonly sockets: SocketDirectory } | { readonly ok: false; readonly message: string } {
  if (isShort(directory)) return { ok: true, sockets: { pathOf: (name) => join(directory, name), close: () => {} } };
  try {
    const temporary = mkdtempSync(join(tmpdir(), 'rec-'));
    const link = join(temporary, 'd');
    symlinkSync(realpathSync(directory), link);
    const close = (): void => {
      unlinkSync(link);
      rmdirSync(temporary);
    };
    if (isShort(link)) return { ok: true, sockets: { pathOf: (name) => join(link, name), close } };
    close();
    const message = `the paths of ${directory} and of the temporary directory ${tmpdir()} are too long for a socket. Set TMPDIR to a short path`;
    return { ok: false, message };
  } catch (error) {
    return { ok: false, message: failedTo(`make a short path for the lock in ${directory}`, error).message };
  }
}

function isShort(directory: string): boolean {
  return Buffer.byteLength(directory) + 1 + nameBytesMax <= addressBytesMax;
}

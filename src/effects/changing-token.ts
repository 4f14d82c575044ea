import { Secret } from '../core/secret.ts';

/**
 * A token in a file that somebody replaces. While that happens the file is away or half there for a moment (`read` gives
 * null or nothing): the last good token goes on. One that is the same stays the same object.
 */
export function changingToken(first: string, read: () => string | null): () => Secret {
  let latest = new Secret(first.trim());
  return () => {
    const again = new Secret(read()?.trim() ?? '');
    if (!again.equals(latest) && !again.equals(nothing)) latest = again;
    return latest;
  };
}

const nothing = new Secret('');

import { Secret } from '../../core/secret.ts';
import { failedTo } from '../durable-file.ts';
import type { FileSystem } from '../filesystem.ts';
import type { StoreResult } from './store.ts';

/**
 * The identities in a file as age-keygen writes it: one a line, `#` begins a comment. No line is ever repeated in a
 * message (I4).
 */
export function readAgeIdentities(fileSystem: FileSystem, path: string): StoreResult<readonly Secret[]> {
  const failure = (message: string) => ({ ok: false, message }) as const;
  try {
    const text = new TextDecoder().decode(fileSystem.readFile(path));
    const lines = text.split(/\r?\n/).map((line) => line.trim());
    const identities: Secret[] = [];
    for (const [index, line] of lines.entries()) {
      if (line === '' || line.startsWith('#')) continue;
      if (!/^AGE-SECRET-KEY-1[0-9A-Z]{58}$/.test(line))
        return failure(`line ${index + 1} of ${path} is not an identity as age-keygen writes it (AGE-SECRET-KEY-1…)`);
      identities.push(new Secret(line));
    }
    return identities.length > 0 ? { ok: true, value: identities } : failure(`${path} holds no identity of age`);
  } catch (error) {
    return failure(failedTo(`read the identity in ${path}`, error).message);
  }
}

import type { Reading } from '../../core/declaration/reading.ts';
import type { SourcedWorkspace } from '../../core/source.ts';
import { sha256 } from '../chance.ts';

/** What a file said when it was last read, for as long as its text stays the same. */
export interface CacheEntry<T, S> {
  readonly reading: Reading<T>;
  /** What was made of the reading, and with which workspace's defaults. */
  sourced: S | null;
  workspace: SourcedWorkspace | null;
}

export interface ReadingCache<T, S> {
  /** `parsed`: the text was not known yet. */
  read(file: string, text: string): { readonly entry: CacheEntry<T, S>; readonly parsed: boolean };
  /** Forgets files that are gone. */
  keepOnly(files: ReadonlySet<string>): void;
}

export function createReadingCache<T, S>(parse: (file: string, text: string) => Reading<T>): ReadingCache<T, S> {
  const entries = new Map<string, { contentHash: string; entry: CacheEntry<T, S> }>();
  return {
    read(file, text) {
      const contentHash = sha256(text);
      const known = entries.get(file);
      if (known?.contentHash === contentHash) return { entry: known.entry, parsed: false };
      const entry: CacheEntry<T, S> = { reading: parse(file, text), sourced: null, workspace: null };
      entries.set(file, { contentHash, entry });
      return { entry, parsed: true };
    },
    keepOnly(files) {
      for (const file of entries.keys()) if (!files.has(file)) entries.delete(file);
    },
  };
}

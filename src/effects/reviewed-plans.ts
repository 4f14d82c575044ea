import { join } from 'node:path';
import { type Disk, ensureDirectory, replaceFile } from './durable-file.ts';

/**
 * Remembers what the hashes stood for that passes printed, so that an approval which does not fit any more can be told
 * apart from what is planned now. Texts are found by their own hash: what somebody edits is not found.
 */
export interface ReviewedPlans {
  /** Never fails: a plan that is not remembered costs an explanation, not more. */
  remember(texts: readonly string[]): void;
  /** The text with this hash; null when it is not known here. */
  recall(hash: string): string | null;
}

export interface ReviewedPlansOptions extends Disk {
  /** Made when it is missing. */
  readonly directory: string;
  readonly hash: (text: string) => string;
}

/** Newest ones that are kept; somebody approves what was printed lately. */
const KEPT_MAX = 100;
/** All of them together, the newest always: the plan of a large fleet is a large text. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;

export function createReviewedPlans(options: ReviewedPlansOptions): ReviewedPlans {
  const { directory, hash, fileSystem } = options;
  const pathOf = (name: string) => join(directory, `${name.replace(/^sha256:/, '')}.json`);
  return {
    remember(texts) {
      if (texts.length === 0) return;
      try {
        ensureDirectory(fileSystem, directory, 0o700);
        for (const text of texts)
          replaceFile(options, pathOf(hash(text)), new TextEncoder().encode(text), { mode: 0o600 });
        prune(options);
      } catch {
        // A full or read-only disk: whatever matters is written, and judged, elsewhere.
      }
    },
    recall(name) {
      try {
        const text = new TextDecoder().decode(fileSystem.readFile(pathOf(name)));
        return hash(text) === name ? text : null;
      } catch {
        return null;
      }
    },
  };
}

function prune({ fileSystem, directory }: ReviewedPlansOptions): void {
  const files = fileSystem
    .readDirectory(directory)
    .filter(({ name }) => /^[0-9a-f]{64}\.json$/.test(name))
    .map(({ name }) => join(directory, name));
  const byAge = files
    .map((path) => ({ path, facts: fileSystem.stat(path) }))
    .toSorted((a, b) => b.facts.modifiedMs - a.facts.modifiedMs);
  let bytes = 0;
  for (const [index, { path, facts }] of byAge.entries()) {
    bytes += facts.size;
    if (index > 0 && (index >= KEPT_MAX || bytes > KEPT_BYTES_MAX)) fileSystem.unlink(path);
  }
}

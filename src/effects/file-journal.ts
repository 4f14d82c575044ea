import { dirname } from 'node:path';
import { looksLikeSecret } from '../core/secret-shape.ts';
import { failedTo, fillAndClose } from './durable-file.ts';
import { unless } from './errno.ts';
import type { FileSystem } from './filesystem.ts';
import type { Journal, JournalEntry } from './journal.ts';

const newline = 0x0a;

/**
 * A journal in a file of JSON lines (`.reconcile/journal.jsonl`, 0600), each synced before `append` returns. The
 * directory must exist. The file is opened for each line, so that it may be moved away while a daemon runs.
 */
export function createFileJournal(path: string, fileSystem: FileSystem): Journal {
  /**
   * False until the first line is durable, and after every failure: the file may then end in the middle of a line, and
   * its entry in the directory may not be durable.
   */
  let settled = false;

  return {
    append(entry) {
      const line = JSON.stringify(entry);
      if (looksLikeSecret(line)) {
        const message = `nothing was written to ${path}: the entry holds what looks like a secret (a bug in reconcile)`;
        return { ok: false, message };
      }
      try {
        const size = unless(['ENOENT'], () => fileSystem.stat(path).size) ?? 0;
        if (size === 0) settled = false;
        const lead = size > 0 && !settled && lastByte(fileSystem, path) !== newline ? '\n' : '';
        const bytes = new TextEncoder().encode(`${lead}${line}\n`);
        const descriptor = fileSystem.openAppend(path, 0o600);
        const wasSettled = settled;
        settled = false;
        fillAndClose(fileSystem, descriptor, bytes);
        if (!wasSettled) fileSystem.fsyncDirectory(dirname(path));
        settled = true;
        return { ok: true };
      } catch (error) {
        return { ok: false, message: failedTo(`write the journal ${path}`, error).message };
      }
    },
    entries() {
      const read = readJournal(path, fileSystem);
      return read.ok ? read.contents.entries : [];
    },
    unreadable() {
      const read = readJournal(path, fileSystem);
      return read.ok ? null : read.message;
    },
  };
}

export interface JournalContents {
  /** In the order in which they were written. */
  readonly entries: readonly JournalEntry[];
  /** Lines that are no JSON object, such as the one that a crash cut short. They are skipped. */
  readonly damagedLines: number;
}

/** Reads a journal; a missing one is empty. */
export function readJournal(
  path: string,
  fileSystem: FileSystem,
): { readonly ok: true; readonly contents: JournalContents } | { readonly ok: false; readonly message: string } {
  try {
    const bytes = unless(['ENOENT'], () => fileSystem.readFile(path));
    const lines = new TextDecoder().decode(bytes ?? new Uint8Array()).split('\n');
    const entries = lines.filter((line) => line.trim() !== '').map(parseEntry);
    const contents = {
      entries: entries.filter((entry) => entry !== null),
      damagedLines: entries.filter((entry) => entry === null).length,
    };
    return { ok: true, contents };
  } catch (error) {
    return { ok: false, message: failedTo(`read the journal ${path}`, error).message };
  }
}

function parseEntry(line: string): JournalEntry | null {
  try {
    const value: unknown = JSON.parse(line);
    return isEntry(value) ? value : null;
  } catch {
    return null;
  }
}

function isEntry(value: unknown): value is JournalEntry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function lastByte(fileSystem: FileSystem, path: string): number | undefined {
  return fileSystem.readFile(path).at(-1);
}

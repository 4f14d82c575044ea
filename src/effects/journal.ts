import type { Json } from '../core/canonical.ts';

/**
 * The audit trail of writes: one JSON line, durable before the request leaves, and one after its answer. It is never an
 * authority; losing it loses history and nothing else (design 2).
 */
export interface Journal {
  /** Durable when it returns ok. A write whose intent could not be journalled is not sent. */
  append(entry: JournalEntry): JournalResult;
  /** What was written so far, damaged lines left out; empty when it cannot be read. */
  entries(): readonly JournalEntry[];
  /** Why it cannot be read; null when it can, or when there is none. */
  unreadable(): string | null;
}

export interface JournalEntry {
  readonly [key: string]: Json;
}

export type JournalResult = { readonly ok: true } | { readonly ok: false; readonly message: string };

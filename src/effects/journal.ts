import type { Json } from '../core/canonical.ts';

/**
 * The audit trail of writes: one JSON line, durable before the request leaves, and one after its answer. It is never an
 * authority; losing it loses history and nothing else (design 2).
 */
export interface Journal {
  /** Durable when it returns ok. A write whose intent could not be journalled is not sent. */
  append(entry: { readonly [key: string]: Json }): JournalResult;
}

export type JournalResult = { readonly ok: true } | { readonly ok: false; readonly message: string };

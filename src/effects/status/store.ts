import type { Json } from '../../core/canonical.ts';

/**
 * Where recorded status lives (design 5). What comes back is raw: status may have been forged, copied or rolled back,
 * and whoever reads it treats it as a veto, never as an authority (I7).
 */
export interface StatusStore {
  /** Null when nothing is recorded. Unreadable is a failure, not "nothing". */
  read(target: StatusTarget): Promise<StatusResult<unknown>>;
  /** Replaces what is recorded. Writes nothing when the bytes would not change. */
  write(target: StatusTarget, status: { readonly [key: string]: Json }): Promise<StatusResult<void>>;
  /**
   * Publishes what was written, for a store that keeps what a pass recorded together. Called once at the end of a pass,
   * a pass that was interrupted included. A failure loses nothing: what was written is published by the next pass.
   */
  readonly commit?: () => Promise<StatusResult<void>>;
}

/** A store that can also forget, for a person who says so. No pass ever does. */
export interface DiscardingStatusStore extends StatusStore {
  /** Throws away what is recorded about a customer, readable or not. Nothing recorded is fine. */
  discard(target: StatusTarget & { readonly externalId: string }): Promise<StatusResult<void>>;
  /** Whether it could publish now, for a store that publishes; writes nothing. */
  readonly prove?: () => Promise<StatusResult<void>>;
}

export interface StatusTarget {
  /** The customer's externalId; null for the fleet's own status (webhooks). */
  readonly externalId: string | null;
  /** The declaration's file, relative to the workspace. */
  readonly file: string;
}

export type StatusResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

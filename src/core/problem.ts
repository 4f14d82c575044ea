import type { SourceLocation } from './source.ts';

/**
 * Something a person should know about one customer or about the fleet.
 *
 * - `error`: needs a person; the customer is Stalled (exit 5).
 * - `held`: waits by itself and settles by itself; the customer is Held (exit 5).
 * - `doubt`: a money or key step whose outcome no read could settle (exit 8).
 * - `waiting`: part of a change that was carried out and ends by itself (the overlap of two keys): Held, but no failure.
 * - `warning`: true and worth saying, holds nothing back, leaves the exit code alone.
 */
export type Severity = 'error' | 'held' | 'doubt' | 'waiting' | 'warning';

export interface Problem {
  /** Stable, CamelCase; also the reason of the status condition. */
  readonly code: string;
  readonly severity: Severity;
  /** What happened and why, for people; complete sentences, no secret, no moving number. */
  readonly message: string;
  /** What settles it, as a sentence that begins with a verb; null when the message says it all. */
  readonly next: string | null;
  readonly at: SourceLocation;
  /** The API's request id, when an answer gave one. */
  readonly requestId: string | null;
}

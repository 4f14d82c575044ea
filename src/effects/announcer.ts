import type { VisitedCustomer } from '../core/announcements.ts';
import type { BrokenFile, SourcedCustomer } from '../core/source.ts';

/**
 * Tells whoever watches a declaration what became of it, where a declaration has a place for that: an object in a
 * cluster. Nothing waits for it, and nothing fails because of it.
 */
export interface Announcer {
  /** What a visit did, and what it found wrong. */
  visited(customer: SourcedCustomer, visit: VisitedCustomer): void;
  /** Declarations that cannot be used, all that there are. */
  refused(broken: readonly BrokenFile[]): void;
  /** Resolves when all that was told so far is said, or given up. */
  flush(): Promise<void>;
}

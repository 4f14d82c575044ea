import type { LedgerEvent } from '../api.ts';
import { readGrantMarker } from '../marker.ts';

export interface Allocated {
  readonly count: number;
  readonly credits: number;
}

/** What came into an organization without our mark, told apart as well as the ledger allows. */
export interface UnmarkedAllocations {
  /** Transfers that somebody made. */
  readonly byHand: Allocated;
  /** Automatic refills, which are allocations too. */
  readonly refills: Allocated;
  /** Rows that say nothing about themselves. */
  readonly unclear: Allocated;
}

/**
 * Sorts the rows of a child's ledger. Nobody documents what a refill writes: where `direction` (a key of the server's own)
 * or the description names one, it is taken for a refill; a row without a direction stays unclear (P10).
 */
export function sortAllocations(events: readonly LedgerEvent[]): UnmarkedAllocations {
  const kinds: Record<keyof UnmarkedAllocations, LedgerEvent[]> = { byHand: [], refills: [], unclear: [] };
  for (const event of events) {
    if (event.eventType !== 'allocation' || event.credits <= 0) continue;
    if (readGrantMarker(event).kind === 'unmarked') kinds[kindOf(event)].push(event);
  }
  return { byHand: total(kinds.byHand), refills: total(kinds.refills), unclear: total(kinds.unclear) };
}

function kindOf({ metadata, description }: LedgerEvent): keyof UnmarkedAllocations {
  const direction = metadata?.['direction'] ?? '';
  if (/refill/i.test(direction) || /refill/i.test(description ?? '')) return 'refills';
  return direction === 'in' ? 'byHand' : 'unclear';
}

function total(events: readonly LedgerEvent[]): Allocated {
  return { count: events.length, credits: events.reduce((sum, { credits }) => sum + credits, 0) };
}

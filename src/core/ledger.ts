import type { LedgerEvent } from './api.ts';
import { REPLAY_WITHIN_MS } from './idempotency.ts';
import { type GrantMarker, readGrantMarker } from './marker.ts';

/** Whose ledger is read; every marked event on it must say the same. */
export interface LedgerOwner {
  readonly externalId: string;
  readonly incarnation: number;
  readonly organizationId: string;
  /** Credits granted by hand before an adoption: the base of slot 0. */
  readonly baseline: number;
}

/**
 * What a child's ledger proves. `credits: N` is compared with `granted`, never with a balance: usage lowers a balance,
 * and topping it back up would pay for it again (design 4).
 */
export type LedgerView =
  | {
      readonly state: 'intact';
      /** Number of marked events, which is the next free slot. */
      readonly slots: number;
      /** Baseline + the sum of marked events. */
      readonly granted: number;
      /** Credits that came in without our mark (refills, transfers by hand); null when only part was read. */
      readonly foreign: { readonly count: number; readonly credits: number } | null;
      /** Credits of incoming rows that carry no annotation of whoever sent them: they might be ours (P2). */
      readonly bare: readonly number[];
    }
  | { readonly state: 'broken'; readonly why: string };

/**
 * Judges a child's allocation events, newest first (correctness A2). With `complete` the chain must reach slot 0;
 * without it the events go down to the newest marked one, whose mark then stands for all before it.
 */
export function readChildLedger(events: readonly LedgerEvent[], owner: LedgerOwner, complete: boolean): LedgerView {
  const marked: { marker: GrantMarker; event: LedgerEvent }[] = [];
  const unmarked: LedgerEvent[] = [];
  for (const event of events) {
    const read = readGrantMarker(event);
    if (read.kind === 'malformed') return broken(read.why);
    // Money that flows back (the sweep of an archive) is negative and carries no mark; it is no grant (P10).
    if (read.kind === 'unmarked') {
      if (event.eventType === 'allocation' && event.credits > 0) unmarked.push(event);
    } else marked.push({ marker: read.marker, event });
  }
  for (const { marker, event } of marked) {
    const wrong =
      notOwned(marker, owner) ?? (event.credits === marker.delta ? null : 'its amount is not the marked one');
    if (wrong) return broken(`event ${event.eventId}: ${wrong}`);
  }
  const chain = marked.map(({ marker }) => marker).toSorted((a, b) => b.slot - a.slot);
  const gap = chainGap(chain, owner.baseline, complete);
  if (gap) return broken(gap);
  return {
    state: 'intact',
    slots: chain[0] ? chain[0].slot + 1 : 0,
    granted: chain[0]?.cum ?? owner.baseline,
    foreign: complete ? { count: unmarked.length, credits: sum(unmarked.map((event) => event.credits)) } : null,
    bare: unmarked.filter(isBare).map((event) => event.credits),
  };
}

/** True for the event at which reading newest-first may stop. */
export function isMarked(event: LedgerEvent): boolean {
  return readGrantMarker(event).kind !== 'unmarked';
}

/** The newest marked debit of the parent that names this customer: the second witness of correctness A3. */
export function witnessOnParentLedger(
  events: readonly LedgerEvent[],
  owner: Pick<LedgerOwner, 'externalId' | 'incarnation'>,
): { readonly slots: number; readonly granted: number } {
  let slots = 0;
  let granted = 0;
  for (const event of events) {
    const read = readGrantMarker(event);
    if (read.kind !== 'marked' || read.marker.externalId !== owner.externalId) continue;
    if (read.marker.incarnation !== owner.incarnation || read.marker.slot < slots) continue;
    slots = read.marker.slot + 1;
    granted = read.marker.cum;
  }
  return { slots, granted };
}

/** The organizations that the parent's rows went to, by the server's own key (organizations/credits/allocate). */
export function counterpartiesOf(events: readonly LedgerEvent[]): readonly string[] {
  return [...new Set(events.flatMap(({ metadata }) => metadata?.['counterpartyOrgId'] ?? []))];
}

/**
 * True when the rows that came without any annotation add up to exactly what an adoption says was granted by hand: then
 * none of them is a grant of ours that the API shows bare (P2). A grant of ours makes the sum larger for good, so that
 * this holds for one first grant and never again (I1).
 */
export function isAllByHand(view: LedgerView, adopted: number | null): boolean {
  return view.state === 'intact' && adopted !== null && sum(view.bare) === adopted;
}

/**
 * True when any row shows metadata or a description that its sender gave it: then this API does return them, and a bare
 * row is not ours.
 */
export function showsAnnotations(events: readonly LedgerEvent[]): boolean {
  return events.some(isAnnotated);
}

/**
 * True when every row that might be ours shows at least the server's own metadata and is young: was one of them ours, its
 * key is still remembered, and to grant again is a replay or a conflict, never a second payment (I1, P2).
 */
export function isStillRemembered(events: readonly LedgerEvent[], serverNowMs: number | undefined): boolean {
  if (serverNowMs === undefined) return false;
  return events.filter(isBare).every(({ metadata, createdAt }) => {
    return Object.keys(metadata ?? {}).length > 0 && serverNowMs - Date.parse(createdAt) < REPLAY_WITHIN_MS;
  });
}

/**
 * What left the parent and may have been grants of ours: nothing where the ledger shows what senders write, for then ours
 * are marked; else all that the server itself does not call a refill (P2).
 */
export function mayBeGranted(parentEvents: readonly LedgerEvent[]): number {
  if (showsAnnotations(parentEvents)) return 0;
  const debits = parentEvents.filter(
    (event) => event.eventType === 'allocation' && event.credits < 0 && !isRefill(event),
  );
  return -sum(debits.map(({ credits }) => credits));
}

/** An incoming row that shows nothing of its sender, and that the server itself does not call a refill. */
function isBare(event: LedgerEvent): boolean {
  const isIncoming = event.eventType === 'allocation' && event.credits > 0;
  return isIncoming && !isAnnotated(event) && !isRefill(event);
}

function isRefill({ metadata }: LedgerEvent): boolean {
  return /refill/i.test(metadata?.['direction'] ?? '');
}

/** Members of a transfer's metadata that the server writes itself, whether or not it shows the sender's (allocate). */
const SERVER_MEMBERS: ReadonlySet<string> = new Set(['direction', 'counterpartyOrgId']);

/** Whether a row shows anything of what its sender wrote. `{}` and `""` are what a server returns that keeps nothing of it. */
function isAnnotated({ metadata, description }: LedgerEvent): boolean {
  return Boolean(description) || Object.keys(metadata ?? {}).some((member) => !SERVER_MEMBERS.has(member));
}

function notOwned(marker: GrantMarker, owner: LedgerOwner): string | null {
  if (marker.externalId !== owner.externalId) return `it names the customer ${marker.externalId}`;
  if (marker.incarnation !== owner.incarnation) return `it names incarnation ${marker.incarnation}`;
  if (marker.organizationId !== null && marker.organizationId !== owner.organizationId)
    return `it names the organization ${marker.organizationId}`;
  return null;
}

/** `chain`: newest slot first. */
function chainGap(chain: readonly GrantMarker[], baseline: number, complete: boolean): string | null {
  for (const [index, marker] of chain.entries()) {
    const before = chain[index + 1];
    if (before?.slot === marker.slot) return `slot ${marker.slot} stands on it twice`;
    if (before && before.slot !== marker.slot - 1) return `slot ${marker.slot - 1} is missing`;
    if (before && before.cum !== marker.base)
      return `slot ${marker.slot} begins at ${marker.base}, not at ${before.cum}`;
    if (before || (!complete && marker.slot > 0)) continue;
    if (marker.slot !== 0) return `slot ${marker.slot - 1} is missing`;
    if (marker.base !== baseline) return `slot 0 begins at ${marker.base}, not at ${baseline}`;
  }
  return null;
}

function broken(why: string): LedgerView {
  return { state: 'broken', why };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

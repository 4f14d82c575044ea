import { canonicalJson } from '../../core/canonical.ts';
import type { Step } from '../../core/plan.ts';
import type { SourcedCustomer } from '../../core/source.ts';
import type { Applied } from '../apply-customer.ts';
import { type CountedCustomer, countedCustomer } from '../guarding.ts';
import type { Listing } from '../listing.ts';
import type { ObservedCustomer } from '../observe.ts';
import { showsPartialListing } from '../partial-listing.ts';

/** What is known of a customer between two visits: enough for the guards, which count the whole fleet (I8). */
interface Remembered {
  /** Of the declaration that it was observed from. */
  readonly hash: string;
  counted: CountedCustomer;
  /** The organization it was found to have; null for everything that only a listing can say. */
  organizationId: string | null;
  /** The listing that was looked into, by its start. */
  readonly listedIn: number;
  readonly listingIsPartial: boolean;
  /** Reads that failed in a row. */
  readonly unread: number;
}

export interface FleetMemory {
  /** Takes in what was observed. What could not be read does not make forgotten what waited before (I8). */
  remember(observed: ObservedCustomer, listing: ViewedListing): void;
  /** Takes out of the count what was carried out. */
  rememberApplied(observed: ObservedCustomer, applied: Applied): void;
  forget(externalId: string): void;
  /** Whether the customer was observed from this declaration, and nothing that this listing says is new. */
  standsFor(customer: SourcedCustomer, listing: ViewedListing): boolean;
  countedOf(externalId: string): CountedCustomer | null;
  /** True when an organization answered that the present listing lacks. */
  sawPartialListing(externalId: string): boolean;
  /** Notes the turn in which something was tried in vain: what came of it only a younger listing shows. */
  noteAttempt(externalId: string, turn: number | null): void;
  /** 0 when nothing is open. */
  attemptedIn(externalId: string): number;
  /** How often in a row the customer could not be read. */
  unreadInARow(externalId: string): number;
  /** Moves whenever steps appear that were not counted before. */
  revision(): number;
}

/** A listing with its turn, so that it can be said what came before it. */
export interface ViewedListing {
  readonly listing: Listing;
  readonly turn: number;
}

/** Only today's allocations matter to a guard, and today may have begun a day ago by another clock. */
const ALLOCATIONS_KEPT_MS = 48 * 3_600_000;

export function createFleetMemory(): FleetMemory {
  const entries = new Map<string, Remembered>();
  const attempts = new Map<string, number>();
  let revision = 0;

  return {
    remember(observed, { turn }) {
      const { customer, identification, observation } = observed;
      const { externalId } = customer.declaration;
      const before = entries.get(externalId);
      const isUnread = isUnreadable(observed);
      const known = isUnread && before?.hash === customer.hash ? before.counted : null;
      const counted = known ?? slim(observed);
      if (counted.plan.steps.length > 0 && !isSameWork(before?.counted.plan.steps, counted.plan.steps)) revision += 1;
      entries.set(externalId, {
        hash: customer.hash,
        counted,
        organizationId:
          identification.kind === 'existing' ? (observation?.organization.id ?? identification.organization.id) : null,
        listedIn: turn,
        listingIsPartial: showsPartialListing(observed),
        unread: isUnread ? (before?.unread ?? 0) + 1 : 0,
      });
    },
    rememberApplied(observed, { run, steps }) {
      const entry = entries.get(observed.customer.declaration.externalId);
      if (!entry || entry.hash !== observed.customer.hash) return;
      if (run.isOurs) entry.organizationId = run.organizationId;
      const left = observed.planned.steps.filter((_, index) => steps[index]?.outcome !== 'done');
      entry.counted = {
        ...entry.counted,
        plan: { ...entry.counted.plan, organizationId: run.organizationId, steps: left },
        limits: run.organization?.summary.creditConfig ?? entry.counted.limits,
      };
    },
    forget(externalId) {
      entries.delete(externalId);
      attempts.delete(externalId);
    },
    standsFor({ declaration: { externalId }, hash }, { listing, turn }) {
      const entry = entries.get(externalId);
      if (entry?.hash !== hash) return false;
      if (entry.listedIn === turn) return true;
      // What a customer without an organization is depends on the listing alone, and costs no request to find out again.
      return entry.organizationId !== null && listing.inventory().withId(entry.organizationId) !== null;
    },
    countedOf: (externalId) => entries.get(externalId)?.counted ?? null,
    sawPartialListing: (externalId) => entries.get(externalId)?.listingIsPartial ?? false,
    noteAttempt(externalId, turn) {
      if (turn === null) attempts.delete(externalId);
      else attempts.set(externalId, turn);
    },
    attemptedIn: (externalId) => attempts.get(externalId) ?? 0,
    unreadInARow: (externalId) => entries.get(externalId)?.unread ?? 0,
    revision: () => revision,
  };
}

/** Its organization is known, and a read of it failed in a way that settles by itself. */
export function isUnreadable({ identification, observation, covered, planned }: ObservedCustomer): boolean {
  const isThere = identification.kind === 'existing' || identification.kind === 'adoptable';
  const isHeld = planned.problems.some(({ severity }) => severity === 'held');
  return isThere && observation === null && !covered && isHeld;
}

export function isSameWork(a: readonly Step[] | undefined, b: readonly Step[]): boolean {
  return a !== undefined && canonicalJson(a.map(workOf)) === canonicalJson(b.map(workOf));
}

function workOf({ action, resource, name, before, after, credits }: Step) {
  return { action, resource, name, before, after, credits };
}

/** Without the ledger of years: a fleet is remembered for as long as the process lives. */
function slim(observed: ObservedCustomer): CountedCustomer {
  const counted = countedCustomer(observed);
  const sinceMs = (observed.observation?.nowMs ?? 0) - ALLOCATIONS_KEPT_MS;
  return { ...counted, allocations: counted.allocations.filter(({ createdAt }) => Date.parse(createdAt) >= sinceMs) };
}

import type { CustomerPlan } from '../../core/plan.ts';
import type { SourcedCustomer } from '../../core/source.ts';
import { covers } from '../../core/status.ts';
import type { Clock } from '../../effects/clock.ts';
import { carryOut } from '../carry-out.ts';
import { concernsEverybody } from '../failure.ts';
import { planOf } from '../guarding.ts';
import type { ObservedCustomer } from '../observe.ts';
import { showsPartialListing, withoutCreation } from '../partial-listing.ts';
import { type CarriedOut, customerReport } from '../reporting.ts';
import type { Turns } from './declarations.ts';
import type { Judge } from './judgement.ts';
import { type FleetMemory, isUnreadable } from './memory.ts';
import type { Observations } from './observations.ts';
import type { FleetView, FleetViews, Unavailable } from './view.ts';
import type { Visit } from './visit.ts';

/** No step rests on a listing older than this; a pass of a large fleet takes as long. */
const LISTING_LIFE_MS = 10 * 60_000;

/** So often a settled customer may fail to be read before its status says so: an outage of minutes is no news of it (V5). */
const UNREAD_QUIETLY = 2;

export interface CustomerVisitOptions {
  readonly views: FleetViews;
  readonly memory: FleetMemory;
  readonly observations: Observations;
  readonly judge: Judge;
  readonly clock: Clock;
  readonly turns: Turns;
}

export interface CustomerVisits {
  /** `outdated` when its declaration changed under way: it is to be visited again. */
  visit(externalId: string, options: VisitOptions): Promise<Visit | 'outdated'>;
}

interface VisitOptions {
  readonly full: boolean;
  /** The last of several: says what it can instead of `outdated`. */
  readonly isLastTry: boolean;
}

/** A visit to one customer: what a pass does with it (correctness 2.4), from a view that is shared with everybody. */
export function createCustomerVisits(options: CustomerVisitOptions): CustomerVisits {
  const { views, memory, observations, judge, clock, turns } = options;
  /** The turn that a listing must not be older than, for this plan to rest on it (I2). */
  function neededTurn(view: FleetView, { customer, identification, planned }: ObservedCustomer): number {
    const { externalId } = customer.declaration;
    const isOld = clock.monotonic() - view.listing.startedAtMs > LISTING_LIFE_MS;
    if (planned.problems.some(({ code }) => code === 'StaleRead')) return turns();
    if (isOld && planned.steps.length > 0) return turns();
    // What there is of the customer is told by a GET, whoever it is; what there is not, by a listing alone.
    if (identification.kind === 'existing') return 0;
    return Math.max(view.declarations.seenIn.get(externalId) ?? 0, memory.attemptedIn(externalId));
  }

  async function observe(first: FleetView, customer: SourcedCustomer, full: boolean) {
    const observed = await observations.forVisit(first, customer, full);
    const needed = neededTurn(first, observed);
    if (first.turn >= needed) return { ok: true, view: first, observed } as const;
    const viewed = await views.listedSince(needed);
    if (!viewed.ok) return viewed;
    return { ok: true, view: viewed.view, observed: await observations.forVisit(viewed.view, customer, full) } as const;
  }

  /** A customer that cannot be read for a moment was not found otherwise than its status says (I11). */
  function isQuietFailure({ customer, status, identification, ...observed }: ObservedCustomer): boolean {
    const { externalId } = customer.declaration;
    if (!isUnreadable({ customer, status, identification, ...observed })) return false;
    const id = 'organization' in identification ? identification.organization.id : '';
    return covers(status, customer.hash, id) && memory.unreadInARow(externalId) <= UNREAD_QUIETLY;
  }

  async function judged(view: FleetView, observed: ObservedCustomer) {
    const { steps } = observed.planned;
    if (steps.length === 0) return { ok: true, observed, plan: planOf(observed) } as const;
    const answer = await judge.judge(observed.customer.declaration.externalId, steps);
    if (!answer.ok) return answer;
    const { declarations } = answer.view;
    // The guards and the fleet that it was judged by must be those that it was planned from.
    const { externalId } = observed.customer.declaration;
    const isOfNow = declarations.customers.get(externalId)?.hash === observed.customer.hash;
    if (!isOfNow || declarations.workspace.hash !== view.declarations.workspace.hash) return OUTDATED;
    const isPartial = declarations.fleet.customers.some(({ declaration }) => {
      return memory.sawPartialListing(declaration.externalId);
    });
    if (isPartial && observed.identification.kind === 'absent') {
      memory.noteAttempt(externalId, turns());
      const held = withoutCreation(observed);
      return { ok: true, observed: held, plan: planOf(held) } as const;
    }
    const plan = planOf(observed);
    const problems = plan.problems.filter(({ code }) => !answer.settled.has(code));
    return { ok: true, observed, plan: { ...plan, steps: answer.steps, problems } } as const;
  }

  async function carry(view: FleetView, observed: ObservedCustomer, plan: CustomerPlan): Promise<CarriedOut> {
    const pass = view.pass();
    const work = () => carryOut(pass, observed, plan, view.listing);
    if (plan.steps.length === 0) return work();
    const { externalId } = plan;
    const carried = await judge.carryingOut(work);
    if (carried.applied) memory.rememberApplied(observed, carried.applied);
    const isDone = carried.applied?.steps.every(({ outcome }) => outcome === 'done') ?? false;
    memory.noteAttempt(externalId, isDone && carried.applied?.run.organization ? null : turns());
    if (pass.stoppedBy) views.expire();
    return carried;
  }

  return {
    async visit(externalId, { full, isLastTry }) {
      const viewed = await views.current();
      if (!viewed.ok) return unavailable(viewed);
      const customer = viewed.view.declarations.customers.get(externalId);
      if (!customer) return { kind: 'frozen' };
      const found = await observe(viewed.view, customer, full);
      if (!found.ok) return unavailable(found);
      const { view } = found;
      const { observed } = found;
      // The key was revoked, replaced or switched off, or the API is away: nobody's own trouble; whoami says it for all.
      if (observed.planned.problems.some(concernsEverybody)) {
        views.expire();
        const again = await views.current();
        if (!again.ok) return unavailable(again);
        return isLastTry ? unrecorded(view, observed) : 'outdated';
      }
      memory.remember(observed, view);
      if (showsPartialListing(observed)) memory.noteAttempt(externalId, turns());
      if (isQuietFailure(observed)) return unrecorded(view, observed);
      const ready = await judged(view, observed);
      if (!ready.ok && ready.why === 'unavailable') return unavailable(ready.viewed);
      if (!ready.ok) return isLastTry ? unrecorded(view, observed) : 'outdated';
      const { hash } = view.pass().effects;
      const carried = await carry(view, ready.observed, ready.plan);
      return { kind: 'customer', report: customerReport(hash, ready.observed, ready.plan, carried) };
    },
  };
}

function unavailable({ refusal, retryAfterMs }: Unavailable): Visit {
  return { kind: 'unavailable', refusal, retryAfterMs };
}

/** What was seen, of which no status is written: the next visit tells whether it lasts. */
function unrecorded(view: FleetView, observed: ObservedCustomer): Visit {
  const { hash } = view.pass().effects;
  return { kind: 'customer', report: customerReport(hash, observed, planOf(observed), null) };
}

const OUTDATED = { ok: false, why: 'outdated' } as const;

import pLimit from 'p-limit';
import { noticesFor } from '../core/notice.ts';
import { claimedIdentities, orphans } from '../core/orphans.ts';
import type { PassReport, Refusal } from '../core/report.ts';
import type { Fleet, SourcedCustomer } from '../core/source.ts';
import { applyWebhooks } from './apply-webhooks.ts';
import { carryOut } from './carry-out.ts';
import type { Effects, Pass } from './context.ts';
import { countedCustomer, guardFleet } from './guarding.ts';
import { listOrganizations } from './listing.ts';
import { type ObservedCustomer, observeCustomer } from './observe.ts';
import { showsPartialListing, withoutCreation } from './partial-listing.ts';
import { preparePass } from './prepare.ts';
import { commitStatuses } from './record.ts';
import { type CarriedOut, type Planning, type Progressed, refusedReport, reportOf } from './reporting.ts';
import { observeWebhooks } from './webhooks.ts';

export interface PassOptions {
  /** Only these customers are carried out; guards still count the whole fleet. Empty: all. */
  readonly customers: readonly string[];
  /** Read keys and ledger even where the recorded status covers the declaration. */
  readonly full: boolean;
  /** Customers worked on at once. */
  readonly concurrency: number;
  /** Approval hashes given for this run, beside those in reconcile.yaml. */
  readonly approved: readonly string[];
  /** False only for the sandbox, whose parent is made for the workspace. */
  readonly bindingRequired: boolean;
  /** Asked once, with the plan, before the first write; false carries nothing out. */
  readonly confirm: (plan: PassReport) => Promise<boolean>;
  readonly signal: AbortSignal;
}

/**
 * One pass over the fleet: load, bind, list, observe and plan, guard, apply, verify, status (design 3, correctness 2.4).
 * Everything that can go wrong with a customer, a file or the API is in the report; only bugs throw.
 */
export async function runPass(effects: Effects, options: PassOptions): Promise<PassReport> {
  const prepared = await preparePass(effects, options);
  if (!prepared.ok) return refusedReport(effects, prepared.refusal);
  const { pass, fleet } = prepared;
  const unknown = unknownCustomers(fleet, options.customers);
  if (unknown) return refusedReport(effects, unknown);

  const planning = await planFleet(pass, fleet, options);
  if ('refusal' in planning) return refusedReport(effects, planning.refusal);
  if (effects.writer === null) return reportOf(pass, planning, null);
  const work = [...planning.plans, { steps: planning.webhooks.webhooks.flatMap(({ step }) => step ?? []) }];
  const somethingToDo = work.some(({ steps }) => steps.some(({ blockedBy }) => blockedBy === null));
  if (somethingToDo && !(await options.confirm(reportOf(pass, planning, null)))) return reportOf(pass, planning, null);
  return reportOf(pass, planning, await applyFleet(pass, planning, options));
}

function unknownCustomers(fleet: Fleet, wanted: readonly string[]): Refusal | null {
  const known = claimedIdentities(fleet);
  const unknown = wanted.filter((externalId) => !known.has(externalId));
  if (unknown.length === 0) return null;
  return {
    kind: 'cannot-run',
    code: 'UnknownCustomer',
    message: `No file declares ${unknown.join(', ')}.`,
    next: 'Name customers by their externalId; `reconcile status` lists them.',
    requestId: null,
    problems: [],
  };
}

/** Lists, observes, plans and guards the whole fleet, or the refusal that says why not. Writes nothing. */
export async function planFleet(
  pass: Pass,
  fleet: Fleet,
  options: Pick<PassOptions, 'customers' | 'full' | 'concurrency' | 'approved'>,
): Promise<Planning | { readonly refusal: Refusal }> {
  const { effects } = pass;
  effects.progress({ kind: 'planning', customers: fleet.customers.length });
  const listed = await listOrganizations(pass);
  if (!listed.ok) return listed;
  const { listing } = listed;
  const inventory = listing.inventory();
  const claimed = claimedIdentities(fleet);
  const isSelected = selection(options.customers);
  const limit = pLimit(options.concurrency);
  const webhooks = await observeWebhooks(pass);
  const observed = await limit.map([...fleet.customers], (customer) => {
    const selected = isSelected(customer);
    const full = options.full || (selected && options.customers.length > 0);
    return observeCustomer(pass, customer, { inventory, claimed, full, selected });
  });
  const trusted = withoutCreationsFromPartialListing(observed);
  const guarded = await guardFleet(pass, trusted.map(countedCustomer), webhooks, {
    approved: options.approved,
    isSelected: isNamed(options.customers),
  });
  return {
    fleet,
    listing,
    observed: trusted.filter(({ customer }) => isSelected(customer)),
    plans: guarded.plans.filter((_, index) => isSelected(trusted[index]?.customer)),
    webhooks: guarded.webhooks,
    fleetProblems: [...guarded.problems, ...orphans(fleet, inventory, noticesFor(pass.workspace))],
    staleApprovals: guarded.staleApprovals,
    parentPrepaid: guarded.parentPrepaid,
  };
}

function isNamed(names: readonly string[]): (externalId: string) => boolean {
  const wanted = new Set(names);
  return (externalId) => wanted.size === 0 || wanted.has(externalId);
}

function selection(names: readonly string[]): (customer: SourcedCustomer | undefined) => boolean {
  const isWanted = isNamed(names);
  return (customer) => customer !== undefined && isWanted(customer.declaration.externalId);
}

/** A listing that lacks an organization that answers was partial: then nobody's organization is created (correctness 2.4). */
function withoutCreationsFromPartialListing(observed: readonly ObservedCustomer[]): readonly ObservedCustomer[] {
  return observed.some(showsPartialListing) ? observed.map(withoutCreation) : observed;
}

/** Webhooks first, so that the firehose hears of new customers; then customers side by side, none delaying another. */
async function applyFleet(pass: Pass, planning: Planning, options: PassOptions): Promise<Progressed> {
  const webhooks = await applyWebhooks(pass, planning.webhooks);
  const limit = pLimit(options.concurrency);
  const customers = new Map<string, CarriedOut>();
  await limit.map([...planning.observed.entries()], async ([index, observed]) => {
    const plan = planning.plans[index];
    if (plan) customers.set(plan.externalId, await carryOut(pass, observed, plan, planning.listing));
  });
  return { webhooks, customers, commitProblem: await commitStatuses(pass) };
}

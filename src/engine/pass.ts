import pLimit from 'p-limit';
import { type Inventory, inventoryOf } from '../core/inventory.ts';
import { noticesFor } from '../core/notice.ts';
import { claimedIdentities, orphans } from '../core/orphans.ts';
import type { CustomerPlan } from '../core/plan.ts';
import type { PassReport, Refusal } from '../core/report.ts';
import type { Fleet, SourcedCustomer } from '../core/source.ts';
import { type Applied, applyCustomer } from './apply-customer.ts';
import { applyWebhooks } from './apply-webhooks.ts';
import { type Effects, isStopped, type Pass, type SharedReads } from './context.ts';
import { guardFleet } from './guarding.ts';
import { type ObservedCustomer, observeCustomer } from './observe.ts';
import { preparePass } from './prepare.ts';
import { readOrganizations, readParentAllocations } from './reads.ts';
import { commitStatuses, recordStatus } from './record.ts';
import { type Planning, type Progressed, phaseAndProblems, refusedReport, reportOf } from './reporting.ts';
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
  const listing = await readOrganizations(effects.reader);
  if (listing.outcome !== 'ok') {
    const { code, message } = listing.problem;
    const next = code === 'FORBIDDEN_SCOPE' ? 'The API key must be the parent’s and hold org:admin.' : null;
    const requestId = listing.meta.requestId ?? null;
    const text = `The organizations cannot be listed: ${message}`;
    return { refusal: { kind: 'cannot-run', code, message: text, next, requestId, problems: [] } };
  }
  const inventory = inventoryOf(listing.value);
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
  const guarded = await guardFleet(pass, trusted, webhooks, {
    approved: options.approved,
    isSelected: isNamed(options.customers),
  });
  return {
    fleet,
    inventory,
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
  const partial = observed.some(({ planned }) => planned.problems.some(({ code }) => code === 'ListingIncomplete'));
  if (!partial) return observed;
  return observed.map((one) => {
    if (one.identification.kind !== 'absent') return one;
    const problem = one.notices.problem(
      '/externalId',
      'held',
      'ListingIncomplete',
      'The listing of organizations is not whole, so no organization is created in this pass.',
      { next: 'Nothing to do if this passes: the next pass lists again.' },
    );
    return { ...one, planned: { ...one.planned, steps: [], problems: [...one.planned.problems, problem] } };
  });
}

/** Webhooks first, so that the firehose hears of new customers; then customers side by side, none delaying another. */
async function applyFleet(pass: Pass, planning: Planning, options: PassOptions): Promise<Progressed> {
  const webhooks = await applyWebhooks(pass, planning.webhooks);
  const shared = sharedReads(pass, planning.inventory);
  const limit = pLimit(options.concurrency);
  const applied = new Map<string, Applied>();
  const statusProblems = new Map<string, PassReport['fleet']['problems']>();
  await limit.map([...planning.observed.entries()], async ([index, observed]) => {
    const plan = planning.plans[index];
    if (!plan) return;
    const result = await applyOne(pass, observed, plan, shared);
    if (result) applied.set(plan.externalId, result);
    const { phase, problems } = phaseAndProblems(observed, plan, result);
    if (isStopped(pass) && !result) return;
    const failed = await recordStatus(pass, observed, result?.run ?? null, phase, problems);
    if (failed) statusProblems.set(plan.externalId, [failed]);
  });
  return { webhooks, applied, statusProblems, commitProblem: await commitStatuses(pass) };
}

async function applyOne(
  pass: Pass,
  observed: ObservedCustomer,
  plan: CustomerPlan,
  shared: SharedReads,
): Promise<Applied | null> {
  return isStopped(pass) ? null : applyCustomer(pass, observed, plan, shared);
}

function sharedReads(pass: Pass, inventory: Inventory): SharedReads {
  let recent: ReturnType<SharedReads['parentLedgerOf48h']> | null = null;
  return {
    inventory,
    parentLedgerOf48h: () => {
      recent ??= readParentAllocations(pass.effects.reader, pass.serverTimeMs - 48 * 3_600_000);
      return recent;
    },
  };
}

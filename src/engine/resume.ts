import { inventoryOf } from '../core/inventory.ts';
import { organizationMark } from '../core/marker.ts';
import { claimedIdentities } from '../core/orphans.ts';
import type { Refusal } from '../core/report.ts';
import { unknownCustomer } from '../core/unknown-customer.ts';
import { startRun } from './apply-customer.ts';
import type { Effects } from './context.ts';
import { declarationChanged } from './customer-run.ts';
import { observeCustomer } from './observe.ts';
import { type PrepareOptions, preparePass } from './prepare.ts';
import { readOrganizations } from './reads.ts';
import { executeResumeByHand } from './steps/state.ts';

export interface ResumeOptions extends PrepareOptions {
  readonly externalId: string;
  /** Asked before anything is written, with the id of the organization. */
  readonly confirm: (organizationId: string) => Promise<boolean>;
}

export type ResumeResult =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'not-needed' | 'blocked' | 'failed'; readonly message: string; readonly next: string | null }
  | { readonly kind: 'declined' }
  | { readonly kind: 'resumed'; readonly organizationId: string };

/**
 * Ends a suspension that somebody made by hand (design 3, `SuspendedByHand`). A suspension of ours is ended by its
 * declaration and by nothing else, so that file and world never contradict each other (I5).
 */
export async function resumeCustomer(effects: Effects, options: ResumeOptions): Promise<ResumeResult> {
  const prepared = await preparePass(effects, options);
  if (!prepared.ok) return { kind: 'refused', refusal: prepared.refusal };
  const { pass, fleet } = prepared;
  const { externalId } = options;
  const customer = fleet.customers.find(({ declaration }) => declaration.externalId === externalId);
  const stop = (message: string, next: string | null = null): ResumeResult => ({ kind: 'not-needed', message, next });
  if (fleet.broken.some((file) => file.externalId === externalId))
    return stop(`The file of ${externalId} cannot be used, so nothing is done for it.`, 'See `reconcile validate`.');
  if (!customer) return { kind: 'not-needed', ...unknownCustomer(externalId, claimedIdentities(fleet)) };
  if (customer.declaration.state !== 'active')
    return stop(
      `${externalId} is declared \`state: ${customer.declaration.state}\`.`,
      'Set `state: active` in its file.',
    );

  // `freeze` stops every write, that of a person at the keyboard too (design 7).
  if (pass.workspace.declaration.guards.freeze)
    return {
      kind: 'blocked',
      message: 'All writes are frozen by `guards.freeze`.',
      next: 'To write again, set `guards.freeze: false` in reconcile.yaml.',
    };

  const listing = await readOrganizations(effects.reader);
  if (listing.outcome !== 'ok') return { kind: 'failed', message: listing.problem.message, next: null };
  const claimed = new Set(fleet.customers.map(({ declaration }) => declaration.externalId));
  const observed = await observeCustomer(pass, customer, {
    inventory: inventoryOf(listing.value),
    claimed,
    full: false,
    selected: true,
  });
  const organization = observed.observation?.organization;
  if (!organization) {
    const [problem] = observed.planned.problems;
    return stop(problem?.message ?? `${externalId} has no organization.`, problem?.next ?? null);
  }
  if (organization.status !== 'suspended') return stop(`${organization.id} is ${organization.status}, not suspended.`);
  if (organization.metadata[organizationMark.suspended] === '1')
    return stop(`${organization.id} was suspended by this tool.`, 'It is resumed by the next pass, as declared.');
  if (!(await options.confirm(organization.id))) return { kind: 'declined' };
  const run = startRun(pass, observed);
  // The question may have stood for an hour, and `freeze` or another state been declared meanwhile.
  const result = (await declarationChanged(run)) ?? (await executeResumeByHand(run));
  if (result.outcome === 'done') return { kind: 'resumed', organizationId: organization.id };
  return {
    kind: 'failed',
    message: result.problem?.message ?? 'The organization could not be resumed.',
    next: result.problem?.next ?? null,
  };
}

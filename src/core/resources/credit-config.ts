import type { CreditConfig } from '../api.ts';
import type { Json } from '../canonical.ts';
import type { RefillDeclaration } from '../declaration/customer.ts';
import type { Notices } from '../notice.ts';
import type { Fields, Step } from '../plan.ts';
import type { SourcedCustomer } from '../source.ts';

/** A new organization has no limits (organizations/credit-config). */
export const NO_LIMITS: CreditConfig = {
  monthlyCreditCap: null,
  refillThreshold: null,
  refillAmount: null,
  autoRefillEnabled: false,
};

export interface LimitFacts {
  /** The recorded status covers the declaration: what differs was changed outside. */
  readonly settled: boolean;
  /** The declared grant is on the ledger, or planned before this step (I10). */
  readonly refillMayMove: boolean;
  /** What the child can spend once the planned grant is there, in credits. */
  readonly available: number;
}

/**
 * A step for the cap and one for the refill, where they differ; both travel in one PATCH when both may run. What a file
 * leaves out is not managed. A refill whose threshold lies above `available` moves money at once and is shown as money.
 */
export function planCreditConfig(
  customer: SourcedCustomer,
  current: CreditConfig,
  facts: LimitFacts,
  notices: Notices,
): Step[] {
  const { cap, refill } = customer.declaration;
  const now = { cap: current.monthlyCreditCap, refill: refillOf(current) };
  const change = (name: 'cap' | 'refill', before: Json, after: Json, credits: number) =>
    notices.step(`/${name}`, {
      action: 'change',
      resource: 'credit-config',
      name,
      reason: facts.settled ? `${name} was changed outside of this file` : `${name} differs from the file`,
      before: { [name]: before },
      after: { [name]: after },
      credits,
      drift: facts.settled,
    });
  const steps: Step[] = [];
  if (cap !== undefined && cap !== now.cap) steps.push(change('cap', now.cap, cap, 0));
  // Switching a refill off moves nothing and never waits.
  if (refill !== undefined && !sameRefill(refill, now.refill) && (refill === null || facts.refillMayMove)) {
    const moves = refill !== null && facts.available < refill.threshold;
    steps.push(change('refill', now.refill, refill, moves ? refill.amount : 0));
  }
  return steps;
}

/** The PATCH of a planned change: numbers set, null clears, both refill fields or neither (organizations/credit-config). */
export function creditConfigPatch(after: Fields): {
  monthlyCreditCap?: number | null;
  refillThreshold?: number | null;
  refillAmount?: number | null;
} {
  const { cap, refill } = after as { cap?: number | null; refill?: RefillDeclaration | null };
  return {
    ...(cap === undefined ? {} : { monthlyCreditCap: cap }),
    ...(refill === undefined
      ? {}
      : { refillThreshold: refill?.threshold ?? null, refillAmount: refill?.amount ?? null }),
  };
}

/** True when a read-back shows what a PATCH asked for. */
export function configShows(config: CreditConfig, patch: ReturnType<typeof creditConfigPatch>): boolean {
  return (
    (patch.monthlyCreditCap === undefined || config.monthlyCreditCap === patch.monthlyCreditCap) &&
    (patch.refillThreshold === undefined || config.refillThreshold === patch.refillThreshold) &&
    (patch.refillAmount === undefined || config.refillAmount === patch.refillAmount)
  );
}

function refillOf(config: CreditConfig): RefillDeclaration | null {
  if (config.refillThreshold === null || config.refillAmount === null) return null;
  return { threshold: config.refillThreshold, amount: config.refillAmount };
}

function sameRefill(a: RefillDeclaration | null, b: RefillDeclaration | null): boolean {
  return a?.threshold === b?.threshold && a?.amount === b?.amount;
}

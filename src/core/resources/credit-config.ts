import type { CreditConfig } from '../api.ts';
import type { Json } from '../canonical.ts';
import type { RefillDeclaration } from '../declaration/customer.ts';
import type { Notices } from '../notice.ts';
import type { Fields, RefillExposure, Step } from '../plan.ts';
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
  const exposure = refillExposure(limitsAfter(current, steps));
  return steps.map((step, index) => (index === steps.length - 1 ? { ...step, refillExposure: exposure } : step));
}

export interface Limits {
  readonly cap: number | null;
  readonly refill: RefillDeclaration | null;
}

/** The limits of a customer once these of its steps have run. */
export function limitsAfter(current: CreditConfig, steps: readonly Pick<Step, 'resource' | 'after'>[]): Limits {
  const changes = steps.flatMap(({ resource, after }) => (resource === 'credit-config' && after ? [after] : []));
  return Object.assign({ cap: current.monthlyCreditCap, refill: refillOf(current) }, ...changes);
}

/**
 * The most that refills take from the parent in one billing period; null while no refill is on. A refill of `amount`
 * fires while `available` is below `threshold` (organizations/credit-config). Before the last of k refills k − 1 of them
 * had come in, and yet less than `threshold` was there: (k − 1) × amount − spent < threshold. Spent and reserved
 * credits stay within the cap of the period, so k is at most (threshold + cap) / amount, rounded up. That is from an
 * empty wallet, the worst there is: what a wallet holds today moves, and a plan must not.
 */
export function refillExposure({ cap, refill }: Limits): RefillExposure | null {
  if (refill === null) return null;
  // Nothing is ever below zero, so a threshold of 0 fires no refill.
  if (refill.threshold === 0) return { creditsPerMonth: 0 };
  if (cap === null) return { creditsPerMonth: null };
  return { creditsPerMonth: Math.ceil((refill.threshold + cap) / refill.amount) * refill.amount };
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

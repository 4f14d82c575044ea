import { uuid } from './chance.ts';
import { type Refusal, refusal } from './refusals.ts';
import type { Actor } from './route.ts';
import type { LedgerEventType, Metadata, OrganizationRow, WalletRow } from './state.ts';
import { billingPeriod } from './times.ts';
import type { View } from './world.ts';

export function emptyWallet(organizationId: string, nowMs: number): WalletRow {
  const { startMs, endMs } = billingPeriod(nowMs);
  return {
    id: organizationId,
    includedThisPeriod: 0,
    includedRemaining: 0,
    prepaidBalance: 0,
    reservedCredits: 0,
    usedThisPeriod: 0,
    periodStartMs: startMs,
    periodEndMs: endMs,
    monthlyCreditCap: null,
    refillThreshold: null,
    refillAmount: null,
  };
}

/**
 * The wallet as of now. Included credits roll over at the end of the period, prepaid ones stay (concepts/credits). The
 * rollover is computed by whoever looks, so that time passing is not a write.
 */
export function walletOf(view: View, organizationId: string, nowMs: number): WalletRow {
  const row = view.wallets.get(organizationId) ?? emptyWallet(organizationId, nowMs);
  if (nowMs < row.periodEndMs) return row;
  const { startMs, endMs } = billingPeriod(nowMs);
  const includedRemaining = row.includedThisPeriod;
  return { ...row, includedRemaining, usedThisPeriod: 0, periodStartMs: startMs, periodEndMs: endMs };
}

/** Gross: included remaining and prepaid. */
export function balanceOf(wallet: WalletRow): number {
  return wallet.includedRemaining + wallet.prepaidBalance;
}

/** Net of reservations, never below 0. */
export function availableOf(wallet: WalletRow): number {
  return Math.max(0, balanceOf(wallet) - wallet.reservedCredits);
}

interface Posting {
  readonly organizationId: string;
  /** Signed. Moves the prepaid balance. */
  readonly credits: number;
  readonly eventType: LedgerEventType;
  readonly description?: string | null;
  readonly metadata?: Metadata | null;
}

/** Moves prepaid credits and writes the ledger row. Returns the row's id. */
export function post(actor: Actor, posting: Posting): string {
  const { world, nowMs } = actor;
  const wallet = walletOf(world, posting.organizationId, nowMs);
  const prepaidBalance = wallet.prepaidBalance + posting.credits;
  const id = uuid(world.chance);
  world.wallets.put({ ...wallet, prepaidBalance });
  world.ledger.put({
    id,
    organizationId: posting.organizationId,
    credits: posting.credits,
    eventType: posting.eventType,
    balanceAfterPrepaid: prepaidBalance,
    usageAfterPeriod: null,
    createdAtMs: nowMs,
    description: posting.description ?? null,
    metadata: posting.metadata ?? null,
  });
  return id;
}

interface Movement {
  readonly child: OrganizationRow;
  readonly credits: number;
  readonly description?: string | null;
  readonly metadata?: Metadata;
  /** `direction` of the parent's and of the child's row, a system key that always wins. */
  readonly directions: { readonly parent: string; readonly child: string };
}

/**
 * A transfer from the parent's prepaid balance to the child's: a debit row and a positive row, both `allocation`
 * (organizations/credits/allocate). Returns the id of the parent's row. The caller has checked {@link canPay}.
 */
export function transferToChild(actor: Actor, { child, credits, description, metadata, directions }: Movement): string {
  const parentId = child.parentOrganizationId ?? child.id;
  const shared = { eventType: 'allocation', description: description ?? null } as const;
  const id = post(actor, {
    ...shared,
    organizationId: parentId,
    credits: -credits,
    metadata: { ...metadata, direction: directions.parent, counterpartyOrgId: child.id },
  });
  post(actor, {
    ...shared,
    organizationId: child.id,
    credits,
    metadata: { ...metadata, direction: directions.child, counterpartyOrgId: parentId },
  });
  return id;
}

/** Only prepaid credits of the parent can be allocated. */
export function canPay(view: View, parentId: string | null, credits: number, nowMs: number): boolean {
  return parentId !== null && walletOf(view, parentId, nowMs).prepaidBalance >= credits;
}

/**
 * Auto-refill: when `available` is below the threshold, `refillAmount` moves once from the parent; a parent that is
 * short is skipped silently (our choice, docs/sandbox.md).
 */
export function refillIfLow(actor: Actor, child: OrganizationRow): void {
  const wallet = walletOf(actor.world, child.id, actor.nowMs);
  const { refillThreshold, refillAmount } = wallet;
  if (refillThreshold === null || refillAmount === null || availableOf(wallet) >= refillThreshold) return;
  if (child.status !== 'active' || !canPay(actor.world, child.parentOrganizationId, refillAmount, actor.nowMs)) return;
  transferToChild(actor, {
    child,
    credits: refillAmount,
    directions: { parent: 'auto_refill_out', child: 'auto_refill_in' },
  });
  actor.record({ kind: 'credits.refill', organizationId: child.id, credits: refillAmount });
}

/** Holds credits for work that starts; 402 when not enough is available or the cap would be passed. */
export function reserve(actor: Actor, organization: OrganizationRow, credits: number): Refusal | null {
  const wallet = walletOf(actor.world, organization.id, actor.nowMs);
  const committed = wallet.usedThisPeriod + wallet.reservedCredits + credits;
  if (wallet.monthlyCreditCap !== null && committed > wallet.monthlyCreditCap) {
    return refusal('BILLING_EXHAUSTED', `The monthly cap of ${wallet.monthlyCreditCap} credits would be passed.`);
  }
  if (credits > availableOf(wallet)) {
    return refusal('BILLING_EXHAUSTED', `${availableOf(wallet)} credits are available, ${credits} are needed.`);
  }
  actor.world.wallets.put({ ...wallet, reservedCredits: wallet.reservedCredits + credits });
  actor.record({ kind: 'credits.reserve', organizationId: organization.id, credits });
  refillIfLow(actor, organization);
  return null;
}

/** Ends a reservation: `spent` of the `reserved` credits are used, included ones first, the rest is free again. */
export function settle(actor: Actor, organization: OrganizationRow, reserved: number, spent: number): void {
  const { world, nowMs } = actor;
  const wallet = walletOf(world, organization.id, nowMs);
  const included = Math.min(spent, wallet.includedRemaining);
  const usedThisPeriod = wallet.usedThisPeriod + spent;
  const reservedCredits = Math.max(0, wallet.reservedCredits - reserved);
  world.wallets.put({
    ...wallet,
    includedRemaining: wallet.includedRemaining - included,
    reservedCredits,
    usedThisPeriod,
  });
  if (spent === 0) return;
  const id = post(actor, { organizationId: organization.id, credits: included - spent, eventType: 'usage' });
  const row = world.ledger.get(id);
  // The ledger shows the whole use; only what the included credits did not cover has left the prepaid balance.
  if (row) world.ledger.put({ ...row, credits: -spent, usageAfterPeriod: usedThisPeriod });
  actor.record({ kind: 'credits.spend', organizationId: organization.id, credits: spent });
  refillIfLow(actor, organization);
}

import { readFields } from '../fields.ts';
import { isRefusal, validation } from '../refusals.ts';
import { type Outcome, type ReadContext, type Route, success, type WriteContext } from '../route.ts';
import type { WalletRow } from '../state.ts';
import { availableOf, balanceOf, refillIfLow, walletOf } from '../wallet.ts';
import { directChild, livingChild } from './children.ts';

export function creditConfigView({ monthlyCreditCap, refillThreshold, refillAmount }: WalletRow) {
  const autoRefillEnabled = refillThreshold !== null && refillAmount !== null;
  return { monthlyCreditCap, refillThreshold, refillAmount, autoRefillEnabled };
}

function answer(wallet: WalletRow): Outcome {
  return success({
    organizationId: wallet.id,
    config: creditConfigView(wallet),
    balance: balanceOf(wallet),
    available: availableOf(wallet),
  });
}

/** organizations/credit-config */
function getCreditConfig(context: ReadContext): Outcome {
  const child = directChild(context.view, context);
  return isRefusal(child) ? child : answer(walletOf(context.view, child.id, context.nowMs));
}

/** A number sets, null clears, what is left out stays; threshold and amount are both set or both null afterwards. */
function patchCreditConfig(context: WriteContext): Outcome {
  const child = livingChild(context.world, context);
  if (isRefusal(child)) return child;
  const wallet = walletOf(context.world, child.id, context.nowMs);
  const fields = readFields(context.body);
  const cap = fields.integerOrNull('monthlyCreditCap', 0);
  const threshold = fields.integerOrNull('refillThreshold', 0);
  const amount = fields.integerOrNull('refillAmount', 1);
  fields.requireAny('monthlyCreditCap', 'refillThreshold', 'refillAmount');
  const next = {
    ...wallet,
    monthlyCreditCap: cap === undefined ? wallet.monthlyCreditCap : cap,
    refillThreshold: threshold === undefined ? wallet.refillThreshold : threshold,
    refillAmount: amount === undefined ? wallet.refillAmount : amount,
  };
  if (fields.problems.length === 0 && (next.refillThreshold === null) !== (next.refillAmount === null)) {
    fields.problems.push({ field: 'refillThreshold', message: 'and refillAmount are set or cleared together' });
  }
  if (fields.problems.length > 0) return validation(fields.problems);
  context.world.wallets.put(next);
  context.record({ kind: 'credit-config.patch', organizationId: child.id });
  if (context.behaviour.refillFiresOnEnable && (threshold !== undefined || amount !== undefined)) {
    refillIfLow(context, child);
  }
  return answer(walletOf(context.world, child.id, context.nowMs));
}

const shared = { path: '/v1/organizations/:/credit-config', scope: 'org:admin' } as const;

export const creditConfigRoutes: readonly Route[] = [
  { ...shared, method: 'GET', freshness: 'ledger', handle: getCreditConfig },
  { ...shared, method: 'PATCH', handle: patchCreditConfig },
];

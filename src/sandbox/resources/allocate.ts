import { canonical, isRecord } from '../canonical.ts';
import { metadataProblem, readFields } from '../fields.ts';
import { isRefusal, refusal, validation } from '../refusals.ts';
import { type Outcome, type Route, type Success, success, type WriteContext } from '../route.ts';
import type { OrganizationRow } from '../state.ts';
import { zuluTime } from '../times.ts';
import { availableOf, balanceOf, canPay, transferToChild, walletOf } from '../wallet.ts';
import { livingChild } from './children.ts';

interface Allocation {
  readonly credits: number;
  readonly description: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A replay is the original result with `replayed: true` (organizations/credits/allocate). */
function asReplay(remembered: Success): Success {
  const body = isRecord(remembered.body) ? { ...remembered.body, replayed: true } : remembered.body;
  return { ...remembered, body };
}

function readAllocation(body: unknown): Allocation | Outcome {
  const fields = readFields(body);
  fields.require('credits');
  const credits = fields.integer('credits', 1);
  const description = fields.text('description', { min: 0, max: 500 }) ?? null;
  const metadata = fields.metadata('metadata') ?? {};
  const tooMuch = metadataProblem(metadata, 'metadata');
  if (tooMuch) fields.problems.push(tooMuch);
  if (fields.problems.length > 0 || credits === undefined) return validation(fields.problems);
  return { credits, description, metadata };
}

function move(context: WriteContext, child: OrganizationRow, allocation: Allocation): Success {
  const directions = { parent: 'out', child: 'in' };
  const eventId = transferToChild(context, { child, ...allocation, directions });
  context.record({ kind: 'credits.allocate', organizationId: child.id, credits: allocation.credits });
  const wallet = walletOf(context.world, child.id, context.nowMs);
  const body = {
    id: `txn_${eventId}`,
    created: zuluTime(context.nowMs),
    allocated: allocation.credits,
    description: allocation.description,
    metadata: allocation.metadata,
    balance: balanceOf(wallet),
    available: availableOf(wallet),
    replayed: false,
  };
  return success(body, context.behaviour.createStatus);
}

/**
 * Real money: prepaid credits from the parent to the child. Beside the HTTP layer's memory the database remembers the
 * key per parent, so that neither time nor another API key makes it run twice (`allocateKeyForever`).
 */
function allocate(context: WriteContext): Outcome {
  const { world, behaviour, caller, nowMs, idempotencyKey } = context;
  const child = livingChild(world, context);
  if (isRefusal(child)) return child;
  const allocation = readAllocation(context.body);
  if ('kind' in allocation) return allocation;
  const transferId = `${caller.organization.id} ${idempotencyKey ?? ''}`;
  const fingerprint = `${child.id} ${canonical(allocation)}`;
  const earlier = behaviour.allocateKeyForever ? world.transfers.get(transferId) : undefined;
  if (earlier) {
    if (earlier.fingerprint !== fingerprint) {
      return refusal('IDEMPOTENCY_CONFLICT', 'This Idempotency-Key was used for another transfer.');
    }
    return asReplay(success(JSON.parse(earlier.body), behaviour.createStatus));
  }
  if (!canPay(world, caller.organization.id, allocation.credits, nowMs)) {
    return refusal('BILLING_EXHAUSTED', `The parent's prepaid balance is below ${allocation.credits} credits.`);
  }
  const done = move(context, child, allocation);
  if (behaviour.allocateKeyForever) {
    world.transfers.put({ id: transferId, fingerprint, body: JSON.stringify(done.body) });
  }
  return done;
}

export const allocateRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/organizations/:/credits/allocate',
    scope: 'org:admin',
    idempotencyRequired: true,
    handle: allocate,
    replay: asReplay,
  },
];

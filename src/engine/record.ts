import { canonicalJson } from '../core/canonical.ts';
import { noticesFor } from '../core/notice.ts';
import type { Problem } from '../core/problem.ts';
import type { Phase } from '../core/report.ts';
import { type Condition, type CustomerStatus, conditionsOf, statusDocument, TIMED } from '../core/status.ts';
import type { Pass } from './context.ts';
import type { CustomerRun } from './customer-run.ts';
import type { ObservedCustomer } from './observe.ts';
import { settleSecrets } from './secret-keeping.ts';

/**
 * Writes status back, only where its meaning changed (V3, I11): a converged fleet causes no write of any kind. Returns
 * what went wrong, if anything; a status that could not be written loses nothing but the report.
 */
export async function recordStatus(
  pass: Pass,
  observed: ObservedCustomer,
  run: CustomerRun | null,
  phase: Phase,
  problems: readonly Problem[],
): Promise<Problem | null> {
  const { customer, status: previous, notices } = observed;
  // Written over, it could not veto any more: the number of grants, a key that was there (I7).
  if (observed.statusIsEvidence) return null;
  const { externalId } = customer.declaration;
  const next = nextStatus(pass, observed, run, phase, problems);
  if (previous && canonicalJson(previous) === canonicalJson(next)) return null;
  const { parentOrganizationId, effects } = pass;
  const named = next.keys.filter(({ id, secret }) => secret !== null && !previous?.keys.some((key) => key.id === id));
  const slots = named.map(({ name }) => ({ parentOrganizationId, kind: 'api-key', externalId, name }) as const);
  const settled = await settleSecrets(pass, slots);
  const target = { externalId, file: customer.file };
  const written = settled.ok ? await effects.statuses.write(target, statusDocument(next)) : settled;
  if (written.ok) return null;
  effects.progress({ kind: 'status-failed', customer: externalId, message: written.message });
  return notices.problem(
    '/status',
    'warning',
    'StatusNotWritten',
    `The status could not be written: ${written.message}`,
    {
      next: 'Nothing is lost: the next pass finds everything by its marks.',
    },
  );
}

/**
 * Has the store publish what this pass recorded, where it keeps a pass together; after a signal too, for then it matters
 * most. Returns what went wrong: the store still has it, and the next pass publishes it.
 */
export async function commitStatuses(pass: Pick<Pass, 'effects' | 'workspace'>): Promise<Problem | null> {
  const committed = await pass.effects.statuses.commit?.();
  if (!committed || committed.ok) return null;
  pass.effects.progress({ kind: 'status-failed', customer: null, message: committed.message });
  return noticesFor(pass.workspace).problem(
    '/status',
    'warning',
    'StatusNotPushed',
    `The status is kept here and could not be exchanged with the remote: ${committed.message}`,
    { next: 'Nothing is lost: the next pass pushes it.' },
  );
}

function nextStatus(
  pass: Pass,
  observed: ObservedCustomer,
  run: CustomerRun | null,
  phase: Phase,
  problems: readonly Problem[],
): CustomerStatus {
  const { customer, status: previous } = observed;
  const { externalId, credits, keys } = customer.declaration;
  const organizationId = ownOrganizationId(observed, run) ?? previous?.organizationId ?? null;
  const sameOrganization = previous?.organizationId === organizationId ? previous : null;
  const counted = run?.isOurs ? run.credits : null;
  const now = new Date(pass.effects.clock.now()).toISOString();
  const conditions = conditionsOf(phase, problems, previous?.conditions ?? [], now);
  return {
    externalId,
    parentOrganizationId: pass.parentOrganizationId,
    declaration: customer.hash,
    ...(customer.generation === undefined ? {} : { observedGeneration: customer.generation }),
    organizationId,
    phase,
    conditions: [...conditions, ...unread(previous, conditions, unseen(observed, phase))],
    credits: {
      declared: credits,
      granted: counted?.granted ?? sameOrganization?.credits?.granted ?? null,
      slots: counted?.slots ?? sameOrganization?.credits?.slots ?? null,
    },
    keys: [
      // A key that is revoked, or left the file, stays remembered: its ordinal must never be used again (P8).
      ...keys.flatMap(({ name }) => {
        return run?.keys.get(name) ?? sameOrganization?.keys.find((key) => key.name === name) ?? [];
      }),
      ...(sameOrganization?.keys ?? []).filter(({ name }) => !keys.some((key) => key.name === name)),
    ],
  };
}

/** Recorded conditions of which this pass cannot say that they have ended. */
function unread(
  previous: CustomerStatus | null,
  conditions: readonly Condition[],
  unseenTypes: ReadonlySet<string>,
): Condition[] {
  const known = new Set(conditions.map(({ type }) => type));
  return (previous?.conditions ?? []).filter(({ type }) => unseenTypes.has(type) && !known.has(type));
}

/**
 * Some are seen to end by a full read only, while the recorded status stands in for it; and time that is counted goes on
 * where the organization could not be looked at.
 */
function unseen({ covered, observation }: ObservedCustomer, phase: Phase): ReadonlySet<string> {
  if (covered) return READ_IN_FULL;
  return observation === null && (phase === 'Held' || phase === 'Stalled') ? TIMED : NONE;
}

const NONE: ReadonlySet<string> = new Set();
const READ_IN_FULL: ReadonlySet<string> = new Set(['ForeignCredits', 'UndeclaredKey']);

/** The organization that was found or made; null for one that was only about to be taken over. */
function ownOrganizationId({ identification, observation }: ObservedCustomer, run: CustomerRun | null): string | null {
  if (identification.kind === 'adoptable') return run?.isOurs ? run.organizationId : null;
  const found = identification.kind === 'existing' ? identification.organization.id : null;
  return run?.organizationId ?? observation?.organization.id ?? found;
}

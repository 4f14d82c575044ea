import { canonicalJson, type Json } from './canonical.ts';
import {
  type CustomerStatus,
  type FleetStatus,
  parseCustomerStatus,
  parseFleetStatus,
  statusDocument,
} from './status.ts';

type Document = { readonly [key: string]: Json };

/**
 * Two writers recorded something about one customer at the same time. The later one's word counts, but what was counted
 * only ever rises: grants, slots, keys ever seen, and the organization once it is known. Status only vetoes (I7), so
 * remembering too much can stop a write, and forgetting could not cause one; but it would take a veto away.
 */
export function mergeCustomerStatus(ours: Document, theirs: unknown): Document {
  const [a, b] = [parseCustomerStatus(ours), parseCustomerStatus(theirs)];
  if (!a || !b || b.organizationId === null) return ours;
  if (a.externalId !== b.externalId || a.parentOrganizationId !== b.parentOrganizationId) return ours;
  // Another organization under this name was onboarded anew: its counts are its own.
  if (a.organizationId !== null && a.organizationId !== b.organizationId) return ours;
  return unlessEqual(ours, a, {
    ...a,
    organizationId: b.organizationId,
    credits: a.credits && {
      ...a.credits,
      granted: highest(a.credits.granted, b.credits?.granted),
      slots: highest(a.credits.slots, b.credits?.slots),
    },
    keys: withHighestSeen(a.keys, b.keys),
  });
}

export function mergeFleetStatus(ours: Document, theirs: unknown): Document {
  const [a, b] = [parseFleetStatus(ours), parseFleetStatus(theirs)];
  if (!a || !b || a.parentOrganizationId !== b.parentOrganizationId) return ours;
  return unlessEqual(ours, a, { ...a, webhooks: withHighestSeen(a.webhooks, b.webhooks) });
}

/** Members that this version does not know are kept as they are, as long as nothing has to be changed. */
function unlessEqual<T extends CustomerStatus | FleetStatus>(ours: Document, before: T, after: T): Document {
  return canonicalJson(before) === canonicalJson(after) ? ours : statusDocument(after);
}

function highest(a: number | null, b: number | null | undefined): number | null {
  return a === null || b === null || b === undefined ? (a ?? b ?? null) : Math.max(a, b);
}

/** An ordinal must never be used again (P8), so a name that only they know stays known. */
function withHighestSeen<T extends { readonly name: string; readonly seen: number }>(
  ours: readonly T[],
  theirs: readonly T[],
): T[] {
  const known = new Map(theirs.map((one) => [one.name, one]));
  const names = new Set(ours.map(({ name }) => name));
  return [
    ...ours.map((one) => ({ ...one, seen: Math.max(one.seen, known.get(one.name)?.seen ?? 0) })),
    ...theirs.filter(({ name }) => !names.has(name)),
  ];
}

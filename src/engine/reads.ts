import type { Answer } from '../core/answer.ts';
import type { ApiKey, LedgerEvent, Organization, WebhookEndpoint } from '../core/api.ts';
import { isMarked } from '../core/ledger.ts';
import type { LayersReader } from '../effects/layers/client.ts';
import { readAllPages } from '../effects/layers/pages.ts';

/** Lists read to their end, or to the item that answers the question, in pages of the documented maximum. */

/**
 * No write rests on an older look at what it is about: a plan may have waited for its turn, or for hours for its answer
 * at a prompt (I2, I9).
 */
export const LOOK_LIFE_MS = 60_000;

const page = (cursor: string | undefined, limit: number) => (cursor === undefined ? { limit } : { limit, cursor });

export function readOrganizations(reader: LayersReader): Promise<Answer<readonly Organization[]>> {
  return readAllPages((cursor) => reader.listOrganizations(page(cursor, 200)), { idOf: ({ id }) => id });
}

/** Those of one status, for an API that does not show them unless asked. */
export function readArchived(reader: LayersReader): Promise<Answer<readonly Organization[]>> {
  return readAllPages((cursor) => reader.listOrganizations({ ...page(cursor, 200), status: 'archived' }), {
    idOf: ({ id }) => id,
  });
}

/** Newest first, down to the page with one that is known: what was made since a listing stands before it. */
export function readNewest(
  reader: LayersReader,
  isKnown: (organization: Organization) => boolean,
): Promise<Answer<readonly Organization[]>> {
  return readAllPages((cursor) => reader.listOrganizations(page(cursor, 200)), {
    idOf: ({ id }) => id,
    until: isKnown,
  });
}

export function readApiKeys(reader: LayersReader, organizationId: string): Promise<Answer<readonly ApiKey[]>> {
  return readAllPages((cursor) => reader.listApiKeys(organizationId, page(cursor, 100)), { idOf: ({ id }) => id });
}

export function readWebhooks(reader: LayersReader): Promise<Answer<readonly WebhookEndpoint[]>> {
  return readAllPages((cursor) => reader.listWebhookEndpoints(page(cursor, 100)), { idOf: ({ id }) => id });
}

/** The child's allocations: all of them, or newest first down to the newest marked one (correctness A2). */
export function readChildAllocations(
  reader: LayersReader,
  organizationId: string,
  extent: 'complete' | 'newest-mark',
): Promise<Answer<readonly LedgerEvent[]>> {
  return readAllPages(
    (cursor) => reader.childLedger(organizationId, { ...page(cursor, 100), eventType: 'allocation' }),
    { idOf: ({ eventId }) => eventId, ...(extent === 'complete' ? {} : { until: isMarked }) },
  );
}

/** The parent's allocations since an instant (inclusive). */
export function readParentAllocations(reader: LayersReader, sinceMs: number): Promise<Answer<readonly LedgerEvent[]>> {
  const since = new Date(sinceMs).toISOString();
  return readAllPages((cursor) => reader.parentLedger({ ...page(cursor, 100), eventType: 'allocation', since }), {
    idOf: ({ eventId }) => eventId,
  });
}

/** Newest first, down to the first organization that satisfies `wanted`; null when none does. */
export async function findOrganization(
  reader: LayersReader,
  wanted: (organization: Organization) => boolean,
): Promise<Answer<Organization | null>> {
  const answer = await readAllPages((cursor) => reader.listOrganizations(page(cursor, 200)), {
    idOf: ({ id }) => id,
    until: wanted,
  });
  return answer.outcome === 'ok' ? { ...answer, value: answer.value.find(wanted) ?? null } : answer;
}

import type { Inventory } from './inventory.ts';
import { readOrganizationMarker } from './marker.ts';
import type { Notices } from './notice.ts';
import type { Problem } from './problem.ts';
import type { Fleet } from './source.ts';

/** The identities of all files, unusable ones included as far as they could be read. */
export function claimedIdentities(fleet: Fleet): ReadonlySet<string> {
  return new Set([
    ...fleet.customers.map(({ declaration }) => declaration.externalId),
    ...fleet.broken.flatMap(({ externalId }) => externalId ?? []),
  ]);
}

/**
 * Live organizations that carry our mark and that no file declares any more: reported, and left alone, because absence
 * is never an instruction (I5). A file whose identity cannot be read might declare any of them, so then none is reported.
 */
export function orphans(fleet: Fleet, inventory: Inventory, notices: Notices): Problem[] {
  if (fleet.broken.some(({ externalId }) => externalId === null)) return [];
  const claimed = claimedIdentities(fleet);
  return inventory.organizations.flatMap((organization) => {
    const marker = readOrganizationMarker(organization);
    if (!marker || organization.status === 'archived' || claimed.has(marker.externalId)) return [];
    return notices.problem(
      '',
      'warning',
      'Orphaned',
      `Organization ${organization.id} belongs to ${marker.externalId}, which no file declares any more. It is left alone.`,
      { next: 'Restore the file; to offboard the customer, restore it with `state: archived`.' },
    );
  });
}

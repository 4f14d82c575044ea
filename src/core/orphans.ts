import type { Organization } from './api.ts';
import type { Inventory } from './inventory.ts';
import { type OrganizationMarker, readOrganizationMarker } from './marker.ts';
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

/** A live organization that carries our mark and that no file declares any more. */
export interface Orphan {
  readonly organization: Organization;
  readonly marker: OrganizationMarker;
}

/** Those that no file declares as far as the identities of the files can be read. */
export function orphansIn(fleet: Fleet, inventory: Inventory): Orphan[] {
  const claimed = claimedIdentities(fleet);
  return inventory.organizations.flatMap((organization) => {
    const marker = readOrganizationMarker(organization);
    if (!marker || organization.status === 'archived' || claimed.has(marker.externalId)) return [];
    return [{ organization, marker }];
  });
}

/**
 * Orphans are reported and left alone, because absence is never an instruction (I5). A file whose identity cannot be read
 * might declare any of them, so then none is reported.
 */
export function orphans(fleet: Fleet, inventory: Inventory, notices: Notices): Problem[] {
  if (fleet.broken.some(({ externalId }) => externalId === null)) return [];
  return orphansIn(fleet, inventory).map(({ organization: { id }, marker }) =>
    notices.problem(
      '',
      'warning',
      'Orphaned',
      `Organization ${id} belongs to ${marker.externalId}, which no file declares any more. It is left alone.`,
      {
        next: `Restore the file (\`reconcile import --org ${id}\` writes one); to offboard the customer, restore it with \`state: archived\`.`,
      },
    ),
  );
}

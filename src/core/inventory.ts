import type { Organization } from './api.ts';
import { organizationMark } from './marker.ts';

/** One listing of all children of the parent, shared by every customer of a pass (design 3). */
export interface Inventory {
  readonly organizations: readonly Organization[];
  withExternalId(externalId: string): readonly Organization[];
  withId(organizationId: string): Organization | null;
  liveWithName(name: string): readonly Organization[];
}

export function inventoryOf(organizations: readonly Organization[]): Inventory {
  const byId = new Map<string, Organization>();
  const byExternalId = new Map<string, Organization[]>();
  const liveByName = new Map<string, Organization[]>();
  const add = (index: Map<string, Organization[]>, key: string, organization: Organization) => {
    const group = index.get(key);
    if (group) group.push(organization);
    else index.set(key, [organization]);
  };
  for (const organization of organizations) {
    byId.set(normalizedId(organization.id), organization);
    const externalId = organization.metadata[organizationMark.externalId];
    if (externalId !== undefined) add(byExternalId, externalId, organization);
    if (organization.status !== 'archived') add(liveByName, organization.name, organization);
  }
  return {
    organizations,
    withExternalId: (externalId) => byExternalId.get(externalId) ?? [],
    withId: (id) => byId.get(normalizedId(id)) ?? null,
    liveWithName: (name) => liveByName.get(name) ?? [],
  };
}

/** The same with one more, which is archived: what a listing shows only when it is asked for. */
export function withArchived(inventory: Inventory, archived: Organization): Inventory {
  const isIt = (id: string) => normalizedId(id) === normalizedId(archived.id);
  const claimedAs = archived.metadata[organizationMark.externalId];
  return {
    organizations: [...inventory.organizations, archived],
    withExternalId: (externalId) => [
      ...inventory.withExternalId(externalId),
      ...(externalId === claimedAs ? [archived] : []),
    ],
    withId: (id) => (isIt(id) ? archived : inventory.withId(id)),
    liveWithName: (name) => inventory.liveWithName(name),
  };
}

export function isChildOf(
  { parentOrganizationId }: Pick<Organization, 'parentOrganizationId'>,
  parentId: string,
): boolean {
  return parentOrganizationId !== null && normalizedId(parentOrganizationId) === normalizedId(parentId);
}

/** Routes accept `org_<uuid>` and a bare UUID; compare in one form (layers-api 1). */
export function normalizedId(id: string): string {
  return id.startsWith('org_') ? id : `org_${id}`;
}

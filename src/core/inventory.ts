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

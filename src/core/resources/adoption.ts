import type { Organization } from '../api.ts';
import { isChildOf } from '../inventory.ts';
import { organizationMark, organizationMetadata, readOrganizationMarker } from '../marker.ts';
import type { Notices } from '../notice.ts';
import type { Step } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { SourcedCustomer } from '../source.ts';
import { foreignOrganization, unknownState } from './organization.ts';

/** The step that marks an organization made by hand, with the credits it was given before (design 3 and 4). */
export function planAdoption(customer: SourcedCustomer, organization: Organization, notices: Notices): Step {
  const grantedCredits = customer.declaration.adopt?.grantedCredits ?? 0;
  return notices.step('/adopt', {
    action: 'adopt',
    resource: 'organization',
    reason: 'declared `adopt`; it was made by hand',
    after: { organizationId: organization.id, grantedCredits },
  });
}

/** The mark of an adopted organization; the baseline is written once and read ever after. */
export function adoptionMetadata(customer: SourcedCustomer): Record<string, string> {
  const { externalId, incarnation, adopt } = customer.declaration;
  return {
    ...organizationMetadata(externalId, incarnation),
    [organizationMark.baseline]: String(adopt?.grantedCredits ?? 0),
  };
}

/**
 * Why an organization may not be marked with the number that the file says: it carries one already, and the first word
 * counts, because the ledger's first slot begins at it (I1). Null while it carries none, or the same.
 */
export function baselineContradiction(
  customer: SourcedCustomer,
  organization: Pick<Organization, 'id' | 'metadata'>,
  notices: Notices,
): Problem | null {
  const { adopt } = customer.declaration;
  const marked = organization.metadata[organizationMark.baseline];
  const baseline = marked ?? (readOrganizationMarker(organization) ? '0' : null);
  if (!adopt || baseline === null || baseline === String(adopt.grantedCredits)) return null;
  return adoptionMismatch(adopt, organization.id, baseline, notices);
}

export function adoptionMismatch(
  adopt: NonNullable<SourcedCustomer['declaration']['adopt']>,
  organizationId: string,
  baseline: string,
  notices: Notices,
): Problem {
  return notices.problem(
    '/adopt',
    'error',
    'AdoptionMismatch',
    `\`adopt\` says ${adopt.organizationId} with ${adopt.grantedCredits} credits granted, but this customer's organization ${organizationId} was taken over with ${baseline}. The first word counts.`,
    { next: `Set \`adopt: { organizationId: ${organizationId}, grantedCredits: ${baseline} }\`, or remove \`adopt\`.` },
  );
}

export function adoptionRefused(organizationId: string, owner: string, notices: Notices): Problem {
  return notices.problem(
    '/adopt',
    'error',
    'AdoptionRefused',
    `Organization ${organizationId}, which \`adopt\` names, is the organization of ${owner}.`,
    { next: 'One organization has one file: remove `adopt`, or name another organization.' },
  );
}

/**
 * What forbids taking an organization over, whatever a listing said of it: asked of every fresh read before the mark is
 * written. An organization that carries this customer's own mark is not vetoed (I6, I9).
 */
export function vetoOnAdoption(
  customer: SourcedCustomer,
  organization: Organization,
  parentOrganizationId: string,
  notices: Notices,
): Problem | null {
  const { externalId, incarnation } = customer.declaration;
  const marker = readOrganizationMarker(organization);
  if (!isChildOf(organization, parentOrganizationId)) return foreignOrganization(organization.id, notices);
  if (marker && (marker.externalId !== externalId || marker.incarnation !== incarnation))
    return adoptionRefused(organization.id, marker.externalId, notices);
  if (organization.status === 'unknown') return unknownState(organization.id, notices);
  if (organization.status === 'archived') return adoptionOfArchived(organization.id, notices);
  return baselineContradiction(customer, organization, notices);
}

export function adoptionOfArchived(organizationId: string, notices: Notices): Problem {
  return notices.problem(
    '/adopt',
    'error',
    'AdoptionRefused',
    `Organization ${organizationId}, which \`adopt\` names, is archived, and nothing leaves that state.`,
    { next: 'Remove `adopt` to onboard the customer with a new organization.' },
  );
}

import type { Organization } from '../api.ts';
import { isChildOf } from '../inventory.ts';
import { isMarkedFor, organizationMark, organizationMetadata } from '../marker.ts';
import type { Notices } from '../notice.ts';
import type { Fields, Step } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { SourcedCustomer } from '../source.ts';
import { metadataFull } from './metadata-limit.ts';

/** What forbids every write to an organization that was found, read afresh: another parent, another mark, the end (I6, I9). */
export function vetoOnOrganization(
  customer: SourcedCustomer,
  organization: Organization,
  parentOrganizationId: string,
  notices: Notices,
): Problem | null {
  const { incarnation } = customer.declaration;
  if (!isChildOf(organization, parentOrganizationId)) return foreignOrganization(organization.id, notices);
  if (!isMarkedFor(organization, customer.declaration))
    return notices.problem(
      '/externalId',
      'error',
      'MarkChanged',
      `Organization ${organization.id} does not carry the mark of incarnation ${incarnation} of this customer. Nothing is written to it.`,
      { next: 'Somebody changed its metadata (externalId, rcn, rcn_inc): put it back, or adopt the organization.' },
    );
  if (organization.status === 'unknown') return unknownState(organization.id, notices);
  if (organization.status === 'archived')
    return notices.problem(
      '/state',
      'error',
      'OrganizationArchived',
      `Organization ${organization.id} is archived, and nothing leaves that state.`,
      { next: `To onboard the customer again, set \`incarnation: ${incarnation + 1}\`.` },
    );
  return null;
}

export function unknownState(organizationId: string, notices: Notices): Problem {
  return notices.problem(
    '/state',
    'error',
    'UnknownState',
    `Organization ${organizationId} is in a state that this version does not know. Nothing is written to it.`,
    { next: 'Look at it in the dashboard; a newer version may know the state.' },
  );
}

export function foreignOrganization(organizationId: string, notices: Notices): Problem {
  return notices.problem(
    '/externalId',
    'error',
    'ForeignOrganization',
    `Organization ${organizationId} is not a child of the bound parent. Nothing is written to it.`,
    { next: 'Check `parentOrganizationId` in reconcile.yaml.' },
  );
}

export function planCreation(customer: SourcedCustomer, notices: Notices): Step {
  const { name, billingEmail, metadata, incarnation } = customer.declaration;
  return notices.step(incarnation > 1 ? '/incarnation' : '/externalId', {
    action: 'create',
    resource: 'organization',
    reason:
      incarnation > 1
        ? `declared \`incarnation: ${incarnation}\`, and no live organization carries this externalId`
        : 'no organization carries this externalId',
    after: {
      name,
      ...(billingEmail ? { billingEmail } : {}),
      ...(metadata && Object.keys(metadata).length > 0 ? { metadata } : {}),
    },
  });
}

/** The metadata a new organization is created with: the declared members and our mark. `""` means "not there". */
export function creationMetadata(customer: SourcedCustomer): Record<string, string> {
  const { externalId, incarnation, metadata = {} } = customer.declaration;
  const declared = Object.entries(metadata).filter(([, value]) => value !== '');
  return { ...Object.fromEntries(declared), ...organizationMetadata(externalId, incarnation) };
}

/**
 * The metadata of a PATCH that changes some of it. Until June 2026 a PATCH replaced metadata as a whole, so what must
 * not be lost travels along; where it merges, that changes nothing (organizations/patch-organization, changelog).
 */
export function metadataPatch(
  customer: SourcedCustomer,
  current: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string>>,
): Record<string, string> {
  const { externalId, incarnation, metadata = {} } = customer.declaration;
  const kept = [organizationMark.baseline, organizationMark.suspended].flatMap((name): [string, string][] => {
    const value = current[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { ...metadata, ...organizationMetadata(externalId, incarnation), ...Object.fromEntries(kept), ...changes };
}

/**
 * Changed fields of an organization that exists, as one step. Metadata merges: a member that left the file stays
 * (absence is never an instruction), and `""` unsets one (organizations/patch-organization).
 */
export function planFields(
  customer: SourcedCustomer,
  organization: Organization,
  settled: boolean,
  notices: Notices,
): { readonly step: Step | null; readonly problem: Problem | null } {
  const { name, billingEmail, metadata = {} } = customer.declaration;
  const full = metadataFull(organization, metadata, '/metadata', notices);
  const differing: { pointer: string; field: string; before: string | null; after: string | null }[] = [];
  if (organization.name !== name)
    differing.push({ pointer: '/name', field: 'name', before: organization.name, after: name });
  if (billingEmail !== undefined && organization.billingEmail !== billingEmail)
    differing.push({
      pointer: '/billingEmail',
      field: 'billingEmail',
      before: organization.billingEmail,
      after: billingEmail,
    });
  for (const [key, value] of full ? [] : Object.entries(metadata)) {
    const before = organization.metadata[key] ?? '';
    if (before !== value)
      differing.push({
        pointer: `/metadata/${escapePointer(key)}`,
        field: `${METADATA_FIELD}${key}`,
        before: before || null,
        after: value || null,
      });
  }
  const [first] = differing;
  if (!first) return { step: null, problem: full };
  const fields = differing.map(({ field }) => field).join(', ');
  const step = notices.step(first.pointer, {
    action: 'change',
    resource: 'organization',
    reason: settled ? `${fields} changed outside of this file` : `${fields} differs from the file`,
    before: Object.fromEntries(differing.map(({ field, before }) => [field, before])),
    after: Object.fromEntries(differing.map(({ field, after }) => [field, after])),
    drift: settled,
  });
  return { step, problem: full };
}

const METADATA_FIELD = 'metadata.';

/** The PATCH that a planned change asks for: only sent fields change, and `""` unsets a metadata key. */
export function organizationPatch(after: Fields): {
  name?: string;
  billingEmail?: string | null;
  metadata?: Record<string, string>;
} {
  const metadata: Record<string, string> = {};
  const patch: ReturnType<typeof organizationPatch> = {};
  for (const [field, value] of Object.entries(after)) {
    if (value !== null && typeof value !== 'string') continue;
    if (field === 'name') patch.name = value ?? '';
    else if (field === 'billingEmail') patch.billingEmail = value;
    else metadata[field.slice(METADATA_FIELD.length)] = value ?? '';
  }
  return Object.keys(metadata).length > 0 ? { ...patch, metadata } : patch;
}

function escapePointer(member: string): string {
  return member.replaceAll('~', '~0').replaceAll('/', '~1');
}

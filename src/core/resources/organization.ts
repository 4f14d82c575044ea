import type { Organization } from '../api.ts';
import type { Inventory } from '../inventory.ts';
import { normalizedId } from '../inventory.ts';
import { organizationMark, organizationMetadata, readOrganizationMarker } from '../marker.ts';
import type { Notices } from '../notice.ts';
import type { Fields, Step } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { SourcedCustomer } from '../source.ts';
import type { CustomerStatus, ReadStatus } from '../status.ts';

/** Which organization, if any, is this customer's. */
export type Identification =
  | { readonly kind: 'existing'; readonly organization: Organization }
  /** It was made by hand, and the declaration says to take it over. */
  | { readonly kind: 'adoptable'; readonly organization: Organization }
  /** None exists, and one may be created. */
  | { readonly kind: 'absent' }
  /** None is live, and none is wanted: the customer is declared suspended or archived. */
  | { readonly kind: 'none-wanted'; readonly organizationId: string | null }
  /** Status names an organization that the listing lacks: only a GET tells a gone one from a partial listing. */
  | { readonly kind: 'unlisted'; readonly organizationId: string }
  | { readonly kind: 'frozen'; readonly problem: Problem };

/**
 * Finds the customer's organization by its mark (design 3, "Creation of an organization"). Every veto against creating
 * a second one is here; a 404 is never a reason to create (I2, I6).
 *
 * @param claimed the identities of all files of the workspace, unusable ones included
 */
export function identifyOrganization(
  customer: SourcedCustomer,
  inventory: Inventory,
  status: ReadStatus<CustomerStatus>,
  claimed: ReadonlySet<string>,
  notices: Notices,
): Identification {
  const { externalId, name, incarnation, state } = customer.declaration;
  const frozen = (pointer: string, code: string, message: string, next: string): Identification => ({
    kind: 'frozen',
    problem: notices.problem(pointer, 'error', code, message, { next }),
  });

  if (status.kind === 'foreign')
    return frozen(
      '/externalId',
      'IdentityChanged',
      `The recorded status says that this file belonged to ${status.externalId}, which no file claims any more. An identity never changes.`,
      `Set externalId back to ${status.externalId}; or, if this is a new customer, discard the recorded status with \`reconcile resolve ${externalId}\`.`,
    );

  const { adopt } = customer.declaration;
  const target = adopt ? inventory.withId(adopt.organizationId) : null;
  if (adopt && !target) return frozen('/adopt', ...adoptionTargetMissing(adopt.organizationId));
  if (target && target.status !== 'archived' && !readOrganizationMarker(target))
    return judgeAdoption(customer, target, inventory, frozen);

  const all = inventory.withExternalId(externalId);
  const live = all.filter((organization) => organization.status !== 'archived');
  const [only, second] = live;
  if (only && second)
    return frozen(
      '/externalId',
      'DuplicateOrganization',
      `${live.length} live organizations carry the externalId ${externalId}: ${live.map(({ id }) => id).join(', ')}. Nothing is written for this customer.`,
      'Archive the ones that are not in use, or take their externalId off.',
    );
  if (only) return judgeLive(customer, only, frozen);

  const recordedId = status.kind === 'usable' ? status.status.organizationId : null;
  const recorded = recordedId === null ? null : inventory.withId(recordedId);
  if (recordedId !== null && !recorded) return { kind: 'unlisted', organizationId: recordedId };
  if (recorded && recorded.status !== 'archived')
    return frozen(
      '/externalId',
      'AdoptionRequired',
      `Organization ${recorded.id}, which the recorded status names, no longer carries this customer's mark.`,
      `Adopt it: \`adopt: { organizationId: ${recorded.id}, grantedCredits: <credits already granted> }\`.`,
    );

  const highest = Math.max(0, ...all.map((organization) => readOrganizationMarker(organization)?.incarnation ?? 1));
  if (state !== 'active') return { kind: 'none-wanted', organizationId: all[0]?.id ?? null };
  if (incarnation <= highest)
    return frozen(
      customer.positions.has('/incarnation') ? '/incarnation' : '/externalId',
      'OrganizationArchived',
      `The organization of this customer is archived (${all[0]?.id ?? ''}), and nothing leaves that state.`,
      `To onboard the customer again with a new organization, set \`incarnation: ${highest + 1}\`; to leave it archived, set \`state: archived\`.`,
    );

  const namesake = inventory.liveWithName(name).find(({ metadata }) => !claimed.has(metadata['externalId'] ?? ''));
  if (namesake)
    return frozen(
      '/name',
      'AdoptionRequired',
      `A live organization named "${name}" exists (${namesake.id}) that no file claims. Creating another might be a second one for the same customer.`,
      `If it is this customer, set \`adopt: { organizationId: ${namesake.id}, grantedCredits: <credits already granted> }\`; if not, give one of them another name.`,
    );
  return { kind: 'absent' };
}

type Freeze = (pointer: string, code: string, message: string, next: string) => Identification;

function adoptionTargetMissing(organizationId: string): [code: string, message: string, next: string] {
  return [
    'AdoptionTargetMissing',
    `No child of the parent has the id ${organizationId}, which \`adopt\` names.`,
    'Check the id; `reconcile import` lists organizations that exist.',
  ];
}

/** An organization that nobody marked, which the file says to take over: unless it is, or looks like, somebody else's. */
function judgeAdoption(
  customer: SourcedCustomer,
  target: Organization,
  inventory: Inventory,
  frozen: Freeze,
): Identification {
  const { externalId } = customer.declaration;
  const other = inventory
    .withExternalId(externalId)
    .find(({ id, status }) => status !== 'archived' && id !== target.id);
  if (other)
    return frozen(
      '/adopt',
      'DuplicateOrganization',
      `\`adopt\` names ${target.id}, but ${other.id} already carries the externalId ${externalId}. Nothing is written.`,
      'Archive the one that is not in use, or remove `adopt`.',
    );
  const claimedAs = target.metadata['externalId'];
  if (claimedAs !== undefined && claimedAs !== externalId)
    return frozen(
      '/adopt',
      'AdoptionRequired',
      `Organization ${target.id}, which \`adopt\` names, carries the externalId ${claimedAs}.`,
      'Adopt it under that externalId, or take that metadata off it first.',
    );
  return { kind: 'adoptable', organization: target };
}

function judgeLive(customer: SourcedCustomer, organization: Organization, frozen: Freeze): Identification {
  const { incarnation, adopt } = customer.declaration;
  const marker = readOrganizationMarker(organization);
  if (!marker)
    return frozen(
      '/externalId',
      'AdoptionRequired',
      `A live organization with this externalId exists (${organization.id}), but it was not made by this tool.`,
      `If it is this customer, set \`adopt: { organizationId: ${organization.id}, grantedCredits: <credits already granted> }\`.`,
    );
  if (marker.incarnation !== incarnation)
    return frozen(
      '/incarnation',
      'IncarnationConflict',
      `The file declares incarnation ${incarnation}, but incarnation ${marker.incarnation} of this customer is still live (${organization.id}).`,
      `Set \`incarnation: ${marker.incarnation}\`, or archive that one first with \`state: archived\`.`,
    );
  if (adopt && (normalizedId(adopt.organizationId) !== organization.id || adopt.grantedCredits !== marker.baseline))
    return frozen(
      '/adopt',
      'AdoptionMismatch',
      `\`adopt\` says ${adopt.organizationId} with ${adopt.grantedCredits} credits granted, but this customer's organization ${organization.id} was taken over with ${marker.baseline}. The first word counts.`,
      `Set \`adopt: { organizationId: ${organization.id}, grantedCredits: ${marker.baseline} }\`, or remove \`adopt\`.`,
    );
  return { kind: 'existing', organization };
}

/** What forbids every write to an organization that was found, read afresh: another parent, another mark, the end (I6, I9). */
export function vetoOnOrganization(
  customer: SourcedCustomer,
  organization: Organization,
  parentOrganizationId: string,
  notices: Notices,
): Problem | null {
  const { externalId, incarnation } = customer.declaration;
  const marker = readOrganizationMarker(organization);
  if (normalizedId(organization.parentOrganizationId ?? '') !== normalizedId(parentOrganizationId))
    return notices.problem(
      '/externalId',
      'error',
      'ForeignOrganization',
      `Organization ${organization.id} is not a child of the bound parent. Nothing is written to it.`,
      { next: 'Check `parentOrganizationId` in reconcile.yaml.' },
    );
  if (marker?.externalId !== externalId || marker.incarnation !== incarnation)
    return notices.problem(
      '/externalId',
      'error',
      'MarkChanged',
      `Organization ${organization.id} does not carry the mark of incarnation ${incarnation} of this customer. Nothing is written to it.`,
      { next: 'Somebody changed its metadata (externalId, rcn, rcn_inc): put it back, or adopt the organization.' },
    );
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

export function planCreation(customer: SourcedCustomer, notices: Notices): Step {
  const { name, billingEmail, metadata } = customer.declaration;
  return notices.step('/externalId', {
    action: 'create',
    resource: 'organization',
    reason: 'no organization carries this externalId',
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
 * Changed fields of an organization that exists, as one step. Metadata merges: a member that left the file stays
 * (absence is never an instruction), and `""` unsets one (organizations/patch-organization).
 */
export function planFields(
  customer: SourcedCustomer,
  organization: Organization,
  settled: boolean,
  notices: Notices,
): Step | null {
  const { name, billingEmail, metadata } = customer.declaration;
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
  for (const [key, value] of Object.entries(metadata ?? {})) {
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
  if (!first) return null;
  const fields = differing.map(({ field }) => field).join(', ');
  return notices.step(first.pointer, {
    action: 'change',
    resource: 'organization',
    reason: settled ? `${fields} changed outside of this file` : `${fields} differs from the file`,
    before: Object.fromEntries(differing.map(({ field, before }) => [field, before])),
    after: Object.fromEntries(differing.map(({ field, after }) => [field, after])),
    drift: settled,
  });
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

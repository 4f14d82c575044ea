import type { Organization } from '../api.ts';
import type { Inventory } from '../inventory.ts';
import { normalizedId } from '../inventory.ts';
import { readOrganizationMarker } from '../marker.ts';
import type { Notices } from '../notice.ts';
import type { Problem } from '../problem.ts';
import type { SourcedCustomer } from '../source.ts';
import type { CustomerStatus, ReadStatus } from '../status.ts';
import { adoptionMismatch, adoptionOfArchived, adoptionRefused, baselineContradiction } from './adoption.ts';

/** Which organization, if any, is this customer's. */
export type Identification =
  | { readonly kind: 'existing'; readonly organization: Organization }
  /** It was made by hand, and the declaration says to take it over. */
  | { readonly kind: 'adoptable'; readonly organization: Organization }
  /** None exists, and one may be created. */
  | { readonly kind: 'absent' }
  /** None is live, and none is wanted: the customer is declared suspended or archived. */
  | { readonly kind: 'none-wanted'; readonly organizationId: string | null }
  /** The listing lacks the organization that status or `adopt` names: only a GET tells a partial listing from none. */
  | { readonly kind: 'unlisted'; readonly organizationId: string; readonly namedBy: 'status' | 'adopt' }
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
  const { externalId, name, state } = customer.declaration;
  const frozen = (pointer: string, code: string, message: string, next: string): Identification => ({
    kind: 'frozen',
    problem: notices.problem(pointer, 'error', code, message, { next }),
  });

  if (status.kind === 'foreign')
    return { kind: 'frozen', problem: identityChanged(customer, status.externalId, notices) };

  const adoption = identifyAdoption(customer, inventory, notices, frozen);
  if (adoption) return adoption;
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
  if (only) return judgeLive(customer, only, inventory, notices, frozen);

  const recordedId = status.kind === 'usable' ? status.status.organizationId : null;
  const recorded = recordedId === null ? null : inventory.withId(recordedId);
  if (recordedId !== null && !recorded) return { kind: 'unlisted', organizationId: recordedId, namedBy: 'status' };
  if (recorded && recorded.status !== 'archived')
    return frozen(
      '/externalId',
      'AdoptionRequired',
      `Organization ${recorded.id}, which the recorded status names, no longer carries this customer's mark.`,
      `Adopt it: \`adopt: { organizationId: ${recorded.id}, grantedCredits: <credits granted by hand> }\`.`,
    );

  if (state !== 'active') return { kind: 'none-wanted', organizationId: all[0]?.id ?? null };
  const ended = endedBefore(customer, all, notices);
  if (ended) return { kind: 'frozen', problem: ended };

  const namesake = inventory.liveWithName(name).find(({ metadata }) => !claimed.has(metadata['externalId'] ?? ''));
  if (namesake)
    return frozen(
      '/name',
      'AdoptionRequired',
      `A live organization named "${name}" exists (${namesake.id}) that no file claims. Creating another might be a second one for the same customer.`,
      `If it is this customer, set \`adopt: { organizationId: ${namesake.id}, grantedCredits: <credits granted by hand> }\`; if not, give one of them another name.`,
    );
  return { kind: 'absent' };
}

/** What forbids another organization after archived ones: an incarnation that is not higher than all of theirs (I5). */
export function endedBefore(
  customer: SourcedCustomer,
  archived: readonly Organization[],
  notices: Notices,
): Problem | null {
  const highest = Math.max(0, ...archived.map((one) => readOrganizationMarker(one)?.incarnation ?? 1));
  if (customer.declaration.incarnation > highest) return null;
  return notices.problem(
    customer.positions.has('/incarnation') ? '/incarnation' : '/externalId',
    'error',
    'OrganizationArchived',
    `The organization of this customer is archived (${archived[0]?.id ?? ''}), and nothing leaves that state.`,
    {
      next: `To onboard the customer again with a new organization, set \`incarnation: ${highest + 1}\`; to leave it archived, set \`state: archived\`.`,
    },
  );
}

/** An identity never changes: what is recorded in this file's place belongs to a customer that no file claims (I9). */
export function identityChanged(customer: SourcedCustomer, recordedExternalId: string, notices: Notices): Problem {
  return notices.problem(
    '/externalId',
    'error',
    'IdentityChanged',
    `The recorded status says that this file belonged to ${recordedExternalId}, which no file claims any more. An identity never changes.`,
    {
      next: `Set externalId back to ${recordedExternalId}; or, if this is a new customer, discard the recorded status with \`reconcile resolve ${customer.declaration.externalId}\`.`,
    },
  );
}

type Freeze = (pointer: string, code: string, message: string, next: string) => Identification;

/** What `adopt` comes to; null when there is nothing to adopt any more, or nothing was to be adopted. */
function identifyAdoption(
  customer: SourcedCustomer,
  inventory: Inventory,
  notices: Notices,
  frozen: Freeze,
): Identification | null {
  const { externalId, adopt } = customer.declaration;
  if (!adopt) return null;
  const target = inventory.withId(adopt.organizationId);
  if (!target) return { kind: 'unlisted', organizationId: adopt.organizationId, namedBy: 'adopt' };
  const marker = readOrganizationMarker(target);
  if (marker && marker.externalId !== externalId)
    return { kind: 'frozen', problem: adoptionRefused(target.id, marker.externalId, notices) };
  if (marker) return null;
  if (target.status === 'archived') return { kind: 'frozen', problem: adoptionOfArchived(target.id, notices) };
  if (customer.adoptionRivals)
    return frozen(
      '/adopt',
      'AdoptionRefused',
      `Organization ${target.id}, which \`adopt\` names, is also adopted in ${customer.adoptionRivals.join(', ')}. Nothing is written for any of them.`,
      'One organization has one file: remove `adopt` where it is wrong.',
    );
  const contradiction = baselineContradiction(customer, target, notices);
  if (contradiction) return { kind: 'frozen', problem: contradiction };
  return judgeAdoption(customer, target, inventory, frozen);
}

/** An organization that nobody marked, which the file says to take over: unless it is, or looks like, somebody else's. */
function judgeAdoption(
  customer: SourcedCustomer,
  target: Organization,
  inventory: Inventory,
  frozen: Freeze,
): Identification {
  const { externalId, incarnation } = customer.declaration;
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
  const archived = highestIncarnation(inventory.withExternalId(externalId));
  if (incarnation <= archived)
    return frozen(
      '/incarnation',
      'IncarnationConflict',
      `Incarnation ${archived} of this customer is archived, so ${target.id} cannot be taken over as incarnation ${incarnation}: their grants could not be told apart.`,
      `Set \`incarnation: ${archived + 1}\`.`,
    );
  return { kind: 'adoptable', organization: target };
}

/** The highest incarnation that any of them carries the mark of; 0 when none carries one. */
function highestIncarnation(organizations: readonly Organization[]): number {
  return Math.max(0, ...organizations.map((one) => readOrganizationMarker(one)?.incarnation ?? 0));
}

function judgeLive(
  customer: SourcedCustomer,
  organization: Organization,
  inventory: Inventory,
  notices: Notices,
  frozen: Freeze,
): Identification {
  const { incarnation, adopt } = customer.declaration;
  const marker = readOrganizationMarker(organization);
  if (!marker)
    return frozen(
      '/externalId',
      'AdoptionRequired',
      `A live organization with this externalId exists (${organization.id}), but it was not made by this tool.`,
      `If it is this customer, set \`adopt: { organizationId: ${organization.id}, grantedCredits: <credits granted by hand> }\`.`,
    );
  if (marker.incarnation !== incarnation)
    return frozen(
      '/incarnation',
      'IncarnationConflict',
      `The file declares incarnation ${incarnation}, but incarnation ${marker.incarnation} of this customer is still live (${organization.id}).`,
      `Set \`incarnation: ${marker.incarnation}\`, or archive that one first with \`state: archived\`.`,
    );
  // An adoption that was archived since is over: the customer came back with an organization of its own.
  const isOver = adopt && inventory.withId(adopt.organizationId)?.status === 'archived';
  const agrees =
    adopt && normalizedId(adopt.organizationId) === organization.id && adopt.grantedCredits === marker.baseline;
  if (adopt && !isOver && !agrees)
    return {
      kind: 'frozen',
      problem: adoptionMismatch(adopt, organization.id, String(marker.baseline), notices),
    };
  return { kind: 'existing', organization };
}

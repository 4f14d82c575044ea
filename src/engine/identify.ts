import type { Answer, Ok } from '../core/answer.ts';
import type { Organization } from '../core/api.ts';
import { type Inventory, isChildOf, normalizedId, withArchived } from '../core/inventory.ts';
import type { Notices } from '../core/notice.ts';
import type { Problem } from '../core/problem.ts';
import { type Identification, identifyOrganization } from '../core/resources/identification.ts';
import { foreignOrganization } from '../core/resources/organization.ts';
import type { SourcedCustomer } from '../core/source.ts';
import type { CustomerStatus, ReadStatus } from '../core/status.ts';
import type { Pass } from './context.ts';
import { problemOf } from './failure.ts';

type Unlisted = Extract<Identification, { kind: 'unlisted' }>;

/**
 * Finds the customer's organization in the listing, and asks for one by its id that the listing lacks. An archived one is
 * only not listed: whether a list without a `status` shows those is not documented.
 *
 * @param claimed the identities of all files of the workspace, unusable ones included
 */
export async function identify(
  pass: Pass,
  customer: SourcedCustomer,
  status: ReadStatus<CustomerStatus>,
  { inventory, claimed }: { readonly inventory: Inventory; readonly claimed: ReadonlySet<string> },
  notices: Notices,
): Promise<Exclude<Identification, Unlisted>> {
  for (let known = inventory; ; ) {
    const found = identifyOrganization(customer, known, status, claimed, notices);
    if (found.kind !== 'unlisted') return found;
    const answer = await pass.effects.reader.getOrganization(found.organizationId);
    if (!isArchivedChild(answer, found, pass))
      return { kind: 'frozen', problem: explain(answer, found, pass, notices) };
    known = withArchived(known, answer.value);
  }
}

function isArchivedChild<T extends Organization>(
  answer: Answer<T>,
  { organizationId }: Unlisted,
  { parentOrganizationId }: Pass,
): answer is Ok<T> {
  if (answer.outcome !== 'ok' || answer.value.status !== 'archived') return false;
  return (
    isChildOf(answer.value, parentOrganizationId) && normalizedId(answer.value.id) === normalizedId(organizationId)
  );
}

/**
 * One that is live shows that the listing is not whole, and then nobody's is created (I2); one that does not answer is
 * gone, or never was there. A 404 never creates (I6).
 */
function explain(
  answer: Answer<Organization>,
  { organizationId, namedBy }: Unlisted,
  pass: Pass,
  notices: Notices,
): Problem {
  const { requestId } = answer.meta;
  if (answer.outcome === 'ok') {
    if (!isChildOf(answer.value, pass.parentOrganizationId)) return foreignOrganization(organizationId, notices);
    return notices.problem(
      '/externalId',
      'held',
      'ListingIncomplete',
      `Organization ${organizationId} answers, but the listing does not show it. No organization is created in this pass.`,
      { next: 'Nothing to do if this passes: the next pass lists again.' },
    );
  }
  if (answer.problem.code !== 'NOT_FOUND') return problemOf(answer, 'Reading the organization', '/externalId', notices);
  if (namedBy === 'adopt')
    return notices.problem(
      '/adopt',
      'error',
      'AdoptionTargetMissing',
      `No child of the parent has the id ${organizationId}, which \`adopt\` names.`,
      { next: 'Check the id in the dashboard or in the listing of the API.', requestId },
    );
  return notices.problem(
    '/externalId',
    'error',
    'OrgMissing',
    `Organization ${organizationId}, which the recorded status names, is gone. None is created in its place.`,
    {
      next: 'If it is gone for good and the customer is to be onboarded again, discard the recorded status with `reconcile resolve`.',
      requestId,
    },
  );
}

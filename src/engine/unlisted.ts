import { isChildOf } from '../core/inventory.ts';
import type { Notices } from '../core/notice.ts';
import type { Problem } from '../core/problem.ts';
import type { Identification } from '../core/resources/identification.ts';
import { foreignOrganization } from '../core/resources/organization.ts';
import type { Pass } from './context.ts';
import { problemOf } from './failure.ts';

type Unlisted = Extract<Identification, { kind: 'unlisted' }>;

/**
 * What became of an organization that the listing lacks: one that answers shows that the listing is not whole, and then
 * nobody's is created (I2); one that does not is gone, or never was there. A 404 never creates (I6).
 */
export async function explainUnlisted(
  pass: Pass,
  { organizationId, namedBy }: Unlisted,
  notices: Notices,
): Promise<Problem> {
  const answer = await pass.effects.reader.getOrganization(organizationId);
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

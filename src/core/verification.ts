import type { OrganizationWithSummary } from './api.ts';
import type { Notices } from './notice.ts';
import type { Problem } from './problem.ts';
import { planCreditConfig } from './resources/credit-config.ts';
import { planFields } from './resources/organization.ts';
import type { SourcedCustomer } from './source.ts';

/**
 * What the last read of a pass shows otherwise than the file although every step was carried out: the plan rested on an
 * older answer (P7), or somebody changed it meanwhile. The next pass plans it; until then the customer is not Ready (I11).
 */
export function changedMeanwhile(
  customer: SourcedCustomer,
  organization: OrganizationWithSummary,
  notices: Notices,
): Problem | null {
  const { creditConfig, available } = organization.summary;
  const fields = planFields(customer, organization, false, notices).step;
  const limits = planCreditConfig(customer, creditConfig, { settled: false, refillMayMove: true, available }, notices);
  const [first] = fields ? [fields, ...limits] : limits;
  if (!first) return null;
  return notices.problem(
    first.name === null ? '/name' : `/${first.name}`,
    'held',
    'ChangedMeanwhile',
    `Everything was carried out, and yet ${first.reason}: an answer was old, or somebody changed it during this pass.`,
    { next: 'The next pass sets it.' },
  );
}

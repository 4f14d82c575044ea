import type { AuditedOrganization, Difference, LedgerAudit } from '../../core/audit/evidence.ts';
import { printable } from '../../core/declaration/yaml/printable.ts';
import { formatCredits } from '../../core/money.ts';
import { counted } from './layout.ts';
import type { Page } from './page.ts';
import { renderTable } from './table.ts';

const headings = ['CUSTOMER', 'GRANTS', 'CREDITED', 'DEBITED', 'BY OTHERS', 'NOTE'] as const;

/** The sums of every organization that holds our grants, then each difference, then the verdict. Ends with a line break. */
export function renderLedgerAudit(audit: LedgerAudit, page: Page): string {
  const { organizations, differences } = audit;
  const table = organizations.length === 0 ? [] : [...organizationTable(organizations, page), ''];
  const found = differences.flatMap((difference) => [...renderDifference(difference, page), '']);
  return `${[...table, ...found, ...verdict(audit, page)].join('\n')}\n`;
}

function organizationTable(organizations: readonly AuditedOrganization[], page: Page): string[] {
  // The API lists the newest first, which helps nobody to find a customer.
  const byName = organizations.toSorted((a, b) => (a.externalId < b.externalId ? -1 : 1));
  const [head = '', ...rows] = renderTable([headings, ...byName.map(cellsOf)], [1, 2, 3, 4]);
  return [page.paint('heading', head), ...rows];
}

function cellsOf(organization: AuditedOrganization): readonly string[] {
  const { externalId, incarnation, slots, credited, debited, foreignCredits } = organization;
  return [
    printable(externalId) + (incarnation === 1 ? '' : ` i${incarnation}`),
    formatCredits(slots),
    formatCredits(credited),
    formatCredits(debited),
    formatCredits(foreignCredits),
    noteOf(organization),
  ];
}

function noteOf({ status, file, baseline }: AuditedOrganization): string {
  return [
    ...(status === 'active' ? [] : [status]),
    ...(file === null ? ['no file'] : []),
    ...(baseline === 0 ? [] : ['adopted']),
  ].join(', ');
}

function renderDifference({ code, message, ...about }: Difference, page: Page): string[] {
  const { externalId, incarnation, organizationId, slot } = about;
  const place = [
    externalId ?? '',
    incarnation === null || incarnation === 1 ? '' : `incarnation ${incarnation}`,
    slot === null ? '' : `slot ${slot}`,
    organizationId ?? '',
  ].filter((part) => part !== '');
  return [
    `${page.paint('trouble', 'difference')}  ${code}`,
    ...(place.length === 0 ? [] : page.row([`  ${place[0] ?? ''}`, ...place.slice(1)], 2)),
    ...page.wrap(message, '  '),
  ];
}

function verdict({ organizations, totals, differences }: LedgerAudit, page: Page): string[] {
  const grants = organizations.reduce((total, { slots }) => total + slots, 0);
  const what = `${counted(organizations.length, 'organization')}, ${counted(grants, 'grant')} of ${counted(totals.credited, 'credit')} in all`;
  const journal = `the journal tells of ${counted(totals.journalled, 'answered grant')}`;
  if (differences.length === 0) return page.wrap(`${what}; ${journal}. Both ledgers and the journal agree.`, '');
  return [
    ...page.wrap(`${what}; ${journal}. ${counted(differences.length, 'difference')}.`, ''),
    ...page.wrap(
      'Nothing was changed. Look for copied or edited entries and for other programs that write marked grants; then ask the provider, with the rows of both ledgers.',
      '',
    ),
  ];
}

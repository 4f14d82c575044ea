import type { LedgerEvent } from '../api.ts';
import { readChildLedger, showsAnnotations } from '../ledger.ts';
import { organizationMark, readGrantMarker, readOrganizationMarker } from '../marker.ts';
import { formatCredits } from '../money.ts';
import {
  type AuditedOrganization,
  type ChildEvidence,
  type Difference,
  type LedgerAudit,
  type LedgerEvidence,
  type Mark,
  nobody,
  sum,
} from './evidence.ts';
import { judgeJournal } from './journal.ts';
import { judgePairs } from './slots.ts';

/**
 * Compares every witness of our grants (I1): each marked row on a child's ledger with exactly one on the parent's and the
 * other way round, each chain with itself, the journal with the ledgers, and the sums with each other. Who made a
 * difference cannot be told from here; that there is one can.
 */
export function auditLedgers(evidence: LedgerEvidence): LedgerAudit {
  const differences: Difference[] = [];
  const onParent = readMarks(evidence.parentEvents, null, differences);
  const onChildren = evidence.children.flatMap(({ organization, events }) =>
    readMarks(events ?? [], organization.id, differences),
  );
  differences.push(
    ...evidence.children.flatMap(judgeChild),
    ...judgeVisibility(evidence),
    ...judgePairs(onChildren, onParent, evidence.children),
    ...judgeJournal(evidence, onChildren, onParent),
  );
  const organizations = evidence.children.flatMap((child) => auditedOrganization(child, onChildren, onParent));
  const totals = {
    credited: sum(onChildren.map(({ event }) => event.credits)),
    debited: sum(onParent.map(({ event }) => -event.credits)),
    journalled: evidence.journal.length,
  };
  differences.push(...judgeConservation(organizations, totals));
  return { organizations, totals, differences };
}

function readMarks(events: readonly LedgerEvent[], on: string | null, differences: Difference[]): Mark[] {
  return events.flatMap((event) => {
    const read = readGrantMarker(event);
    if (read.kind === 'unmarked') return [];
    if (read.kind === 'marked') return [{ event, marker: read.marker, on }];
    const where = on === null ? "the parent's ledger" : `the ledger of ${on}`;
    differences.push({ ...nobody, code: 'MarkUnreadable', organizationId: on, message: `On ${where}, ${read.why}.` });
    return [];
  });
}

/** The chain of one child, by the very judgement that decides grants. */
function judgeChild({ organization, events, unreadable }: ChildEvidence): Difference[] {
  const marker = readOrganizationMarker(organization);
  const about = {
    externalId: marker?.externalId ?? organization.metadata[organizationMark.externalId] ?? null,
    incarnation: marker?.incarnation ?? null,
    organizationId: organization.id,
    slot: null,
  };
  if (!marker)
    return [
      {
        ...about,
        code: 'OrganizationMarkUnreadable',
        message: `Organization ${organization.id} has to do with our grants, but its own mark is missing or unreadable.`,
      },
    ];
  if (events === null)
    return [{ ...about, code: 'LedgerUnreadable', message: `Its ledger cannot be read: ${unreadable ?? 'no answer'}` }];
  const view = readChildLedger(events, { ...marker, organizationId: organization.id }, true);
  if (view.state === 'broken')
    return [{ ...about, code: 'ChainBroken', message: `The chain of its grants is broken: ${view.why}.` }];
  return [];
}

/** Where the API shows neither metadata nor description, our own rows cannot be told from others, and nothing is proved (P2). */
function judgeVisibility({ parentEvents, children }: LedgerEvidence): Difference[] {
  const everything = [parentEvents, ...children.map(({ events }) => events ?? [])];
  if (everything.some(showsAnnotations)) return [];
  return children
    .filter(({ events }) => events?.some(({ credits }) => credits > 0))
    .map(({ organization }) => ({
      ...nobody,
      code: 'UnmarkedLedger',
      externalId: readOrganizationMarker(organization)?.externalId ?? null,
      organizationId: organization.id,
      message: 'Its ledger shows neither metadata nor descriptions: no row can be told to be ours, or not to be.',
    }));
}

function auditedOrganization(
  { organization, events, file }: ChildEvidence,
  onChildren: readonly Mark[],
  onParent: readonly Mark[],
): AuditedOrganization[] {
  const marker = readOrganizationMarker(organization);
  if (!marker) return [];
  const own = onChildren.filter(({ on }) => on === organization.id);
  const paid = onParent.filter(({ marker: { externalId, incarnation, organizationId } }) =>
    organizationId === null
      ? externalId === marker.externalId && incarnation === marker.incarnation
      : organizationId === organization.id,
  );
  const foreign = (events ?? []).filter((event) => event.credits > 0 && readGrantMarker(event).kind === 'unmarked');
  return [
    {
      externalId: marker.externalId,
      incarnation: marker.incarnation,
      organizationId: organization.id,
      status: organization.status,
      file,
      slots: own.length,
      baseline: marker.baseline,
      credited: sum(own.map(({ event }) => event.credits)),
      debited: sum(paid.map(({ event }) => -event.credits)),
      foreignCredits: sum(foreign.map(({ credits }) => credits)),
    },
  ];
}

/** What left the parent's wallet under our mark is what arrived under it: for each organization, and in all. */
function judgeConservation(organizations: readonly AuditedOrganization[], totals: LedgerAudit['totals']): Difference[] {
  const unequal = (who: string, debited: number, credited: number) =>
    `${who}: marked debits of the parent are ${formatCredits(debited)} credits, marked credits of the children ${formatCredits(credited)}.`;
  const each = organizations
    .filter(({ credited, debited }) => credited !== debited)
    .map(({ externalId, incarnation, organizationId, credited, debited }) => ({
      code: 'NotConserved',
      externalId,
      incarnation,
      organizationId,
      slot: null,
      message: unequal('The sums differ', debited, credited),
    }));
  if (totals.credited === totals.debited) return each;
  return [
    ...each,
    { ...nobody, code: 'NotConserved', message: unequal('In all the sums differ', totals.debited, totals.credited) },
  ];
}

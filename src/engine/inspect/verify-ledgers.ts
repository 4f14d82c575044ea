import pLimit from 'p-limit';
import type { LedgerEvent, Organization } from '../../core/api.ts';
import type { ChildEvidence, LedgerAudit } from '../../core/audit/evidence.ts';
import { readJournalledGrants } from '../../core/audit/journalled-grants.ts';
import { auditLedgers } from '../../core/audit/ledgers.ts';
import { normalizedId } from '../../core/inventory.ts';
import { organizationMark, readGrantMarker, readOrganizationMarker } from '../../core/marker.ts';
import type { Refusal } from '../../core/report.ts';
import type { Effects } from '../context.ts';
import { cannotRead } from '../failure.ts';
import { preparePass } from '../prepare.ts';
import { readChildAllocations, readOrganizations, readParentAllocations } from '../reads.ts';

export interface VerifyOptions {
  readonly concurrency: number;
  /** False only for the sandbox, whose parent is made for the workspace. */
  readonly bindingRequired: boolean;
  readonly signal: AbortSignal;
}

export type Verification =
  | { readonly ok: true; readonly audit: LedgerAudit; readonly parentOrganizationId: string }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * Reads every ledger that has to do with our grants, and the journal, and compares them. Writes nothing. A grant that is
 * made while it reads stands on one ledger that was read and not on another, so whatever differs is read once more.
 */
export async function verifyLedgers(effects: Effects, options: VerifyOptions): Promise<Verification> {
  const prepared = await preparePass(effects, options);
  if (!prepared.ok) return prepared;
  const { pass, fleet } = prepared;
  const files = new Map(fleet.customers.map(({ declaration, file }) => [declaration.externalId, file]));
  for (const { externalId, file } of fleet.broken) if (externalId !== null) files.set(externalId, file);
  // Before the ledgers: what the journal says was answered must be on them, whatever is granted meanwhile.
  const journal = readJournalledGrants(effects.journal.entries());
  const journalUnreadable = effects.journal.unreadable();

  const listing = await readOrganizations(effects.reader);
  if (listing.outcome !== 'ok')
    return { ok: false, refusal: cannotRead('The organizations cannot be listed', listing) };
  const parent = await readParentAllocations(effects.reader, 0);
  if (parent.outcome !== 'ok') return { ok: false, refusal: cannotRead("The parent's ledger cannot be read", parent) };

  const limit = pLimit(options.concurrency);
  const readChild = (organization: Organization) => limit(() => childEvidence(effects, organization, files));
  const first = await Promise.all(concerned(listing.value, parent.value).map(readChild));
  const audit = auditLedgers({ parentEvents: parent.value, children: first, journal, journalUnreadable });
  if (audit.differences.length === 0) return { ok: true, audit, parentOrganizationId: pass.parentOrganizationId };

  const again = await readParentAllocations(effects.reader, 0);
  const parentEvents = again.outcome === 'ok' ? again.value : parent.value;
  const doubtful = new Set(audit.differences.map(({ organizationId }) => organizationId));
  const children = await Promise.all(
    first.map(async (child) => (doubtful.has(child.organization.id) ? readChild(child.organization) : child)),
  );
  return {
    ok: true,
    audit: auditLedgers({ parentEvents, children, journal, journalUnreadable }),
    parentOrganizationId: pass.parentOrganizationId,
  };
}

/** Organizations with our mark, with or without a file, and those that a marked debit of the parent names. */
function concerned(organizations: readonly Organization[], parentEvents: readonly LedgerEvent[]): Organization[] {
  const named = new Set(
    parentEvents.flatMap((event) => {
      const read = readGrantMarker(event);
      return read.kind === 'marked' ? (read.marker.organizationId ?? []) : [];
    }),
  );
  return organizations.filter(
    (organization) =>
      readOrganizationMarker(organization) !== null ||
      organization.metadata[organizationMark.version] !== undefined ||
      named.has(normalizedId(organization.id)),
  );
}

async function childEvidence(
  { reader }: Effects,
  organization: Organization,
  files: ReadonlyMap<string, string>,
): Promise<ChildEvidence> {
  const answer = await readChildAllocations(reader, organization.id, 'complete');
  const externalId = organization.metadata[organizationMark.externalId] ?? '';
  return {
    organization,
    events: answer.outcome === 'ok' ? answer.value : null,
    unreadable: answer.outcome === 'ok' ? null : answer.problem.message,
    file: files.get(externalId) ?? null,
  };
}

import { formatCredits } from '../money.ts';
import { bySlot, type Difference, type LedgerEvidence, type Mark, nobody, slotKey } from './evidence.ts';

/** What the API once said it did must be on both ledgers; what the ledgers hold beyond the journal is others' work. */
export function judgeJournal(
  { journal, journalUnreadable, children }: Omit<LedgerEvidence, 'parentEvents'>,
  onChildren: readonly Mark[],
  onParent: readonly Mark[],
): Difference[] {
  // A journal that is lost is history; one that is there and was not looked at may tell of a grant that is missing.
  if (journalUnreadable !== null)
    return [{ ...nobody, code: 'JournalUnreadable', message: `${journalUnreadable}. It was not compared.` }];
  const credits = bySlot(onChildren);
  const debits = bySlot(onParent);
  const ids = new Set(children.filter(({ events }) => events !== null).map(({ organization }) => organization.id));
  const transfers = new Map<string, string>();
  return journal.flatMap((grant) => {
    const { externalId, incarnation, organizationId, slot, at, allocated, transfer } = grant;
    const about = { externalId, incarnation, organizationId, slot };
    const key = slotKey(grant);
    const [mark] = credits.get(key) ?? debits.get(key) ?? [];
    const first = transfers.get(key);
    if (transfer !== null) transfers.set(key, first ?? transfer);
    const found: Difference[] = [];
    const say = (code: string, message: string) => found.push({ ...about, code, message });
    if (!mark && ids.has(organizationId))
      say('GrantNotOnLedger', `The API answered this grant at ${at}, but no ledger shows it.`);
    if (mark && mark.marker.delta !== grant.credits)
      say(
        'JournalDiffers',
        `The journal says that ${formatCredits(grant.credits)} credits were asked for (${at}); the ledger shows ${formatCredits(mark.marker.delta)}.`,
      );
    if (allocated !== null && allocated !== grant.credits)
      say(
        'AllocationMismatch',
        `${formatCredits(grant.credits)} credits were asked for, the API said that it moved ${formatCredits(allocated)} (${at}).`,
      );
    if (transfer !== null && first !== undefined && first !== transfer)
      say('TransfersDiffer', `The API answered this slot with two transfers: ${first} and ${transfer}.`);
    return found;
  });
}

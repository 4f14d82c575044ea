import type { GrantMarker } from '../marker.ts';
import { formatCredits } from '../money.ts';
import { bySlot, type ChildEvidence, type Difference, type Mark } from './evidence.ts';

/** Each slot of each customer stands exactly once on a child's ledger and once on the parent's, and both say the same. */
export function judgePairs(
  onChildren: readonly Mark[],
  onParent: readonly Mark[],
  children: readonly ChildEvidence[],
): Difference[] {
  const credits = bySlot(onChildren);
  const debits = bySlot(onParent);
  const unread = new Set(children.filter(({ events }) => events === null).map(({ organization }) => organization.id));
  return [...new Set([...credits.keys(), ...debits.keys()])].flatMap((key) => {
    const [credit, ...moreCredits] = credits.get(key) ?? [];
    const [debit, ...moreDebits] = debits.get(key) ?? [];
    const mark = credit ?? debit;
    if (!mark) return [];
    // A ledger that could not be read is said once, not once for each of its slots.
    if (!credit && unread.has(debit?.marker.organizationId ?? '')) return [];
    return judgeSlot(mark, { credit, debit, credits: moreCredits.length + 1, debits: moreDebits.length + 1 });
  });
}

interface Pair {
  readonly credit: Mark | undefined;
  readonly debit: Mark | undefined;
  /** How many rows there are of each, where there is one at all. */
  readonly credits: number;
  readonly debits: number;
}

function judgeSlot(mark: Mark, { credit, debit, credits, debits }: Pair): Difference[] {
  const { externalId, incarnation, slot, delta } = mark.marker;
  const difference = (code: string, message: string): Difference => ({
    code,
    externalId,
    incarnation,
    organizationId: credit?.on ?? mark.marker.organizationId,
    slot,
    message,
  });
  const amount = `${formatCredits(delta)} credits`;
  if (!debit)
    return [difference('NoDebit', `The child received ${amount} in this slot, but the parent shows no debit for it.`)];
  if (!credit)
    return [
      difference('NoCredit', `The parent paid ${amount} for this slot, but no child shows that it received them.`),
    ];
  const found: Difference[] = [];
  if (debits > 1) found.push(difference('SlotPaidTwice', `The parent's ledger holds this slot ${debits} times.`));
  if (credits > 1)
    found.push(difference('SlotCreditedTwice', `The children's ledgers hold this slot ${credits} times.`));
  if (debit.event.credits !== -credit.event.credits)
    found.push(
      difference(
        'AmountsDiffer',
        `The parent was debited ${formatCredits(-debit.event.credits)} credits, the child received ${formatCredits(credit.event.credits)}.`,
      ),
    );
  if (!sameMark(credit.marker, debit.marker))
    found.push(difference('MarksDiffer', 'The marks of the two rows do not say the same.'));
  const meantFor = debit.marker.organizationId;
  if (meantFor !== null && meantFor !== credit.on)
    found.push(
      difference('WrongOrganization', `The parent's row is meant for ${meantFor}, the credits are in ${credit.on}.`),
    );
  return found;
}

function sameMark(a: GrantMarker, b: GrantMarker): boolean {
  return a.base === b.base && a.delta === b.delta && a.cum === b.cum;
}

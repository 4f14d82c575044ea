import type { BrokenFile, Fleet, Position, SourcedCustomer, SourceProblem } from '../source.ts';
import { locate } from '../source.ts';

/** A file that cannot be used, and what identity it claims where. */
export interface UnusableFile {
  readonly file: string;
  readonly claim: { readonly externalId: string; readonly at: Position } | null;
  readonly problems: readonly SourceProblem[];
}

/**
 * Freezes every customer whose identity another file claims too, exactly or but for case: whichever file were right,
 * the other would move money to the wrong customer (I9). A broken file claims its identity as well.
 */
export function refuseEqualIdentities(customers: readonly SourcedCustomer[], broken: readonly UnusableFile[]): Fleet {
  const claims = new Map<string, Claim[]>();
  for (const { declaration, file } of customers) addClaim(claims, { externalId: declaration.externalId, file });
  for (const { claim, file } of broken) if (claim !== null) addClaim(claims, { externalId: claim.externalId, file });

  const fine: SourcedCustomer[] = [];
  const frozen: BrokenFile[] = broken.map((file) => asBroken(file, claims));
  for (const customer of customers) {
    const { externalId } = customer.declaration;
    const rivals = rivalsOf(claims, externalId, customer.file);
    if (rivals.length === 0) fine.push(customer);
    else {
      const place = locate(customer, '/externalId');
      frozen.push({ file: customer.file, externalId, problems: [duplicateIdentity(externalId, rivals, place)] });
    }
  }
  return { customers: withAdoptionRivals(fine), broken: frozen.toSorted((a, b) => (a.file < b.file ? -1 : 1)) };
}

/** Each of several files that would take over one organization is told of the others: whose it is, only a person knows. */
function withAdoptionRivals(customers: readonly SourcedCustomer[]): readonly SourcedCustomer[] {
  const adopters = new Map<string, string[]>();
  for (const { declaration, file } of customers) {
    const id = declaration.adopt?.organizationId;
    if (id !== undefined) adopters.set(id, [...(adopters.get(id) ?? []), file]);
  }
  return customers.map((customer) => {
    const files = adopters.get(customer.declaration.adopt?.organizationId ?? '') ?? [];
    return files.length < 2
      ? customer
      : { ...customer, adoptionRivals: files.filter((file) => file !== customer.file) };
  });
}

interface Claim {
  readonly externalId: string;
  readonly file: string;
}

function addClaim(claims: Map<string, Claim[]>, claim: Claim): void {
  const key = claim.externalId.toLowerCase();
  const list = claims.get(key);
  if (list === undefined) claims.set(key, [claim]);
  else list.push(claim);
}

function rivalsOf(claims: ReadonlyMap<string, readonly Claim[]>, externalId: string, file: string): readonly Claim[] {
  return (claims.get(externalId.toLowerCase()) ?? []).filter((claim) => claim.file !== file);
}

function asBroken({ file, claim, problems }: UnusableFile, claims: ReadonlyMap<string, readonly Claim[]>): BrokenFile {
  if (claim === null) return { file, externalId: null, problems };
  const { externalId, at } = claim;
  const rivals = rivalsOf(claims, externalId, file);
  if (rivals.length === 0) return { file, externalId, problems };
  return { file, externalId, problems: [...problems, duplicateIdentity(externalId, rivals, { file, ...at })] };
}

function duplicateIdentity(
  externalId: string,
  rivals: readonly Claim[],
  place: { readonly file: string; readonly line: number; readonly column: number },
): SourceProblem {
  const others = rivals.map((rival) => rival.file).toSorted();
  const shown =
    others.length > 3 ? `${others.slice(0, 3).join(', ')} and ${others.length - 3} more` : others.join(', ');
  const spelled = rivals.every((rival) => rival.externalId === externalId) ? '' : ' (but for upper and lower case)';
  return {
    ...place,
    code: 'DuplicateIdentity',
    message: `externalId ${externalId} is also declared in ${shown}${spelled}. Nothing is done for ${others.length > 1 ? 'any of them' : 'either'}.`,
    hint: 'Give each customer an identity of its own, or remove the one that is wrong.',
  };
}

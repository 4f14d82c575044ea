import pLimit from 'p-limit';
import { type Candidate, judgeOrganizations } from '../../core/import/candidates.ts';
import { inventoryOf, normalizedId } from '../../core/inventory.ts';
import type { Refusal } from '../../core/report.ts';
import type { Fleet } from '../../core/source.ts';
import type { Effects } from '../context.ts';
import { cannotRead } from '../failure.ts';
import { type PrepareOptions, preparePass } from '../prepare.ts';
import { readOrganizations } from '../reads.ts';
import { type Drafted, draftCustomer, type Refused } from './draft-customer.ts';

export interface ImportOptions extends PrepareOptions {
  /** `none`: only say what could be imported. */
  readonly wanted: 'none' | 'all' | readonly string[];
  readonly concurrency: number;
  /** The file that a customer's declaration would go to, for messages. */
  readonly fileOf: (externalId: string) => string;
}

export type ImportSurvey =
  | {
      readonly ok: true;
      readonly candidates: readonly Candidate[];
      readonly drafts: readonly Drafted[];
    }
  | { readonly ok: false; readonly refusal: Refusal };

/** Reads what exists, and drafts a file for each organization that is wanted. GET only; whoever calls writes the files. */
export async function surveyForImport(effects: Effects, options: ImportOptions): Promise<ImportSurvey> {
  const prepared = await preparePass(effects, { ...options, mayBeEmpty: true });
  if (!prepared.ok) return prepared;
  const { pass, fleet } = prepared;
  const unreadable = refuseUnreadableIdentities(fleet);
  if (unreadable) return { ok: false, refusal: unreadable };
  const listing = await readOrganizations(effects.reader);
  if (listing.outcome !== 'ok')
    return { ok: false, refusal: cannotRead('The organizations cannot be listed', listing) };
  const inventory = inventoryOf(listing.value);
  const candidates = judgeOrganizations(fleet, inventory);
  const wanted = selected(candidates, options.wanted);
  if ('refusal' in wanted) return { ok: false, refusal: wanted.refusal };
  const limit = pLimit(options.concurrency);
  const drafts = await limit.map([...wanted.candidates], async (candidate): Promise<readonly Drafted[]> => {
    if (candidate.kind === 'importable')
      return [await draftCustomer(pass, { fleet, inventory, fileOf: options.fileOf }, candidate)];
    if (candidate.kind === 'refused') return [candidate];
    return options.wanted === 'all' ? [] : [refuseNamed(candidate)];
  });
  return { ok: true, candidates, drafts: drafts.flat() };
}

/** A file whose identity cannot be read may be the file of any organization: a second one would freeze both (I9). */
function refuseUnreadableIdentities({ broken }: Fleet): Refusal | null {
  const problems = broken.filter(({ externalId }) => externalId === null).flatMap((file) => file.problems);
  if (problems.length === 0) return null;
  return {
    kind: 'invalid-input',
    code: 'UnreadableIdentity',
    message: 'There are files whose externalId cannot be read, so it cannot be told which organizations have no file.',
    next: 'Correct them first.',
    requestId: null,
    problems,
  };
}

type Selected = { readonly candidates: readonly Candidate[] } | { readonly refusal: Refusal };

function selected(candidates: readonly Candidate[], wanted: ImportOptions['wanted']): Selected {
  if (wanted === 'none') return { candidates: [] };
  if (wanted === 'all') return { candidates };
  const ids = wanted.map(normalizedId);
  const known = new Set(candidates.map(({ organization }) => normalizedId(organization.id)));
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length === 0)
    return { candidates: candidates.filter(({ organization }) => ids.includes(normalizedId(organization.id))) };
  return {
    refusal: {
      kind: 'cannot-run',
      code: 'UnknownOrganization',
      message: `The parent has no organization ${unknown.join(', ')}.`,
      next: '`reconcile import` lists those that can be imported.',
      requestId: null,
      problems: [],
    },
  };
}

/** With --all these are left out; somebody who names one is told why. */
function refuseNamed(candidate: Candidate & { readonly kind: 'declared' | 'archived' }): Refused {
  const { organization } = candidate;
  if (candidate.kind === 'declared')
    return { kind: 'refused', organization, why: `${candidate.file} declares it already.`, next: 'Nothing to do.' };
  return {
    kind: 'refused',
    organization,
    why: 'It is archived, and nothing leaves that state.',
    next: 'To onboard the customer again, write a file for a new organization.',
  };
}

import { printable, quoted, shorten } from '../../core/declaration/yaml/printable.ts';
import type { Candidate } from '../../core/import/candidates.ts';
import { formatCredits } from '../../core/money.ts';
import type { Draft } from '../../engine/inspect/draft-customer.ts';
import type { ImportSurvey } from '../../engine/inspect/import-organizations.ts';
import { counted } from './layout.ts';
import type { Page } from './page.ts';
import { renderTable } from './table.ts';

/** What became of a draft: the file it went to, or why it did not. */
export interface Written {
  readonly draft: Draft;
  readonly file: string;
  readonly outcome: 'drafted' | 'written' | 'not-written';
  /** Why it was not written. */
  readonly message: string | null;
}

type Survey = ImportSurvey & { readonly ok: true };

/** What was written, what was not and why; without anything wanted, what could be imported. Ends with a line break. */
export function renderImport(survey: Survey, written: readonly Written[], page: Page): string {
  const isList = survey.drafts.length === 0;
  const refused = (isList ? survey.candidates : survey.drafts).filter((one) => 'why' in one);
  const lines = [
    ...(isList ? listLines(survey.candidates, page) : written.flatMap((one) => writtenLines(one, page))),
    ...refused.flatMap((one) => refusedLines(one, page)),
    ...(isList ? restLines(survey.candidates, page) : []),
    ...nextLines(survey.candidates, written, page),
  ];
  return `${lines.join('\n')}\n`;
}

/** Beside an id and the words of the last column. */
const IDENTITY_COLUMNS = 22;

function listLines(candidates: readonly Candidate[], page: Page): string[] {
  const importable = candidates.filter((one) => one.kind === 'importable');
  if (importable.length === 0) return ['No organization is waiting to be imported.', ''];
  const rows = importable.map(({ organization, externalId, origin }) => [
    organization.id,
    shorten(printable(externalId), IDENTITY_COLUMNS),
    origin === 'by-hand' ? 'made by hand' : 'lost its file',
  ]);
  const [head = '', ...body] = renderTable([['ORGANIZATION', 'CUSTOMER', 'WHY'], ...rows], []);
  return [page.paint('heading', head), ...body, ''];
}

function writtenLines({ draft, file, outcome, message }: Written, page: Page): string[] {
  const { candidate, credits, grantedCredits, keys, firstPass, text } = draft;
  const { id, name } = candidate.organization;
  if (outcome === 'drafted') return [`# ${printable(file)}`, text.trimEnd(), ''];
  const about = [
    `${counted(credits, 'credit')} granted so far`,
    ...(grantedCredits === null ? [] : [`${formatCredits(grantedCredits)} of them by hand: check that number`]),
    ...(keys === 0 ? [] : [counted(keys, 'live key')]),
  ];
  const head = outcome === 'written' ? page.paint('add', 'written') : page.paint('trouble', 'not written');
  return [
    `${head}  ${printable(file)}`,
    ...page.wrap(`${quoted(name)} (${id})`, '  '),
    ...(message === null ? page.wrap(`${about.join('; ')}.`, '  ') : page.wrap(message, '  ')),
    ...(message === null && firstPass.length > 0 ? page.wrap(`The first pass: ${firstPass.join('; ')}.`, '  ') : []),
    '',
  ];
}

function refusedLines({ organization, why, next }: Candidate & { readonly kind: 'refused' }, page: Page): string[] {
  return [
    `${page.paint('trouble', 'not importable')}  ${organization.id}`,
    ...page.wrap(`${quoted(organization.name)}: ${why}`, '  '),
    ...page.wrap(`Next: ${next}`, '  '),
    '',
  ];
}

function restLines(candidates: readonly Candidate[], page: Page): string[] {
  const count = (kind: Candidate['kind']) => candidates.filter((one) => one.kind === kind).length;
  return page.wrap(
    `${counted(count('declared'), 'organization')} with a file; ${formatCredits(count('archived'))} archived and left out.`,
    '',
  );
}

function nextLines(candidates: readonly Candidate[], written: readonly Written[], page: Page): string[] {
  const files = written.filter(({ outcome }) => outcome === 'written').map(({ file }) => file);
  if (files.some((file) => !file.startsWith('customers/')))
    return page.wrap('Next: read what was written, and copy it to customers/ to go on with it in the sandbox.', '', 6);
  if (files.length > 0)
    return page.wrap(
      'Next: read what was written, then `reconcile --dry-run`: it moves no credits and makes no key.',
      '',
      6,
    );
  const isList = written.length === 0 && candidates.some(({ kind }) => kind === 'importable');
  return isList ? page.wrap('Next: `reconcile import --org <id>`, or `reconcile import --all`.', '', 6) : [];
}

import type { Candidate } from '../../core/import/candidates.ts';
import type { ImportSurvey } from '../../engine/inspect/import-organizations.ts';
import type { Written } from './import.ts';
import { refusalDocument } from './json.ts';
import { FORMAT_VERSION, type ImportDocument } from './output-schema.ts';

type Row = ImportDocument['organizations'][number];

/** Every organization of the parent, and what became of it. `showsText`: with the files themselves. */
export function importDocument(survey: ImportSurvey, written: readonly Written[], showsText: boolean): ImportDocument {
  const head = { formatVersion: FORMAT_VERSION, command: 'import' } as const;
  if (!survey.ok) return { ...head, refused: refusalDocument(survey.refusal), organizations: [] };
  const byId = new Map(written.map((one) => [one.draft.candidate.organization.id, one]));
  const refused = new Map(survey.drafts.flatMap((one) => ('why' in one ? [[one.organization.id, one]] : [])));
  const organizations = survey.candidates.map((candidate) => {
    const { id } = candidate.organization;
    const one = byId.get(id);
    return one ? writtenRow(one, showsText) : candidateRow(refused.get(id) ?? candidate);
  });
  return { ...head, refused: null, organizations };
}

function candidateRow(candidate: Candidate): Row {
  const { id, name, status } = candidate.organization;
  const isImportable = candidate.kind === 'importable';
  const isRefused = candidate.kind === 'refused';
  return {
    organizationId: id,
    name,
    status,
    outcome: candidate.kind,
    externalId: isImportable ? candidate.externalId : null,
    origin: isImportable ? candidate.origin : null,
    file: candidate.kind === 'declared' ? candidate.file : null,
    message: isRefused ? candidate.why : null,
    next: isRefused ? candidate.next : null,
    credits: null,
    grantedCredits: null,
    keys: null,
    firstPass: [],
    text: null,
  };
}

function writtenRow({ draft, file, outcome, message }: Written, showsText: boolean): Row {
  const { candidate, credits, grantedCredits, keys, firstPass, text } = draft;
  return {
    ...candidateRow(candidate),
    outcome,
    file,
    message,
    credits,
    grantedCredits,
    keys,
    firstPass: [...firstPass],
    text: showsText ? text : null,
  };
}

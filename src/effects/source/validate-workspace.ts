import { canonicalJson } from '../../core/canonical.ts';
import { emptyWorkspace } from '../../core/declaration/read.ts';
import type { SourcedWorkspace, SourceProblem } from '../../core/source.ts';
import { sha256 } from '../chance.ts';
import type { DeclarationSource } from './source.ts';

export interface Validation {
  /** Customer files that can be used, and all that were found. */
  readonly customers: { readonly valid: number; readonly found: number };
  /** Everything wrong in reconcile.yaml, which stops everybody, then in all customer files, ordered by file and line. */
  readonly problems: readonly SourceProblem[];
}

/**
 * Looks at the whole workspace in one run; a broken reconcile.yaml does not keep it from looking at the customers.
 *
 * @param beyondFiles what is wrong with what a good reconcile.yaml names
 */
export async function validateWorkspace(
  source: DeclarationSource,
  beyondFiles: (workspace: SourcedWorkspace) => readonly SourceProblem[] = () => [],
): Promise<Validation> {
  const workspace = await source.loadWorkspace();
  const fleet = await source.loadFleet(workspace.ok ? workspace.workspace : withoutDefaults());
  const problems = [
    ...(workspace.ok ? beyondFiles(workspace.workspace) : workspace.problems.toSorted(byPlace)),
    ...(fleet.ok ? fleet.fleet.broken.flatMap((file) => file.problems) : fleet.problems).toSorted(byPlace),
  ];
  const valid = fleet.ok ? fleet.fleet.customers.length : 0;
  const broken = fleet.ok ? fleet.fleet.broken.length : 0;
  return { customers: { valid, found: valid + broken }, problems: withoutRepeats(problems) };
}

/** A workspace that cannot be read at all is said by both loads. */
function withoutRepeats(problems: readonly SourceProblem[]): SourceProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ file, line, column, code, message }) => {
    const identity = canonicalJson([file, line, column, code, message]);
    return !seen.has(identity) && seen.add(identity);
  });
}

function withoutDefaults(): SourcedWorkspace {
  const { declaration, positions, status } = emptyWorkspace();
  return { declaration, file: 'reconcile.yaml', positions, hash: sha256(canonicalJson(declaration)), status };
}

function byPlace(a: SourceProblem, b: SourceProblem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

import type { z } from 'zod';
import type { Position, Positions, SourceProblem } from '../source.ts';
import { type ExplainContext, explainIssue, type Finding, type Synonym } from './explain-issue.ts';
import { externalIdPattern } from './fields.ts';
import { parseInstant } from './instant.ts';
import { yamlLimits } from './yaml/limits.ts';
import type { YamlReading } from './yaml/read-yaml.ts';
import { positionAt, problemAt, type SourceText } from './yaml/source-text.ts';
import { describePointer, type YamlTree } from './yaml/tree.ts';

/** What the text of one file says, on its own: no defaults merged, no other file looked at. */
export type Reading<T> = GoodReading<T> | BadReading;

export interface GoodReading<T> {
  readonly ok: true;
  readonly declaration: T;
  readonly positions: Positions;
  /** The `status:` member as it stands in the file; undefined when there is none. */
  readonly status: unknown;
  /** Times that must not lie in the future, with the problem that holds as long as they do. */
  readonly instants: readonly { readonly atMs: number; readonly problem: SourceProblem }[];
}

interface BadReading {
  readonly ok: false;
  /** The identity the file claims and where, when at least that can be read. */
  readonly claim: { readonly externalId: string; readonly at: Position } | null;
  readonly problems: readonly SourceProblem[];
}

/** Times that lie in the future at `nowMs` (milliseconds since the epoch). */
export function futureInstants(reading: GoodReading<unknown>, nowMs: number): readonly SourceProblem[] {
  return reading.instants.filter(({ atMs }) => atMs > nowMs).map(({ problem }) => problem);
}

/** The outermost map of a file. */
export type Root = Readonly<Record<string, unknown>>;

/** How the two kinds of files differ. */
export interface Kind<T> {
  readonly schema: z.ZodType<T>;
  /** The members that are declaration. */
  readonly members: (root: Root) => Root;
  readonly status: (root: Root) => unknown;
  readonly extraFindings: (root: Root) => readonly Finding[];
  /** A first line, for whoever wrote something that is no map. */
  readonly firstLine: string;
  readonly synonyms: ReadonlyMap<string, Synonym>;
  readonly instantsOf: (declaration: T) => readonly (readonly [pointer: string, text: string | undefined])[];
}

/** Judges one file by its schema; every problem found has its place. */
export function readDeclaration<T>(source: SourceText, yaml: YamlReading, kind: Kind<T>): Reading<T> {
  const { tree } = yaml;
  const broken = (problems: readonly SourceProblem[]): BadReading => ({
    ok: false,
    claim: claimedIdentity(source, tree),
    problems: limited(problems.toSorted((a, b) => a.line - b.line || a.column - b.column)),
  });
  if (tree === null || yaml.malformed) return broken(yaml.problems.map((problem) => withFirstLine(problem, kind)));
  const root = tree.value;
  if (!isRecord(root)) return broken([...yaml.problems, notAMap(source, tree, kind.firstLine)]);

  const result = kind.schema.safeParse(kind.members(root));
  const context: ExplainContext = { schema: kind.schema, tree, synonyms: kind.synonyms };
  const issues = result.success ? [] : result.error.issues;
  const findings = [...issues.flatMap((issue) => explainIssue(context, issue)), ...kind.extraFindings(root)];
  const problems = [...yaml.problems, ...findingProblems(source, tree, findings)];
  if (!result.success || problems.length > 0) return broken(problems);
  return {
    ok: true,
    declaration: result.data,
    positions: positionsOf(source, tree),
    status: kind.status(root),
    instants: datedProblems(source, tree, kind.instantsOf(result.data)),
  };
}

function notAMap(source: SourceText, tree: YamlTree, firstLine: string): SourceProblem {
  return problemAt(source, tree.nodes.get('')?.value ?? 0, {
    code: 'NotAMap',
    message: 'The file must be a map of members: a name, a colon, a space and a value on each line.',
    hint: `Begin with a line such as ${firstLine}`,
  });
}

function withFirstLine(problem: SourceProblem, { firstLine }: { readonly firstLine: string }): SourceProblem {
  if (problem.code !== 'EmptyFile') return problem;
  return { ...problem, hint: `Begin with a line such as ${firstLine}` };
}

/** A file that is wrong throughout is not printed twice over; how much is left unsaid is said. */
function limited(problems: readonly SourceProblem[]): readonly SourceProblem[] {
  const said = problems.slice(0, yamlLimits.problems - 1);
  const [next, ...rest] = problems.slice(said.length);
  if (next === undefined || rest.length === 0) return problems;
  const { file, line, column } = next;
  const message = `From here on the file has ${rest.length + 1} more problems.`;
  return [
    ...said,
    { file, line, column, code: 'MoreProblems', message, hint: 'They are told when these are settled.' },
  ];
}

function findingProblems(source: SourceText, tree: YamlTree, findings: readonly Finding[]): SourceProblem[] {
  const seen = new Set<string>();
  const problems: SourceProblem[] = [];
  const meant = new Set(findings.map((finding) => finding.meant));
  for (const { pointer, place, missing, ...text } of findings) {
    const node = tree.nodes.get(pointer);
    // Two rules about one member often say the same; a value that could not be read has its own problem already; and
    // a misspelt member is not missing as well.
    const keys = [text.message, ...(text.code === 'MissingField' ? [] : [text.code])].map((key) => `${pointer} ${key}`);
    if (keys.some((key) => seen.has(key)) || isUnreadable(tree, pointer, text)) continue;
    if (missing !== undefined && meant.has(missing)) continue;
    for (const key of keys) seen.add(key);
    problems.push(problemAt(source, (place === 'key' ? node?.key : node?.value) ?? 0, text));
  }
  return problems;
}

function isUnreadable(tree: YamlTree, pointer: string, { code }: { readonly code: string }): boolean {
  if (code === 'UnknownField') return false;
  for (let path = pointer; path !== ''; path = path.slice(0, path.lastIndexOf('/'))) {
    if (tree.unreadable.has(path)) return true;
  }
  return false;
}

function positionsOf(source: SourceText, tree: YamlTree): Positions {
  return new Map<string, Position>([...tree.nodes].map(([pointer, node]) => [pointer, positionAt(source, node.key)]));
}

function datedProblems(
  source: SourceText,
  tree: YamlTree,
  instants: readonly (readonly [pointer: string, text: string | undefined])[],
): GoodReading<unknown>['instants'] {
  return instants.flatMap(([pointer, text]) => {
    const atMs = text === undefined ? null : parseInstant(text);
    if (atMs === null) return [];
    const problem = problemAt(source, tree.nodes.get(pointer)?.value ?? 0, {
      code: 'InstantInFuture',
      message: `${describePointer(pointer)} lies in the future: nothing made today can be younger.`,
      hint: 'Write the present time, in UTC, to rotate now.',
    });
    return [{ atMs, problem }];
  });
}

/** What identity a broken file claims. Another file with it is frozen too, so a guess from a single line is enough. */
function claimedIdentity(source: SourceText, tree: YamlTree | null): BadReading['claim'] {
  const root = tree?.value;
  const externalId = isRecord(root) ? root['externalId'] : undefined;
  if (typeof externalId === 'string' && externalIdPattern.test(externalId)) {
    return { externalId, at: positionAt(source, tree?.nodes.get('/externalId')?.key ?? 0) };
  }
  const line = claimLine.exec(source.text);
  return line?.[2] === undefined ? null : { externalId: line[2], at: positionAt(source, line.index) };
}

const claimLine = /^externalId:[ \t]*(['"]?)([A-Za-z0-9][A-Za-z0-9._:-]{0,127})\1[ \t]*(?:#.*)?\r?$/m;

export function isRecord(value: unknown): value is Root {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

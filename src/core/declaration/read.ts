import type { z } from 'zod';
import type { Position, Positions, SourceProblem } from '../source.ts';
import { type CustomerDeclaration, customerSchema } from './customer.ts';
import { type ExplainContext, explainIssue, type Finding } from './explain-issue.ts';
import { parseInstant } from './instant.ts';
import { nearest } from './suggest.ts';
import { type WorkspaceDeclaration, workspaceSchema } from './workspace.ts';
import { yamlLimits } from './yaml/limits.ts';
import { readYaml, type YamlReading } from './yaml/read-yaml.ts';
import { positionAt, problemAt, type SourceText, sourceText } from './yaml/source-text.ts';
import { pointerOf, type YamlTree } from './yaml/tree.ts';

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

/** Reads a file below `customers/`. `file` is its path for messages; `text` may begin with a byte order mark. */
export function readCustomer(file: string, text: string): Reading<CustomerDeclaration> {
  const source = sourceText(file, text);
  const yaml = readYaml(source);
  return readDeclaration(source, yaml, {
    schema: customerSchema,
    members: withoutStatus,
    status: (root) => root['status'],
    extraFindings: customerStatusFindings,
    synonyms: customerSynonyms,
    instantsOf: ({ keys }) => keys.map(({ createdAfter }, index) => [`/keys/${index}/createdAfter`, createdAfter]),
  });
}

/** Reads `reconcile.yaml`. */
export function readWorkspace(file: string, text: string): Reading<WorkspaceDeclaration> {
  const source = sourceText(file, text);
  const yaml = readYaml(source);
  // Everything has a default: a file that holds only comments is the workspace of a newcomer.
  if (yaml.problems.every(({ code }) => code === 'EmptyFile') && yaml.tree === null) return emptyWorkspace();
  return readDeclaration(source, yaml, {
    schema: workspaceSchema,
    members: (root) => ({ ...withoutStatus(root), ...statusSettings(root) }),
    status: recordedFleetStatus,
    extraFindings: fleetStatusFindings,
    synonyms: workspaceSynonyms,
    instantsOf: ({ webhooks }) =>
      webhooks.map(({ secretCreatedAfter }, index) => [`/webhooks/${index}/secretCreatedAfter`, secretCreatedAfter]),
  });
}

/** The workspace of defaults, for a missing or empty `reconcile.yaml`. */
export function emptyWorkspace(): GoodReading<WorkspaceDeclaration> {
  const declaration = workspaceSchema.parse({});
  return { ok: true, declaration, positions: new Map(), status: undefined, instants: [] };
}

/** Times that lie in the future at `nowMs` (milliseconds since the epoch). */
export function futureInstants(reading: GoodReading<unknown>, nowMs: number): readonly SourceProblem[] {
  return reading.instants.filter(({ atMs }) => atMs > nowMs).map(({ problem }) => problem);
}

type Root = Readonly<Record<string, unknown>>;

interface Kind<T> {
  readonly schema: z.ZodType<T>;
  /** The members that are declaration. */
  readonly members: (root: Root) => Root;
  readonly status: (root: Root) => unknown;
  readonly extraFindings: (root: Root) => readonly Finding[];
  readonly synonyms: ReadonlyMap<string, string>;
  readonly instantsOf: (declaration: T) => readonly (readonly [pointer: string, text: string | undefined])[];
}

function readDeclaration<T>(source: SourceText, yaml: YamlReading, kind: Kind<T>): Reading<T> {
  const { tree } = yaml;
  const broken = (problems: readonly SourceProblem[]): BadReading => ({
    ok: false,
    claim: claimedIdentity(source, tree),
    problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column).slice(0, yamlLimits.problems),
  });
  if (tree === null || yaml.malformed) return broken(yaml.problems);
  const root = tree.value;
  if (!isRecord(root)) return broken([...yaml.problems, notAMap(source, tree)]);

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

function notAMap(source: SourceText, tree: YamlTree): SourceProblem {
  return problemAt(source, tree.nodes.get('')?.value ?? 0, {
    code: 'NotAMap',
    message: 'The file must be a map of members (name: value).',
    hint: 'Begin with a line such as externalId: acme-coffee',
  });
}

function findingProblems(source: SourceText, tree: YamlTree, findings: readonly Finding[]): SourceProblem[] {
  const seen = new Set<string>();
  const problems: SourceProblem[] = [];
  for (const { pointer, place, ...text } of findings) {
    const node = tree.nodes.get(pointer);
    // Two rules about one member often say the same; and a value that could not be read has its own problem already.
    const key = text.code === 'MissingField' ? text.message : `${pointer} ${text.code}`;
    if (seen.has(key) || isUnreadable(tree, pointer, text)) continue;
    seen.add(key);
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
      message: `${pointer.split('/').at(-1)} lies in the future: nothing made today can be younger.`,
      hint: 'Write the present time, in UTC, to rotate now.',
    });
    return [{ atMs, problem }];
  });
}

/** What identity a broken file claims. Another file with it is frozen too, so a guess from a single line is enough. */
function claimedIdentity(source: SourceText, tree: YamlTree | null): BadReading['claim'] {
  const root = tree?.value;
  const externalId = isRecord(root) ? root['externalId'] : undefined;
  if (typeof externalId === 'string' && identity.test(externalId)) {
    return { externalId, at: positionAt(source, tree?.nodes.get('/externalId')?.key ?? 0) };
  }
  const line = claimLine.exec(source.text);
  return line?.[2] === undefined ? null : { externalId: line[2], at: positionAt(source, line.index) };
}

const identity = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const claimLine = /^externalId:[ \t]*(['"]?)([A-Za-z0-9][A-Za-z0-9._:-]{0,127})\1[ \t]*(?:#.*)?\r?$/m;

function isRecord(value: unknown): value is Root {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutStatus(root: Root): Root {
  return Object.fromEntries(Object.entries(root).filter(([name]) => name !== 'status'));
}

function customerStatusFindings({ status }: Root): readonly Finding[] {
  if (status === undefined || status === null || isRecord(status)) return [];
  return [
    {
      pointer: '/status',
      place: 'key',
      code: 'WrongType',
      message: 'status is written by the reconciler and must be a map.',
      hint: 'Remove it. To suspend or archive a customer, set state.',
    },
  ];
}

/**
 * `status:` in reconcile.yaml holds two settings of ours to read, and beside them the recorded status of the fleet when
 * the inline store writes it there.
 */
export const statusSettingNames: readonly string[] = ['store', 'directory'];

function statusSettings({ status }: Root): Root {
  if (status === undefined || status === null) return {};
  if (!isRecord(status)) return { status };
  return { status: Object.fromEntries(Object.entries(status).filter(([name]) => statusSettingNames.includes(name))) };
}

function recordedFleetStatus({ status }: Root): unknown {
  if (!isRecord(status)) return undefined;
  const recorded = Object.entries(status).filter(([name]) => !statusSettingNames.includes(name));
  return recorded.length === 0 ? undefined : Object.fromEntries(recorded);
}

function fleetStatusFindings({ status }: Root): readonly Finding[] {
  if (!isRecord(status)) return [];
  return Object.keys(status).flatMap((name): Finding[] => {
    const meant = statusSettingNames.includes(name) ? null : nearest(name, statusSettingNames);
    if (meant === null) return [];
    return [
      {
        pointer: pointerOf(['status', name]),
        place: 'key',
        code: 'UnknownField',
        message: `status.${name} is not a setting that exists.`,
        hint: `Did you mean ${meant}?`,
      },
    ];
  });
}

const customerSynonyms: ReadonlyMap<string, string> = new Map([
  ['id', 'The identity is called externalId.'],
  ['email', 'Did you mean billingEmail?'],
  ['monthlyCreditCap', 'Did you mean cap?'],
  ['monthlyCap', 'Did you mean cap?'],
  ['autoRefill', 'Did you mean refill?'],
  ['apiKeys', 'Did you mean keys?'],
  ...['webhooks', 'guards', 'defaults', 'daemon', 'secrets'].map((name): [string, string] => [
    name,
    `${name} belongs in reconcile.yaml, once for all customers.`,
  ]),
]);

const workspaceSynonyms: ReadonlyMap<string, string> = new Map([
  ['webhook', 'Did you mean webhooks? It is a list.'],
  ...['externalId', 'name', 'credits', 'keys', 'state', 'incarnation', 'adopt'].map((name): [string, string] => [
    name,
    `${name} belongs in a customer’s file below customers/.`,
  ]),
  ...['cap', 'refill', 'billingEmail', 'metadata'].map((name): [string, string] => [
    name,
    `Put ${name} below defaults to give it to every customer.`,
  ]),
]);

import type { Position, SourceProblem } from '../source.ts';
import { quotedText } from '../yaml-text.ts';
import type { CustomerDeclaration } from './customer.ts';
import { readCustomer } from './read.ts';
import { isRecord, type Reading } from './reading.ts';
import { describePointer, pointerOf } from './yaml/tree.ts';

/**
 * Reads the spec of a `Customer` object. It is judged as the file that says the same: written out with one member a line
 * and read by the reader of files, so that one declaration never has two verdicts. A place is then a path into the
 * object, since nobody has ever seen those lines.
 */
export function readCustomerObject(file: string, spec: unknown): Reading<CustomerDeclaration> {
  const lines = linesOf(spec ?? {});
  const text = lines.map((line) => `${line.text}\n`).join('');
  const pathAt = (line: number): string => pathOf(lines[line - 1]?.pointer ?? '');
  const reading = readCustomer(file, text);
  if (!reading.ok) {
    const { claim } = reading;
    return {
      ...reading,
      claim: claim && { ...claim, at: withPath(claim.at, pathAt(claim.at.line)) },
      problems: reading.problems.map((problem) => inObject(problem, pathAt(problem.line))),
    };
  }
  return {
    ...reading,
    positions: new Map(
      [...reading.positions].map(([pointer, position]) => [pointer, withPath(position, pathOf(pointer))]),
    ),
    instants: reading.instants.map(({ atMs, problem }) => ({
      atMs,
      problem: inObject(problem, pathAt(problem.line)),
    })),
  };
}

/** Without the frame, which shows lines that nobody has ever seen. */
function inObject(problem: SourceProblem, path: string): SourceProblem {
  const { file, line, column, code, message, hint } = problem;
  return { file, line, column, path, code, message, ...(hint === undefined ? {} : { hint }) };
}

function withPath<T extends Position>(position: T, path: string): T {
  return { ...position, path };
}

/** As `kubectl explain` and the API server write it. */
function pathOf(pointer: string): string {
  return pointer === '' ? 'spec' : `spec.${describePointer(pointer)}`;
}

/**
 * Client-side `kubectl apply` takes `null` in a manifest for "leave it out", so that the object does not say what its
 * author wrote: no cap, no refill. Nothing is done from such an object until it was applied in a way that keeps nulls.
 * `lastApplied` is the manifest as kubectl remembers it in an annotation.
 */
export function lostNulls(file: string, spec: unknown, lastApplied: string | undefined): readonly SourceProblem[] {
  const manifest = lastApplied === undefined ? null : parseJson(lastApplied);
  const written = isRecord(manifest) ? manifest['spec'] : null;
  if (!isRecord(written)) return [];
  const said = isRecord(spec) ? spec : {};
  return Object.entries(written)
    .filter(([name, value]) => value === null && !Object.hasOwn(said, name))
    .map(([name]) => ({
      file,
      line: 1,
      column: 1,
      path: `spec.${name}`,
      code: 'NullLost',
      message: `The manifest says ${name}: null, but client-side \`kubectl apply\` leaves nulls out, so the object does not say it.`,
      hint: 'Apply it with `kubectl apply --server-side`, as Flux and Argo CD can too.',
    }));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

interface Line {
  readonly text: string;
  /** Of the member that begins on it, or of the collection that ends there. */
  readonly pointer: string;
}

/** JSON with one member a line, which is YAML too; escaped as yaml-text does, for JSON leaves more as it is. */
function linesOf(value: unknown, path: readonly PropertyKey[] = [], lead = '', comma = ''): Line[] {
  const pointer = pointerOf(path);
  const items: readonly (readonly [key: PropertyKey, lead: string, value: unknown])[] | null = Array.isArray(value)
    ? value.map((item: unknown, index) => [index, '', item])
    : isRecord(value)
      ? Object.entries(value).map(([name, member]) => [name, `${quotedText(name)}: `, member])
      : null;
  if (items === null) {
    const scalar = typeof value === 'string' ? quotedText(value) : JSON.stringify(value);
    return [{ text: `${lead}${scalar}${comma}`, pointer }];
  }
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (items.length === 0) return [{ text: `${lead}${open}${close}${comma}`, pointer }];
  return [
    { text: `${lead}${open}`, pointer },
    ...items.flatMap(([key, own, member], index) =>
      linesOf(member, [...path, key], own, index < items.length - 1 ? ',' : ''),
    ),
    { text: `${close}${comma}`, pointer },
  ];
}

import { z } from 'zod';
import { explainChoice, explainType, type ReadValue } from './explain-value.ts';
import { exampleOf, fieldsAt, schemaAt } from './schema-fields.ts';
import { nearest } from './suggest.ts';
import { quoted } from './yaml/printable.ts';
import type { ProblemText } from './yaml/source-text.ts';
import { describePointer, pointerOf, type YamlTree } from './yaml/tree.ts';

/** A schema's complaint in our words, and the member it is about. */
export interface Finding extends ProblemText {
  readonly pointer: string;
  /** `key` for what concerns the member as a whole, `value` for a bad value. */
  readonly place: 'key' | 'value';
  /** Of a misspelt member: the pointer of the one that was meant. */
  readonly meant?: string;
  /** Of a member that is missing: its pointer. */
  readonly missing?: string;
}

export interface ExplainContext {
  readonly schema: z.core.$ZodType;
  readonly tree: YamlTree;
  /** What people write for a member, as a path without places in lists (`keys.secret`), and what to do instead. */
  readonly synonyms: ReadonlyMap<string, Synonym>;
}

/** The name of the member that is meant, or a sentence. */
export type Synonym = { readonly means: string } | string;

export function explainIssue(context: ExplainContext, issue: z.core.$ZodIssue): readonly Finding[] {
  const pointer = pointerOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownField(context, issue.path, key));
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map((inner) => badMetadataKey(pointer, inner));
  }
  if (!context.tree.nodes.has(pointer)) return [missingField(context, issue.path)];
  const read = readValue(context.tree, issue.path);
  if (issue.code === 'custom') return [customFinding(issue, read, pointer)];
  const problem = explainBadValue(context, issue, read);
  return [{ pointer, place: 'value', ...problem, hint: problem.hint ?? hintOfNothing(issue.path, read) }];
}

function badMetadataKey(pointer: string, inner: z.core.$ZodIssue): Finding {
  const name = pointer.slice(pointer.lastIndexOf('/') + 1);
  const rule =
    inner.code === 'too_small' || inner.code === 'too_big'
      ? `A key of metadata ${range(inner)}${name === '' ? '' : `, not ${name.length}`}`
      : `${describePointer(pointer)} ${inner.message}`;
  return { pointer, place: 'key', code: 'InvalidMetadataKey', message: `${rule}.` };
}

/** What people write when they mean that there is none. */
const nothings = ['', 'none', 'no', 'off', 'false', 'unlimited', 'infinite', 'infinity', '.inf', 'disabled', 'null'];

const nullMeans: ReadonlyMap<string, string> = new Map([
  ['cap', 'Write null (without quotes) for no cap.'],
  ['refill', 'Write null to turn the refill off.'],
  ['billingEmail', 'Write null to clear it.'],
]);

function hintOfNothing(path: readonly PropertyKey[], { scalar, value }: ReadValue): string | undefined {
  if (scalar === null || value === null || !nothings.includes(scalar.source.toLowerCase())) return undefined;
  return nullMeans.get(String(path.at(-1)));
}

function explainBadValue(context: ExplainContext, issue: z.core.$ZodIssue, read: ReadValue): ProblemText {
  if (issue.code === 'invalid_type') {
    const quotedIssue = issue.expected === 'string' ? issueWhenQuoted(context, issue, read) : null;
    if (quotedIssue !== null) return explainBadValue(context, quotedIssue, read);
    return explainType(issue.expected, read, fieldsAt(context.schema, issue.path));
  }
  if (issue.code === 'invalid_value') return explainChoice(issue.values.map(String), read);
  if (issue.code === 'too_small' || issue.code === 'too_big') {
    return { code: 'OutOfRange', message: `${read.field} ${range(issue)}.` };
  }
  const isRule = issue.message.startsWith('must');
  const instead = read.scalar === null || !isRule ? '' : `, not ${quoted(read.scalar.source)}`;
  return {
    code: 'InvalidFormat',
    message: `${read.field} ${issue.message}${instead}.`,
    hint: read.scalar === null ? undefined : strangeCharacter(read.scalar.source, issue),
  };
}

/** What would still be wrong if a number or truth value were quoted, so that nobody is sent from one mistake to the next. */
function issueWhenQuoted(
  { schema }: ExplainContext,
  { path }: z.core.$ZodIssue,
  { scalar, value }: ReadValue,
): z.core.$ZodIssue | null {
  const place = schemaAt(schema, path);
  if (scalar === null || value === null || !(place instanceof z.ZodType)) return null;
  const first = place.safeParse(scalar.source).error?.issues[0];
  return first === undefined ? null : { ...first, path: [...path] };
}

/** The character that cannot be seen, or that only looks like one of those a name may have. */
function strangeCharacter(text: string, issue: z.core.$ZodIssue): string | undefined {
  const hidden = /[\p{Cc}\p{Cf}\u2028\u2029]/u.exec(text)?.[0];
  if (hidden === '\n') return 'It holds a line break.';
  if (hidden !== undefined) return `It holds ${nameOfCharacter(hidden)}, which cannot be seen.`;
  // A rule that says what may not stand there admits other letters than those of ASCII.
  const isAscii = issue.code === 'invalid_format' && issue.pattern?.includes('[^') === false;
  const foreign = isAscii ? /[^\p{ASCII}]/u.exec(text)?.[0] : undefined;
  return foreign === undefined ? undefined : `It holds ${nameOfCharacter(foreign)}, “${foreign}”.`;
}

function nameOfCharacter(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

function customFinding(issue: z.core.$ZodIssueCustom, read: ReadValue, pointer: string): Finding {
  const code: unknown = issue.params?.['code'];
  return {
    pointer,
    // A rule about a whole map or list is shown at its name.
    place: read.scalar === null ? 'key' : 'value',
    code: typeof code === 'string' ? code : 'InvalidValue',
    message: `${read.field} ${issue.message}.`,
  };
}

function missingField({ schema, tree }: ExplainContext, path: readonly PropertyKey[]): Finding {
  const parent = path.slice(0, -1);
  const member = String(path.at(-1));
  const pointer = pointerOf(parent);
  if (member === 'threshold' || member === 'amount') {
    return {
      pointer,
      place: 'key',
      code: 'IncompleteRefill',
      message: `${describePointer(pointer)} must have both threshold and amount.`,
      hint: 'Set both, or write refill: null to turn the refill off.',
      missing: pointerOf(path),
    };
  }
  const example = exampleOf(schema, parent, member);
  const shown = typeof example === 'string' || typeof example === 'number' ? String(example) : flowText(example);
  return {
    pointer: tree.nodes.has(pointer) ? pointer : '',
    place: 'key',
    code: 'MissingField',
    message: `${describePointer(pointerOf(path))} is missing.`,
    hint: example === undefined ? undefined : `Add a line such as ${member}: ${shown}`,
    missing: pointerOf(path),
  };
}

function unknownField(context: ExplainContext, path: readonly PropertyKey[], key: string): Finding {
  const pointer = pointerOf([...path, key]);
  const message = `${describePointer(pointer)} is not a member that exists here.`;
  const fields = fieldsAt(context.schema, path);
  const place = path.filter((segment) => typeof segment === 'string');
  const synonym = context.synonyms.get([...place, key].join('.'));
  const problem = { pointer, place: 'key', code: 'UnknownField', message } as const;
  if (typeof synonym === 'string') return { ...problem, hint: synonym };
  const meant = synonym?.means ?? nearest(key, fields);
  if (meant !== null) return { ...problem, hint: `Did you mean ${meant}?`, meant: pointerOf([...path, meant]) };
  const parents = path.length > 0 ? [] : fields.filter((field) => fieldsAt(context.schema, [field]).includes(key));
  if (parents.length > 0) return { ...problem, hint: `Put it below ${parents.join(' or ')}, indented by two spaces.` };
  return { ...problem, hint: `The members are ${fields.join(', ')}.` };
}

/** `[content:read, content:write]`, as people write it. */
function flowText(example: unknown): string {
  return Array.isArray(example) ? `[${example.join(', ')}]` : JSON.stringify(example);
}

function range(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const [bound, limit] = issue.code === 'too_small' ? ['at least', issue.minimum] : ['at most', issue.maximum];
  const number = limit.toLocaleString('en-US');
  if (issue.origin !== 'string' && issue.origin !== 'array') return `must be ${bound} ${number}`;
  if (issue.code === 'too_small' && limit === 1) return 'must not be empty';
  return `must have ${bound} ${number} ${issue.origin === 'string' ? 'characters' : 'entries'}`;
}

function readValue(tree: YamlTree, path: readonly PropertyKey[]): ReadValue {
  const pointer = pointerOf(path);
  let value: unknown = tree.value;
  for (const segment of path) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, segment) : undefined;
  }
  return { field: describePointer(pointer) || 'The file', scalar: tree.nodes.get(pointer)?.scalar ?? null, value };
}

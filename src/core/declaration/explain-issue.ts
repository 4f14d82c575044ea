import type { z } from 'zod';
import { explainChoice, explainType, type ReadValue } from './explain-value.ts';
import { exampleOf, fieldsAt } from './schema-fields.ts';
import { nearest } from './suggest.ts';
import { quoted } from './yaml/printable.ts';
import type { ProblemText } from './yaml/source-text.ts';
import { describePointer, pointerOf, type YamlTree } from './yaml/tree.ts';

/** A schema's complaint in our words, and the member it is about. */
export interface Finding extends ProblemText {
  readonly pointer: string;
  /** `key` for what concerns the member as a whole, `value` for a bad value. */
  readonly place: 'key' | 'value';
}

export interface ExplainContext {
  readonly schema: z.core.$ZodType;
  readonly tree: YamlTree;
  /** Names that people use for a member of the outermost map, with what they should write. */
  readonly synonyms: ReadonlyMap<string, string>;
}

export function explainIssue(context: ExplainContext, issue: z.core.$ZodIssue): readonly Finding[] {
  const pointer = pointerOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownField(context, issue.path, key));
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map((inner) => ({
      pointer,
      place: 'key',
      code: 'InvalidMetadataKey',
      message: `${describePointer(pointer)} ${inner.code === 'invalid_format' ? inner.message : keyLength(inner)}.`,
    }));
  }
  if (!context.tree.nodes.has(pointer)) return [missingField(context, issue.path)];
  const read = readValue(context.tree, issue.path);
  if (issue.code === 'custom') return [customFinding(issue, read, pointer)];
  return [{ pointer, place: 'value', ...explainBadValue(issue, read) }];
}

function explainBadValue(issue: z.core.$ZodIssue, read: ReadValue): ProblemText {
  if (issue.code === 'invalid_type') return explainType(issue.expected, read);
  if (issue.code === 'invalid_value') return explainChoice(issue.values.map(String), read);
  if (issue.code === 'too_small' || issue.code === 'too_big') {
    return { code: 'OutOfRange', message: `${read.field} ${range(issue)}.` };
  }
  const instead = read.scalar === null ? '' : `, not ${quoted(read.scalar.source)}`;
  return { code: 'InvalidFormat', message: `${read.field} ${issue.message}${instead}.` };
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
    };
  }
  const example = exampleOf(schema, parent, member);
  const shown = typeof example === 'string' || typeof example === 'number' ? String(example) : JSON.stringify(example);
  return {
    pointer: tree.nodes.has(pointer) ? pointer : '',
    place: 'key',
    code: 'MissingField',
    message: `${describePointer(pointerOf(path))} is missing.`,
    hint: example === undefined ? undefined : `Add a line such as ${member}: ${shown}`,
  };
}

function unknownField(context: ExplainContext, path: readonly PropertyKey[], key: string): Finding {
  const fields = fieldsAt(context.schema, path);
  const synonym = path.length === 0 ? context.synonyms.get(key) : undefined;
  const close = nearest(key, fields);
  const pointer = pointerOf([...path, key]);
  return {
    pointer,
    place: 'key',
    code: 'UnknownField',
    message: `${describePointer(pointer)} is not a member that exists here.`,
    hint: synonym ?? (close === null ? `The members are ${fields.join(', ')}.` : `Did you mean ${close}?`),
  };
}

function range(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const [bound, limit] = issue.code === 'too_small' ? ['at least', issue.minimum] : ['at most', issue.maximum];
  const number = limit.toLocaleString('en-US');
  if (issue.origin !== 'string' && issue.origin !== 'array') return `must be ${bound} ${number}`;
  if (issue.code === 'too_small' && limit === 1) return 'must not be empty';
  return `must have ${bound} ${number} ${issue.origin === 'string' ? 'characters' : 'entries'}`;
}

function keyLength(issue: z.core.$ZodIssue): string {
  return issue.code === 'too_small' || issue.code === 'too_big' ? `${range(issue)} in its name` : issue.message;
}

function readValue(tree: YamlTree, path: readonly PropertyKey[]): ReadValue {
  const pointer = pointerOf(path);
  let value: unknown = tree.value;
  for (const segment of path) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, segment) : undefined;
  }
  return { field: describePointer(pointer) || 'The file', scalar: tree.nodes.get(pointer)?.scalar ?? null, value };
}

import { isAlias, isMap, isScalar, isSeq, type Scalar } from 'yaml';
import { looksLikeSecret } from '../../secret-shape.ts';
import type { SourceProblem } from '../../source.ts';
import { printable, quoted, shorten } from './printable.ts';
import { type ProblemText, problemAt, type SourceText } from './source-text.ts';

/** One value of a file and where it stands. */
export interface YamlNode {
  /** Offset of the member's key; of the value for an item of a list and for the whole file. */
  readonly key: number;
  /** Offset of the value's first token. */
  readonly value: number;
  /** How a scalar is written; null for maps and lists. */
  readonly scalar: { readonly source: string; readonly plain: boolean } | null;
}

export interface YamlTree {
  readonly value: unknown;
  /** By JSON pointer; the whole file is the empty pointer. */
  readonly nodes: ReadonlyMap<string, YamlNode>;
  /** Pointers of values that could not be read as written; what a schema says about them is noise. */
  readonly unreadable: ReadonlySet<string>;
  readonly problems: readonly SourceProblem[];
}

/** Amounts and counts as declarations write them, judged on the source text (correctness 2.7). */
export const plainNumber: RegExp = /^(0|[1-9][0-9]{0,12})$/;

/** Values below this member are kept as YAML reads them: we wrote them, and people may have pasted there. */
const opaqueMember = '/status';

interface Builder {
  readonly source: SourceText;
  readonly nodes: Map<string, YamlNode>;
  readonly unreadable: Set<string>;
  readonly problems: SourceProblem[];
}

/** Plain data from composed YAML of limited depth, with the place of every value. */
export function buildTree(source: SourceText, contents: unknown): YamlTree {
  const builder: Builder = { source, nodes: new Map(), unreadable: new Set(), problems: [] };
  const value = build(builder, contents, '', startOf(contents) ?? 0);
  const { nodes, unreadable, problems } = builder;
  return { value, nodes, unreadable, problems };
}

function build(builder: Builder, node: unknown, pointer: string, key: number): unknown {
  const value = startOf(node) ?? key;
  const scalar = isScalar(node) ? { source: writtenText(node), plain: node.type === 'PLAIN' } : null;
  builder.nodes.set(pointer, { key, value, scalar });
  if (isAlias(node) || hasTag(node)) return giveUp(builder, pointer);
  if (isMap(node)) return buildMap(builder, node.items, pointer);
  if (isSeq(node)) {
    return node.items.map((item, index) => build(builder, item, `${pointer}/${index}`, startOf(item) ?? value));
  }
  if (isScalar(node)) return buildScalar(builder, node, pointer, key);
  // `{ plan }` has a member without even a colon.
  return refuseEmpty(builder, pointer, key);
}

/** Of a block of text, the line end behind it is no news. */
function writtenText({ source = '', type }: Scalar): string {
  return type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED' ? source.replace(/\n+$/, '') : source;
}

function buildMap(
  builder: Builder,
  items: readonly { readonly key: unknown; readonly value: unknown }[],
  pointer: string,
): unknown {
  const members: [string, unknown][] = [];
  const seen = new Map<string, number>();
  for (const item of items) {
    const offset = startOf(item.key) ?? 0;
    const name = isScalar(item.key) && typeof item.key.value === 'string' ? item.key.value : null;
    // An alias has been refused already, wherever it stands.
    if (isAlias(item.key)) continue;
    const problem = keyProblem(builder, name, isScalar(item.key) && item.key.type === 'PLAIN', seen);
    if (problem !== null) builder.problems.push(problemAt(builder.source, offset, problem));
    if (problem !== null || name === null) continue;
    // Unicode writes some letters in two ways that look the same.
    seen.set(name.normalize('NFC'), offset);
    members.push([name, build(builder, item.value, `${pointer}/${escapePointer(name)}`, offset)]);
  }
  return Object.fromEntries(members);
}

function keyProblem(
  { source }: Builder,
  name: string | null,
  plain: boolean,
  seen: ReadonlyMap<string, number>,
): ProblemText | null {
  if (name === null) return { code: 'InvalidKey', message: 'A member’s name must be a text.' };
  if (name === '<<' && plain) {
    return {
      code: 'MergeKeyForbidden',
      message: 'YAML merge keys (<<) are refused: a reviewer must see every value where it stands.',
      hint: 'Write the members out, or use `defaults` in reconcile.yaml.',
    };
  }
  if (name === '__proto__' || name === 'constructor' || name === 'prototype') {
    return {
      code: 'ForbiddenField',
      message: `A member must not be named ${name}, a word that programs trip over.`,
      hint: 'Give it another name.',
    };
  }
  if (hasForbiddenCharacter(name)) {
    return {
      code: 'ForbiddenCharacter',
      message: 'A member’s name holds a control character (written as an escape).',
      hint: 'Remove the escape.',
    };
  }
  if (looksLikeSecret(name)) return secretInFile(name);
  const first = seen.get(name.normalize('NFC'));
  if (first === undefined) return null;
  const line = source.lineStarts.filter((start) => start <= first).length;
  return {
    code: 'DuplicateField',
    message: `${quoted(name)} is written twice; it already stands on line ${line}.`,
    hint: 'Remove one of the two.',
  };
}

function buildScalar(builder: Builder, node: Scalar, pointer: string, key: number): unknown {
  if (pointer === opaqueMember || pointer.startsWith(`${opaqueMember}/`)) return node.value;
  const { value, source = '' } = node;
  if (typeof value === 'string' && hasForbiddenCharacter(value)) {
    builder.problems.push(
      problemAt(builder.source, startOf(node) ?? key, {
        code: 'ForbiddenCharacter',
        message: 'This text holds a control character (written as an escape).',
        hint: 'Remove the escape; where a plain backslash is meant, use single quotes.',
      }),
    );
    return giveUp(builder, pointer);
  }
  if (looksLikeSecret(source)) {
    builder.problems.push(problemAt(builder.source, startOf(node) ?? key, secretInFile(source)));
    return giveUp(builder, pointer);
  }
  if (value === null && source === '') return refuseEmpty(builder, pointer, key);
  // Not a number for any schema: how it is written decides, not what YAML makes of it.
  if (typeof value === 'number') return plainNumber.test(source) ? value : Number.NaN;
  return value;
}

/** Whatever becomes of the file, it is committed, and what it says is sent to the API and shown in plans (I4). */
function secretInFile(text: string): ProblemText {
  const code = 'SecretInFile';
  if (/age-secret-key-/i.test(text)) {
    return {
      code,
      message: 'This is an identity of age, not a recipient: it opens every secret that is encrypted to it.',
      hint: 'Remove it. If the file was ever shared or committed, make a new pair with age-keygen.',
    };
  }
  return {
    code,
    message: 'This has the shape of an API key or of a signing secret, which must not stand in a declaration.',
    hint: 'Remove it. If the file was ever shared or committed, rotate that secret.',
  };
}

function refuseEmpty(builder: Builder, pointer: string, key: number): undefined {
  builder.problems.push(problemAt(builder.source, key, emptyValue(pointer)));
  return giveUp(builder, pointer);
}

function emptyValue(pointer: string): ProblemText {
  return {
    code: 'EmptyValue',
    message: `${describePointer(pointer)} has no value; an empty value is refused, because YAML reads it as null.`,
    hint: 'Write the value, or remove the line. Where null is meant, write null; for an empty list write [].',
  };
}

function giveUp(builder: Builder, pointer: string): undefined {
  builder.unreadable.add(pointer);
  return undefined;
}

function hasTag(node: unknown): boolean {
  return (isScalar(node) || isMap(node) || isSeq(node)) && node.tag !== undefined;
}

function startOf(node: unknown): number | undefined {
  if (!(isScalar(node) || isMap(node) || isSeq(node) || isAlias(node))) return undefined;
  return node.range?.[0];
}

/** Controls but tab and line feed, and halves of surrogate pairs: all of them can only come from an escape. */
function hasForbiddenCharacter(text: string): boolean {
  return /(?![\t\n])\p{Cc}|\p{Surrogate}|\ufffd/u.test(text);
}

function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((segment) => `/${escapePointer(String(segment))}`).join('');
}

/** A pointer as people write it: `keys[0].scopes`. */
export function describePointer(pointer: string): string {
  const segments = pointer.split('/').slice(1);
  const text = segments
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((segment, index) => {
      if (segment === '') return index === 0 ? '""' : '[""]';
      if (index === 0) return segment;
      return /^[0-9]+$/.test(segment) ? `[${segment}]` : `.${segment}`;
    })
    .join('');
  return shorten(printable(text), 80);
}

import type { Json } from './canonical.ts';

type Members = { readonly [key: string]: Json };

const width = 120;

/**
 * Members as lines of YAML, in the order given: one line each where they fit into 120 columns, lists of
 * maps with one item a line, long texts folded. The same members always give the same lines, and text of whatever origin
 * is quoted and escaped so that every reader of YAML, of whatever version, reads the same text again.
 */
export function yamlLines(members: Members, indent: string): readonly string[] {
  return Object.entries(members).flatMap(([name, value]) => memberLines(`${indent}${textOf(name)}:`, value, indent));
}

/** `lead` is what stands before the value on its first line, `indent` the indentation of that line. */
function memberLines(lead: string, value: Json, indent: string): readonly string[] {
  const line = `${lead} ${flowOf(value)}`;
  if (line.length <= width && !isListOfMaps(value)) return [line];
  const inner = `${indent}  `;
  if (isList(value)) return [lead, ...value.flatMap((item) => itemLines(item, inner))];
  if (isMap(value)) return [lead, ...yamlLines(value, inner)];
  // Only a text is too long otherwise.
  return foldedLines(`${lead} ${quotedText(String(value))}`, lead.length + 1, inner);
}

function itemLines(item: Json, indent: string): readonly string[] {
  const lead = `${indent}-`;
  const line = `${lead} ${flowOf(item)}`;
  if (!isMap(item) || line.length <= width) return memberLines(lead, item, indent);
  const [first = '', ...rest] = yamlLines(item, `${indent}  `);
  return [`${lead} ${first.trimStart()}`, ...rest];
}

/** Breaks a quoted text at single spaces, which YAML folds back into them. A longer word stays as long as it is. */
function foldedLines(line: string, from: number, indent: string): readonly string[] {
  const lines: string[] = [];
  let current = line.slice(0, from);
  for (const [index, word] of line
    .slice(from)
    .split(/(?<=[^ "]) (?=[^ "])/)
    .entries()) {
    if (index > 0 && current.length + 1 + word.length > width) {
      lines.push(current);
      current = `${indent}${word}`;
    } else current += index > 0 ? ` ${word}` : word;
  }
  return [...lines, current];
}

function flowOf(value: Json): string {
  if (isList(value)) return `[${value.map(flowOf).join(', ')}]`;
  if (isMap(value)) {
    const members = Object.entries(value).map(([name, member]) => `${textOf(name)}: ${flowOf(member)}`);
    return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
  }
  return typeof value === 'string' ? textOf(value) : JSON.stringify(value);
}

const plain = /^[A-Za-z][A-Za-z0-9_./-]*(?:[ :][A-Za-z0-9_./-]+)*$/;
/** What some reader of YAML, of whatever version, takes for something else than a text. */
const ambiguous = /^(?:true|false|null|yes|no|on|off|y|n)$/i;
// JSON leaves these as they are: they would be invisible in the file, or break a line in it.
const invisible = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff\ufffd-\uffff]/g;

/** Plain where that is beyond doubt in every version of YAML, else in double quotes, whose escapes JSON shares. */
function textOf(text: string): string {
  return plain.test(text) && !ambiguous.test(text) ? text : quotedText(text);
}

export function quotedText(text: string): string {
  return JSON.stringify(text).replace(invisible, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function isListOfMaps(value: Json): boolean {
  return isList(value) && value.some((item) => isMap(item));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isMap(value: Json): value is Members {
  return typeof value === 'object' && value !== null && !isList(value);
}

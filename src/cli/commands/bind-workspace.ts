import { canonicalJson } from '../../core/canonical.ts';
import { readWorkspace } from '../../core/declaration/read.ts';
import type { WorkspaceDeclaration } from '../../core/declaration/workspace.ts';
import { sourceText } from '../../core/declaration/yaml/source-text.ts';
import { normalizedId } from '../../core/inventory.ts';
import type { Positions, SourceProblem } from '../../core/source.ts';

/** What whoami says of the API key: the two lines that bind a workspace. */
export interface Binding {
  readonly parentOrganizationId: string;
  readonly apiKeyId: string;
}

export type Bound =
  | { readonly kind: 'bound'; readonly text: string }
  | { readonly kind: 'already-bound' }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly next: string }
  | { readonly kind: 'invalid'; readonly problems: readonly SourceProblem[] };

const file = 'reconcile.yaml';

/**
 * The text of reconcile.yaml with the two lines of `binding` in it, everything else byte for byte as it was. A bound
 * parent is never replaced, a bound key only with `force`.
 */
export function bindWorkspace(text: string, binding: Binding, force: boolean): Bound {
  const before = readWorkspace(file, text);
  if (!before.ok) return { kind: 'invalid', problems: before.problems };
  const { parentOrganizationId, apiKeyId } = before.declaration;
  const sameParent =
    parentOrganizationId === undefined ||
    normalizedId(parentOrganizationId) === normalizedId(binding.parentOrganizationId);
  if (!sameParent) return otherParent(parentOrganizationId, binding);
  if (apiKeyId !== undefined && apiKeyId !== binding.apiKeyId && !force) return otherKey(apiKeyId, binding);
  if (parentOrganizationId !== undefined && apiKeyId === binding.apiKeyId) return { kind: 'already-bound' };

  const replaced =
    apiKeyId === undefined ? text : replaceValue(text, before.positions, '/apiKeyId', apiKeyId, binding.apiKeyId);
  const missing = [
    ...(parentOrganizationId === undefined ? [`parentOrganizationId: ${binding.parentOrganizationId}`] : []),
    ...(apiKeyId === undefined ? [`apiKeyId: ${binding.apiKeyId}`] : []),
  ];
  const bound = replaced === null ? null : insertLines(replaced, missing);
  if (bound === null || !changesOnlyTheBinding(before.declaration, bound, binding)) return byHand(binding);
  return { kind: 'bound', text: bound };
}

/** The proof that nothing else was touched: what is read from the new text is the old declaration and the binding. */
function changesOnlyTheBinding(before: WorkspaceDeclaration, text: string, binding: Binding): boolean {
  const after = readWorkspace(file, text);
  if (!after.ok) return false;
  const expected = { ...before, apiKeyId: binding.apiKeyId };
  expected.parentOrganizationId ??= binding.parentOrganizationId;
  return canonicalJson(after.declaration) === canonicalJson(expected);
}

/** The first occurrence of the value behind its key; null when it is spelled in a way that does not show it. */
function replaceValue(text: string, positions: Positions, pointer: string, from: string, to: string): string | null {
  const position = positions.get(pointer);
  if (position === undefined) return null;
  const source = sourceText(file, text);
  const mark = text.length - source.text.length;
  const key = mark + (source.lineStarts[position.line - 1] ?? 0) + position.column - 1;
  const at = text.indexOf(from, key);
  return at === -1 ? null : text.slice(0, at) + to + text.slice(at + from.length);
}

function insertLines(text: string, lines: readonly string[]): string {
  if (lines.length === 0) return text;
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const at = headerEnd(text);
  const head = text.slice(0, at);
  const needsBreak = head !== '' && head !== '\ufeff' && !head.endsWith('\n');
  return `${head}${needsBreak ? newline : ''}${lines.map((line) => line + newline).join('')}${text.slice(at)}`;
}

/**
 * Where the comment at the top of the file ends. A comment that runs straight into the first member may belong to that
 * member, so there only the editor's schema line and a document marker stay above.
 */
function headerEnd(text: string): number {
  const lines = text.split(/(?<=\n)/);
  const comments = lines.findIndex((line) => !isAbove(line));
  const headerLines = comments === -1 ? lines.length : comments;
  const followedByBlank = comments === -1 || lines[comments]?.trim() === '';
  const marks = lines.findIndex((line) => !isMark(line));
  const count = followedByBlank ? headerLines : Math.min(headerLines, marks === -1 ? lines.length : marks);
  const length = lines.slice(0, count).join('').length;
  return length === 0 && text.startsWith('\ufeff') ? 1 : length;
}

function isAbove(line: string): boolean {
  return /^\ufeff?#/.test(line) || isMark(line);
}

function isMark(line: string): boolean {
  return /^\ufeff?(?:# yaml-language-server:.*|---\s*)$/.test(line.trimEnd());
}

function otherParent(bound: string, binding: Binding): Bound {
  return {
    kind: 'refused',
    code: 'WrongParent',
    message: `This workspace is bound to ${bound}, but the API key belongs to ${binding.parentOrganizationId}.`,
    next: 'Use a key of the bound parent. A workspace never changes its parent: make another one for another parent.',
  };
}

function otherKey(bound: string, binding: Binding): Bound {
  return {
    kind: 'refused',
    code: 'WrongApiKey',
    message:
      `This workspace is bound to the API key ${bound}, but ${binding.apiKeyId} is in use. The API remembers repeated ` +
      'requests per key, so all writers of one parent share one key.',
    next: 'When every writer has moved to the new key and nothing is in doubt, run `reconcile init --force`.',
  };
}

function byHand({ parentOrganizationId, apiKeyId }: Binding): Bound {
  return {
    kind: 'refused',
    code: 'UnusualLayout',
    message: 'reconcile.yaml is written in a way that cannot be changed without touching the rest of it.',
    next: `Add these lines by hand:\n\nparentOrganizationId: ${parentOrganizationId}\napiKeyId: ${apiKeyId}\n`,
  };
}

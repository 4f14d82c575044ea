import { CST } from 'yaml';
import { canonicalJson, type Json } from './canonical.ts';
import { tokenize } from './declaration/yaml/limits.ts';
import { readYaml } from './declaration/yaml/read-yaml.ts';
import { type SourceText, sourceText } from './declaration/yaml/source-text.ts';
import { yamlLines } from './yaml-text.ts';

type Members = { readonly [key: string]: Json };

export type StatusSplice =
  /** The text is the one given when it says the same status already, whatever its form. */
  | { readonly ok: true; readonly text: string }
  /** `message` says why the file was left alone, for people. */
  | { readonly ok: false; readonly message: string };

/**
 * Puts a `status:` block into the text of a declaration, or replaces the one that is there, and keeps every other byte:
 * comments, quotes, order, line ends, a byte order mark, a missing newline at the end. Members of the block that `kept`
 * names are the user's (the settings in reconcile.yaml) and stay as they are written. Comments among the other members of
 * the block are lost, for they are replaced.
 *
 * Nothing is trusted: the new text is read again, and refused unless its status is the one asked for and everything else
 * is what it was.
 */
export function spliceStatus(file: string, text: string, status: Members, kept: readonly string[] = []): StatusSplice {
  const source = sourceText(file, text);
  const before = readMembers(source);
  if (!before.ok) return before;
  const stays = pick(before.status, (name) => kept.includes(name));
  const wanted = { ...stays, ...status };
  if (canonicalJson(before.status) === canonicalJson(wanted)) return { ok: true, text };

  const edit = locateBlock(source, kept);
  if (!edit.ok) return edit;
  const spliced = applyEdit(source, edit, edit.keptLines === null ? wanted : status);
  const after = readMembers(sourceText(file, spliced));
  if (!after.ok) return refusal(file, `with it the file could not be read any more (${after.message})`);
  const isIntact = canonicalJson(after.others) === canonicalJson(before.others);
  if (!isIntact || canonicalJson(after.status) !== canonicalJson(wanted)) {
    return refusal(file, 'the rest of the file would not have stayed as it is');
  }
  return { ok: true, text: text.slice(0, text.length - source.text.length) + spliced };
}

/** Takes the `status:` block out, and keeps every other byte; proved as {@link spliceStatus} proves its work. */
export function removeStatus(file: string, text: string): StatusSplice {
  const source = sourceText(file, text);
  const before = readMembers(source);
  if (!before.ok) return before;
  if (before.status === undefined) return { ok: true, text };
  const block = locateBlock(source, []);
  if (!block.ok) return block;
  const lineEnd = /^[ \t]*\r?\n?/.exec(source.text.slice(block.end))?.[0].length ?? 0;
  const rest =
    source.text.slice(0, block.start - columnOf(source, block.start)) + source.text.slice(block.end + lineEnd);
  const after = readMembers(sourceText(file, rest));
  if (!after.ok || after.status !== undefined || canonicalJson(after.others) !== canonicalJson(before.others)) {
    return { ok: false, message: `the status was not taken out of ${file}: the rest would not have stayed as it is` };
  }
  return { ok: true, text: text.slice(0, text.length - source.text.length) + rest };
}

/** The `status:` member of a declaration, as it stands; null when there is none. */
export function readStatus(
  file: string,
  text: string,
): { readonly ok: true; readonly status: unknown } | { readonly ok: false; readonly message: string } {
  const members = readMembers(sourceText(file, text));
  return members.ok ? { ok: true, status: members.status ?? null } : members;
}

type ReadMembers =
  | { readonly ok: true; readonly status: unknown; readonly others: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly message: string };

function readMembers(source: SourceText): ReadMembers {
  const { tree, problems } = readYaml(source);
  const [problem] = problems;
  // A file that holds comments only is a workspace of defaults; a status may be the first thing in it.
  if (tree === null && problem?.code === 'EmptyFile') return { ok: true, status: undefined, others: {} };
  if (problem) return { ok: false, message: `${source.file}:${problem.line}:${problem.column} ${problem.message}` };
  if (!isRecord(tree?.value)) return { ok: false, message: `${source.file} is not a map of members` };
  return { ok: true, status: tree.value['status'], others: pick(tree.value, (name) => name !== 'status') };
}

/** What is replaced by the block: a stretch of the text, empty where the block is new. */
interface Block {
  readonly ok: true;
  readonly start: number;
  readonly end: number;
  /** Columns before `status`. */
  readonly indent: string;
  /** `status:` as the user writes it, with the comments that stand before the first member. */
  readonly head: string;
  /** The lines of the members to keep, and their indentation; null when there are none to be kept as lines. */
  readonly keptLines: { readonly members: readonly string[]; readonly indent: string } | null;
}
type Refusal = { readonly ok: false; readonly message: string };

function locateBlock(source: SourceText, kept: readonly string[]): Block | Refusal {
  const tokenized = tokenize(source);
  const tokens = 'tokens' in tokenized ? tokenized.tokens : [];
  const root = tokens.find((token) => token.type === 'document')?.value;
  const documentEnd = tokens.find((token) => token.type === 'doc-end')?.offset ?? source.text.length;
  const atEnd = { ok: true, start: documentEnd, end: documentEnd, head: 'status:', keptLines: null } as const;
  if (root === undefined) return { ...atEnd, indent: '' };
  if (root.type !== 'block-map') {
    return refusal(source.file, 'the file is written in braces; write one member a line, without them');
  }
  const first = root.items.find(({ key }) => key)?.key?.offset ?? 0;
  const indent = ' '.repeat(columnOf(source, first));
  const item = root.items.find(({ key }) => nameOf(key) === 'status');
  if (!item?.key || !item.sep) return { ...atEnd, indent };
  if (item.explicitKey) return refusal(source.file, 'write `status:` instead of `? status`');
  const start = item.key.offset;
  const end = endOfContent(source, start, { ...item, start: [] });
  return {
    ok: true,
    start,
    end,
    indent,
    head: headOf(source, start, end, item.sep, item.value),
    keptLines: keptLinesOf(source, item.value, kept),
  };
}

function applyEdit(source: SourceText, block: Block, members: Members): string {
  const { text } = source;
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const indent = block.keptLines?.indent ?? `${block.indent}  `;
  const lines = [block.head, ...(block.keptLines?.members ?? []), ...yamlLines(members, indent)];
  const isEmpty = lines.length === 1;
  const written = isEmpty ? `${block.head} {}` : lines.join(lineEnd);
  const [before, after] = [text.slice(0, block.start), text.slice(block.end)];
  if (block.start !== block.end) return before + written + after;
  const isOnNewLine = before === '' || before.endsWith('\n');
  // A file without a newline at its end keeps that too.
  return `${before}${isOnNewLine ? '' : lineEnd}${block.indent}${written}${isOnNewLine ? lineEnd : ''}${after}`;
}

/** Comments and blank lines behind the last member belong to what follows. */
function endOfContent(source: SourceText, start: number, item: CST.CollectionItem): number {
  const lines = source.text.slice(start, start + CST.stringify(item).length).split('\n');
  while (lines.length > 1 && /^\s*(?:#[^\n]*)?$/.test(lines.at(-1) ?? '')) lines.pop();
  return start + lines.join('\n').replace(/\r$/, '').length;
}

function headOf(
  source: SourceText,
  start: number,
  end: number,
  sep: readonly CST.SourceToken[],
  value: CST.Token | undefined,
): string {
  const colon = sep.find(({ type }) => type === 'map-value-ind')?.offset ?? start;
  const comment = sep.findLast(({ type, offset }) => type === 'comment' && offset < end);
  if (comment) return source.text.slice(start, comment.offset + comment.source.length);
  const head = source.text.slice(start, colon + 1);
  const tail = value && 'end' in value ? value.end : [];
  const behind = tail?.find(({ type, offset }) => type === 'comment' && offset < end);
  return behind ? `${head} ${behind.source}` : head;
}

function keptLinesOf(source: SourceText, value: CST.Token | undefined, kept: readonly string[]): Block['keptLines'] {
  if (value?.type !== 'block-map') return null;
  const slices = value.items.flatMap((item) => {
    if (!item.key || !kept.includes(nameOf(item.key) ?? '')) return [];
    const from = item.start[0]?.offset ?? item.key.offset;
    const lineStart = from - columnOf(source, from);
    return [source.text.slice(lineStart, endOfContent(source, from, item))];
  });
  if (slices.length === 0) return null;
  return { members: slices, indent: ' '.repeat(columnOf(source, value.items[0]?.key?.offset ?? 0)) };
}

function columnOf(source: SourceText, offset: number): number {
  return offset - (source.text.lastIndexOf('\n', offset - 1) + 1);
}

function nameOf(key: CST.Token | null | undefined): string | null {
  return CST.isScalar(key) ? CST.resolveAsScalar(key).value : null;
}

function pick(value: unknown, isWanted: (name: string) => boolean): Record<string, Json> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).filter(([name]) => isWanted(name)));
}

function isRecord(value: unknown): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refusal(file: string, why: string): Refusal {
  return { ok: false, message: `the status was not written into ${file}: ${why}` };
}

import type { CST, YAMLError } from 'yaml';
import { everyToken } from './limits.ts';
import { printable, shorten } from './printable.ts';
import { type ProblemText, positionAt, type SourceText } from './source-text.ts';

/** What is wrong with the syntax of a file, in words for people who never read the YAML specification. */
export interface SyntaxFault extends ProblemText {
  readonly offset: number;
}

/** A quote or bracket that no other one closes. */
interface Opener {
  readonly offset: number;
  readonly opens: string;
  readonly closes: string;
}

/** One mistake often makes the library complain several times about the same line, and about all that follows. */
export function explainFaults(
  source: SourceText,
  tokens: readonly CST.Token[],
  faults: readonly YAMLError[],
  most: number,
): SyntaxFault[] {
  const opener = faults.some(isUnclosed) ? lastOpener(tokens) : null;
  const byRank = faults.toSorted((a, b) => lineOf(source, a) - lineOf(source, b) || rank(a) - rank(b));
  const lines = new Set<number>();
  const found: SyntaxFault[] = [];
  for (const fault of byRank) {
    if (opener !== null && isUnclosed(fault)) continue;
    const line = lineOf(source, fault);
    if (!lines.has(line)) found.push(explainFault(source, fault));
    lines.add(line);
  }
  const said = opener === null ? found : [...found.filter(({ offset }) => offset < opener.offset), unclosed(opener)];
  return said.slice(0, most);
}

function lineOf(source: SourceText, fault: YAMLError): number {
  return positionAt(source, fault.pos[0]).line;
}

/** The smaller, the better it says what a person did. */
function rank({ code, message }: YAMLError): number {
  if (code === 'NON_STRING_KEY') return 4;
  if (message.startsWith('Implicit keys of flow')) return 3;
  if (code === 'BLOCK_AS_IMPLICIT_KEY') return 2;
  return code === 'MULTILINE_IMPLICIT_KEY' ? 0 : 1;
}

function isUnclosed({ code, message }: YAMLError): boolean {
  return (code === 'MISSING_CHAR' || code === 'BAD_INDENT') && /^Missing closing|end with a [\]}]$/.test(message);
}

/** The library complains where the file or the block ends; a person looks for where the quote or bracket begins. */
function lastOpener(tokens: readonly CST.Token[]): Opener | null {
  let last: Opener | null = null;
  for (const token of everyToken(tokens)) last = openerIn(token) ?? last;
  return last;
}

function openerIn(token: CST.Token): Opener | null {
  if (token.type === 'double-quoted-scalar' || token.type === 'single-quoted-scalar') {
    const quote = token.source.charAt(0);
    const isClosed = token.source.length > 1 && token.source.endsWith(quote);
    return isClosed ? null : { offset: token.offset, opens: quote, closes: quote };
  }
  if (token.type !== 'flow-collection') return null;
  const closes = token.start.type === 'flow-map-start' ? '}' : ']';
  const isClosed = token.end.some((end) => 'source' in end && end.source === closes);
  return isClosed ? null : { offset: token.start.offset, opens: token.start.source, closes };
}

function unclosed({ offset, opens, closes }: Opener): SyntaxFault {
  return {
    offset,
    code: 'InvalidYaml',
    message: `This ${opens} is never closed.`,
    hint:
      opens === closes
        ? `Put a ${closes} where the text ends.`
        : `Put a ${closes} behind the last entry; on a line of its own it must be indented.`,
  };
}

function explainFault(source: SourceText, fault: YAMLError): SyntaxFault {
  const [offset, end] = fault.pos;
  if (fault.code === 'MULTILINE_IMPLICIT_KEY' && !fault.message.startsWith('Implicit keys of flow')) {
    return explainLine(source, offset, end);
  }
  for (const { code, says, message, hint } of sentences) {
    const match = fault.code === code ? says.exec(fault.message) : null;
    if (match === null) continue;
    return { offset, code: 'InvalidYaml', message: message(printable(match[1] ?? '')), hint };
  }
  return { offset, ...invalidYaml(fault.message) };
}

/** A line that is part of no member. `end` is the colon at which the library noticed. */
function explainLine(source: SourceText, offset: number, end: number): SyntaxFault {
  const start = source.lineStarts[positionAt(source, offset).line - 1] ?? 0;
  const isValue = /\S/.test(source.text.slice(start, offset).replace(/^[\s-]*/, ''));
  if (isValue && end > offset) {
    const line = source.lineStarts[positionAt(source, end).line - 1] ?? 0;
    return {
      offset: line + (/^ */.exec(source.text.slice(line))?.[0].length ?? 0),
      code: 'InvalidYaml',
      message: 'This line is indented further than the member above it, which has a value already.',
      hint: 'Members of one map begin in the same column.',
    };
  }
  if (/^-(?:\s|$)/.test(source.text.slice(offset, offset + 2))) {
    return {
      offset,
      code: 'InvalidYaml',
      message: 'An entry of a list ("- …") stands here, where a member (name: value) is expected.',
      hint: 'Check the indentation, and that the line above ends with the name of the list and a colon.',
    };
  }
  return { offset, code: 'InvalidYaml', message: noColon, hint: 'Check for a missing colon, or a line too many.' };
}

const noColon = 'This line is no member: it has no name and colon (name: value).';

interface Sentence {
  readonly code: YAMLError['code'];
  readonly says: RegExp;
  /** Given what the expression captured. */
  readonly message: (captured: string) => string;
  readonly hint?: string;
}

const column = 'Members of one map, and entries of one list, begin in the same column.';
const commas = 'Inside { } and [ ] entries are separated by commas.';
const quotes = 'Inside double quotes write \\" for a quote; inside single quotes write it twice.';

const sentences: readonly Sentence[] = [
  { code: 'MISSING_CHAR', says: /^Implicit map keys/, message: () => noColon, hint: 'Check for a missing colon.' },
  {
    code: 'MISSING_CHAR',
    says: /^Sequence item without/,
    message: () => 'This line belongs neither to the entry above it nor to a new one ("- …").',
    hint: 'Members of an entry begin in the same column, behind its "- ".',
  },
  { code: 'MISSING_CHAR', says: /^Missing ,/, message: () => 'A comma is missing before this.', hint: commas },
  { code: 'MISSING_CHAR', says: /^Missing space after :/, message: () => 'A space is missing after the colon.' },
  { code: 'MISSING_CHAR', says: /^Comments must/, message: () => 'A comment (#) must have a space before it.' },
  {
    code: 'UNEXPECTED_TOKEN',
    says: /^Unexpected flow-(?:map|seq)-end token in YAML stream: "(.)"/,
    message: (bracket) => `This ${bracket} closes nothing.`,
    hint: 'Remove it, or check for a bracket that is missing before it.',
  },
  {
    code: 'UNEXPECTED_TOKEN',
    says: /at node end$/,
    message: () => 'The value before this has ended already, and this belongs to nothing.',
    hint: quotes,
  },
  {
    code: 'UNEXPECTED_TOKEN',
    says: /^Unexpected (?:,|empty item) in/,
    message: () => 'A comma stands here where an entry is expected.',
    hint: commas,
  },
  {
    code: 'UNEXPECTED_TOKEN',
    says: /^Unexpected (?:double-quoted-|single-quoted-)?scalar token/,
    message: () => 'A comma or a colon is missing before this.',
    hint: commas,
  },
  {
    code: 'UNEXPECTED_TOKEN',
    says: /^Unexpected block-seq-ind on same line with key/,
    message: () => 'A list begins on the line of its name.',
    hint: 'Begin it on the next line, or write its entries between [ ].',
  },
  {
    code: 'UNEXPECTED_TOKEN',
    says: /^(?:Not a YAML token|Block scalar header)/,
    message: () => 'Nothing may follow here on this line; behind | and > the text begins on the next one.',
  },
  {
    code: 'BAD_INDENT',
    says: /^All mapping/,
    message: () => 'This line is indented unlike the members above it.',
    hint: column,
  },
  {
    code: 'BAD_INDENT',
    says: /^All sequence/,
    message: () => 'This entry is indented unlike the entries above it.',
    hint: column,
  },
  {
    code: 'BAD_INDENT',
    says: /^Flow end indicator/,
    message: () => 'The closing bracket must be indented further than the member it belongs to.',
  },
  {
    code: 'BLOCK_AS_IMPLICIT_KEY',
    says: /^Nested mappings/,
    message: () => 'This value holds a colon with a space behind it, which makes it a map.',
    hint: 'Quote the value.',
  },
  {
    code: 'BLOCK_IN_FLOW',
    says: /^/,
    message: () => 'Lines with hyphens or indentation mean nothing inside { } and [ ].',
    hint: commas,
  },
  {
    code: 'MULTILINE_IMPLICIT_KEY',
    says: /^/,
    message: () => 'This entry is written over several lines, or with a hyphen too many.',
    hint: commas,
  },
  {
    code: 'BAD_SCALAR_START',
    says: /(.)$/,
    message: (character) => `A text that begins with ${character} must be quoted.`,
  },
  {
    code: 'NON_STRING_KEY',
    says: /^/,
    message: () => 'A member’s name must be a text, not a map or a list.',
    hint: 'A text that begins with { or [ must be quoted.',
  },
  { code: 'TAB_AS_INDENT', says: /^/, message: () => 'A tab is used as indentation.', hint: 'Indent with spaces.' },
  {
    code: 'BAD_DQ_ESCAPE',
    says: /^Invalid escape sequence (\\.)/,
    message: (sequence) => `${sequence} begins no escape that double quotes know, or the escape is not complete.`,
    hint: 'In double quotes a backslash begins an escape; use single quotes for plain backslashes.',
  },
];

/** The library's own sentence, which may quote the file, so it is shown as the file is. */
function invalidYaml(sentence: string): ProblemText {
  const shown = shorten(printable(sentence), 200).replace(/\.?$/, '.');
  return { code: 'InvalidYaml', message: `This is not valid YAML: ${shown}` };
}

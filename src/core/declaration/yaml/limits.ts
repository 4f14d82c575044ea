import { type CST, Lexer, Parser } from 'yaml';
import type { SourceProblem } from '../../source.ts';
import { type ProblemText, problemAt, type SourceText } from './source-text.ts';

/**
 * What is looked at before the YAML library composes anything: composing recurses and compares every pair of keys, so
 * a small hostile file could end the process or block it for seconds (correctness finding 9 and 4.5). Everything here
 * is iterative and ends early.
 */
export const yamlLimits = { bytes: 64 * 1024, depth: 16, keysPerMap: 200, nodes: 2_000, problems: 100 } as const;

/** How lexemes begin that make nodes or decorate them; before a plain scalar the lexer writes a mark of its own. */
const nodeBeginnings = ['\u001f', '"', "'", '*', '&', '!'];

/** Lexemes that begin an item, so that there are never more of them than nodes. */
const itemIndicators = ['-', ','];

/** The first character that no declaration may contain. */
export function findForbiddenCharacter(source: SourceText): SourceProblem | null {
  const match = /(?![\t\n\r])\p{Cc}|[\ufeff\ufffd]|\r(?!\n)/u.exec(source.text);
  if (match === null) return null;
  const point = match[0].codePointAt(0) ?? 0;
  return problemAt(source, match.index, { code: 'ForbiddenCharacter', ...describeCharacter(point) });
}

function describeCharacter(point: number): Omit<ProblemText, 'code'> {
  if (point === 0xfffd) {
    return {
      message: 'The file has bytes that are not UTF-8 (or the character U+FFFD, which stands for such bytes).',
      hint: 'Save the file as UTF-8.',
    };
  }
  if (point === 0x0d) {
    return {
      message: 'A line ends with a lone carriage return, which editors and YAML count differently.',
      hint: 'Save the file with LF or CRLF line ends.',
    };
  }
  if (point === 0) {
    return {
      message: 'The file contains the character U+0000, as binary files do and those that are saved as UTF-16.',
      hint: 'Save the file as UTF-8.',
    };
  }
  const name = `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
  return {
    message: `The file contains the control character ${name}.`,
    hint: 'Remove it; it cannot be seen in most editors.',
  };
}

/** The tokens of a file whose nesting and size are within the limits, or the limit that is exceeded. */
export function tokenize(source: SourceText): { tokens: CST.Token[] } | { problem: SourceProblem } {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let begun = 0;
  let items = 0;
  let crowd = 0;
  for (const lexeme of new Lexer().lex(source.text)) {
    // Looked at before the parser goes deeper: its own closing of collections recurses.
    if (parser.stack.length > yamlLimits.depth + 1) return { problem: tooDeep(source, parser.offset) };
    if (nodeBeginnings.includes(lexeme.charAt(0))) begun++;
    else if (itemIndicators.includes(lexeme)) items++;
    if (Math.max(begun, items) > yamlLimits.nodes) return { problem: tooManyNodes(source, parser.offset) };
    for (const token of parser.next(lexeme)) {
      tokens.push(token);
      if (crowding.has(token.type) && ++crowd > yamlLimits.problems) return { problem: tooBroken(source, tokens) };
    }
  }
  tokens.push(...parser.end());
  return { tokens };
}

/** Of the outermost tokens, those that a sound file has one or two of; all but comments and white space. */
const crowding: ReadonlySet<CST.Token['type']> = new Set(['document', 'doc-end', 'directive', 'error']);

function tooBroken(source: SourceText, tokens: readonly CST.Token[]): SourceProblem {
  const fault = tokens.find((token) => token.type === 'error');
  if (fault !== undefined) {
    return problemAt(source, fault.offset, {
      code: 'InvalidYaml',
      message: 'From here on the file is no YAML at all.',
      hint: 'Check that this is the file that was meant.',
    });
  }
  const second = tokens.filter((token) => crowding.has(token.type))[1];
  const directive = second?.type === 'directive' ? forbiddenTokens.directive : undefined;
  return problemAt(source, second?.offset ?? 0, directive ?? secondDocument);
}

function tooDeep(source: SourceText, offset: number): SourceProblem {
  return problemAt(source, offset, {
    code: 'TooDeep',
    message: `Values are nested more than ${yamlLimits.depth} levels deep here.`,
    hint: 'No declaration needs more than four levels; check the indentation.',
  });
}

function tooManyNodes(source: SourceText, offset: number): SourceProblem {
  return problemAt(source, offset, {
    code: 'TooManyNodes',
    message: `The file has more than ${yamlLimits.nodes.toLocaleString('en-US')} values, its status included.`,
    hint: 'One file declares one customer.',
  });
}

function tooManyKeys(source: SourceText, offset: number): SourceProblem {
  return problemAt(source, offset, {
    code: 'TooManyFields',
    message: `This map has more than ${yamlLimits.keysPerMap} members.`,
    hint: 'One file declares one customer.',
  });
}

export interface Inspection {
  readonly problems: readonly SourceProblem[];
  /** True when composing would cost too much, or when a directive gives every value another meaning. */
  readonly fatal: boolean;
}

/** Looks for what declarations may not use: directives, a second document, anchors, aliases, tags; and counts. */
export function inspectTokens(source: SourceText, tokens: readonly CST.Token[]): Inspection {
  const problems: SourceProblem[] = [];
  let nodes = 0;
  let documents = 0;
  for (const token of everyToken(tokens)) {
    const forbidden = forbiddenTokens[token.type];
    if (forbidden !== undefined) problems.push(problemAt(source, token.offset, forbidden));
    if (token.type === 'directive' || problems.length > yamlLimits.problems) return { problems, fatal: true };
    if (token.type === 'document' && ++documents === 2) problems.push(problemAt(source, token.offset, secondDocument));
    nodes += nodesIn(token);
    if (nodes > yamlLimits.nodes) return { problems: [tooManyNodes(source, token.offset)], fatal: true };
    if ('items' in token && token.type !== 'block-seq' && token.items.length > yamlLimits.keysPerMap && isMap(token)) {
      return { problems: [tooManyKeys(source, token.offset)], fatal: true };
    }
  }
  return { problems, fatal: false };
}

/** All tokens in the order of the file, whatever their depth. */
export function* everyToken(tokens: readonly CST.Token[]): Generator<CST.Token> {
  const stack: CST.Token[] = tokens.toReversed();
  for (let token = stack.pop(); token !== undefined; token = stack.pop()) {
    yield token;
    stack.push(...childTokens(token).toReversed());
  }
}

function isMap(token: CST.Token): boolean {
  return token.type === 'block-map' || (token.type === 'flow-collection' && token.start.type === 'flow-map-start');
}

const nodeTypes: ReadonlySet<CST.Token['type']> = new Set([
  'alias',
  'scalar',
  'single-quoted-scalar',
  'double-quoted-scalar',
  'block-scalar',
  'block-map',
  'block-seq',
  'flow-collection',
]);

/** The nodes that a token itself stands for: one, and one for each of its items that has nothing in it. */
function nodesIn(token: CST.Token): number {
  const own = nodeTypes.has(token.type) ? 1 : 0;
  return 'items' in token ? own + token.items.filter((item) => !item.key && !item.value).length : own;
}

function childTokens(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return [...token.start, ...(token.value ? [token.value] : [])];
  if (token.type === 'block-scalar') return token.props;
  if (!('items' in token)) return [];
  return token.items.flatMap((item) => [
    ...item.start,
    ...(item.key ? [item.key] : []),
    ...(item.sep ?? []),
    ...(item.value ? [item.value] : []),
  ]);
}

const secondDocument: ProblemText = {
  code: 'MultipleDocuments',
  message: 'A second YAML document begins here; a file holds one.',
  hint: 'Put each customer into a file of its own.',
};

const forbiddenTokens: Partial<Record<CST.Token['type'], ProblemText>> = {
  directive: {
    code: 'DirectiveForbidden',
    message: 'YAML directives (%…) are refused, because they change what the values of a file mean.',
    hint: 'Remove this line and the --- below it.',
  },
  anchor: {
    code: 'AnchorForbidden',
    message: 'YAML anchors (&name) are refused: a reviewer must see every value where it stands.',
    hint: 'Write the value out; if it is a text that begins with &, quote it.',
  },
  alias: {
    code: 'AliasForbidden',
    message: 'YAML aliases (*name) are refused: a reviewer must see every value where it stands.',
    hint: 'Write the value out; if it is a text that begins with *, such as the scope "*", quote it.',
  },
  tag: {
    code: 'TagForbidden',
    message: 'YAML tags (!name) are refused, because they change what a value means.',
    hint: 'Remove the tag; if it is a text that begins with !, quote it.',
  },
};

import { Composer, isScalar, type YAMLError } from 'yaml';
import type { SourceProblem } from '../../source.ts';
import { findForbiddenCharacter, inspectTokens, invalidYaml, tokenize, yamlLimits } from './limits.ts';
import { positionAt, problemAt, type SourceText } from './source-text.ts';
import { buildTree, type YamlTree } from './tree.ts';

export interface YamlReading {
  /** null when the text is no YAML that may be read; `problems` says why. */
  readonly tree: YamlTree | null;
  /** True when the YAML is too broken for a schema to say anything useful about it. */
  readonly malformed: boolean;
  readonly problems: readonly SourceProblem[];
}

/**
 * Reads one YAML document under the limits of correctness 4.5, in that order; each step protects the next. Nothing is
 * thrown for what stands in the text.
 */
export function readYaml(source: SourceText): YamlReading {
  const early = findTooLong(source) ?? findForbiddenCharacter(source);
  if (early !== null) return unreadable([early]);
  const tokenized = tokenize(source);
  if ('problem' in tokenized) return unreadable([tokenized.problem]);
  const inspection = inspectTokens(source, tokenized.tokens);
  if (inspection.fatal) return unreadable(inspection.problems);

  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    strict: true,
    stringKeys: true,
    // Comparing every pair of keys is quadratic, and misses twins that differ only in their Unicode form: see tree.ts.
    uniqueKeys: false,
    logLevel: 'silent',
  });
  const [document] = composer.compose(tokenized.tokens, true, source.text.length);
  if (document === undefined || isEmpty(document.contents)) {
    return unreadable([...inspection.problems, emptyFile(source)]);
  }
  const faults = [...document.errors, ...document.warnings].filter(
    (fault) => inspection.problems.length === 0 || !consequences.has(fault.code),
  );
  const syntax = onePerLine(source, faults).map((fault) => syntaxProblem(source, fault));
  const tree = buildTree(source, document.contents);
  const malformed = syntax.length > 0;
  const inTree = malformed ? tree.problems.filter(({ code }) => !guesses.has(code)) : tree.problems;
  return { tree, malformed, problems: [...inspection.problems, ...syntax, ...inTree] };
}

function isEmpty(contents: unknown): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

function unreadable(problems: readonly SourceProblem[]): YamlReading {
  return { tree: null, malformed: true, problems };
}

function findTooLong(source: SourceText): SourceProblem | null {
  if (source.text.length <= yamlLimits.bytes) return null;
  return { file: source.file, line: 1, column: 1, ...tooLarge };
}

/** Also for whoever can tell the size before reading the file. */
export const tooLarge = {
  code: 'TooLarge',
  message: `The file is larger than ${yamlLimits.bytes / 1024} KiB, the limit for one declaration with its status.`,
  hint: 'One file declares one customer.',
} as const;

function emptyFile(source: SourceText): SourceProblem {
  return problemAt(source, 0, { code: 'EmptyFile', message: 'The file declares nothing.' });
}

/** What the library says about anchors, tags and documents once more, after we have refused them in our words. */
const consequences: ReadonlySet<YAMLError['code']> = new Set([
  'ALIAS_PROPS',
  'BAD_ALIAS',
  'BAD_COLLECTION_TYPE',
  'BAD_PROP_ORDER',
  'MULTIPLE_ANCHORS',
  'MULTIPLE_DOCS',
  'MULTIPLE_TAGS',
  'NON_STRING_KEY',
  'TAG_RESOLVE_FAILED',
]);

/** What the tree of a malformed file may only seem to have. */
const guesses: ReadonlySet<string> = new Set(['EmptyValue', 'InvalidKey']);

const hints: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'Indent with spaces.',
  BAD_INDENT: 'Members of one map, and items of one list, begin in the same column.',
  BLOCK_AS_IMPLICIT_KEY: 'A text that contains a colon and a space must be quoted.',
  MULTILINE_IMPLICIT_KEY: 'Check for a missing colon, or for a quote or bracket that is not closed.',
  MISSING_CHAR: 'Check for a missing colon, quote, comma or bracket.',
  BAD_SCALAR_START: 'A text that begins with @, ` or % must be quoted.',
  BAD_DQ_ESCAPE: 'In double quotes a backslash begins an escape; use single quotes for plain backslashes.',
  NON_STRING_KEY: 'A text that begins with { or [ must be quoted.',
  BLOCK_IN_FLOW: 'Inside { } and [ ] use commas, not lines with hyphens or indentation.',
  UNEXPECTED_TOKEN: 'Check the quotes, brackets and commas of this line.',
};

function syntaxProblem(source: SourceText, fault: YAMLError): SourceProblem {
  return problemAt(source, fault.pos[0], invalidYaml(fault.message, hints[fault.code]));
}

/** One mistake often makes the library complain several times about the same line. */
function onePerLine(source: SourceText, faults: readonly YAMLError[]): YAMLError[] {
  const lines = new Set<number>();
  return faults
    .filter(({ pos }) => {
      const { line } = positionAt(source, pos[0]);
      return !lines.has(line) && lines.add(line);
    })
    .slice(0, yamlLimits.problems);
}

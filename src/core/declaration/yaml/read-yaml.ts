import { Composer, isScalar, type YAMLError } from 'yaml';
import type { SourceProblem } from '../../source.ts';
import { findForeignText } from './foreign-text.ts';
import { findForbiddenCharacter, inspectTokens, tokenize, yamlLimits } from './limits.ts';
import { problemAt, type SourceText } from './source-text.ts';
import { explainFaults } from './syntax-faults.ts';
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
  const early = findTooLong(source) ?? findForbiddenCharacter(source) ?? findForeignText(source);
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
  const syntax = explainFaults(source, tokenized.tokens, faults, yamlLimits.problems).map((fault) =>
    problemAt(source, fault.offset, fault),
  );
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
const guesses: ReadonlySet<string> = new Set(['EmptyValue', 'ForbiddenCharacter', 'InvalidKey']);

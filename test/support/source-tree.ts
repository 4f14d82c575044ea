import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository as text, for the test that holds its floors. Nothing is imported or executed. */

export const repositoryRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export interface Import {
  /** As written: `./plan.ts`, `zod`, `node:fs`. */
  readonly specifier: string;
  /** 1-based. */
  readonly line: number;
  /** The file of this repository it names; null for packages and builtins. */
  readonly target: string | null;
}

export interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly lines: number;
  /** The text with comments and the contents of strings blanked out; every character keeps its place. */
  readonly code: string;
  /** The text with everything but comments blanked out. */
  readonly comments: string;
  readonly imports: readonly Import[];
}

export function readSourceTree(...directories: readonly string[]): SourceFile[] {
  return directories.flatMap((directory) =>
    readdirSync(join(repositoryRoot, directory), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => relative(repositoryRoot, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .sort()
      .map((path) => readSource(path, readFileSync(join(repositoryRoot, path), 'utf8'))),
  );
}

export function readSource(path: string, text: string): SourceFile {
  const { code, comments } = separate(text);
  return { path, lines: text.split('\n').length - 1, code, comments, imports: findImports(path, text, code) };
}

function findImports(path: string, text: string, code: string): Import[] {
  return [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\s*)'/g)].map((match) => {
    const start = match.index + match[0].length - 1 - (match[1]?.length ?? 0);
    const specifier = text.slice(start, start + (match[1]?.length ?? 0));
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : null;
    return { specifier, line: lineAt(text, match.index), target };
  });
}

export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** One token that can hide what looks like code: comment, string, or a regular expression where an operand may begin. */
const opaque =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|(?<=[(,=:[!&|?{};>]\s*|\breturn\s+)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*|`/g;

function separate(text: string): { code: string; comments: string } {
  let code = '';
  let comments = '';
  let position = 0;
  const copy = (end: number, kind: 'code' | 'comment' | 'string') => {
    const part = text.slice(position, end);
    const blank = part.replace(/[^\n]/g, ' ');
    code +=
      kind === 'code'
        ? part
        : kind === 'string'
          ? part.charAt(0) + blank.slice(2) + part.charAt(part.length - 1)
          : blank;
    comments += kind === 'comment' ? part : blank;
    position = end;
  };
  while (position < text.length) {
    opaque.lastIndex = position;
    const match = opaque.exec(text);
    copy(match?.index ?? text.length, 'code');
    if (!match) break;
    if (match[0] === '`') copy(endOfTemplate(text, match.index), 'string');
    else
      copy(match.index + match[0].length, match[0].startsWith('/') && /^\/[/*]/.test(match[0]) ? 'comment' : 'string');
  }
  return { code, comments };
}

/** Behind the backtick that closes the template that opens at `start`; what stands in `${}` is skipped with it. */
function endOfTemplate(text: string, start: number): number {
  let depth = 0;
  for (let index = start + 1; index < text.length; index += 1) {
    const two = text.slice(index, index + 2);
    if (two.startsWith('\\')) index += 1;
    else if (two === '${') depth += 1;
    else if (depth > 0 && two.startsWith('}')) depth -= 1;
    else if (two.startsWith('`')) {
      if (depth === 0) return index + 1;
      index = endOfTemplate(text, index) - 1;
    }
  }
  return text.length;
}

import { existsSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Import,
  lineAt,
  readSource,
  readSourceTree,
  repositoryRoot,
  type SourceFile,
} from './support/source-tree.ts';

/**
 * The house has floors, and the stairs go down (docs/architecture.md). A failure prints the stair that goes up:
 * `src/engine/pass.ts:3 → src/cli/compose.ts`.
 */
const source = readSourceTree('src');
const everything = [...source, ...readSourceTree('test', 'scripts')];

const floors = ['core', 'effects', 'engine', 'daemon', 'cli', 'sandbox'] as const;
type Floor = (typeof floors)[number];

/** What a floor may import from this repository, and from outside of it. */
const mayImport: Readonly<Record<Floor, { readonly floors: readonly Floor[]; readonly packages: RegExp }>> = {
  core: { floors: ['core'], packages: /^(zod|yaml)$/ },
  effects: {
    floors: ['effects', 'core'],
    packages:
      /^(zod|undici|pino|chokidar|age-encryption|node:(fs|net|os|path|crypto|stream|timers|child_process|util|perf_hooks)(\/promises)?)$/,
  },
  engine: { floors: ['engine', 'effects', 'core'], packages: /^p-limit$/ },
  daemon: {
    floors: ['daemon', 'engine', 'effects', 'core'],
    packages: /^(zod|p-limit|pino|prom-client|chokidar|node:.*)$/,
  },
  cli: {
    floors: ['cli', 'daemon', 'engine', 'effects', 'core', 'sandbox'],
    packages: /^(zod|pino|commander|@commander-js\/extra-typings|node:.*)$/,
  },
  sandbox: { floors: ['sandbox'], packages: /^node:/ },
};

/** Which parts of the outside world a floor reaches for itself; the rest of the house asks src/effects. */
const worldOnlyFrom: readonly { readonly world: string; readonly floors: readonly Floor[] }[] = [
  { world: 'undici', floors: ['effects'] },
  { world: 'node:child_process', floors: ['effects'] },
  { world: 'node:fs', floors: ['effects', 'sandbox', 'cli', 'daemon'] },
  { world: 'node:http', floors: ['sandbox', 'daemon'] },
  { world: 'node:crypto', floors: ['effects', 'sandbox'] },
];

const LINES_MAX = 300;

/** The only places where a secret becomes text. */
const revealing: Readonly<Record<string, string>> = {
  'src/cli/log.ts': 'what no line of the log may hold',
  'src/effects/deadline-request.ts': 'the key of a client certificate',
  'src/effects/kubernetes/wire.ts': 'the Authorization header to the API server',
  'src/effects/layers/request.ts': 'the Authorization header',
  'src/effects/layers/resources/api-keys.ts': 'the public prefix of a key that was just minted',
  'src/effects/secrets/age-encoding.ts': 'what is encrypted, and the identity that opens it',
  'src/effects/secrets/command-program.ts': 'the standard input of the program that keeps it',
  'src/effects/secrets/file-store.ts': 'the file it is kept in',
  'src/effects/secrets/kubernetes-slot.ts': 'the Secret object it is kept in',
  'src/effects/secrets/slot-contents.ts': 'what no message about it may hold',
  'src/effects/secrets/slot-document.ts': 'the document it is kept in',
  'src/effects/secrets/slot-state.ts': 'comparing what two files hold',
  'src/effects/vault/session.ts': 'the token of Vault, what it is had for, and the body of a request',
};

function floorOf({ path }: Pick<SourceFile, 'path'>): Floor | undefined {
  return floors.find((floor) => path.startsWith(`src/${floor}/`));
}

function stairs(files: readonly SourceFile[], isWrong: (file: SourceFile, to: Import) => boolean) {
  return files.flatMap((file) =>
    file.imports
      .filter((one) => isWrong(file, one))
      .map(({ line, specifier, target }) => `${file.path}:${line} → ${target ?? specifier}`),
  );
}

function placesOf(files: readonly SourceFile[], pattern: RegExp, part: 'code' | 'comments' = 'code'): string[] {
  return files.flatMap((file) =>
    [...file[part].matchAll(pattern)].map(({ index }) => `${file.path}:${lineAt(file[part], index)}`),
  );
}

describe('the scan', () => {
  const file = readSource(
    'src/core/example.ts',
    [
      "import type { Plan } from './plan.ts';",
      "const text = 'a as b'; // as c, reveal(",
      `const quote = /["'\`]/; const nested = \`x \${\`y as z \${text}\`} import("fs")\`;`,
      "const value = text as unknown; await import('../cli/main.ts');",
    ].join('\n'),
  );

  test('finds imports, dynamic ones too, with their lines', () => {
    expect(file.imports).toEqual([
      { specifier: './plan.ts', line: 1, target: 'src/core/plan.ts' },
      { specifier: '../cli/main.ts', line: 4, target: 'src/cli/main.ts' },
    ]);
  });

  test('takes no string, comment, template or regular expression for code', () => {
    expect(castsIn([file])).toEqual(['src/core/example.ts:4']);
    expect(placesOf([file], /reveal/g)).toEqual([]);
    expect(placesOf([file], /reveal/g, 'comments')).toEqual(['src/core/example.ts:2']);
  });

  test('names a cycle by the way it goes', () => {
    const back = readSource('src/core/plan.ts', "export { value } from './example.ts';");
    expect(findCycles([file, back])).toEqual(['src/core/example.ts → src/core/plan.ts → src/core/example.ts']);
  });
});

describe('floors', () => {
  test('every file of src lives on a floor', () => {
    expect(source.filter((file) => floorOf(file) === undefined).map(({ path }) => path)).toEqual([]);
  });

  test.each(floors)('src/%s imports only from its own floor and from those below', (floor) => {
    const { floors: allowed, packages } = mayImport[floor];
    const wrong = stairs(
      source.filter((file) => floorOf(file) === floor),
      (_, { specifier, target }) =>
        target === null ? !packages.test(specifier) : !allowed.some((below) => target.startsWith(`src/${below}/`)),
    );
    expect(wrong).toEqual([]);
  });

  test('the sandbox is entered through its front door only', () => {
    const wrong = stairs(
      source.filter((file) => floorOf(file) !== 'sandbox'),
      (_, { target }) => target?.startsWith('src/sandbox/') === true && target !== 'src/sandbox/index.ts',
    );
    expect(wrong).toEqual([]);
  });

  test.each(worldOnlyFrom)('$world is imported only by $floors', ({ world, floors: allowed }) => {
    const isWrong = (file: SourceFile, { specifier }: Import) =>
      (specifier === world || specifier.startsWith(`${world}/`)) && !allowed.some((floor) => floor === floorOf(file));
    expect(stairs(source, isWrong)).toEqual([]);
  });

  test('nothing of src imports tests, scripts or benchmarks', () => {
    expect(stairs(source, (_, { target }) => target !== null && !target.startsWith('src/'))).toEqual([]);
  });

  test('every relative import names an existing file, with its extension', () => {
    expect(stairs(everything, (_, { target }) => target !== null && !existsSync(join(repositoryRoot, target)))).toEqual(
      [],
    );
  });

  test('builtins are written with node:', () => {
    expect(stairs(everything, (_, { specifier }) => builtinModules.includes(specifier))).toEqual([]);
  });

  test('no file imports itself by a detour', () => {
    expect(findCycles(source)).toEqual([]);
  });
});

describe('the edge of the process', () => {
  test('only src/cli/main.ts ends the process', () => {
    const places = placesOf(source, /\bprocess\s*\.\s*(exit|exitCode|abort|kill|reallyExit)\b/g);
    // A program that we started, and what it has started, are ended there and nowhere else.
    const elsewhere = places.filter((place) => !/^src\/(cli\/main|effects\/program)\.ts:/.test(place));
    expect(elsewhere).toEqual([]);
  });

  test('the pure core asks for no time, chance or environment', () => {
    const impure =
      /\bMath\s*\.\s*random\b|\bDate\s*\.\s*now\b|\bnew Date\(\s*\)|\bprocess\b|\bperformance\b|\bglobalThis\b/g;
    expect(
      placesOf(
        source.filter((file) => floorOf(file) === 'core'),
        impure,
      ),
    ).toEqual([]);
  });

  test('the engine asks for time, chance and the environment only through its effects', () => {
    const impure =
      /\bMath\s*\.\s*random\b|\bDate\s*\.\s*now\b|\bnew Date\(\s*\)|\bprocess\s*\.|\bset(Timeout|Interval)\b/g;
    expect(
      placesOf(
        source.filter((file) => floorOf(file) === 'engine'),
        impure,
      ),
    ).toEqual([]);
  });

  test('a secret becomes text only in the files that say why', () => {
    const files = placesOf(source, /\.reveal\(/g).map((place) => place.replace(/:\d+$/, ''));
    expect([...new Set(files)].sort()).toEqual(Object.keys(revealing).sort());
  });
});

describe('the log', () => {
  test('says the same thing in the same words: what differs stands in fields', () => {
    const calls = source.flatMap(logCalls);
    expect(calls.length).toBeGreaterThan(15);
    expect(calls.filter(({ message }) => !/^(['"]) *\1$/.test(message)).map(({ place }) => place)).toEqual([]);
  });

  test('is searched for calls in every form', () => {
    const text =
      "log.info({ a: [1, f(2)] }, 'all is well');\nlog[bad ? 'warn' : 'error'](why);\noptions.log.debug(`a and b`);";
    const found = logCalls(readSource('src/cli/example.ts', text)).map(({ message }) => message.trim());
    expect(found).toEqual([`'${' '.repeat(11)}'`, 'why', `\`${' '.repeat(7)}\``]);
  });
});

describe('escapes have a budget', () => {
  // Lower a number when an escape goes. Raise one only together with a comment at the place that says why.
  test('casts in src', () => {
    expect(castsIn(source)).toHaveLength(1);
  });

  test('non-null assertions, any', () => {
    expect(placesOf(source, /[\w)\]]!(?=[.[;),\s])(?!\s*=)/g)).toEqual([]);
    expect(placesOf(source, /[:<,|]\s*any\b/g)).toEqual([]);
  });

  test('ignored checks', () => {
    const ignored =
      /biome-ignore|oxlint-disable|eslint-disable|@ts-(expect-error|ignore|nocheck)|\b(v8|c8|istanbul) ignore/g;
    expect(placesOf(source, ignored, 'comments')).toHaveLength(0);
    expect(placesOf(everything, ignored, 'comments')).toHaveLength(0);
  });

  test('tests are neither skipped nor left alone', () => {
    const tests = everything.filter(({ path }) => path.startsWith('test/'));
    expect(placesOf(tests, /\b(test|it|describe)\.(only|skip|todo)\b/g)).toEqual([]);
  });
});

describe('sizes', () => {
  test(`files stay under ${LINES_MAX} lines`, () => {
    expect(source.filter(({ lines }) => lines > LINES_MAX).map(({ path }) => path)).toEqual([]);
  });
});

/** What each call hands to the log as its message, strings blanked: the first argument, or the second behind fields. */
function logCalls({ path, code }: SourceFile): { readonly place: string; readonly message: string }[] {
  return [...code.matchAll(/\blog(?:\.(?:trace|debug|info|warn|error|fatal)|\[[^\]]*\])\(/g)].map((call) => {
    const handed = argumentsFrom(code, call.index + call[0].length);
    return { place: `${path}:${lineAt(code, call.index)}`, message: (handed[1] ?? handed[0] ?? '').trim() };
  });
}

/** The arguments of a call, given where the first begins. */
function argumentsFrom(code: string, start: number): string[] {
  const found: string[] = [];
  let depth = 0;
  let from = start;
  for (let index = start; index < code.length; index += 1) {
    const character = code.charAt(index);
    if ('([{'.includes(character)) depth += 1;
    const isEnd = depth === 0 && character === ')';
    if (isEnd || (depth === 0 && character === ',')) {
      found.push(code.slice(from, index));
      from = index + 1;
    }
    if (isEnd) break;
    if (')]}'.includes(character)) depth -= 1;
  }
  return found.filter((text) => text.trim() !== '');
}

/** `import { a as b }` and `import * as a` rename; they do not cast. */
function castsIn(files: readonly SourceFile[]): string[] {
  return placesOf(
    files.map((file) => ({ ...file, code: file.code.replace(/^(?:import|export)\b[^;]*;/gm, blank) })),
    /\bas (?!const\b)(?=[\w{[(])/g,
  );
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

/** Each cycle once, as `a.ts → b.ts → a.ts`. */
function findCycles(files: readonly SourceFile[]): string[] {
  const targets = new Map(files.map(({ path, imports }) => [path, imports.flatMap(({ target }) => target ?? [])]));
  const finished = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) cycles.push([...trail.slice(seenAt), path].join(' → '));
    if (seenAt >= 0 || finished.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    finished.add(path);
  };
  for (const { path } of files) visit(path, []);
  return cycles;
}

/**
 * `npm run mutants`: seeds every mistake of test/mutants into a copy of the tree, one at a time, and runs the suites on
 * it. A mistake that no test notices is a hole in the suites: exit code 1. `--only <part of an id>`, `--parallel <n>`.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { mutants } from '../test/mutants/list.ts';
import type { Mutant } from '../test/mutants/mutant.ts';
import { repositoryRoot } from '../test/support/source-tree.ts';

/** In the order in which they are asked: the fast ones first. What needs a build of the tree is left out. */
const STAGES = {
  core: ['test/core/'],
  engine: ['test/engine/'],
  edges: ['test/effects/layers/', 'test/effects/secrets/'],
  faults: ['test/faults/', 'test/races/'],
  daemon: ['test/daemon/loop.test.ts', 'test/daemon/life.test.ts'],
} as const;
type Stage = keyof typeof STAGES;

const COPIED = [
  'src',
  'test',
  'schemas',
  'customers',
  'deploy',
  'docs',
  'package.json',
  'tsconfig.json',
  'reconcile.yaml',
];

const CONFIG = `import { defineConfig } from 'vitest/config';
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/core/declaration/**'],
    setupFiles: ['test/setup.ts'],
    restoreMocks: true,
    unstubEnvs: true,
    testTimeout: 60_000,
    isolate: false,
    maxWorkers: 1,
  },
});
`;

/** A mistake that makes a suite run for ever is noticed too. */
const PATIENCE_MS = 300_000;

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, parallel: { type: 'string', default: '2' } },
});

interface Verdict {
  readonly mutant: Mutant;
  /** The first test that failed; null when none did. */
  readonly killedBy: string | null;
  readonly seconds: number;
}

function copyOfTheTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'reconcile-mutants-'));
  for (const entry of COPIED)
    if (existsSync(join(repositoryRoot, entry)))
      cpSync(join(repositoryRoot, entry), join(copy, entry), { recursive: true });
  symlinkSync(join(repositoryRoot, 'node_modules'), join(copy, 'node_modules'));
  writeFileSync(join(copy, 'vitest.mutants.config.ts'), CONFIG);
  return copy;
}

const results = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

/** Runs the suites of one stage; the first test that failed, or null. */
async function firstFailure(copy: string, stage: Stage): Promise<string | null> {
  const output = join(copy, 'results.json');
  rmSync(output, { force: true });
  const vitest = join(repositoryRoot, 'node_modules/vitest/vitest.mjs');
  const args = ['run', '--config', 'vitest.mutants.config.ts', '--bail=1', '--reporter=json', `--outputFile=${output}`];
  const child = spawn(process.execPath, [vitest, ...args, ...STAGES[stage]], { cwd: copy, stdio: 'ignore' });
  const impatience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(impatience);
  if (code === 0) return null;
  if (!existsSync(output)) return `${stage}: ran for ever`;
  const read = results.parse(JSON.parse(readFileSync(output, 'utf8')));
  for (const { name, status, assertionResults } of read.testResults) {
    const failed = assertionResults.find((assertion) => assertion.status === 'failed');
    const file = name.replace(`${copy}/`, '');
    if (failed) return `${file}: ${failed.fullName}`;
    if (status === 'failed' && assertionResults.length === 0) return `${file}: does not load`;
  }
  return `${stage}: failed outside of a test`;
}

async function judge(copy: string, mutant: Mutant): Promise<Verdict> {
  const startMs = Date.now();
  const originals = mutant.edits.map(({ file }) => ({
    path: join(copy, file),
    text: readFileSync(join(copy, file), 'utf8'),
  }));
  for (const { file, search, replace } of mutant.edits) {
    const path = join(copy, file);
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(search, () => replace),
    );
  }
  let killedBy: string | null = null;
  for (const stage of stagesFor(mutant)) killedBy ??= await firstFailure(copy, stage);
  for (const { path, text } of originals.reverse()) writeFileSync(path, text);
  return { mutant, killedBy, seconds: Math.round((Date.now() - startMs) / 1_000) };
}

/** Near the mistake first. */
function stagesFor({ edits }: Mutant): readonly Stage[] {
  const isIn = (floor: string) => edits.some(({ file }) => file.startsWith(floor));
  if (isIn('src/engine/fleet/')) return ['daemon', 'engine', 'faults'];
  if (isIn('src/effects/')) return ['edges', 'engine', 'faults', 'core'];
  return isIn('src/engine/') ? ['engine', 'faults', 'core', 'edges'] : ['core', 'engine', 'faults', 'edges'];
}

const wanted = mutants.filter(({ id }) => id.includes(values.only));
for (const { id, edits } of wanted)
  for (const { file, search } of edits)
    if (readFileSync(join(repositoryRoot, file), 'utf8').split(search).length !== 2)
      throw new Error(`mutant "${id}": its text does not stand exactly once in ${file}; bring test/mutants up to date`);

const copies = Array.from({ length: Number(values.parallel) }, copyOfTheTree);
const verdicts: Verdict[] = [];
try {
  const [first = copyOfTheTree()] = copies;
  if (values.only === '')
    for (const stage of ['core', 'engine', 'edges', 'faults', 'daemon'] as const) {
      const failure = await firstFailure(first, stage);
      if (failure !== null) throw new Error(`the tree fails without any mutant: ${failure}`);
    }
  const queue = [...wanted];
  await Promise.all(
    copies.map(async (copy) => {
      for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
        const verdict = await judge(copy, mutant);
        verdicts.push(verdict);
        const { id, breaks } = verdict.mutant;
        console.log(`| ${id} | ${breaks} | ${verdict.killedBy ?? '**SURVIVED**'} | ${verdict.seconds} s |`);
      }
    }),
  );
} finally {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
}
const survivors = verdicts.filter(({ killedBy }) => killedBy === null);
console.log(`\n${verdicts.length} mutants, ${verdicts.length - survivors.length} killed`);
for (const { mutant } of survivors) console.log(`survived: ${mutant.id} (${mutant.breaks})`);
process.exitCode = survivors.length === 0 ? 0 : 1;

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { SourceProblem } from '../../src/core/source.ts';
import { recordVerdict } from './corpus.ts';
import { type HostileFile, hostileFiles } from './hostile-files.ts';
import { repositoryRoot } from './source-tree.ts';

/** Generous: what is guarded against is minutes and a full memory, not milliseconds. */
const deadlineMs = 120_000;
const heapMaxMiB = 128;

const document = z.object({
  customers: z.object({ valid: z.number(), found: z.number() }),
  problems: z.array(
    z.object({
      code: z.string(),
      message: z.string(),
      next: z.string().nullable(),
      file: z.string(),
      line: z.number(),
      column: z.number(),
      frame: z.string().nullable(),
    }),
  ),
});

export interface HostileVerdicts {
  readonly recording: string;
  /** How many files the command took for good. */
  readonly valid: number;
}

/**
 * One run of the built command over a workspace of everything that ends or blocks careless readers: in a process of its
 * own, because an abort cannot be caught, with little memory, and killed when it does not come to an end.
 */
export function judgeHostileWorkspace(): HostileVerdicts {
  const directory = mkdtempSync(join(tmpdir(), 'hostile-'));
  try {
    for (const file of hostileFiles) plant(join(directory, 'customers', file.name), file);
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      [`--max-old-space-size=${heapMaxMiB}`, 'dist/cli/main.js', 'validate', '-C', directory, '--output', 'json'],
      { cwd: repositoryRoot, encoding: 'utf8', timeout: deadlineMs, maxBuffer: 64 * 1024 * 1024 },
    );
    if (status !== 3) throw new Error(`ended with ${status ?? signal}: ${stderr.slice(-2_000)}`);
    const { customers, problems } = document.parse(JSON.parse(stdout));
    const records = hostileFiles.map(({ name, verdict }) => recordFile(name, verdict, problems));
    return { recording: records.join('\n'), valid: customers.valid };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function recordFile(name: string, verdict: string, all: z.output<typeof document>['problems']): string {
  const problems = all
    .filter(({ file }) => file === `customers/${name}`)
    .map(
      ({ next, frame, ...problem }): SourceProblem => ({
        ...problem,
        ...(next === null ? {} : { hint: next }),
        ...(frame === null ? {} : { frame }),
      }),
    );
  const title = JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
  return problems.length === 0 ? `=== ${title}: ${verdict}\n` : recordVerdict(title, { problems, declaration: null });
}

function plant(path: string, { bytes, link, pipe, size }: HostileFile): void {
  mkdirSync(dirname(path), { recursive: true });
  if (link !== undefined) symlinkSync(link, path);
  else if (pipe === true) execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', path]);
  else writeFileSync(path, bytes ?? '');
  if (size !== undefined) truncateSync(path, size);
}

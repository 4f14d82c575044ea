/**
 * `npm run fuzz:yaml -- --runs 100000 [--from 0]`: inputs made of the corpus by chance, each of which must have a verdict.
 * They are read in a process of its own with little memory: an abort cannot be caught, and a run that does not end is
 * killed. Run N always has the same input, so `--from N --runs 1` repeats it.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { verdictFault } from '../test/fuzz/check-input.ts';
import { mutate, seedsOf } from '../test/fuzz/mutate.ts';
import { createSeeded } from '../test/soak/seeded.ts';
import { corpusTopics } from '../test/support/corpus.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    from: { type: 'string', default: '0' },
    /** For the process that reads: where it writes which run it is at. */
    progress: { type: 'string' },
  },
});
const from = Number(values.from);
const runs = Number(values.runs);

/** Watched for a run that stands still. */
const deadlineMs = 10_000;
const heapMaxMiB = 192;

function read(progress: string): void {
  const seeds = seedsOf(corpusTopics());
  const descriptor = openSync(progress, 'r+');
  let faults = 0;
  let slowest = { ms: 0, run: from };
  const startedAt = performance.now();
  for (let run = from; run < from + runs; run++) {
    writeSync(descriptor, String(run).padEnd(16), 0);
    const input = mutate(createSeeded(run), seeds);
    const runStartedAt = performance.now();
    const fault = verdictFault(input);
    const ms = performance.now() - runStartedAt;
    if (ms > slowest.ms) slowest = { ms, run };
    if (fault === null) continue;
    faults += 1;
    console.log(`run ${run}: ${fault}`);
  }
  closeSync(descriptor);
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(
    `${runs} inputs in ${seconds} s, ${faults} without a good verdict; slowest ${Math.round(slowest.ms)} ms (run ${slowest.run})`,
  );
  process.exitCode = faults === 0 ? 0 : 1;
}

async function watch(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'fuzz-'));
  const progress = join(directory, 'run');
  closeSync(openSync(progress, 'w'));
  const script = fileURLToPath(import.meta.url);
  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${heapMaxMiB}`,
      '--import',
      'tsx',
      script,
      '--progress',
      progress,
      '--from',
      String(from),
      '--runs',
      String(runs),
    ],
    { stdio: 'inherit' },
  );
  let last = '';
  const timer = setInterval(() => {
    const now = readFileSync(progress, 'utf8');
    if (now === last && now !== '') child.kill('SIGKILL');
    last = now;
  }, deadlineMs);
  const ended = await new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
  clearInterval(timer);
  if (ended !== 0 && ended !== 1) console.log(`ended with ${ended} at run ${readFileSync(progress, 'utf8').trim()}`);
  rmSync(directory, { recursive: true, force: true });
  return ended === 0 ? 0 : 1;
}

if (values.progress === undefined) process.exitCode = await watch();
else read(values.progress);

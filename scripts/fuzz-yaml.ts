/**
 * `npm run fuzz:yaml -- --runs 1000000 [--from 0]`: inputs made of the corpus by chance, each of which must have a verdict.
 * They are read in processes of their own with little memory, one after the other: an abort cannot be caught, and a run that
 * does not end is killed. Run N always has the same input, so `--from N --runs 1` repeats it; and what was stopped goes on
 * from where it says, so that a large number may be run in parts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { verdictFault } from '../test/fuzz/check-input.ts';
import { mutate, seedsOf } from '../test/fuzz/mutate.ts';
import { createSeeded } from '../test/soak/seeded.ts';
import { corpusTopics } from '../test/support/corpus.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    from: { type: 'string', default: '0' },
    /** For the process that reads: the directory where it writes which run it is at, and what came of it. */
    place: { type: 'string' },
  },
});
const from = Number(values.from);
const runs = Number(values.runs);

/** Watched for a run that stands still; on a busy machine one may wait for its turn. */
const DEADLINE_MS = 30_000;
const HEAP_MAX_MIB = 192;
/** Of one process. */
const PIECE = 50_000;

const piece = z.object({ faults: z.number(), slowest: z.object({ ms: z.number(), run: z.number() }) });
type Piece = z.output<typeof piece>;

function read(place: string): void {
  const seeds = seedsOf(corpusTopics());
  const descriptor = openSync(join(place, 'run'), 'w');
  let faults = 0;
  let slowest = { ms: 0, run: from };
  for (let run = from; run < from + runs; run++) {
    writeSync(descriptor, String(run).padEnd(16), 0);
    const input = mutate(createSeeded(run), seeds);
    const startedAt = performance.now();
    const fault = verdictFault(input);
    const ms = performance.now() - startedAt;
    if (ms > slowest.ms) slowest = { ms, run };
    if (fault === null) continue;
    faults += 1;
    console.log(`run ${run}: ${fault}`);
  }
  closeSync(descriptor);
  const result: Piece = { faults, slowest };
  writeFileSync(join(place, 'result'), JSON.stringify(result));
}

/** The process under way; a signal to us ends it, and with it the work. */
let child: ChildProcess | null = null;
let isStopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    isStopped = true;
    child?.kill('SIGKILL');
  });
}

/** What came of a piece; null when its process did not end by itself, which is said. */
async function readElsewhere(first: number, count: number): Promise<Piece | null> {
  const place = mkdtempSync(join(tmpdir(), 'fuzz-'));
  const at = () => readFileSync(join(place, 'run'), { encoding: 'utf8', flag: 'a+' }).trim();
  const memory = `--max-old-space-size=${HEAP_MAX_MIB}`;
  const work = ['--place', place, '--from', String(first), '--runs', String(count)];
  const reader = spawn(process.execPath, [memory, '--import', 'tsx', fileURLToPath(import.meta.url), ...work], {
    stdio: 'inherit',
  });
  child = reader;
  let last = '';
  const timer = setInterval(() => {
    if (at() === last && last !== '') reader.kill('SIGKILL');
    last = at();
  }, DEADLINE_MS);
  const ended = await new Promise<number | NodeJS.Signals | null>((resolve) => {
    reader.on('exit', (code, signal) => resolve(code ?? signal));
  });
  clearInterval(timer);
  if (ended !== 0 && !isStopped) console.log(`ended with ${ended} at run ${at()}`);
  const result = ended === 0 ? piece.parse(JSON.parse(readFileSync(join(place, 'result'), 'utf8'))) : null;
  rmSync(place, { recursive: true, force: true });
  return result;
}

async function watch(): Promise<number> {
  const startedAt = performance.now();
  let total: Piece = { faults: 0, slowest: { ms: 0, run: from } };
  let done = 0;
  while (done < runs) {
    const count = Math.min(PIECE, runs - done);
    const result = await readElsewhere(from + done, count);
    if (result === null) break;
    done += count;
    total = {
      faults: total.faults + result.faults,
      slowest: result.slowest.ms > total.slowest.ms ? result.slowest : total.slowest,
    };
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    const { faults, slowest } = total;
    console.log(
      `${done} inputs in ${seconds} s, ${faults} without a good verdict; slowest ${Math.round(slowest.ms)} ms (run ${slowest.run})`,
    );
  }
  if (done < runs) console.log(`to go on: --from ${from + done} --runs ${runs - done}`);
  return done === runs && total.faults === 0 ? 0 : 1;
}

if (values.place === undefined) process.exitCode = await watch();
else read(values.place);

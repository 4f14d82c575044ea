/**
 * Random histories without end: `npm run check:deep -- [--runs 20000] [--seed n] [--length 1,60] [--workers 2]`.
 * `--path` (as a failure prints it) replays one history in this process; `--claim any|growing` picks the claim.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Claim, checkHistories } from '../test/races/histories/check.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    length: { type: 'string', default: '1,60' },
    workers: { type: 'string', default: '2' },
    claim: { type: 'string' },
    path: { type: 'string' },
    worker: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const runs = Number(values.runs);
const workers = Number(values.workers);
const [least = 1, most = 60] = values.length.split(',').map(Number);
const chunk = 250;

async function work(): Promise<number> {
  const claims: readonly Claim[] =
    values.claim === 'any' || values.claim === 'growing' ? [values.claim] : ['any', 'growing'];
  if (values.path !== undefined) {
    const failed = report(await check(claims[0] ?? 'any', seed, 1, values.path));
    if (failed === 0) process.stdout.write('This history holds.\n');
    return failed;
  }
  const startedAt = Date.now();
  for (let done = 0; done < runs; done += chunk) {
    // One history in ten is told twice, with and without its faults.
    const claim = claims[Math.floor(done / chunk) % 10 === 9 ? claims.length - 1 : 0] ?? 'any';
    const failed = report(await check(claim, seed + done, Math.min(chunk, runs - done)));
    if (failed) return failed;
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    process.stdout.write(
      `seed ${seed + done}: ${Math.min(done + chunk, runs)} of ${runs} histories hold, ${seconds} s\n`,
    );
  }
  return 0;
}

function check(claim: Claim, from: number, count: number, path?: string): Promise<string | null> {
  const common = { seed: from, runs: count, length: [least, most] as const };
  return checkHistories(claim, path === undefined ? common : { ...common, path });
}

function report(failure: string | null): number {
  if (failure !== null) process.stdout.write(`${failure}\n`);
  return failure === null ? 0 : 1;
}

async function share(): Promise<number> {
  process.stdout.write(`${runs} histories of ${values.length} commands, seed ${seed}, ${workers} processes\n`);
  const each = Math.ceil(runs / workers);
  const ends = Array.from({ length: workers }, (_, index) => {
    const own = [
      '--worker',
      '--seed',
      String(seed + index * 1_000_000),
      '--runs',
      String(each),
      '--length',
      values.length,
    ];
    const child = fork(fileURLToPath(import.meta.url), [...own, ...(values.claim ? ['--claim', values.claim] : [])]);
    return new Promise<number>((resolve) => {
      child.on('exit', (code) => resolve(code ?? 1));
    });
  });
  return Math.max(...(await Promise.all(ends)));
}

process.exitCode = values.worker || values.path !== undefined ? await work() : await share();

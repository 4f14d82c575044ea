import { type ChildProcess, fork } from 'node:child_process';
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { replay } from '../test/faults/replay.ts';
import type { Failure, Unit, UnitResult } from '../test/faults/run-unit.ts';
import { variants } from '../test/support/variants.ts';
import { walks } from '../test/walks/list.ts';

const usage = `Plays every single fault in every walk, and every ordered pair of faults in some.

  npm run faults                                   all of it, over two processes
  npm run faults -- --mode singles                 without the pairs
  npm run faults -- --mode pairs --walk raise      the pairs of one walk, whichever
  npm run faults -- --walk raise               one walk
  npm run faults -- --variant default              one answer of the provider
  npm run faults -- --every 10                     each tenth case
  npm run faults -- --every 10 --part 3            another tenth of them: the parts 0 to 9 are all
  npm run faults -- --case onboard/default/r7:lost-answer
                                                   one case, told step by step (--quiet: without file operations)
`;

/** Walks whose ordered pairs are all played: where money moves, a secret is shown, or something ends. */
const IN_PAIRS: ReadonlySet<string> = new Set(['onboard', 'raise', 'key-rotated', 'archive', 'onboard-again']);

/** Pairs of one walk are played by so many units: whatever two histories of a unit have in common is played once. */
const PAIR_UNITS = 4;

const { values } = parseArgs({
  options: {
    walk: { type: 'string' },
    variant: { type: 'string' },
    mode: { type: 'string' },
    every: { type: 'string', default: '1' },
    part: { type: 'string', default: '0' },
    'pairs-every': { type: 'string', default: '1' },
    processes: { type: 'string', default: '2' },
    case: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(usage);
else if (values.case !== undefined) await tellCase(values.case);
else await playAll();

async function tellCase(id: string): Promise<void> {
  for (const line of await replay(id, { operations: !values.quiet })) process.stdout.write(`${line}\n`);
}

interface Tally {
  /** Cases by the passes they needed behind the last fault. */
  readonly passes: Map<string, number>;
  cases: number;
  alike: number;
  failures: number;
  ms: number;
}

type Message =
  | { readonly kind: 'progress'; readonly cases: number }
  | ({ readonly kind: 'done'; readonly rest: number } & UnitResult)
  | { readonly kind: 'broken'; readonly text: string };

async function playAll(): Promise<void> {
  const queue = unitsOf();
  const total = queue.length;
  const tallies = new Map<string, Tally>();
  const failures: Failure[] = [];
  const startedAt = performance.now();
  let cases = 0;
  let toldAt = startedAt;
  const tell = () => {
    if (performance.now() - toldAt < 10_000) return;
    toldAt = performance.now();
    const rate = Math.round(cases / ((toldAt - startedAt) / 1000));
    const left = `${total - queue.length} of ${total} units begun`;
    process.stderr.write(`${cases} cases, ${failures.length} violations, ${rate} a second, ${left}\n`);
  };

  await Promise.all(
    Array.from({ length: Number(values.processes) }, async () => {
      const worker = startWorker();
      for (let unit = queue.shift(); unit; unit = queue.shift()) {
        const unitStart = performance.now();
        const result = await play(worker, unit, (more) => {
          cases += more;
          tell();
        });
        failures.push(...result.failures);
        for (const failure of result.failures) tellFailure(failure);
        const name = `${unit.walk} (${unit.mode})`;
        const tally = tallies.get(name) ?? {
          passes: new Map<string, number>(),
          cases: 0,
          alike: 0,
          failures: 0,
          ms: 0,
        };
        tally.cases += result.cases;
        for (const [passes, count] of Object.entries(result.passes))
          tally.passes.set(passes, (tally.passes.get(passes) ?? 0) + count);
        tally.alike += result.alike;
        tally.failures += result.failures.length;
        tally.ms += performance.now() - unitStart;
        tallies.set(name, tally);
      }
      worker.disconnect();
    }),
  );
  printTable(tallies, performance.now() - startedAt);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

/** At once, not at the end: the whole of it takes hours. */
function tellFailure({ id, violations }: Failure): void {
  process.stdout.write(`\n${id}\n`);
  for (const text of violations) process.stdout.write(`  ${text}\n`);
  process.stdout.write(`  replay: npm run faults -- --case '${id}'\n`);
}

function startWorker(): ChildProcess {
  return fork(fileURLToPath(new URL('./faults-worker.ts', import.meta.url)), { execArgv: process.execArgv });
}

function play(worker: ChildProcess, unit: Unit, count: (cases: number) => void): Promise<UnitResult> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: Message) => {
      if (message.kind === 'progress') return count(message.cases);
      worker.off('message', onMessage);
      worker.off('exit', onExit);
      if (message.kind === 'broken') return reject(new Error(`${JSON.stringify(unit)}: ${message.text}`));
      count(message.rest);
      resolve(message);
    };
    const onExit = (code: number | null) =>
      reject(new Error(`a process died (${code}) while it played ${JSON.stringify(unit)}`));
    worker.on('message', onMessage);
    worker.on('exit', onExit);
    worker.send(unit);
  });
}

/** Large units are cut, so that both processes end at about the same time. */
function unitsOf(): Unit[] {
  const every = Number(values.every);
  const part = Number(values.part);
  const chosen = walks.filter(({ name }) => values.walk === undefined || name === values.walk);
  const under = variants.filter(({ name }) => values.variant === undefined || name === values.variant);
  const units: Unit[] = [];
  if (values.mode !== 'pairs')
    // Each unit leaves out others, so that whatever one provider is spared meets another.
    for (const { name: walk } of chosen)
      for (const { name: variant } of under)
        units.push({ walk, variant, mode: 'singles', part: (units.length + part) % every, of: every });
  if (values.mode === 'singles') return units;
  const of = PAIR_UNITS * Number(values['pairs-every']);
  for (const { name: walk } of chosen.filter(({ name }) => values.walk !== undefined || IN_PAIRS.has(name)))
    for (let nth = 0; nth < PAIR_UNITS; nth += 1)
      units.push({ walk, variant: 'default', mode: 'pairs', part: nth, of });
  return units;
}

function printTable(tallies: ReadonlyMap<string, Tally>, ms: number): void {
  const rows = [...tallies].map(([name, { cases, alike, passes, failures, ms: took }]) => [
    name,
    cases.toLocaleString('en-US'),
    alike.toLocaleString('en-US'),
    [...passes]
      .toSorted(([a], [b]) => Number(a) - Number(b))
      .map(([needed, count]) => `${needed}: ${count.toLocaleString('en-US')}`)
      .join(', '),
    String(failures),
    `${(took / 1000).toFixed(0)} s`,
  ]);
  const sum = (of: (tally: Tally) => number) => [...tallies.values()].reduce((all, tally) => all + of(tally), 0);
  const [cases, alike] = [sum((one) => one.cases), sum((one) => one.alike)].map((count) =>
    count.toLocaleString('en-US'),
  );
  rows.push(['all', cases ?? '', alike ?? '', '', String(sum((one) => one.failures)), `${(ms / 1000).toFixed(0)} s`]);
  const head = ['suite', 'cases', 'of them alike', 'passes: cases', 'violations', 'time'];
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)));
  const line = (row: readonly string[]) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ');
  process.stdout.write(`\n${[head, ...rows].map(line).join('\n')}\n`);
  process.stdout.write(`\nNode ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}\n`);
}

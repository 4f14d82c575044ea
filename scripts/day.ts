import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createDay } from '../test/daemon/day.ts';

/**
 * A day of virtual time of a converged fleet at the standard tier: what it asks for, that it writes nothing anywhere,
 * and what it keeps in memory. `npm run day -- 1000`
 */
const customers = Number(process.argv[2] ?? 1000);
setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

function heapMb(): number {
  if (typeof collect === 'function') for (let round = 0; round < 3; round += 1) collect();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}

const startedAt = performance.now();
const day = createDay(customers);
console.log(`${customers} customers at the standard tier, Node ${process.version}`);
console.log(`at rest after ${(await day.converge()).toFixed(0)} virtual minutes`);
const heaps = new Map<number, number>();
for (let hour = 1; hour <= 24; hour += 1) {
  const { reads, writes, fileWrites, refused, busiestMinute, audited } = await day.hour();
  const heap = heapMb();
  heaps.set(hour, heap);
  console.log(
    [
      `hour ${String(hour).padStart(2)}`,
      `${reads} reads`.padStart(12),
      `${busiestMinute} in the busiest minute`.padStart(26),
      `${audited} audited`.padStart(12),
      `${writes} writes`.padStart(9),
      `${fileWrites} files`.padStart(8),
      `${refused} 429s`.padStart(7),
      `${heap.toFixed(1)} MB`.padStart(10),
    ].join(' '),
  );
}
const growth = (heaps.get(24) ?? 0) / (heaps.get(2) ?? 1) - 1;
const { reads, writes, fileWrites, refused, unaudited } = day.total();
const verdicts = [
  [writes + fileWrites === 0, `${writes} writes to the API, ${fileWrites} to files`],
  [refused === 0, `${refused} answers of 429`],
  [reads <= 24 * 60 * 120, `${reads} reads of ${24 * 60 * 120}`],
  [unaudited === 0, `${unaudited} customers whose keys and ledger nobody read`],
  [Math.abs(growth) <= 0.05, `heap at hour 24 against hour 2: ${(growth * 100).toFixed(1)} %`],
] as const;
for (const [isGood, text] of verdicts) console.log(`${isGood ? 'ok  ' : 'FAIL'} ${text}`);
console.log(`${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
process.exitCode = verdicts.every(([isGood]) => isGood) ? 0 : 1;

// A process of its own for the lock's tests: `hold` takes the lock and keeps it until it is killed or its stdin ends;
// `race` takes it again and again and reports how often two held it at once.
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { systemChance } from '../../src/effects/chance.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { acquireLock, type LockResult } from '../../src/effects/lock.ts';

const [mode, directory = ''] = process.argv.slice(2);

function acquire(): Promise<LockResult> {
  return acquireLock({ directory, command: `contender ${mode}`, clock: systemClock, chance: systemChance });
}

async function race(): Promise<{ held: number; violations: number; failures: string[] }> {
  const tally = { held: 0, violations: 0, failures: [] as string[] };
  for (let round = 0; round < 40; round++) {
    const result = await acquire();
    if (!result.ok) {
      if (result.code === 'failed') tally.failures.push(result.message);
      continue;
    }
    tally.held++;
    const witness = join(directory, 'witness');
    try {
      closeSync(openSync(witness, 'wx'));
      await new Promise((resolve) => setImmediate(resolve));
      unlinkSync(witness);
    } catch {
      tally.violations++;
    }
    result.lock.release();
  }
  return tally;
}

if (mode === 'race') {
  process.stdout.write(`${JSON.stringify(await race())}\n`);
} else {
  const result = await acquire();
  process.stdout.write(`${JSON.stringify({ ok: result.ok })}\n`);
  process.stdin.on('end', () => process.exit(0));
  process.stdin.resume();
}

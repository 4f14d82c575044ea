import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { PassReport } from '../../src/core/report.ts';
import { runDaemon } from '../../src/daemon/daemon.ts';
import type { World } from './world.ts';

/** The loop of `--watch` over a world, for so many passes and without a wait between them; their reports. */
export async function daemonPasses(world: World, passes: number): Promise<readonly PassReport[]> {
  const stop = new AbortController();
  const reports: PassReport[] = [];
  // File events are only hints; the files themselves lie on the disk in memory.
  const directory = mkdtempSync(join(tmpdir(), 'reconcile-daemon-'));
  try {
    await runDaemon({
      directory,
      source: world.effects().source,
      resyncMs: 0,
      listen: null,
      stop: stop.signal,
      log: pino({ level: 'silent' }),
      clock: world.clock,
      runPass: async (signal) => {
        const report = await world.pass({ signal });
        reports.push(report);
        if (reports.length >= passes) stop.abort();
        return report;
      },
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
  return reports;
}

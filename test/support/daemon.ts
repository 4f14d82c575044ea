import type { PassReport } from '../../src/core/report.ts';
import { createFleetPasses } from './fleet-passes.ts';
import type { World } from './world.ts';

/** So many rounds of visits by one process that lives on, as a daemon makes them; their reports. */
export async function daemonPasses(world: World, passes: number): Promise<readonly PassReport[]> {
  const pass = createFleetPasses(world.effects());
  const reports: PassReport[] = [];
  for (let made = 0; made < passes; made += 1) reports.push(await pass());
  return reports;
}

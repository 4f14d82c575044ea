import { resolve } from 'node:path';
import type { PassReport } from '../../core/report.ts';
import { sha256 } from '../../effects/chance.ts';
import { planOffline } from '../../engine/offline.ts';
import { clusterAccess } from '../cluster.ts';
import type { PassOptions } from '../commands.ts';
import { sourceOf } from '../compose.ts';
import type { CommandContext } from '../context.ts';
import { fromFiles } from '../source-options.ts';
import { statusStoreOf } from '../stores.ts';

/** `reconcile --offline`: no API key, no network, no lock, nothing written. */
export function offlinePlan(options: PassOptions, { environment }: CommandContext): Promise<PassReport> {
  const { sandbox, customers, approve: approved } = options;
  const directory = resolve(options.directory);
  const base = options.base === null ? null : resolve(options.base);
  const place = { sandbox, environment, cluster: clusterAccess(fromFiles, environment) };
  return planOffline(
    {
      source: sourceOf(directory),
      statuses: (workspace) => statusStoreOf({ ...place, directory }, workspace, false),
      base: base === null ? null : sourceOf(base),
      baseStatuses: (workspace) => statusStoreOf({ ...place, directory: base ?? directory }, workspace, false),
      hash: sha256,
    },
    { customers, approved, bindingRequired: !sandbox },
  );
}

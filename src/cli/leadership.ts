import { hostname } from 'node:os';
import { leadAlone } from '../daemon/leadership.ts';
import { systemChance } from '../effects/chance.ts';
import { systemClock } from '../effects/clock.ts';
import { isInCluster } from '../effects/kubernetes/in-cluster.ts';
import { createLeaseLeadership } from '../effects/kubernetes/lease.ts';
import type { Leadership } from '../effects/leadership.ts';
import { clusterAccess } from './cluster.ts';
import type { PassOptions } from './commands.ts';
import type { CommandContext } from './context.ts';
import { fromFiles } from './source-options.ts';

export type LeadershipResult =
  | { readonly ok: true; readonly leadership: Leadership; close(): Promise<void> }
  /** What is missing or wrong and what to do, for people. */
  | { readonly ok: false; readonly message: string };

/** How this daemon competes with others: by a Lease where it is asked to and, if nobody says otherwise, in a pod. */
export function leadershipFor(
  { lease, from }: Pick<PassOptions, 'lease' | 'from'>,
  { environment, log }: CommandContext,
): LeadershipResult {
  if (!lease || !(lease.isWanted ?? isInCluster(environment)))
    return { ok: true, leadership: leadAlone(), close: async () => {} };
  // Connections of its own: no long list of customers may delay a renewal.
  const access = clusterAccess(from ?? fromFiles, environment);
  const opened = access.open();
  if (!opened.ok)
    return { ok: false, message: `${opened.message} A daemon that is alone needs none: --no-leader-elect.` };
  const { client, namespace } = opened.cluster;
  const leadership = createLeaseLeadership({
    client,
    clock: systemClock,
    chance: systemChance,
    place: { namespace: lease.namespace ?? namespace, name: lease.name },
    identity: identityOf(environment),
    durationMs: lease.durationMs,
    log,
  });
  return { ok: true, leadership, close: () => access.close() };
}

/**
 * Of this process alone; but in a pod that tells its own uid, of the pod: whoever is started again in it is the one that
 * led, and need not wait for itself.
 */
function identityOf(environment: CommandContext['environment']): string {
  return `${hostname()}_${environment['POD_UID'] || systemChance.uuid()}`;
}

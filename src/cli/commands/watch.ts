import { parseDuration } from '../../core/declaration/duration.ts';
import { type ListenAddress, parseListenAddress } from '../../core/declaration/listen-address.ts';
import type { WorkspaceDeclaration } from '../../core/declaration/workspace.ts';
import { type DaemonEnd, runDaemon } from '../../daemon/daemon.ts';
import { type Hints, watchFiles } from '../../daemon/hints.ts';
import { logEvents } from '../../daemon/log-events.ts';
import { createLoop } from '../../daemon/loop.ts';
import { eitherHints, watchObjects } from '../../daemon/object-hints.ts';
import { type Observer, observers } from '../../daemon/observer.ts';
import { createProbes, createReadiness, type Probes } from '../../daemon/probes.ts';
import { sha256, systemChance } from '../../effects/chance.ts';
import { systemClock } from '../../effects/clock.ts';
import type { Leadership } from '../../effects/leadership.ts';
import { createFleetEngine } from '../../engine/fleet/fleet-engine.ts';
import type { Cluster } from '../cluster.ts';
import type { PassOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { type Session, workspaceOf } from '../session.ts';

/** What `daemon.resync` is when reconcile.yaml says nothing; the schema's own default. */
const DEFAULT_RESYNC_MS = 600_000;

/** `reconcile --watch`: the daemon over an opened workspace, until it is told to stop. */
export async function watch(
  session: Session,
  leadership: Leadership,
  options: PassOptions,
  context: CommandContext,
): Promise<DaemonEnd> {
  const { log, stop } = context;
  const { composed, directory } = session;
  const readiness = createReadiness();
  const probes = createProbes(() => readiness.isReady(), log);
  let workspace = await workspaceOf(session);
  const observe = observers(
    (error) => log.error({ err: error }, 'a defect in reconcile; please report it'),
    logEvents(log),
    readiness.observe,
    followSettings(probes, options, context, (now) => {
      workspace = now;
    }),
  );
  const engine = createFleetEngine({
    source: composed.source,
    effectsFor: (now) => composed.effectsFor(now),
    bindingRequired: !options.sandbox,
    concurrency: options.concurrency,
    approved: options.approve,
    clock: systemClock,
    chance: systemChance,
    signal: AbortSignal.any([stop, leadership.lost]),
    onEvent: observe,
  });
  const loop = createLoop({
    engine,
    clock: systemClock,
    chance: systemChance,
    hash: sha256,
    concurrency: options.concurrency,
    resyncMs: () => options.resyncMs ?? parseDuration(workspace.daemon.resync) ?? DEFAULT_RESYNC_MS,
    full: options.full,
    observe,
  });
  await probes.follow(listenAddress(options, workspace));
  log.info({ directory }, 'daemon started');
  try {
    const files = watchFiles(directory, log);
    const hints = composed.cluster ? eitherHints([files, objectHintsOf(composed.cluster, log)]) : files;
    const onHangup = (listener: () => void) =>
      context.onHangup(() => {
        composed.circuit?.lookNow();
        listener();
      });
    return await runDaemon({ loop, hints, onHangup, leadership, stop, clock: systemClock, observe });
  } finally {
    await probes.close();
  }
}

function objectHintsOf({ client, customers: place }: Cluster, log: CommandContext['log']): Hints {
  return watchObjects({ client, place, clock: systemClock, chance: systemChance, log });
}

function listenAddress({ listen }: PassOptions, { daemon }: WorkspaceDeclaration): ListenAddress | null {
  return listen ?? (daemon.listen === undefined ? null : parseListenAddress(daemon.listen));
}

/** What reconcile.yaml says of the daemon itself holds from the moment at which it is read. */
function followSettings(
  probes: Probes,
  options: PassOptions,
  { log }: CommandContext,
  remember: (workspace: WorkspaceDeclaration) => void,
): Observer {
  return (event) => {
    if (event.kind !== 'declarations-loaded') return;
    remember(event.workspace);
    const address = listenAddress(options, event.workspace);
    probes.follow(address).catch((error: unknown) => log.error({ err: error, ...address }, 'probes cannot listen'));
  };
}

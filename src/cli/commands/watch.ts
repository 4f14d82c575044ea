import { parseDuration } from '../../core/declaration/duration.ts';
import { type ListenAddress, parseListenSetting, USUAL_LISTEN } from '../../core/declaration/listen-address.ts';
import type { WorkspaceDeclaration } from '../../core/declaration/workspace.ts';
import { type DaemonEnd, runDaemon } from '../../daemon/daemon.ts';
import { type Hints, watchFiles } from '../../daemon/hints.ts';
import { logEvents } from '../../daemon/log-events.ts';
import { createLookout, type Lookout } from '../../daemon/lookout.ts';
import { createLoop } from '../../daemon/loop.ts';
import { eitherHints, watchObjects } from '../../daemon/object-hints.ts';
import { type Observer, observers } from '../../daemon/observer.ts';
import { sha256, systemChance } from '../../effects/chance.ts';
import { systemClock } from '../../effects/clock.ts';
import type { Leadership } from '../../effects/leadership.ts';
import { createFleetEngine } from '../../engine/fleet/fleet-engine.ts';
import { daemonsReviewedPlans } from '../approvals.ts';
import type { Cluster } from '../cluster.ts';
import type { PassOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { followApprovals } from '../follow-approvals.ts';
import { refuseInWords } from '../reading.ts';
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
  let workspace = await workspaceOf(session);
  const resyncMs = () => options.resyncMs ?? parseDuration(workspace.daemon.resync) ?? DEFAULT_RESYNC_MS;
  const onDefect = (error: unknown) => log.error({ err: error }, 'a defect in reconcile; please report it');
  const lookout = createLookout({
    reader: composed.reader,
    pacing: (requestClass) => composed.pacer.state(requestClass),
    clock: systemClock,
    concurrency: options.concurrency,
    leaseName: options.lease?.name ?? 'layers-reconciler',
    resyncMs: resyncMs(),
    log,
    onDefect,
  });
  session.followApi(lookout);
  composed.circuit?.lookWithin(resyncMs());
  const observe = observers(
    onDefect,
    logEvents(log),
    followApprovals({ given: options.approve, reviewed: daemonsReviewedPlans(directory, options.sandbox), log }),
    lookout.observe,
    followSettings(lookout, options, context, (now) => {
      workspace = now;
      lookout.noteInterval(resyncMs());
      composed.circuit?.lookWithin(resyncMs());
    }),
  );
  const engine = createFleetEngine({
    source: composed.source,
    effectsFor: (now) => ({ ...composed.effectsFor(now), reader: lookout.reader }),
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
    resyncMs,
    full: options.full,
    observe,
  });
  const problem = await lookout.listen(listenAddress(options, workspace));
  if (problem !== null) {
    return { exitCode: refuseInWords(context, problem), abandoned: [] };
  }
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
    await lookout.close();
  }
}

function objectHintsOf({ client, customers: place }: Cluster, log: CommandContext['log']): Hints {
  return watchObjects({ client, place, clock: systemClock, chance: systemChance, log });
}

function listenAddress({ listen }: PassOptions, { daemon }: WorkspaceDeclaration): ListenAddress | null {
  const setting = listen ?? (daemon.listen === undefined ? null : parseListenSetting(daemon.listen)) ?? USUAL_LISTEN;
  return setting === 'off' ? null : setting;
}

/** What reconcile.yaml says of the daemon itself holds from the moment at which it is read. */
function followSettings(
  lookout: Pick<Lookout<unknown>, 'listen'>,
  options: PassOptions,
  { log }: CommandContext,
  remember: (workspace: WorkspaceDeclaration) => void,
): Observer {
  return (event) => {
    if (event.kind !== 'declarations-loaded') return;
    remember(event.workspace);
    void lookout.listen(listenAddress(options, event.workspace)).then((why) => {
      if (why !== null) log.error({ why }, 'probes and metrics cannot listen there');
    });
  };
}

import type { BrokenFile, SourceProblem } from '../../core/source.ts';
import { type DaemonEvent, type ItemEnded, type Observer, WEBHOOKS } from '../observer.ts';
import type { Controller } from './loop-metrics.ts';
import type { Metrics } from './metrics.ts';

/** Feeds the metrics with what happens in the daemon. */
export function observeMetrics({ loop, fleet, config, noteLeading }: Metrics): Observer {
  return (event: DaemonEvent) => {
    switch (event.kind) {
      case 'item-queued':
        loop.noteQueued(event.depth);
        break;
      case 'item-started':
        loop.noteStarted(controllerOf(event.item), event.item, event.queuedMs, event.depth);
        break;
      case 'item-ended':
        noteEnded(event);
        noteVisit(event);
        break;
      case 'declarations-loaded':
        config.noteLoaded(event.broken.filter(isBroken).length);
        fleet.noteDeclared(event.changed, event.gone, event.unusable.length);
        break;
      case 'declarations-failed':
        if (isBroken(event.refusal)) config.noteFailed();
        break;
      case 'view-refreshed':
        fleet.noteOrphans(event.orphans.length);
        break;
      case 'leadership':
        noteLeading(event.state === 'leading');
        break;
      // Told by the visits themselves, or by what follows from them.
      case 'defect':
      case 'guards-judged':
      case 'resync-ended':
      case 'status-published':
      case 'stopping':
      case 'stopped':
      case 'view-failed':
        break;
    }
  };

  function noteEnded({ item, result, tookMs, visit }: ItemEnded): void {
    loop.noteEnded(controllerOf(item), item, {
      result,
      tookMs,
      isTerminal: result === 'error' && visit !== null,
      isPanic: visit === null,
      isRetried: result === 'requeue' || visit === null,
    });
  }

  /** A visit that nobody could be paid is no news of the fleet. */
  function noteVisit({ visit }: ItemEnded): void {
    if (visit?.kind === 'customer') fleet.noteCustomer(visit.report);
    if (visit?.kind === 'webhooks') fleet.noteWebhooks(visit.steps, visit.problems);
  }
}

function controllerOf(item: string): Controller {
  return item === WEBHOOKS ? 'webhooks' : 'customer';
}

/** Somebody may be writing it at this moment, which is no mistake and passes by itself. */
function isBroken({ problems }: Pick<BrokenFile, 'problems'>): boolean {
  const isBrief = ({ code }: SourceProblem) => code === 'FileChanging';
  return problems.length === 0 || !problems.every(isBrief);
}

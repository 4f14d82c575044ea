import type { WorkspaceDeclaration } from '../core/declaration/workspace.ts';
import type { Problem } from '../core/problem.ts';
import type { Phase, Refusal } from '../core/report.ts';
import type { BrokenFile } from '../core/source.ts';
import type { EngineEvent } from '../engine/fleet/fleet-engine.ts';
import type { Visit } from '../engine/fleet/visit.ts';

/**
 * What happens in the daemon, for logs, metrics and probes: they subscribe, and nothing in the loop knows of them.
 * Nothing secret is in any of it. Times are in milliseconds.
 */
export type DaemonEvent =
  | EngineEvent
  /** A visit is waited for; what waits already is not told again. */
  | { readonly kind: 'item-queued'; readonly item: Item; readonly depth: number }
  | {
      readonly kind: 'item-started';
      readonly item: Item;
      readonly queuedMs: number;
      readonly depth: number;
      readonly active: number;
    }
  | ItemEnded
  /** Something threw that should not: a bug. The visit is repeated like one that failed. */
  | { readonly kind: 'defect'; readonly where: string; readonly error: unknown }
  | {
      readonly kind: 'declarations-loaded';
      readonly workspace: WorkspaceDeclaration;
      readonly customers: number;
      /** Everything that is unusable now. */
      readonly unusable: readonly BrokenFile[];
      readonly changed: readonly string[];
      readonly gone: readonly string[];
      /** Files that became unusable, or are so for another reason; and those that are not any more. */
      readonly broken: readonly BrokenFile[];
      readonly mended: readonly string[];
    }
  | { readonly kind: 'declarations-failed'; readonly refusal: Refusal }
  /** Every customer was looked at once since the last of these. */
  | { readonly kind: 'resync-ended'; readonly summary: ResyncSummary }
  | { readonly kind: 'status-published'; readonly problem: Problem | null }
  | { readonly kind: 'leadership'; readonly state: 'waiting' | 'leading' | 'lost' | 'released' }
  /** `waitsFor` are still at work when it is told to stop. */
  | { readonly kind: 'stopping'; readonly waitsFor: readonly Item[]; readonly graceMs: number }
  /** `abandoned` were still at work when the grace period was over. */
  | { readonly kind: 'stopped'; readonly abandoned: readonly Item[] };

/** What is visited: a customer by its externalId, or with {@link WEBHOOKS} the fleet's endpoints. */
export type Item = string;

/** No externalId is empty. */
export const WEBHOOKS: Item = '';

/** As controller-runtime names them: `requeue` after a backoff, `requeue_after` at a time that is known. */
export type ItemResult = 'success' | 'error' | 'requeue' | 'requeue_after';

export interface ItemEnded {
  readonly kind: 'item-ended';
  readonly item: Item;
  readonly result: ItemResult;
  readonly tookMs: number;
  /** Null when it is left to the resync, or to whoever changes its file. */
  readonly retryAfterMs: number | null;
  /** Visits in a row that did not come to rest. */
  readonly failures: number;
  /** Null after a defect. */
  readonly visit: Visit | null;
}

export interface ResyncSummary {
  readonly tookMs: number;
  /** Visits, of which more than one may have been to the same customer. */
  readonly visits: number;
  /** Customers by the phase that they were last seen in. */
  readonly phases: Readonly<Partial<Record<Phase, number>>>;
  readonly stepsDone: number;
}

export type Observer = (event: DaemonEvent) => void;

/** Tells several observers of the same. What one of them throws is a bug of its own, and stops nothing. */
export function observers(onDefect: (error: unknown) => void, ...all: readonly Observer[]): Observer {
  return (event) => {
    for (const observe of all) {
      try {
        observe(event);
      } catch (error) {
        onDefect(error);
      }
    }
  };
}

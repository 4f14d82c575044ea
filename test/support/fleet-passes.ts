import { FLEET } from '../../src/core/guard.ts';
import { planHash } from '../../src/core/plan-hash.ts';
import type { Problem } from '../../src/core/problem.ts';
import type { CustomerReport, PassReport, StepReport } from '../../src/core/report.ts';
import type { Effects } from '../../src/engine/context.ts';
import { createFleetEngine } from '../../src/engine/fleet/fleet-engine.ts';
import { refusedReport } from '../../src/engine/reporting.ts';

export interface FleetPassOptions {
  readonly full?: boolean;
  readonly approved?: readonly string[];
  /** Customers visited at once. */
  readonly concurrency?: number;
  readonly bindingRequired?: boolean;
}

/**
 * One process that lives on, as the daemon's: each pass looks at the files and visits the webhooks and then everybody,
 * as a resync does. Reported as a pass is, so that whatever judges passes can judge visits.
 */
export function createFleetPasses(effects: Effects, options: FleetPassOptions = {}): () => Promise<PassReport> {
  let orphans: readonly Problem[] = [];
  let guards: readonly Problem[] = [];
  const concurrency = options.concurrency ?? 4;
  const engine = createFleetEngine({
    source: effects.source,
    effectsFor: () => effects,
    bindingRequired: true,
    concurrency,
    approved: options.approved ?? [],
    clock: effects.clock,
    chance: effects.chance,
    signal: new AbortController().signal,
    onEvent(event) {
      if (event.kind === 'view-refreshed') orphans = event.orphans;
      if (event.kind === 'guards-judged') guards = event.problems;
    },
  });

  return async () => {
    const loaded = await engine.load();
    if (!loaded.ok) return refusedReport(effects, loaded.refusal);
    engine.refresh();
    engine.reopen();
    const webhooks = await engine.visitWebhooks();
    if (webhooks.kind === 'unavailable') return refusedReport(effects, webhooks.refusal);
    const waiting = loaded.declarations.fleet.customers.map(({ declaration }, index) => ({ declaration, index }));
    const reports: CustomerReport[] = [];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const visit = await engine.visitCustomer(next.declaration.externalId, { full: options.full ?? false });
        if (visit.kind === 'customer') reports[next.index] = visit.report;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
    const steps = webhooks.kind === 'webhooks' ? webhooks.steps : [];
    const isHeldBack = [...steps, ...reports.flatMap((report) => report.steps)].some(isBlocked);
    const published = await engine.publish();
    return {
      ...refusedReport(effects, NONE),
      refused: null,
      planHash: planHash([...reports, { externalId: FLEET, steps }], effects.hash),
      customers: reports,
      brokenFiles: loaded.declarations.fleet.broken,
      fleet: {
        steps,
        approvalHash: null,
        problems: [
          ...(webhooks.kind === 'webhooks' ? webhooks.problems : []),
          ...(isHeldBack ? guards : []),
          ...orphans,
          ...(published ? [published] : []),
        ],
      },
    };
  };
}

const NONE = { kind: 'cannot-run', code: '', message: '', next: null, requestId: null, problems: [] } as const;

function isBlocked({ outcome }: StepReport): boolean {
  return outcome === 'blocked';
}

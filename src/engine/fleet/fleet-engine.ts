import type { WorkspaceDeclaration } from '../../core/declaration/workspace.ts';
import { FLEET } from '../../core/guard.ts';
import type { Step } from '../../core/plan.ts';
import { approvalHash } from '../../core/plan-hash.ts';
import type { Problem } from '../../core/problem.ts';
import type { Refusal, StepReport } from '../../core/report.ts';
import type { Chance } from '../../effects/chance.ts';
import type { Clock } from '../../effects/clock.ts';
import type { DeclarationSource } from '../../effects/source/source.ts';
import { applyWebhooks } from '../apply-webhooks.ts';
import type { Effects } from '../context.ts';
import { webhookSteps, withSteps } from '../guarding.ts';
import { commitStatuses } from '../record.ts';
import { type ObservedWebhooks, observeWebhooks } from '../webhooks.ts';
import { createCustomerVisits } from './customer-visit.ts';
import { type Declarations, type Loaded, lookAtFiles } from './declarations.ts';
import { createJudge } from './judgement.ts';
import { createFleetMemory } from './memory.ts';
import { createObservations } from './observations.ts';
import { createFleetViews, type FleetView, type ViewEvent } from './view.ts';
import type { Visit } from './visit.ts';

export interface FleetEngineOptions {
  readonly source: DeclarationSource;
  /** Real effects with the stores that this workspace asks for. */
  readonly effectsFor: (workspace: WorkspaceDeclaration) => Effects;
  /** False only for the sandbox, whose parent is made for the workspace. */
  readonly bindingRequired: boolean;
  /** Customers read at once for the guards. */
  readonly concurrency: number;
  /** Approval hashes given for this run, beside those in reconcile.yaml. */
  readonly approved: readonly string[];
  readonly clock: Clock;
  readonly chance: Pick<Chance, 'random'>;
  /** No new step after it; what is under way ends. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: EngineEvent) => void;
}

export type EngineEvent =
  | ViewEvent
  /** What the guards say to the fleet now; empty when they hold nothing back. */
  | {
      readonly kind: 'guards-judged';
      readonly problems: readonly Problem[];
      /** Approvals given for this run that let something through. */
      readonly usedApprovals: readonly string[];
    };

/**
 * A fleet over the life of a process: visits to one customer at a time, each of them a pass (observe, plan, guard,
 * apply, verify, record) that costs that customer's own reads, while guards count everybody (I8). Never two visits to
 * one customer at once: that is for the caller to see to.
 */
export interface FleetEngine {
  /** Looks at the files. Visits work from what was found last; a reconcile.yaml that is broken ends them all. */
  load(): Promise<Loaded>;
  declarations(): Declarations | null;
  /** `full` reads keys and ledger even where the recorded status covers the declaration. */
  visitCustomer(externalId: string, options: { readonly full: boolean }): Promise<Visit>;
  visitWebhooks(): Promise<Visit>;
  /** Asks whoami anew and lists anew, at the next visit. */
  refresh(): void;
  /** Asks again at once where a refusal still kept everybody waiting. */
  reopen(): void;
  /** True when status was recorded that a store may have to publish. */
  hasUnpublished(): boolean;
  /** Has the store publish it; what went wrong, if anything. */
  publish(): Promise<Problem | null>;
}

/** Repeated when declarations changed while a visit was under way; then it is left to the next one. */
const TRIES_MAX = 3;

export function createFleetEngine(options: FleetEngineOptions): FleetEngine {
  const { source, clock, chance, signal, onEvent } = options;
  let turn = 0;
  const turns = () => ++turn;
  let known: Declarations | null = null;
  let refusal: Refusal = NOT_LOADED;
  let isRefused = true;
  let effects: Effects | null = null;
  let unpublished = false;

  function currentEffects(): Effects {
    if (!known) throw new Error('effects were asked for before anything was declared');
    effects ??= notingWrites(options.effectsFor(known.workspace.declaration), () => {
      unpublished = true;
    });
    return effects;
  }

  const views = createFleetViews({
    declarations: () => (known && !isRefused ? { ok: true, declarations: known } : { ok: false, refusal }),
    effects: currentEffects,
    bindingRequired: options.bindingRequired,
    signal,
    clock,
    chance,
    turns,
    onEvent,
  });
  const memory = createFleetMemory();
  const observations = createObservations(clock);
  const webhooks = createWebhookMemory();
  const judge = createJudge({
    views,
    memory,
    webhooks: async (view) => webhooks.of(view) ?? webhooks.remember(view, await observeWebhooks(view.pass())),
    observe: (view, customer) => observations.forGuards(view, customer),
    concurrency: options.concurrency,
    approved: options.approved,
    clock,
    signal,
    onJudged: ({ problems, usedApprovals }) => onEvent({ kind: 'guards-judged', problems, usedApprovals }),
  });
  const customers = createCustomerVisits({ views, memory, observations, judge, clock, turns });

  async function publish(): Promise<Problem | null> {
    if (!known || !unpublished) return null;
    unpublished = false;
    const problem = await commitStatuses({ effects: currentEffects(), workspace: known.workspace });
    if (problem) unpublished = true;
    // What others publish is looked at once by each set of stores: from here on by another.
    effects = null;
    return problem;
  }

  return {
    async load() {
      const loaded = await lookAtFiles(source, known, turns);
      isRefused = !loaded.ok;
      if (!loaded.ok) {
        ({ refusal } = loaded);
        return loaded;
      }
      if (loaded.workspaceChanged) {
        await publish();
        effects = null;
      }
      known = loaded.declarations;
      for (const externalId of loaded.gone) memory.forget(externalId);
      if (loaded.workspaceChanged) views.reopen();
      return loaded;
    },
    declarations: () => (isRefused ? null : known),
    async visitCustomer(externalId, { full }) {
      for (let attempt = 1; ; attempt += 1) {
        const visit = await customers.visit(externalId, { full, isLastTry: attempt >= TRIES_MAX });
        if (visit !== 'outdated') return visit;
      }
    },
    async visitWebhooks() {
      for (;;) {
        const viewed = await views.current();
        if (!viewed.ok) return { kind: 'unavailable', ...viewed };
        const { view } = viewed;
        const observed = webhooks.remember(view, await observeWebhooks(view.pass()));
        const planned = webhookSteps(observed);
        const judged = planned.length === 0 ? null : await judge.judge(FLEET, planned);
        if (judged && !judged.ok && judged.why === 'unavailable') return { kind: 'unavailable', ...judged.viewed };
        if (judged && !judged.ok) continue;
        const ready = judged ? withSteps(observed, judged.steps) : observed;
        const applied = await judge.carryingOut(() => applyWebhooks(view.pass(), ready));
        webhooks.rememberApplied(view, observed, applied.steps);
        return {
          kind: 'webhooks',
          steps: applied.steps,
          problems: [...observed.problems, ...applied.problems],
          approvalHash: approvalHash({ externalId: FLEET, steps: applied.steps }, currentEffects().hash),
        };
      }
    },
    refresh() {
      views.expire();
      effects = null;
    },
    reopen: () => views.reopen(),
    hasUnpublished: () => unpublished,
    publish,
  };
}

const NOT_LOADED: Refusal = {
  kind: 'cannot-run',
  code: 'NotLoaded',
  message: 'The declarations have not been read yet.',
  next: null,
  requestId: null,
  problems: [],
};

/** The same effects, telling of every write of status. */
function notingWrites(effects: Effects, onWrite: () => void): Effects {
  const { statuses } = effects;
  return {
    ...effects,
    statuses: {
      ...statuses,
      write(target, status) {
        onWrite();
        return statuses.write(target, status);
      },
    },
  };
}

/** The fleet's endpoints as they were last observed, for the guards, and for one reconcile.yaml only. */
function createWebhookMemory() {
  let seen: { readonly hash: string; readonly turn: number; readonly observed: ObservedWebhooks } | null = null;
  const keep = ({ declarations, turn }: FleetView, observed: ObservedWebhooks) => {
    seen = { hash: declarations.workspace.hash, turn, observed };
    return observed;
  };
  return {
    of: ({ declarations, turn }: FleetView): ObservedWebhooks | null =>
      seen?.hash === declarations.workspace.hash && seen.turn === turn ? seen.observed : null,
    remember: keep,
    /** Takes out of the count what was carried out. */
    rememberApplied(view: FleetView, observed: ObservedWebhooks, steps: readonly StepReport[]): void {
      const outcomes = [...steps];
      const webhooks = observed.webhooks.map((webhook) => {
        const left: Step | null = webhook.step && outcomes.shift()?.outcome !== 'done' ? webhook.step : null;
        return { ...webhook, step: left };
      });
      keep(view, { ...observed, webhooks });
    },
  };
}

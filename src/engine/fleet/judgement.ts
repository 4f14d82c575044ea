import pLimit from 'p-limit';
import { FLEET } from '../../core/guard.ts';
import type { CustomerPlan, Step } from '../../core/plan.ts';
import type { SourcedCustomer } from '../../core/source.ts';
import type { Clock } from '../../effects/clock.ts';
import { type CountedCustomer, type GuardedFleet, guardFleet, webhookSteps } from '../guarding.ts';
import type { ObservedCustomer } from '../observe.ts';
import type { ObservedWebhooks } from '../webhooks.ts';
import { type FleetMemory, isSameWork } from './memory.ts';
import type { FleetView, FleetViews, Unavailable } from './view.ts';

/** What the guards say to the fleet as it is known at one moment. */
interface Judgement {
  readonly workspaceHash: string;
  readonly revision: number;
  readonly madeAtMs: number;
  /** The listing that it rests on, by its turn. */
  readonly turn: number;
  /** By externalId; those of webhooks are FLEET's. */
  readonly work: ReadonlyMap<string, JudgedWork>;
}

interface JudgedWork {
  readonly planned: readonly Step[];
  /** The same steps with the guards that hold them back. */
  readonly steps: readonly Step[];
  /** Problems that an approval has settled, by code. */
  readonly settled: ReadonlySet<string>;
}

export type Judged =
  | (JudgedWork & { readonly ok: true; readonly view: FleetView })
  /** The plan is not of the present declarations any more. */
  | { readonly ok: false; readonly why: 'outdated' }
  | { readonly ok: false; readonly why: 'unavailable'; readonly viewed: Unavailable };

export interface JudgeOptions {
  readonly views: FleetViews;
  readonly memory: FleetMemory;
  readonly webhooks: (view: FleetView) => Promise<ObservedWebhooks>;
  readonly observe: (view: FleetView, customer: SourcedCustomer) => Promise<ObservedCustomer>;
  readonly concurrency: number;
  readonly approved: readonly string[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onJudged: (guards: Pick<GuardedFleet, 'problems' | 'usedApprovals'>) => void;
}

export interface Judge {
  /** Steps with the guards that hold them back. Of a customer they must have been remembered before; webhooks are FLEET's. */
  judge(externalId: string, planned: readonly Step[]): Promise<Judged>;
  /** Carries something out. What is under way is neither waiting nor done, which a judgement has to know. */
  carryingOut<T>(work: () => Promise<T>): Promise<T>;
}

/** The wallet is asked again at least so often while there is money to move. */
const JUDGEMENT_LIFE_MS = 60_000;

/** How often what is held back waits for what is under way, before it is believed. */
const ROUNDS_MAX = 3;

/**
 * Guards count the whole fleet as loaded, never a single visit (I8): no step of anybody runs before every customer has
 * been observed from its present declaration, or is covered by its recorded status. What was observed is remembered, so
 * that this costs requests only once, when a process begins.
 */
export function createJudge(options: JudgeOptions): Judge {
  const { views, memory, clock } = options;
  const limit = pLimit(options.concurrency);
  const underWay = new Set<Promise<unknown>>();
  const approved = new Set(options.approved);
  let judgement: Judgement | null = null;
  let judging: Promise<Judgement> | null = null;

  async function everybody(view: FleetView): Promise<readonly CountedCustomer[]> {
    const { customers } = view.declarations.fleet;
    const missing = customers.filter((customer) => !memory.standsFor(customer, view));
    await limit.map(missing, async (customer) => memory.remember(await options.observe(view, customer), view));
    return customers.flatMap(({ declaration: { externalId } }) => memory.countedOf(externalId) ?? []);
  }

  async function makeJudgement(view: FleetView): Promise<Judgement> {
    const webhooks = await options.webhooks(view);
    const counted = await everybody(view);
    const revision = memory.revision();
    const { workspace } = view.declarations;
    const guarded = await guardFleet(view.pass(), counted, webhooks, {
      approved: [...approved],
      isSelected: () => true,
    });
    const work = counted.map(({ plan }, index) => [plan.externalId, judgedWork(plan, guarded.plans[index])] as const);
    // Judged again while the plan is carried out, its hash would name nothing any more.
    for (const part of guarded.approvedParts) approved.add(part);
    options.onJudged(guarded);
    const ofFleet = {
      planned: webhookSteps(webhooks),
      steps: webhookSteps(guarded.webhooks),
      settled: NOTHING_SETTLED,
    };
    return {
      workspaceHash: workspace.hash,
      revision,
      madeAtMs: clock.monotonic(),
      turn: view.turn,
      work: new Map([...work, [FLEET, ofFleet]]),
    };
  }

  /** A judgement that counted everything which waits now; one for everybody who asks at the same time. */
  async function judgementFor(view: FleetView, isFit: (judgement: Judgement) => boolean): Promise<Judgement> {
    for (;;) {
      const shared = judging;
      if (shared) await shared;
      if (judgement && isOfNow(judgement, view) && isFit(judgement)) return judgement;
      if (judging) continue;
      judging = makeJudgement(view).finally(() => {
        judging = null;
      });
      judgement = await judging;
      return judgement;
    }
  }

  function isOfNow({ madeAtMs, workspaceHash, revision, turn, work }: Judgement, view: FleetView): boolean {
    const { workspace, fleet } = view.declarations;
    const isYoung = clock.monotonic() - madeAtMs < JUDGEMENT_LIFE_MS;
    if (!isYoung || turn !== view.turn) return false;
    if (workspaceHash !== workspace.hash || revision !== memory.revision()) return false;
    return fleet.customers.every((customer) => {
      return work.has(customer.declaration.externalId) && memory.standsFor(customer, view);
    });
  }

  /**
   * Asks for a judgement until it lets the steps through or is sure. While others are at work their steps may be counted
   * twice, as waiting and as gone from the wallet: that holds back too much, never too little, so it is asked again when
   * they are done.
   */
  async function settled<T>(ask: () => Promise<T>, isHeldBack: (answer: T) => boolean): Promise<T> {
    for (let round = 0; ; round += 1) {
      const others = [...underWay];
      const answer = await ask();
      if (!isHeldBack(answer) || others.length === 0 || round === ROUNDS_MAX || options.signal.aborted) return answer;
      await Promise.allSettled(others);
      judgement = null;
    }
  }

  return {
    judge: (externalId, planned) =>
      settled<Judged>(
        async () => {
          const viewed = await views.current();
          if (!viewed.ok) return { ok: false, why: 'unavailable', viewed };
          const plannedIn = ({ work }: Judgement) => work.get(externalId)?.planned;
          const made = await judgementFor(viewed.view, (one) => isSameWork(plannedIn(one), planned));
          const found = made.work.get(externalId);
          if (!found || !isSameWork(found.planned, planned)) return { ok: false, why: 'outdated' };
          return { ok: true, ...found, view: viewed.view };
        },
        (judged) => judged.ok && judged.steps.some(({ blockedBy }) => blockedBy !== null),
      ),
    async carryingOut(work) {
      const promise = work();
      underWay.add(promise);
      try {
        return await promise;
      } finally {
        underWay.delete(promise);
      }
    },
  };
}

const NOTHING_SETTLED: ReadonlySet<string> = new Set();

function judgedWork(plan: CustomerPlan, judged: CustomerPlan | undefined): JudgedWork {
  const left = new Set(judged?.problems.map(({ code }) => code));
  const settled = plan.problems.flatMap(({ code }) => (left.has(code) ? [] : [code]));
  return { planned: plan.steps, steps: judged?.steps ?? [], settled: new Set(settled) };
}

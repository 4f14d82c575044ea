import { FLEET } from '../core/guard.ts';
import { approvalHash, blockedWork, planText, readPlanText, type StepIdentity } from '../core/plan-hash.ts';
import type { StepReport } from '../core/report.ts';
import { type DaemonEvent, type Item, type Observer, WEBHOOKS } from '../daemon/observer.ts';
import { sha256 } from '../effects/chance.ts';
import type { ReviewedPlans } from '../effects/reviewed-plans.ts';
import type { CommandContext } from './context.ts';
import { stepName } from './render/step.ts';

export interface FollowedApprovals {
  /** As given at the start; those in reconcile.yaml may stay there for ever. */
  readonly given: readonly string[];
  /** Null where nothing may be remembered. */
  readonly reviewed: ReviewedPlans | null;
  readonly log: Pick<CommandContext['log'], 'warn'>;
}

/**
 * Approvals over the life of a daemon. What it prints a hash of is remembered, so that somebody who gives that hash later
 * can be told what has changed; and of a hash that it was given and that let nothing through it tells once, when everybody
 * has been looked at.
 */
export function followApprovals({ given, reviewed, log }: FollowedApprovals): Observer {
  const held = new Map<Item, Held>();
  const used = new Set<string>();
  const seen = new Set<Item>();
  const remembered = new Set<string>();
  let inThisRound = 0;
  let customers = Number.POSITIVE_INFINITY;
  let isTold = given.length === 0;

  function note(item: Item, externalId: string, steps: readonly StepReport[]): void {
    seen.add(item);
    const work = blockedWork({ externalId, steps });
    const approval = approvalHash(work, sha256);
    if (approval === null) return void held.delete(item);
    held.set(item, { approval, steps: work.steps.map((step) => ({ customer: externalId, ...step })) });
    const text = planText([work]);
    if (text === null || remembered.has(approval) || inThisRound >= REMEMBERED_MAX) return;
    remembered.add(approval);
    inThisRound += 1;
    reviewed?.remember([text]);
  }

  function tell(): void {
    isTold = true;
    for (const approval of given.filter((hash) => !used.has(hash))) {
      const text = reviewed?.recall(approval) ?? null;
      const steps = text === null ? null : readPlanText(text);
      const heldBack = [...held.values()].slice(0, TOLD_MAX);
      log.warn(
        {
          approval,
          approved: steps?.slice(0, TOLD_MAX).map(inWords) ?? 'not known in this workspace',
          heldBack: heldBack.map((one) => ({ approval: one.approval, steps: one.steps.map(inWords) })),
          next:
            heldBack.length === 0
              ? 'Nothing is held back now: leave the approval out at the next start.'
              : 'Review what is held back, and approve its hash.',
        },
        'an approval fits nothing that is planned now',
      );
    }
  }

  return (event: DaemonEvent): void => {
    if (event.kind === 'declarations-loaded') ({ customers } = event);
    if (event.kind === 'guards-judged') for (const hash of event.usedApprovals) used.add(hash);
    if (event.kind === 'resync-ended') inThisRound = 0;
    if (event.kind !== 'item-ended') return;
    if (event.visit?.kind === 'customer') note(event.item, event.item, event.visit.report.steps);
    if (event.visit?.kind === 'webhooks') note(WEBHOOKS, FLEET, event.visit.steps);
    if (!isTold && seen.size > customers) tell();
  };
}

interface Held {
  readonly approval: string;
  readonly steps: readonly StepIdentity[];
}

/** As many as are kept; more between two rounds would only push out each other. */
const REMEMBERED_MAX = 100;

/** Of each list: a log line is read by people and by machines that cut it off. */
const TOLD_MAX = 20;

function inWords(step: StepIdentity): string {
  const owner = step.customer === FLEET ? 'the fleet' : step.customer;
  const changes = Object.entries(step.after ?? {}).map(
    ([field, value]) => `${field} ${JSON.stringify(step.before?.[field] ?? null)} → ${JSON.stringify(value)}`,
  );
  return `${owner}: ${[stepName(step), ...changes].join(', ')}`;
}

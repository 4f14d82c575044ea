import type { GuardsDeclaration } from './declaration/workspace.ts';
import { type GuardFacts, rules, type Verdict } from './guard-rules.ts';
import { blockedWebhooks, judgeWebhook, type WebhookStep } from './guard-webhooks.ts';
import type { Notices } from './notice.ts';
import type { CustomerPlan, Step } from './plan.ts';
import { approvalHash, planHash, type TextHash } from './plan-hash.ts';
import type { Problem } from './problem.ts';
import { ARCHIVE_WAITING } from './resources/state.ts';

export interface Guarded {
  /** The same plans; steps that may not run carry the guard's name. */
  readonly plans: readonly CustomerPlan[];
  /** In the order in which they came. */
  readonly webhookSteps: readonly Step[];
  /** One per guard that forbids anything, with its numbers and what to change. */
  readonly problems: readonly Problem[];
  /** Approvals of this run that name nothing, while something is still blocked: the plan has changed since. */
  readonly staleApprovals: readonly string[];
  /** Approvals of this run that let something through. */
  readonly usedApprovals: readonly string[];
  /** What an approval of the whole plan let through, as that of each owner: the plan itself gets shorter while it runs. */
  readonly approvedParts: readonly string[];
}

/**
 * Judges the plans of the whole fleet and the steps of its webhooks; what an approval names runs in spite of a guard, all
 * but `freeze`. A hash names the blocked steps of one customer, those of the webhooks, or all of the plan.
 */
export function guard(
  plans: readonly CustomerPlan[],
  webhooks: readonly WebhookStep[],
  guards: GuardsDeclaration,
  facts: GuardFacts,
  hash: TextHash,
  notices: Notices,
): Guarded {
  const approvals = new Set([...guards.approved, ...facts.approved]);
  const verdicts = rules.flatMap((rule) => rule(plans, guards, facts) ?? []);
  const judged = plans.map((plan) => ({ ...plan, steps: plan.steps.map((step) => judge(step, plan, verdicts)) }));
  const fleet = fleetPlan(webhooks.map((webhook) => judgeWebhook(webhook, guards)));
  const wholePlan = planHash([...plans.filter(({ externalId }) => facts.isSelected(externalId)), fleet], hash);
  const approvable = new Set(wholePlan === null ? [] : [wholePlan]);
  const used = new Set<string>();
  const parts = new Set<string>();
  const released = (plan: CustomerPlan): CustomerPlan => {
    const approval = approvalHash(plan, hash);
    if (approval !== null) approvable.add(approval);
    const isNamed = approval !== null && approvals.has(approval);
    const isPartOfPlan = plan.externalId === FLEET || facts.isSelected(plan.externalId);
    const isPlanNamed = isPartOfPlan && wholePlan !== null && approvals.has(wholePlan);
    if (!isNamed && !isPlanNamed) return plan;
    if (approval !== null) used.add(isNamed ? approval : (wholePlan ?? ''));
    if (approval !== null && isPlanNamed) parts.add(approval);
    return releasePlan(plan);
  };
  const customers = judged.map(released);
  const webhookSteps = released(fleet).steps;
  const blocking = new Set(
    [...customers, { steps: webhookSteps }].flatMap(({ steps }) => steps.flatMap(({ blockedBy }) => blockedBy ?? [])),
  );
  return {
    plans: customers,
    webhookSteps,
    problems: [
      ...verdicts.filter(({ guard: name }) => blocking.has(name)).map((verdict) => toProblem(verdict, guards, notices)),
      ...blockedWebhooks(webhooks, webhookSteps, notices),
    ],
    staleApprovals: blocking.size === 0 ? [] : facts.approved.filter((approval) => !approvable.has(approval)),
    usedApprovals: facts.approved.filter((approval) => used.has(approval)),
    approvedParts: [...parts],
  };
}

/** Stands for the identity of a customer in the hashes of what concerns all of them. */
export const FLEET = '';

function fleetPlan(steps: readonly Step[]): CustomerPlan {
  return { externalId: FLEET, file: '', organizationId: null, steps, problems: [] };
}

/** An archive that somebody approves waits for nothing any more. */
function releasePlan(plan: CustomerPlan): CustomerPlan {
  const steps = plan.steps.map(release);
  if (steps.some(({ blockedBy }) => blockedBy !== null)) return { ...plan, steps };
  return { ...plan, steps, problems: plan.problems.filter(({ code }) => code !== ARCHIVE_WAITING) };
}

/** What holds a step back, for people: a guard by its member of reconcile.yaml, anything else by its own name. */
export function blockerName(blockedBy: string): string {
  return /^[a-z]\w*$/.test(blockedBy) ? `guards.${blockedBy}` : blockedBy;
}

function judge(step: Step, plan: CustomerPlan, verdicts: readonly Verdict[]): Step {
  const verdict = verdicts.find(({ forbids }) => forbids(step, plan));
  return verdict ? { ...step, blockedBy: verdict.guard } : step;
}

function release(step: Step): Step {
  return step.blockedBy === 'freeze' ? step : { ...step, blockedBy: null };
}

function toProblem(verdict: Verdict, guards: GuardsDeclaration, notices: Notices): Problem {
  const next =
    verdict.guard === 'freeze'
      ? 'Reads go on. To write again, set `guards.freeze: false`.'
      : `To allow it once, approve the printed hash; to allow it always, change \`guards.${verdict.guard}: ${JSON.stringify(guards[verdict.guard])}\` in reconcile.yaml.`;
  return notices.problem(`/guards/${verdict.guard}`, 'warning', 'GuardBlocked', verdict.message, { next });
}

import type { CreditConfig } from './api.ts';
import { isAllowedWebhookHost, webhookHost } from './declaration/webhook-url.ts';
import type { GuardsDeclaration, WebhookDeclaration } from './declaration/workspace.ts';
import { formatCredits } from './money.ts';
import type { Notices } from './notice.ts';
import type { CustomerPlan, Fields, Step } from './plan.ts';
import { approvalHash, planHash, type TextHash } from './plan-hash.ts';
import type { Problem } from './problem.ts';
import { limitsAfter } from './resources/credit-config.ts';
import { ARCHIVE_WAITING } from './resources/state.ts';

/** What guards are judged by, besides the plans. */
export interface GuardFacts {
  /** The parent's prepaid balance, in credits; null when it was not read because no credits are planned. */
  readonly parentPrepaid: number | null;
  /** Marked grants since 00:00 UTC by the parent's ledger, so that a restart does not reset the day (I8). */
  readonly grantedToday: number;
  /** The limits as they are, by externalId; none for a customer without an organization. */
  readonly limitsOf: (externalId: string) => CreditConfig;
  /** Approval hashes given for this run, beside those in reconcile.yaml. */
  readonly approved: readonly string[];
  /** Whom the run carries out, and the plan's hash names. Guards count the others as well. */
  readonly isSelected: (externalId: string) => boolean;
}

/** A step of one of the fleet's endpoints. */
export interface WebhookStep {
  readonly declared: WebhookDeclaration;
  /** Where it is declared, as a pointer into reconcile.yaml. */
  readonly pointer: string;
  readonly step: Step;
}

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
 * A rule looks at the plans of the whole fleet as loaded and says which steps it forbids. Above a limit none of them
 * runs, never the first few (design 7, I8).
 */
interface Verdict {
  readonly guard: keyof GuardsDeclaration;
  readonly forbids: (step: Step, plan: CustomerPlan) => boolean;
  readonly message: string;
}

type Rule = (plans: readonly CustomerPlan[], guards: GuardsDeclaration, facts: GuardFacts) => Verdict | null;

const movesCredits = (step: Step) => step.credits > 0;
const createsCustomer = (step: Step) => step.action === 'create' && step.resource === 'organization';

const rules: readonly Rule[] = [
  function freeze(_plans, guards) {
    if (!guards.freeze) return null;
    return { guard: 'freeze', forbids: () => true, message: 'All writes are frozen.' };
  },
  function minParentBalance(plans, guards, facts) {
    const { minParentBalance: floor } = guards;
    const out = creditsOut(plans);
    if (floor === undefined || facts.parentPrepaid === null || out === 0 || facts.parentPrepaid - out >= floor)
      return null;
    return {
      guard: 'minParentBalance',
      forbids: movesCredits,
      message: `The parent wallet would fall from ${formatCredits(facts.parentPrepaid)} to ${formatSigned(facts.parentPrepaid - out)} credits, below the floor of ${formatCredits(floor)}.`,
    };
  },
  function maxGrantPerCustomer(plans, guards) {
    const limit = guards.maxGrantPerCustomer;
    if (limit === undefined) return null;
    const above = plans.filter((plan) => creditsOut([plan]) > limit);
    if (above.length === 0) return null;
    const names = new Set(above.map(({ externalId }) => externalId));
    const amounts = above.map((plan) => `${formatCredits(creditsOut([plan]))} for ${plan.externalId}`).toSorted();
    return {
      guard: 'maxGrantPerCustomer',
      forbids: (step, plan) => movesCredits(step) && names.has(plan.externalId),
      message: `More credits wait than the limit of ${formatCredits(limit)} for one customer: ${amounts.join(', ')}.`,
    };
  },
  function maxGrant(plans, guards) {
    const out = creditsOut(plans);
    if (guards.maxGrant === undefined || out <= guards.maxGrant) return null;
    return {
      guard: 'maxGrant',
      forbids: movesCredits,
      message: `${formatCredits(out)} credits wait to be granted, above the limit of ${formatCredits(guards.maxGrant)} at once.`,
    };
  },
  function maxGrantPerDay(plans, guards, facts) {
    const out = creditsOut(plans);
    if (guards.maxGrantPerDay === undefined || out === 0 || facts.grantedToday + out <= guards.maxGrantPerDay)
      return null;
    return {
      guard: 'maxGrantPerDay',
      forbids: movesCredits,
      message: `${formatCredits(facts.grantedToday)} credits were granted since 00:00 UTC and ${formatCredits(out)} more wait, above the limit of ${formatCredits(guards.maxGrantPerDay)} a day.`,
    };
  },
  function maxNewCustomers(plans, guards) {
    const count = plans.filter(({ steps }) => steps.some(createsCustomer)).length;
    if (guards.maxNewCustomers === undefined || count <= guards.maxNewCustomers) return null;
    return {
      guard: 'maxNewCustomers',
      // Nothing else of a new customer can run without its organization.
      forbids: (_step, plan) => plan.steps.some(createsCustomer),
      message: `${waiting(count, 'new customer')}, above the limit of ${guards.maxNewCustomers} at once.`,
    };
  },
  function maxArchives(plans, guards) {
    const count = plans.filter(({ steps }) => steps.some(({ action }) => action === 'archive')).length;
    if (count <= guards.maxArchives) return null;
    return {
      guard: 'maxArchives',
      // An archive that is blocked does not suspend either (design 7).
      forbids: (step, plan) =>
        (step.action === 'archive' || step.action === 'suspend') &&
        plan.steps.some(({ action }) => action === 'archive'),
      message: `${waiting(count, 'customer')} to be archived, above the limit of ${guards.maxArchives} at once.`,
    };
  },
  function maxKeyRevocations(plans, guards) {
    const count = plans.flatMap(({ steps }) => steps).filter(({ action }) => action === 'revoke').length;
    if (count <= guards.maxKeyRevocations) return null;
    return {
      guard: 'maxKeyRevocations',
      forbids: ({ action }) => action === 'revoke',
      message: `${waiting(count, 'key')} to be revoked, above the limit of ${guards.maxKeyRevocations} at once.`,
    };
  },
  function requireCapWithRefill(plans, guards, facts) {
    if (!guards.requireCapWithRefill) return null;
    const uncapped = plans.filter((plan) => refillsWithoutCap(plan, facts.limitsOf(plan.externalId)));
    if (uncapped.length === 0) return null;
    const names = uncapped.map(({ externalId }) => externalId).toSorted();
    return {
      guard: 'requireCapWithRefill',
      forbids: (step, plan) => names.includes(plan.externalId) && (enablesRefill(step) || removesCap(step)),
      message: `A refill without a monthly cap has no upper bound: ${names.join(', ')}. Declare \`cap\` beside \`refill\`.`,
    };
  },
];

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

function isOnly(fields: Fields | null, field: string): boolean {
  return Object.keys(fields ?? {}).join() === field;
}

/**
 * A URL decides where every customer's events go, so what is done to an endpoint with a foreign one is held back, all but
 * what ends or pauses the sending.
 */
function judgeWebhook({ declared, step }: WebhookStep, guards: GuardsDeclaration): Step {
  if (guards.freeze) return { ...step, blockedBy: 'freeze' };
  const allowed = guards.allowedWebhookHosts;
  const isAllowed = allowed === undefined || isAllowedWebhookHost(declared.url, allowed);
  const sendsLess = step.action === 'remove' || (isOnly(step.after, 'state') && step.after?.['state'] === 'paused');
  return isAllowed || sendsLess ? step : { ...step, blockedBy: 'allowedWebhookHosts' };
}

function blockedWebhooks(webhooks: readonly WebhookStep[], judged: readonly Step[], notices: Notices): Problem[] {
  return webhooks
    .filter((_, index) => judged[index]?.blockedBy === 'allowedWebhookHosts')
    .map(({ declared, pointer }) =>
      notices.problem(
        `${pointer}/url`,
        'warning',
        'GuardBlocked',
        `Webhook "${declared.name}" would send every customer's events to ${webhookHost(declared.url)}, which is not an allowed host.`,
        {
          next: 'To allow it once, approve the printed hash; to allow it always, add the host to `guards.allowedWebhookHosts`.',
        },
      ),
    );
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

function waiting(count: number, what: string): string {
  return count === 1 ? `1 ${what} waits` : `${count} ${what}s wait`;
}

function creditsOut(plans: readonly CustomerPlan[]): number {
  return plans.flatMap(({ steps }) => steps).reduce((total, step) => total + step.credits, 0);
}

function enablesRefill(step: Step): boolean {
  return step.resource === 'credit-config' && (step.after?.['refill'] ?? null) !== null;
}

function removesCap(step: Step): boolean {
  return step.resource === 'credit-config' && step.after?.['cap'] === null;
}

/** True when the plan would leave a refill on without a cap (I10). What the plan does not touch is not judged. */
function refillsWithoutCap(plan: CustomerPlan, now: CreditConfig): boolean {
  const touched = plan.steps.filter((step) => enablesRefill(step) || removesCap(step));
  if (touched.length === 0) return false;
  const { cap, refill } = limitsAfter(now, plan.steps);
  return refill !== null && cap === null;
}

function formatSigned(credits: number): string {
  return credits < 0 ? `-${formatCredits(-credits)}` : formatCredits(credits);
}

import type { ApiKey } from '../core/api.ts';
import type { CustomerPlan, Step } from '../core/plan.ts';
import { adoptedCredits, baselineOf } from '../core/plan-customer.ts';
import type { Problem } from '../core/problem.ts';
import type { StepReport } from '../core/report.ts';
import { vetoOnAdoption } from '../core/resources/adoption.ts';
import { isDead } from '../core/resources/api-key-facts.ts';
import { recordedGrants } from '../core/resources/credits.ts';
import { vetoOnOrganization } from '../core/resources/organization.ts';
import { suspendedMeanwhile } from '../core/resources/state.ts';
import { changedMeanwhile } from '../core/verification.ts';
import { isStopped, type Pass, type SharedReads } from './context.ts';
import { type CustomerRun, keySlot, notStarted, type StepResult } from './customer-run.ts';
import { problemOf } from './failure.ts';
import { rememberKey, rememberRevoked } from './key-memory.ts';
import type { ObservedCustomer } from './observe.ts';
import { LOOK_LIFE_MS } from './reads.ts';
import { untilVisible } from './retrying.ts';
import { executeKeyStep } from './steps/api-key.ts';
import { executeLimits } from './steps/credit-config.ts';
import { executeGrant } from './steps/credits.ts';
import { executeAdoption, executeCreation, executeFieldChange } from './steps/organization.ts';
import { executeArchive, executeResume, executeSuspend } from './steps/state.ts';

export interface Applied {
  readonly run: CustomerRun;
  readonly steps: readonly StepReport[];
  /** Of the steps and of the verification; those of the plan are not repeated. */
  readonly problems: readonly Problem[];
}

/** Carries out one customer's plan, step by step in its order. What does not depend on a failed step goes on (design 3). */
export async function applyCustomer(
  pass: Pass,
  observed: ObservedCustomer,
  plan: CustomerPlan,
  shared: SharedReads,
): Promise<Applied> {
  const run = startRun(pass, observed);
  const steps: StepReport[] = [];
  const moved = await movedSince(run, observed, plan);
  const problems: Problem[] = moved ? [moved] : [];
  run.frozen = moved !== null;
  for (const group of groupLimits(plan.steps)) {
    const results = await runGroup(run, group, steps, shared);
    for (const [index, step] of group.entries()) {
      const result = results[index] ?? notStarted('not reached');
      steps.push({ ...step, outcome: step.blockedBy ? 'blocked' : result.outcome, detail: result.detail });
      if (result.problem && !problems.includes(result.problem)) problems.push(result.problem);
      pass.effects.progress({ kind: 'step-ended', customer: plan.externalId, step, outcome: result.outcome });
    }
  }
  await forgetDeadSecrets(run, observed);
  const verified = await verify(run, steps, [...plan.problems, ...problems]);
  if (verified) problems.push(verified);
  return { run, steps, problems };
}

/** What has become of the organization since it was observed: somebody may have suspended it meanwhile (I5, I9). */
async function movedSince(
  run: CustomerRun,
  { observation, observedAtMs, identification }: ObservedCustomer,
  plan: CustomerPlan,
): Promise<Problem | null> {
  const { pass, customer, notices } = run;
  const { reader, clock } = pass.effects;
  const isIdle = plan.steps.every(({ blockedBy }) => blockedBy !== null);
  if (!observation || isIdle || clock.monotonic() - observedAtMs <= LOOK_LIFE_MS) return null;
  const { id, status } = observation.organization;
  const answer = await reader.getOrganization(id);
  if (answer.outcome !== 'ok') return problemOf(answer, 'Reading the organization', '/externalId', notices);
  run.organization = answer.value;
  const vetoOn = identification.kind === 'adoptable' ? vetoOnAdoption : vetoOnOrganization;
  const veto = vetoOn(customer, answer.value, pass.parentOrganizationId, notices);
  if (veto || answer.value.status === status) return veto;
  return notices.problem(
    '/state',
    'held',
    'StaleRead',
    `Organization ${id} was ${status} when this was planned, and is ${answer.value.status} now. Nothing is written from the old plan.`,
    { next: 'Nothing to do: the next pass looks again.' },
  );
}

/** A customer as it was observed, ready for steps. */
export function startRun(pass: Pass, observed: ObservedCustomer): CustomerRun {
  const { customer, notices, status, observation } = observed;
  const ledger = observation?.ledger?.view;
  const recordedSlots = observation ? (recordedGrants(status, observation.organization.id)?.slots ?? 0) : 0;
  const run: CustomerRun = {
    pass,
    customer,
    notices,
    status,
    organizationId: observation?.organization.id ?? null,
    isOurs: observed.identification.kind !== 'adoptable',
    organizationCreatedAt: observation?.organization.createdAt ?? null,
    baseline: observation ? baselineOf(customer, observation.organization) : 0,
    adopted: observation ? adoptedCredits(customer, observation.organization) : null,
    annotationsSeen: observation?.ledger?.annotationsSeen ?? false,
    organization: observation?.organization ?? null,
    // A read that shows fewer grants than are recorded was stale: it must not lower the mark that says so (A3).
    credits:
      ledger?.state === 'intact' && ledger.slots >= recordedSlots
        ? { slots: ledger.slots, granted: ledger.granted }
        : null,
    creditsSettled: observed.planned.steps.every(({ resource }) => resource !== 'credits'),
    keys: new Map(),
    frozen: false,
  };
  for (const key of keysInPlace(observed)) rememberKey(run, key, observation?.keys?.listed ?? []);
  for (const key of observation?.keys?.listed ?? []) if (key.status === 'revoked') rememberRevoked(run, key);
  return run;
}

/** Declared keys that were listed and whose secret the store holds: what the status may name (I11). */
function keysInPlace({ customer, observation }: ObservedCustomer): ApiKey[] {
  const listed = observation?.keys?.listed ?? [];
  return customer.declaration.keys.flatMap(({ name, state }) => {
    const place = observation?.stored.get(name);
    const key = listed.find(({ id }) => place?.kind === 'holds' && id === place.record.id);
    return key && state === 'active' ? [key] : [];
  });
}

/** The secret of a replaced key is kept until that key is dead, and then no longer (design 6). */
async function forgetDeadSecrets(run: CustomerRun, { customer, observation }: ObservedCustomer): Promise<void> {
  const { secrets, journal, clock } = run.pass.effects;
  if (!observation?.keys) return;
  const { listed } = observation.keys;
  for (const { name } of customer.declaration.keys) {
    const slot = keySlot(run, name);
    const previous = await secrets.readPrevious(slot);
    if (!previous.ok || !previous.value) continue;
    const { id } = previous.value;
    const key = listed.find((candidate) => candidate.id === id);
    // A key that the list lacks may only be missing from the list.
    if (!key || !isDead(key, observation.keys.serverNowMs)) continue;
    const removed = await secrets.removePrevious(slot);
    const { externalId } = customer.declaration;
    if (removed.ok)
      journal.append({
        at: new Date(clock.now()).toISOString(),
        event: 'forgot-secret',
        customer: externalId,
        name,
        keyId: id,
      });
  }
}

/** Cap and refill stand beside each other in a plan and travel together. */
function groupLimits(steps: readonly Step[]): Step[][] {
  const groups: Step[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (step.resource === 'credit-config' && last?.[0]?.resource === 'credit-config') last.push(step);
    else groups.push([step]);
  }
  return groups;
}

async function runGroup(
  run: CustomerRun,
  group: readonly Step[],
  before: readonly StepReport[],
  shared: SharedReads,
): Promise<StepResult[]> {
  const holding = group.map((step) => (step.blockedBy ? notStarted(step.blockedBy) : unmetNeed(run, step, before)));
  const ready = group.filter((_, index) => holding[index] === null);
  const [first] = ready;
  if (!first) return holding.map((result) => result ?? notStarted('not reached'));
  const { externalId } = run.customer.declaration;
  for (const step of ready) run.pass.effects.progress({ kind: 'step-started', customer: externalId, step });
  const result = await execute(run, first, ready, shared);
  return holding.map((held) => held ?? result);
}

function execute(run: CustomerRun, step: Step, group: readonly Step[], shared: SharedReads): Promise<StepResult> {
  switch (step.resource) {
    case 'organization':
      return executeOrganizationStep(run, step, shared);
    case 'credits':
      return executeGrant(run, step);
    case 'credit-config':
      return executeLimits(run, group);
    case 'api-key':
      return executeKeyStep(run, step);
    case 'webhook':
      throw new Error('a webhook stands in the plan of a customer');
  }
}

function executeOrganizationStep(run: CustomerRun, step: Step, shared: SharedReads): Promise<StepResult> {
  const { action } = step;
  if (action === 'create') return executeCreation(run, shared);
  if (action === 'adopt') return executeAdoption(run);
  if (action === 'suspend') return executeSuspend(run);
  if (action === 'resume') return executeResume(run);
  if (action === 'archive') return executeArchive(run, step);
  return executeFieldChange(run, step);
}

/** What a step has to wait for (design 3): the reason it is not started, or null. */
function unmetNeed(run: CustomerRun, step: Step, before: readonly StepReport[]): StepResult | null {
  if (isStopped(run.pass)) return notStarted(run.pass.stoppedBy ? 'the run was stopped' : 'the run was interrupted');
  if (run.frozen) return notStarted('nothing more is written for this customer');
  if (run.organizationId === null && step.action !== 'create') return notStarted('needs the organization');
  const gate = before.find(({ action, outcome }) => GATES.has(action) && outcome !== 'done');
  if (gate) return notStarted(`needs the organization to be ${GATES.get(gate.action)}`);
  const enablesRefill = step.resource === 'credit-config' && (step.after?.['refill'] ?? null) !== null;
  if (enablesRefill && !run.creditsSettled) return notStarted('needs the declared credits to be granted');
  const capIsMissing = before.some(({ name, resource, outcome }) => {
    return resource === 'credit-config' && name === 'cap' && outcome !== 'done';
  });
  const makesKey = step.resource === 'api-key' && step.action !== 'revoke';
  if (makesKey && capIsMissing) return notStarted('needs the cap: no key works before it does');
  return null;
}

/** Steps without which nothing after them may run, with what they make of the organization. */
const GATES: ReadonlyMap<Step['action'], string> = new Map([
  ['adopt', 'adopted'],
  ['suspend', 'suspended'],
  ['resume', 'active'],
]);

/**
 * The organization as it is after everything was written, so that status says what is true (I11): read once more where no
 * read has followed the last write, and looked at like any other, because a write may have cost it its mark (I6).
 */
async function verify(
  run: CustomerRun,
  steps: readonly StepReport[],
  problems: readonly Problem[],
): Promise<Problem | null> {
  if (run.organizationId === null || steps.every(({ outcome }) => outcome !== 'done')) return null;
  if (!run.organization) {
    const { pass, organizationId } = run;
    const { externalId } = run.customer.declaration;
    const answer = await untilVisible(pass, externalId, () => pass.effects.reader.getOrganization(organizationId));
    if (answer.outcome !== 'ok') return problemOf(answer, 'Verifying the organization', '/externalId', run.notices);
    run.organization = answer.value;
  }
  if (steps.some(({ action, outcome }) => action === 'archive' && outcome === 'done')) return null;
  const { customer, organization, notices } = run;
  const veto =
    vetoOnOrganization(customer, organization, run.pass.parentOrganizationId, notices) ??
    suspendedMeanwhile(customer, organization, notices);
  const isUnsettled =
    steps.some(({ outcome }) => outcome !== 'done') || problems.some(({ severity }) => severity !== 'warning');
  if (veto || isUnsettled || customer.declaration.state !== 'active') return veto;
  return changedMeanwhile(customer, organization, notices);
}

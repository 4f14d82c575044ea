import type { Answer } from '../../core/answer.ts';
import type { ArchivedOrganization, OrganizationStatus } from '../../core/api.ts';
import { organizationMark } from '../../core/marker.ts';
import { formatCredits } from '../../core/money.ts';
import type { Step } from '../../core/plan.ts';
import type { Problem } from '../../core/problem.ts';
import { metadataPatch } from '../../core/resources/organization.ts';
import { archiveWaiting, reservedCredits } from '../../core/resources/state.ts';
import type { LayersWriter } from '../../effects/layers/client.ts';
import { writerOf } from '../context.ts';
import {
  type CustomerRun,
  declarationChanged,
  done,
  failed,
  notStarted,
  organizationIdOf,
  type StepResult,
} from '../customer-run.ts';
import { problemOf } from '../failure.ts';
import { journalled } from '../journalled.ts';
import { patchAndReadBack } from '../patch.ts';
import { byAnswer, retrying } from '../retrying.ts';

/** Marks, then suspends: a crash between the two leaves an active organization, which the next pass suspends (I5). */
export async function executeSuspend(run: CustomerRun): Promise<StepResult> {
  const changed = await declarationChanged(run);
  if (changed) return changed;
  const marked = await setMark(run, '1');
  if (marked.outcome !== 'done') return marked;
  return transition(run, 'suspend', 'suspended', (writer, id) => writer.suspendOrganization(id));
}

/** Resumes what carries our mark, then takes the mark off; one that is left over is taken off by the next pass. */
export async function executeResume(run: CustomerRun): Promise<StepResult> {
  const changed = await declarationChanged(run);
  if (changed) return changed;
  const fresh = await run.pass.effects.reader.getOrganization(organizationIdOf(run));
  if (fresh.outcome !== 'ok') return failed(problemOf(fresh, 'Reading the organization', '/state', run.notices));
  // Looked at once more, because a suspension by hand is never ended by us (I5).
  if (fresh.value.metadata[organizationMark.suspended] !== '1')
    return notStarted('the mark of the suspension is gone; the next pass looks again');
  const resumed = await transition(run, 'resume', 'active', (writer, id) => writer.resumeOrganization(id));
  return resumed.outcome === 'done' ? setMark(run, '') : resumed;
}

/** Ends a suspension by hand, because a person says so on the command line; there is no mark to take off. */
export function executeResumeByHand(run: CustomerRun): Promise<StepResult> {
  return transition(run, 'resume', 'active', (writer, id) => writer.resumeOrganization(id));
}

/** Archives, which is final: the keys die and the unreserved credits go back to the parent. */
export async function executeArchive(run: CustomerRun, step: Step): Promise<StepResult> {
  const changed = await declarationChanged(run);
  if (changed) return changed;
  const fresh = await run.pass.effects.reader.getOrganization(organizationIdOf(run));
  if (fresh.outcome !== 'ok') return failed(problemOf(fresh, 'Reading the organization', '/state', run.notices));
  // A read without the suspension is older than it, and what it shows as reserved may be too.
  if (fresh.value.status === 'active') return failed(suspensionNotVisible(run));
  const approved = step.after?.['losesReservedCredits'] === true;
  if (reservedCredits(fresh.value) > 0 && !approved)
    return notStarted('waits until no credits are reserved any more', archiveWaiting(run.notices, 'waiting'));
  let ended: string | null = null;
  const result = await transition(run, 'archive', 'archived', async (writer, id) => {
    const answer = await writer.archiveOrganization(id);
    if (answer.outcome === 'ok') ended ??= endedBy(answer.value);
    return answer;
  });
  return result.outcome === 'done' ? { ...result, detail: ended } : result;
}

function suspensionNotVisible({ notices }: CustomerRun): Problem {
  return notices.problem('/state', 'held', 'StaleRead', 'The suspension before the archive does not read back yet.', {
    next: 'Nothing to do: the next pass looks again, and archives then.',
  });
}

/** What really came back and died, where the answer arrived (organizations/archive-organization). */
function endedBy({ reclaimedCredits, revokedApiKeys }: ArchivedOrganization): string {
  const keys = revokedApiKeys === 1 ? '1 key was revoked' : `${revokedApiKeys} keys were revoked`;
  return `${formatCredits(reclaimedCredits)} credits came back, ${keys}`;
}

function setMark(run: CustomerRun, value: '1' | ''): Promise<StepResult> {
  const current = run.organization?.metadata ?? {};
  const metadata = metadataPatch(run.customer, current, { [organizationMark.suspended]: value });
  return patchAndReadBack(run, {
    step: 'mark-suspension',
    doing: 'Marking the organization',
    pointer: '/state',
    body: { metadata },
    send: (writer, organizationId, key) => writer.patchOrganization(organizationId, { metadata }, key),
    shows: (organization) => (organization.metadata[organizationMark.suspended] ?? '') === value,
  });
}

/** Idempotent by state (organizations/suspend, resume, archive-organization): in doubt it is looked at, then said again. */
function transition(
  run: CustomerRun,
  step: 'suspend' | 'resume' | 'archive',
  wanted: OrganizationStatus,
  send: (writer: LayersWriter, organizationId: string) => Promise<Answer<unknown>>,
): Promise<StepResult> {
  const { pass, customer, notices } = run;
  const { externalId } = customer.declaration;
  const { reader } = pass.effects;
  const writer = writerOf(pass);
  const organizationId = organizationIdOf(run);
  return retrying(pass, externalId, async () => {
    const answer = await journalled(
      pass,
      { step, customer: externalId, organizationId },
      () => send(writer, organizationId),
      () => ({}),
    );
    const read = await reader.getOrganization(organizationId);
    run.organization = read.outcome === 'ok' ? read.value : null;
    return run.organization?.status === wanted ? done() : byAnswer(answer, `To ${step} it`, '/state', notices);
  });
}

import type { Answer, Failure } from '../../core/answer.ts';
import type { Organization } from '../../core/api.ts';
import { counterpartiesOf, witnessOnParentLedger } from '../../core/ledger.ts';
import { isMarkedFor, organizationMark } from '../../core/marker.ts';
import type { Step } from '../../core/plan.ts';
import type { Problem } from '../../core/problem.ts';
import { adoptionMetadata, vetoOnAdoption } from '../../core/resources/adoption.ts';
import { endedBefore } from '../../core/resources/identification.ts';
import { creationMetadata, metadataPatch, organizationPatch } from '../../core/resources/organization.ts';
import { type SharedReads, writerOf } from '../context.ts';
import {
  type CustomerRun,
  declarationChanged,
  done,
  failed,
  organizationIdOf,
  type StepResult,
} from '../customer-run.ts';
import { problemOf, waitBeforeRetry } from '../failure.ts';
import { journalled } from '../journalled.ts';
import { patchAndReadBack } from '../patch.ts';
import { findOrganization } from '../reads.ts';

/**
 * Creates the customer's organization (correctness 2.4 "Create"; I2, I6). The plan has ruled out every other candidate;
 * here the parent's ledger speaks against it once more, and a request in doubt is settled by the listing. The key never
 * changes: after a conflict the organization is waited for, never made under another key.
 */
export async function executeCreation(run: CustomerRun, shared: SharedReads): Promise<StepResult> {
  const { pass, customer, notices } = run;
  const { externalId, incarnation } = customer.declaration;
  const changed = await declarationChanged(run);
  if (changed) return changed;
  const appeared = await appearedSince(run, shared);
  if (appeared) return failed(appeared);
  const recent = await shared.parentLedgerOf48h();
  if (recent.outcome !== 'ok') return failed(problemOf(recent, 'Reading the parent ledger', '/externalId', notices));
  const inventory = shared.inventory();
  const isUnlisted = (id: string) => inventory.withId(id) === null;
  const namesCustomer = witnessOnParentLedger(recent.value, { externalId, incarnation }).slots > 0;
  if (namesCustomer || counterpartiesOf(recent.value).some(isUnlisted))
    return failed(
      notices.problem(
        '/externalId',
        'held',
        'ListingIncomplete',
        namesCustomer
          ? 'The parent ledger shows a grant to this customer, but the listing shows no organization. None is created.'
          : 'The parent ledger shows credits for an organization that the listing lacks, and it might be this one. None is created.',
        { next: 'Nothing to do if this passes: the next pass lists again.' },
      ),
    );

  let doubt: Failure | null = null;
  for (let attempt = 0; ; attempt += 1) {
    const answer = await send(run);
    if (answer.outcome === 'ok') return accept(run, answer.value, shared);
    const verdict = problemOf(answer, 'Creating the organization', '/externalId', notices);
    const { code, retryAfterMs } = answer.problem;
    const unsettled = answer.outcome === 'in-doubt' || code === 'IDEMPOTENCY_CONFLICT';
    if (unsettled) doubt = answer;
    else if (verdict.severity !== 'held') return failed(verdict);
    const goOn = await waitBeforeRetry(pass, externalId, verdict.message, attempt, retryAfterMs);
    const found = doubt ? await findCreated(run) : null;
    if (found) return accept(run, found, shared);
    if (!goOn) return failed(doubt ? creationInDoubt(run, doubt) : verdict);
  }
}

/** What a look at what the listing lacked says against a creation: one that was made since, or archived ones not shown. */
async function appearedSince(run: CustomerRun, shared: SharedReads): Promise<Problem | null> {
  const { customer, notices } = run;
  const { externalId, name } = customer.declaration;
  const lacked = await shared.lookAgain();
  if (lacked.outcome !== 'ok') return problemOf(lacked, 'Listing the organizations', '/externalId', notices);
  const isAbout = ({ status, metadata, ...other }: Organization): boolean => {
    const claimedAs = metadata[organizationMark.externalId];
    return status !== 'archived' && (claimedAs === externalId || (claimedAs === undefined && other.name === name));
  };
  const live = lacked.value.find(isAbout);
  if (!live) {
    const all = shared.inventory().withExternalId(externalId);
    return endedBefore(
      customer,
      all.filter(({ status }) => status === 'archived'),
      notices,
    );
  }
  return notices.problem(
    '/externalId',
    'held',
    'ListingIncomplete',
    `Organization ${live.id} has appeared since the organizations were listed, and it might be this customer's. None is created.`,
    { next: 'Nothing to do: the next pass lists again.' },
  );
}

function send(run: CustomerRun): Promise<Answer<Organization>> {
  const { pass, customer } = run;
  const { externalId, incarnation, name, billingEmail } = customer.declaration;
  const writer = writerOf(pass);
  const body = { name, ...(billingEmail ? { billingEmail } : {}), metadata: creationMetadata(customer) };
  const idempotencyKey = pass.keys.createOrganization(externalId, incarnation);
  return journalled(
    pass,
    { step: 'create-organization', customer: externalId, idempotencyKey, body },
    () => writer.createOrganization(body, idempotencyKey),
    ({ id }) => ({ organizationId: id }),
  );
}

/** Money goes only to an organization whose own metadata carries the mark, as the server returned it (I6). */
function accept(run: CustomerRun, organization: Organization, shared: SharedReads): StepResult {
  shared.note(organization);
  if (!isMarkedFor(organization, run.customer.declaration) || organization.status !== 'active') {
    run.frozen = true;
    return failed(
      run.notices.problem(
        '/externalId',
        'error',
        'MarkChanged',
        `Organization ${organization.id} was created, but it does not read back as an active organization with our mark. Nothing more is written for this customer.`,
        { next: 'Look at its status and metadata (externalId, rcn, rcn_inc).' },
      ),
    );
  }
  run.organizationId = organization.id;
  run.organizationCreatedAt = organization.createdAt;
  return done(organization.id);
}

async function findCreated(run: CustomerRun): Promise<Organization | null> {
  const { declaration } = run.customer;
  const answer = await findOrganization(run.pass.effects.reader, (organization) =>
    isMarkedFor(organization, declaration),
  );
  return answer.outcome === 'ok' ? answer.value : null;
}

function creationInDoubt(run: CustomerRun, failure: Failure) {
  return run.notices.problem(
    '/externalId',
    'doubt',
    'CreationInDoubt',
    `It is not known whether the organization was created (${failure.problem.code}), and the listing does not show it yet.`,
    {
      next: 'Nothing to do: the next pass lists again, and repeats the same request if there is none. It cannot create two.',
      requestId: failure.meta.requestId,
    },
  );
}

/** Changes name, billing email or metadata. */
export function executeFieldChange(run: CustomerRun, step: Step): Promise<StepResult> {
  const changes = organizationPatch(step.after ?? {});
  const current = run.organization?.metadata ?? {};
  const patch = changes.metadata
    ? { ...changes, metadata: metadataPatch(run.customer, current, changes.metadata) }
    : changes;
  return patchAndReadBack(run, {
    step: 'change-organization',
    doing: 'Changing the organization',
    pointer: '/name',
    body: patch,
    send: (writer, organizationId, key) => writer.patchOrganization(organizationId, patch, key),
    shows: (organization) =>
      (patch.name === undefined || organization.name === patch.name) &&
      (patch.billingEmail === undefined || organization.billingEmail === patch.billingEmail) &&
      Object.entries(patch.metadata ?? {}).every(([key, value]) => (organization.metadata[key] ?? '') === value),
  });
}

/**
 * Marks an organization that was made by hand (I6): after the read-back it is ours like any other. The file and the
 * organization are read once more before it, because what is written here is the base of every grant to come (I1).
 */
export async function executeAdoption(run: CustomerRun): Promise<StepResult> {
  const { pass, customer, notices } = run;
  const changed = await declarationChanged(run);
  if (changed) return changed;
  const now = await pass.effects.reader.getOrganization(organizationIdOf(run));
  if (now.outcome !== 'ok') return failed(problemOf(now, 'Reading the organization', '/adopt', notices));
  run.organization = now.value;
  const metadata = adoptionMetadata(customer);
  const shows = (organization: Pick<Organization, 'metadata'>) =>
    Object.entries(metadata).every(([key, value]) => organization.metadata[key] === value);
  if (shows(now.value)) return ours(run, done('it carries the mark already'));
  const refusal = vetoOnAdoption(customer, now.value, pass.parentOrganizationId, notices);
  if (refusal) {
    run.frozen = true;
    return failed(refusal);
  }
  const marked = await patchAndReadBack(run, {
    step: 'adopt-organization',
    doing: 'Adopting the organization',
    pointer: '/adopt',
    body: { metadata },
    send: (writer, organizationId, key) => writer.patchOrganization(organizationId, { metadata }, key),
    shows,
  });
  return marked.outcome === 'done' ? ours(run, marked) : marked;
}

function ours(run: CustomerRun, result: StepResult): StepResult {
  run.isOurs = true;
  return result;
}

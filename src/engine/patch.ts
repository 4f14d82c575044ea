import type { Answer } from '../core/answer.ts';
import type { OrganizationWithSummary } from '../core/api.ts';
import type { Json } from '../core/canonical.ts';
import { isMarkedFor } from '../core/marker.ts';
import type { LayersWriter } from '../effects/layers/client.ts';
import { writerOf } from './context.ts';
import {
  type CustomerRun,
  declarationChanged,
  done,
  failed,
  organizationIdOf,
  type StepResult,
} from './customer-run.ts';
import { journalled } from './journalled.ts';
import { byAnswer, retrying } from './retrying.ts';

export interface PatchIntent {
  /** How the journal names the step. */
  readonly step: string;
  /** Begins the sentence of a failure: "Changing the limits". */
  readonly doing: string;
  readonly pointer: string;
  readonly body: Json;
  readonly send: (writer: LayersWriter, organizationId: string, idempotencyKey: string) => Promise<Answer<unknown>>;
  /** True when the organization, read afresh, shows what was asked for. */
  readonly shows: (organization: OrganizationWithSummary) => boolean;
}

/**
 * Sends one PATCH, if that is what the file still declares, and reads the organization back; it counts when the read
 * shows it, whatever the answer said. One random key per intent, reused by its retries: a key made from the content would
 * replay A→B→A without applying it (correctness finding 4).
 */
export function patchAndReadBack(run: CustomerRun, intent: PatchIntent): Promise<StepResult> {
  const { pass, customer, notices } = run;
  const { externalId } = customer.declaration;
  const { reader, chance } = pass.effects;
  const writer = writerOf(pass);
  const organizationId = organizationIdOf(run);
  const idempotencyKey = chance.uuid();
  return retrying(pass, externalId, async () => {
    const changed = await declarationChanged(run);
    if (changed) return changed;
    const answer = await journalled(
      pass,
      { step: intent.step, customer: externalId, organizationId, idempotencyKey, body: intent.body },
      () => intent.send(writer, organizationId, idempotencyKey),
      () => ({}),
    );
    const read = await reader.getOrganization(organizationId);
    run.organization = read.outcome === 'ok' ? read.value : null;
    if (run.organization && intent.shows(run.organization)) return lostMark(run, run.organization) ?? done();
    return byAnswer(answer, intent.doing, intent.pointer, notices);
  });
}

/** Until June 2026 a PATCH replaced metadata, our mark included; money never goes to what does not carry it (I6). */
function lostMark(run: CustomerRun, organization: OrganizationWithSummary): StepResult | null {
  if (isMarkedFor(organization, run.customer.declaration)) return null;
  run.frozen = true;
  return failed(
    run.notices.problem(
      '/externalId',
      'error',
      'MarkChanged',
      `Organization ${organization.id} lost this customer's mark when it was changed. Nothing more is written for this customer.`,
      { next: 'Put its metadata back (externalId, rcn, rcn_inc), or adopt the organization.' },
    ),
  );
}

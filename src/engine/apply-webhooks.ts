import { canonicalJson } from '../core/canonical.ts';
import type { Notices } from '../core/notice.ts';
import type { Step } from '../core/plan.ts';
import type { Problem } from '../core/problem.ts';
import type { StepReport } from '../core/report.ts';
import { OVERLAP_MS } from '../core/resources/api-key-overlap.ts';
import { statusDocument, type WebhookStatusEntry } from '../core/status.ts';
import { isStopped, type Pass } from './context.ts';
import { notStarted, workspaceChanged } from './customer-run.ts';
import { settleSecrets } from './secret-keeping.ts';
import { executeWebhookStep, type WebhookResult } from './steps/webhook.ts';
import { type ObservedWebhook, type ObservedWebhooks, webhookSlot } from './webhooks.ts';

export interface AppliedWebhooks {
  readonly steps: readonly StepReport[];
  /** Of the steps; those of the plan are not repeated. */
  readonly problems: readonly Problem[];
}

/** Carries out what is planned for the fleet's endpoints and records what is known of them afterwards. */
export async function applyWebhooks(pass: Pass, observed: ObservedWebhooks): Promise<AppliedWebhooks> {
  const steps: StepReport[] = [];
  const problems: Problem[] = [];
  const known: WebhookStatusEntry[] = [];
  for (const webhook of observed.webhooks) {
    const { step } = webhook;
    if (!step) {
      const entry = knownEntry(pass, webhook);
      if (entry) known.push(entry);
      continue;
    }
    const held = await heldBack(pass, step, observed.notices);
    if (!held) pass.effects.progress({ kind: 'step-started', customer: null, step });
    const { result, entry } = held ?? (await executeWebhookStep(pass, webhook, observed.notices));
    const outcome = step.blockedBy ? 'blocked' : result.outcome;
    steps.push({ ...step, outcome, detail: result.detail });
    pass.effects.progress({ kind: 'step-ended', customer: null, step, outcome });
    if (result.problem && !problems.some(({ message }) => message === result.problem?.message))
      problems.push(result.problem);
    const remembered = entry ?? knownEntry(pass, webhook);
    if (remembered) known.push(remembered);
  }
  for (const webhook of observed.webhooks) await forgetDeadSecret(pass, webhook);
  const failed = await recordWebhooks(pass, observed, known);
  if (failed) problems.push(failed);
  return { steps, problems };
}

/** Endpoints that are in place and whose secret the store holds: what the status may name (I11). */
function knownEntry(pass: Pass, { declared, decision, recorded }: ObservedWebhook): WebhookStatusEntry | null {
  // Declared deleted, and gone by a read of this pass, whoever deleted it: then it is missed no more.
  if (declared.state === 'deleted' && decision.kind === 'converged' && recorded)
    return { ...recorded, secret: null, deleted: true };
  const isHeld = decision.kind === 'converged' || (decision.kind === 'change' && decision.problem === null);
  if (!isHeld || !decision.endpoint) return null;
  const secret = pass.effects.secrets.reference(webhookSlot(pass, declared.name));
  return { name: declared.name, id: decision.endpoint.id, secret, seen: recorded?.seen ?? 1, deleted: false };
}

/**
 * A rotated secret signs along for a day (webhooks/rotate-secret; June 2026 leaves the length open, so a day more); then
 * it is kept no longer (design 6).
 */
async function forgetDeadSecret(pass: Pass, { declared, decision }: ObservedWebhook): Promise<void> {
  if (decision.kind !== 'converged' || !decision.endpoint) return;
  const { secrets, journal, clock } = pass.effects;
  const slot = webhookSlot(pass, declared.name);
  const previous = await secrets.readPrevious(slot);
  if (!previous.ok || !previous.value) return;
  const current = await secrets.read(slot);
  const madeAt = current.ok ? Date.parse(current.value?.createdAt ?? '') : Number.NaN;
  if (!(pass.serverTimeMs - madeAt >= 2 * OVERLAP_MS)) return;
  const removed = await secrets.removePrevious(slot);
  const at = new Date(clock.now()).toISOString();
  if (removed.ok) journal.append({ at, event: 'forgot-secret', customer: null, name: declared.name });
}

async function heldBack(pass: Pass, step: Step, notices: Notices): Promise<WebhookResult | null> {
  if (step.blockedBy) return { result: notStarted(step.blockedBy), entry: null };
  if (isStopped(pass)) return { result: notStarted('the run was interrupted'), entry: null };
  const changed = await workspaceChanged(pass, notices);
  return changed && { result: changed, entry: null };
}

/** Writes the fleet's status back where its meaning changed (V3). `known` are the endpoints this pass has seen to. */
async function recordWebhooks(
  pass: Pass,
  observed: ObservedWebhooks,
  known: readonly WebhookStatusEntry[],
): Promise<Problem | null> {
  const { recorded, notices } = observed;
  const names = new Set(known.map(({ name }) => name));
  const webhooks = [...known, ...recorded.filter(({ name }) => !names.has(name))];
  const inOrder = (entries: readonly WebhookStatusEntry[]) => entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (canonicalJson(inOrder(webhooks)) === canonicalJson(inOrder(recorded))) return null;
  const { parentOrganizationId, effects, workspace } = pass;
  const status = statusDocument({ parentOrganizationId, webhooks: inOrder(webhooks) });
  const named = known.filter(({ id, secret }) => secret !== null && !recorded.some((entry) => entry.id === id));
  const settled = await settleSecrets(
    pass,
    named.map(({ name }) => webhookSlot(pass, name)),
  );
  const target = { externalId: null, file: workspace.file };
  const written = settled.ok ? await effects.statuses.write(target, status) : settled;
  if (written.ok) return null;
  effects.progress({ kind: 'status-failed', customer: null, message: written.message });
  return notices.problem(
    '/status',
    'warning',
    'StatusNotWritten',
    `The status could not be written: ${written.message}`,
    {
      next: 'Nothing is lost: the next pass finds the endpoints by their marks.',
    },
  );
}

import type { Answer } from '../core/answer.ts';
import type { WebhookEndpoint } from '../core/api.ts';
import type { WebhookDeclaration } from '../core/declaration/workspace.ts';
import { type Notices, noticesFor } from '../core/notice.ts';
import type { Step } from '../core/plan.ts';
import type { Problem } from '../core/problem.ts';
import { decideWebhook, undeclaredWebhooks, type WebhookDecision, webhookWarnings } from '../core/resources/webhook.ts';
import { planWebhook } from '../core/resources/webhook-plan.ts';
import { readFleetStatus, type WebhookStatusEntry } from '../core/status.ts';
import type { Journal } from '../effects/journal.ts';
import type { SecretSlot } from '../effects/secrets/store.ts';
import type { Pass } from './context.ts';
import { problemOf } from './failure.ts';
import { readWebhooks } from './reads.ts';

/** A declared webhook as it was found, with what is to be done about it. */
export interface ObservedWebhook {
  readonly declared: WebhookDeclaration;
  readonly pointer: string;
  readonly decision: WebhookDecision;
  readonly step: Step | null;
  readonly recorded: WebhookStatusEntry | null;
}

export interface ObservedWebhooks {
  readonly notices: Notices;
  readonly webhooks: readonly ObservedWebhook[];
  readonly problems: readonly Problem[];
  /** What is recorded now; empty when nothing usable is. */
  readonly recorded: readonly WebhookStatusEntry[];
}

/** Observes and plans the fleet's endpoints: one listing, and a GET only for one that status or journal names and the list lacks. */
export async function observeWebhooks(pass: Pass): Promise<ObservedWebhooks> {
  const { workspace, effects, parentOrganizationId } = pass;
  const notices = noticesFor(workspace);
  const declared = workspace.declaration.webhooks;
  const nothing = (problems: readonly Problem[]): ObservedWebhooks => ({
    notices,
    webhooks: [],
    problems,
    recorded: [],
  });
  const raw = await effects.statuses.read({ externalId: null, file: workspace.file });
  if (!raw.ok)
    return nothing([
      notices.problem(
        '/status',
        'error',
        'StatusUnreadable',
        `The fleet's recorded status cannot be read: ${raw.message}`,
      ),
    ]);
  const read = readFleetStatus(raw.value, parentOrganizationId);
  const recorded = read.kind === 'usable' ? read.status.webhooks : [];
  const warnings = read.kind === 'ignored' ? [notices.problem('/status', 'warning', 'StatusIgnored', read.why)] : [];
  if (declared.length === 0 && recorded.length === 0) return nothing(warnings);
  const listing = await readWebhooks(effects.reader);
  if (listing.outcome !== 'ok')
    return nothing([...warnings, problemOf(listing, 'Listing the webhooks', '/webhooks', notices)]);
  const webhooks: ObservedWebhook[] = [];
  for (const [index, webhook] of declared.entries()) {
    const observed = await observeWebhook(pass, webhook, `/webhooks/${index}`, listing, recorded, notices);
    webhooks.push(observed);
  }
  return {
    notices,
    webhooks,
    recorded,
    problems: [
      ...warnings,
      ...webhooks.flatMap(({ declared, pointer, decision }) => problemsOf(declared, pointer, decision, notices)),
      ...undeclaredWebhooks(declared, listing.value, notices),
    ],
  };
}

async function observeWebhook(
  pass: Pass,
  declared: WebhookDeclaration,
  pointer: string,
  listing: Answer<readonly WebhookEndpoint[]> & { outcome: 'ok' },
  allRecorded: readonly WebhookStatusEntry[],
  notices: Notices,
): Promise<ObservedWebhook> {
  const { reader, secrets, clock, journal } = pass.effects;
  const recorded = allRecorded.find(({ name }) => name === declared.name) ?? null;
  const journalledIds = recorded ? [] : createdIds(journal, declared.name);
  const known = recorded && !recorded.deleted ? [recorded.id] : journalledIds;
  let unlistedEndpoint: WebhookEndpoint | null = null;
  for (const id of known.filter((one) => !listing.value.some((listed) => listed.id === one))) {
    const answer = await reader.getWebhookEndpoint(id);
    if (answer.outcome === 'ok') unlistedEndpoint = answer.value;
    else if (answer.problem.code !== 'NOT_FOUND') {
      const problem = problemOf(answer, 'Reading the webhook', pointer, notices);
      return { declared, pointer, recorded, step: null, decision: { kind: 'refused', problem, endpoint: null } };
    }
  }
  const stored = await secrets.read(webhookSlot(pass, declared.name));
  const decision = decideWebhook(
    declared,
    pointer,
    {
      listed: listing.value,
      recorded,
      unlistedEndpoint,
      stored: stored.ok ? { kind: 'known', secret: stored.value } : { kind: 'unknown', why: stored.message },
      serverNowMs: listing.meta.serverTimeMs ?? clock.now(),
      journalledIds,
    },
    notices,
  );
  return { declared, pointer, recorded, decision, step: planWebhook(declared, pointer, decision, notices) };
}

/**
 * Endpoints of a name that the journal saw created: with status lost, or not yet written, they keep an ordinal from being
 * used again, and one that answers but is not listed keeps another from being made (I2, correctness 2.2).
 */
function createdIds(journal: Journal, name: string): string[] {
  return journal.entries().flatMap((entry) => {
    const { step, event, endpointId } = entry;
    const created = event === 'answer' && step === 'create-webhook' && entry['name'] === name;
    return created && typeof endpointId === 'string' ? [endpointId] : [];
  });
}

function problemsOf(
  declared: WebhookDeclaration,
  pointer: string,
  decision: WebhookDecision,
  notices: Notices,
): Problem[] {
  if (decision.kind === 'create' || decision.kind === 'recover') return [];
  const found = decision.kind === 'refused' || decision.kind === 'change' ? decision.problem : null;
  return [...(found ? [found] : []), ...webhookWarnings(declared, pointer, decision.endpoint, notices)];
}

export function webhookSlot(pass: Pass, name: string): SecretSlot {
  return { parentOrganizationId: pass.parentOrganizationId, kind: 'webhook', externalId: null, name };
}

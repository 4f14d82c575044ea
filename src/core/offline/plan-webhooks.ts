import type { Json } from '../canonical.ts';
import { canonicalJson } from '../canonical.ts';
import type { WebhookDeclaration } from '../declaration/workspace.ts';
import type { WebhookStep } from '../guard-webhooks.ts';
import type { Notices } from '../notice.ts';
import type { Fields, Step } from '../plan.ts';
import type { FleetStatus } from '../status.ts';

/**
 * Plans the fleet's endpoints from their declarations and what is recorded. No hash covers the declaration of a webhook, so
 * that a change is seen only beside `earlier`, and taken to be the only one since.
 */
export function planWebhooksOffline(
  declared: readonly WebhookDeclaration[],
  recorded: FleetStatus['webhooks'],
  earlier: readonly WebhookDeclaration[],
  notices: Notices,
): readonly WebhookStep[] {
  return declared.flatMap((webhook, index) => {
    const pointer = `/webhooks/${index}`;
    const isRecorded = recorded.some(({ name, deleted }) => name === webhook.name && !deleted);
    const before = earlier.find(({ name }) => name === webhook.name) ?? null;
    const step = isRecorded ? stepOfRecorded(webhook, before, pointer, notices) : stepOfNew(webhook, pointer, notices);
    return step ? [{ declared: webhook, pointer, step }] : [];
  });
}

function stepOfNew(webhook: WebhookDeclaration, pointer: string, notices: Notices): Step | null {
  const { name, url, events, scope, state, adopt } = webhook;
  if (state === 'deleted') return null;
  const common = { resource: 'webhook', name } as const;
  if (adopt !== undefined)
    return notices.step(pointer, {
      ...common,
      action: 'adopt',
      reason: 'declared `adopt`; it was made by hand',
      after: { endpointId: adopt },
    });
  return notices.step(pointer, {
    ...common,
    action: 'create',
    reason: 'no endpoint of this name is recorded',
    after: { url, events: [...new Set(events)].toSorted(), scope },
  });
}

function stepOfRecorded(
  webhook: WebhookDeclaration,
  before: WebhookDeclaration | null,
  pointer: string,
  notices: Notices,
): Step | null {
  const { name, state, secretCreatedAfter, url } = webhook;
  const common = { resource: 'webhook', name } as const;
  if (state === 'deleted') {
    const reason = 'declared `state: deleted`; its delivery history goes with it';
    return notices.step(pointer, { ...common, action: 'remove', reason, before: { url: before?.url ?? url } });
  }
  if (!before) return null;
  const [old, wanted] = [settingsOf(before), settingsOf(webhook)];
  const differing = Object.keys(wanted).filter(
    (field) => canonicalJson(old[field] ?? null) !== canonicalJson(wanted[field] ?? null),
  );
  if (differing.length > 0)
    return notices.step(pointer, {
      ...common,
      action: 'change',
      reason: `${differing.join(', ')} differs from the file`,
      before: Object.fromEntries(differing.map((field) => [field, old[field] ?? null])),
      after: Object.fromEntries(differing.map((field) => [field, wanted[field] ?? null])),
    });
  if (secretCreatedAfter === undefined || secretCreatedAfter === before.secretCreatedAfter) return null;
  const reason = 'its secret is older than secretCreatedAfter asks; both sign for a while';
  return notices.step(pointer, { ...common, action: 'rotate', reason, after: { secretCreatedAfter } });
}

/** What is compared; what a file leaves out is not managed. */
function settingsOf({ url, events, scope, description, state }: WebhookDeclaration): Fields {
  const text: Readonly<Record<string, Json>> = description === undefined ? {} : { description };
  return { url, events: [...new Set(events)].toSorted(), scope, ...text, state };
}

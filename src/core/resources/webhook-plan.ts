import type { WebhookScope } from '../api.ts';
import type { Json } from '../canonical.ts';
import { unicodeHost } from '../declaration/punycode.ts';
import type { WebhookDeclaration } from '../declaration/workspace.ts';
import type { Notices } from '../notice.ts';
import type { Fields, Step } from '../plan.ts';
import type { WebhookDecision } from './webhook.ts';

/** How a decision about an endpoint is planned, shown and sent. */

export function planWebhook(
  declared: WebhookDeclaration,
  pointer: string,
  decision: WebhookDecision,
  notices: Notices,
): Step | null {
  const common = { resource: 'webhook', name: declared.name } as const;
  if (decision.kind === 'create' || decision.kind === 'recover')
    return notices.step(pointer, {
      ...common,
      action: 'create',
      reason:
        decision.kind === 'create'
          ? `no endpoint carries this name${hostInWords(declared.url)}`
          : 'its signing secret was never stored; repeating the request gives it again',
      after: { url: declared.url, events: [...new Set(declared.events)].toSorted(), scope: declared.scope },
    });
  switch (decision.kind) {
    case 'converged':
    case 'refused':
      return null;
    case 'adopt':
      return notices.step(pointer, {
        ...common,
        action: 'adopt',
        reason: 'declared `adopt`; it was made by hand',
        after: { endpointId: decision.endpoint.id },
      });
    case 'rotate':
      return notices.step(pointer, {
        ...common,
        action: 'rotate',
        reason: 'its secret is older than secretCreatedAfter asks; both sign for a while',
        after: { secretCreatedAfter: decision.secretCreatedAfter },
      });
    case 'delete':
      return notices.step(pointer, {
        ...common,
        action: 'remove',
        reason: 'declared `state: deleted`; its delivery history goes with it',
        before: { endpointId: decision.endpoint.id, url: decision.endpoint.url },
      });
    case 'change':
      return notices.step(pointer, {
        ...common,
        action: 'change',
        reason: `${fieldsDiffer(Object.keys(decision.after))}${'url' in decision.after ? hostInWords(declared.url) : ''}`,
        before: decision.before,
        after: decision.after,
      });
  }
}

function fieldsDiffer(fields: readonly string[]): string {
  return `${fields.join(', ')} ${fields.length === 1 ? 'differs' : 'differ'} from the file`;
}

/** A host in punycode is shown in both forms (correctness 4.7): one says what is asked for, the other what it looks like. */
function hostInWords(url: string): string {
  const shown = unicodeHost(url);
  return shown === null ? '' : `; its host reads ${shown}`;
}

/** The PATCH of a planned change (webhooks/update-endpoint: `events` replaces, only sent fields change). */
export interface WebhookPatch {
  readonly url?: string;
  readonly events?: readonly string[];
  readonly description?: string | null;
  readonly status?: 'active' | 'paused';
  readonly scope?: WebhookScope;
}

export function webhookPatch(after: Fields): WebhookPatch & Readonly<Record<string, Json>> {
  const { url, events, description, state, scope } = after;
  return {
    ...(typeof url === 'string' ? { url } : {}),
    ...(Array.isArray(events) ? { events: events.map(String) } : {}),
    ...(typeof description === 'string' || description === null ? { description } : {}),
    ...(state === 'active' || state === 'paused' ? { status: state } : {}),
    ...(scope === 'own' || scope === 'all_children' ? { scope } : {}),
  };
}

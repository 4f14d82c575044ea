import type { WebhookEndpoint, WebhookScope } from '../api.ts';
import { canonicalJson, type Json } from '../canonical.ts';
import type { WebhookDeclaration } from '../declaration/workspace.ts';
import type { Notices } from '../notice.ts';
import type { Fields, Step } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { WebhookStatusEntry } from '../status.ts';
import { REPLAY_WITHIN_MS } from './api-key.ts';

/** Metadata that marks an endpoint as ours. */
const webhookMark = {
  version: 'rcn',
  name: 'rcn_name',
  /** Made by hand and taken over: repeating our own creation could not give its secret, but would make another. */
  adopted: 'rcn_adopted',
} as const;

export function webhookMetadata(name: string): Record<string, string> {
  return { [webhookMark.version]: '1', [webhookMark.name]: name };
}

export function adoptedWebhookMetadata(name: string): Record<string, string> {
  return { ...webhookMetadata(name), [webhookMark.adopted]: '1' };
}

export interface WebhookFacts {
  /** All endpoints of the parent. */
  readonly listed: readonly WebhookEndpoint[];
  readonly recorded: WebhookStatusEntry | null;
  /** One that status or the journal names, and that answers although the list lacks it; null when there is none. */
  readonly unlistedEndpoint: WebhookEndpoint | null;
  /** What the store holds: the endpoint's id and when its secret was made; null when it holds none. */
  readonly stored:
    | { readonly kind: 'unknown'; readonly why: string }
    | { readonly kind: 'known'; readonly secret: { readonly id: string; readonly createdAt: string | null } | null };
  readonly serverNowMs: number;
  /** Ids of the endpoints that the journal says were created under this name, listed or not. */
  readonly journalledIds: readonly string[];
}

export type WebhookDecision =
  | { readonly kind: 'create'; readonly ordinal: number }
  /** The creation again, inside the replay window, to get the signing secret that was never stored. */
  | { readonly kind: 'recover'; readonly endpoint: WebhookEndpoint; readonly ordinal: number }
  /** Made by hand, and declared to be taken over. */
  | { readonly kind: 'adopt'; readonly endpoint: WebhookEndpoint }
  | { readonly kind: 'rotate'; readonly endpoint: WebhookEndpoint; readonly secretCreatedAfter: string }
  | { readonly kind: 'delete'; readonly endpoint: WebhookEndpoint }
  | { readonly kind: 'change'; readonly endpoint: WebhookEndpoint; readonly before: Fields; readonly after: Fields }
  | { readonly kind: 'converged'; readonly endpoint: WebhookEndpoint | null }
  | { readonly kind: 'refused'; readonly problem: Problem; readonly endpoint: WebhookEndpoint | null };

/**
 * Decides about one declared endpoint (design 3, "Webhooks"). An endpoint is ours by its mark or by its recorded id; one
 * that has the same URL and scope but is neither vetoes a creation, because nothing on the API is unique.
 */
export function decideWebhook(
  declared: WebhookDeclaration,
  pointer: string,
  facts: WebhookFacts,
  notices: Notices,
): WebhookDecision {
  const refuse = (code: string, message: string, next: string | null, severity: 'error' | 'doubt' = 'error') =>
    ({
      kind: 'refused',
      problem: notices.problem(pointer, severity, code, message, { next }),
      endpoint: ours[0] ?? null,
    }) as const;
  const ours = facts.listed.filter((endpoint) => isOurs(endpoint, declared, facts.recorded));
  const [endpoint, second] = ours;
  if (endpoint && second)
    return refuse(
      'DuplicateWebhook',
      `${ours.length} endpoints carry the mark of webhook "${declared.name}": ${ours.map(({ id }) => id).join(', ')}.`,
      'Delete the ones that are not in use.',
    );
  if (endpoint) return decideExisting(declared, pointer, endpoint, facts, notices);
  if (declared.state === 'deleted') return { kind: 'converged', endpoint: null };
  if (facts.unlistedEndpoint)
    return refuse(
      'WebhookNotListed',
      `Endpoint ${facts.unlistedEndpoint.id} of webhook "${declared.name}" answers, but the list does not show it. Nothing is created.`,
      'Nothing to do if this passes.',
      'doubt',
    );
  if (facts.recorded && !facts.recorded.deleted)
    return refuse(
      'WebhookMissing',
      `Endpoint ${facts.recorded.id} of webhook "${declared.name}" is gone. It is never created again by itself.`,
      'If it was deleted on purpose, set `state: deleted` or remove the entry; to have it again, give the entry a new name.',
    );
  if (declared.adopt !== undefined) {
    const target = facts.listed.find(({ id }) => id === declared.adopt);
    if (target && target.metadata[webhookMark.version] !== '1') return { kind: 'adopt', endpoint: target };
    return refuse(
      'AdoptionTargetMissing',
      `No endpoint that could be taken over has the id ${declared.adopt}, which \`adopt\` names.`,
      'Check the id; an endpoint of another entry cannot be adopted.',
    );
  }
  const namesake = facts.listed.find(
    ({ url, scope }) => url === declared.url && (scope === null || scope === declared.scope),
  );
  if (namesake)
    return refuse(
      'WebhookExists',
      `Endpoint ${namesake.id} has the same URL and scope, and was not made by this tool.`,
      `To take it over, set \`adopt: ${namesake.id}\`; to have a second one, use another URL.`,
    );
  // Creating first and pausing after would deliver events that nobody asked for in between.
  if (declared.state === 'paused') return { kind: 'converged', endpoint: null };
  return { kind: 'create', ordinal: seenBefore(facts, null) };
}

function decideExisting(
  declared: WebhookDeclaration,
  pointer: string,
  endpoint: WebhookEndpoint,
  facts: WebhookFacts,
  notices: Notices,
): WebhookDecision {
  const refuse = (code: string, message: string, next: string | null): WebhookDecision => ({
    kind: 'refused',
    problem: notices.problem(pointer, 'error', code, message, { next }),
    endpoint,
  });
  if (declared.state === 'deleted') return { kind: 'delete', endpoint };
  if (facts.stored.kind === 'unknown') return refuse('SecretStoreUnavailable', facts.stored.why, null);
  const { secret } = facts.stored;
  const held = secret?.id === endpoint.id ? secret : null;
  const { secretCreatedAfter } = declared;
  const madeAt = Date.parse(held?.createdAt ?? endpoint.createdAt);
  if (secretCreatedAfter !== undefined && madeAt <= Date.parse(secretCreatedAfter))
    return { kind: 'rotate', endpoint, secretCreatedAfter };
  if (!held) {
    const age = facts.serverNowMs - Date.parse(endpoint.createdAt);
    const isAdopted = endpoint.metadata[webhookMark.adopted] === '1';
    if (facts.recorded?.id !== endpoint.id && !isAdopted && age < REPLAY_WITHIN_MS)
      return { kind: 'recover', endpoint, ordinal: seenBefore(facts, endpoint.id) };
    return refuse(
      'SecretMissing',
      `The signing secret of webhook "${declared.name}" (endpoint ${endpoint.id}) is not in the secret store, and it cannot be shown again.`,
      'To have a new one, set `secretCreatedAfter` to the present time.',
    );
  }
  const wanted = wantedFields(declared, endpoint);
  const differing = Object.keys(wanted.after).filter(
    (field) => canonicalJson(wanted.before[field]) !== canonicalJson(wanted.after[field]),
  );
  if (differing.length === 0) return { kind: 'converged', endpoint };
  const pick = (fields: Fields): Fields => Object.fromEntries(differing.map((field) => [field, fields[field] ?? null]));
  return { kind: 'change', endpoint, before: pick(wanted.before), after: pick(wanted.after) };
}

/** Declared fields beside observed ones; events as sets. What the server paused by itself is reported, not fought. */
function wantedFields(declared: WebhookDeclaration, endpoint: WebhookEndpoint): { before: Fields; after: Fields } {
  const managesState = endpoint.status !== 'auto_paused' && declared.state !== 'deleted';
  return {
    before: {
      url: endpoint.url,
      events: [...new Set(endpoint.events)].toSorted(),
      ...(endpoint.scope === null ? {} : { scope: endpoint.scope }),
      ...(declared.description === undefined ? {} : { description: endpoint.description }),
      ...(managesState ? { state: endpoint.status } : {}),
    },
    after: {
      url: declared.url,
      events: [...new Set(declared.events)].toSorted(),
      ...(endpoint.scope === null ? {} : { scope: declared.scope }),
      ...(declared.description === undefined ? {} : { description: declared.description }),
      ...(managesState ? { state: declared.state } : {}),
    },
  };
}

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
          ? 'no endpoint carries this name'
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
        reason: `${Object.keys(decision.after).join(', ')} differs from the file`,
        before: decision.before,
        after: decision.after,
      });
  }
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

/** What an endpoint that exists says without anything to do about it. */
export function webhookWarnings(
  declared: WebhookDeclaration,
  pointer: string,
  endpoint: WebhookEndpoint | null,
  notices: Notices,
): Problem[] {
  if (endpoint?.status !== 'auto_paused' || declared.state !== 'active') return [];
  return [
    notices.problem(
      pointer,
      'warning',
      'WebhookAutoPaused',
      `The API paused webhook "${declared.name}" after too many failed deliveries. It is not switched on again by itself.`,
      { next: 'Mend the receiver, then pause and activate the webhook: `state: paused`, apply, `state: active`.' },
    ),
  ];
}

/** Endpoints that carry our mark but stand in no declaration: reported, left alone. */
export function undeclaredWebhooks(
  declared: readonly WebhookDeclaration[],
  listed: readonly WebhookEndpoint[],
  notices: Notices,
): Problem[] {
  const names = new Set(declared.map(({ name }) => name));
  return listed
    .filter(({ metadata }) => metadata[webhookMark.version] === '1' && !names.has(metadata[webhookMark.name] ?? ''))
    .map((endpoint) =>
      notices.problem(
        '/webhooks',
        'warning',
        'UndeclaredWebhook',
        `Endpoint ${endpoint.id} ("${endpoint.metadata[webhookMark.name] ?? ''}") was made by this tool and is declared no more. It is left alone.`,
        { next: 'To remove it, declare it with `state: deleted`.' },
      ),
    );
}

function isOurs(endpoint: WebhookEndpoint, declared: WebhookDeclaration, recorded: WebhookStatusEntry | null): boolean {
  const { metadata } = endpoint;
  const marked = metadata[webhookMark.version] === '1' && metadata[webhookMark.name] === declared.name;
  return marked || (endpoint.id === recorded?.id && !recorded.deleted);
}

/** How many endpoints of this name there were, `except` left out: the ordinal of the creation (correctness 2.2). */
function seenBefore(facts: WebhookFacts, except: string | null): number {
  const journalled = new Set(facts.journalledIds.filter((id) => id !== except));
  return Math.max(facts.recorded?.seen ?? 0, journalled.size);
}

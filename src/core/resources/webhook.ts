import type { WebhookEndpoint } from '../api.ts';
import { canonicalJson } from '../canonical.ts';
import { isSameWebhookUrl } from '../declaration/webhook-url.ts';
import type { WebhookDeclaration } from '../declaration/workspace.ts';
import { REPLAY_WITHIN_MS } from '../idempotency.ts';
import type { Notices } from '../notice.ts';
import type { Fields } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { WebhookStatusEntry } from '../status.ts';

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
  | {
      readonly kind: 'change';
      readonly endpoint: WebhookEndpoint;
      readonly before: Fields;
      readonly after: Fields;
      /** What is wrong with the endpoint beside that: its signing secret is missing. */
      readonly problem: Problem | null;
    }
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
  const ours = facts.listed.filter((endpoint) => isOurs(endpoint, declared, facts));
  const [endpoint, second] = ours;
  if (endpoint && second)
    return refusing(pointer, endpoint, notices)(
      'DuplicateWebhook',
      `${ours.length} endpoints carry the mark of webhook "${declared.name}": ${ours.map(({ id }) => id).join(', ')}.`,
      'Delete the ones that are not in use.',
    );
  return endpoint
    ? decideExisting(declared, pointer, endpoint, facts, notices)
    : decideAbsent(declared, pointer, facts, notices);
}

type Refuse = (code: string, message: string, next: string | null, severity?: 'error' | 'doubt') => WebhookDecision;

function refusing(pointer: string, endpoint: WebhookEndpoint | null, notices: Notices): Refuse {
  return (code, message, next, severity = 'error') => ({
    kind: 'refused',
    problem: notices.problem(pointer, severity, code, message, { next }),
    endpoint,
  });
}

/** No listed endpoint is ours: is there one that only looks as if it were missing, or one in the way? */
function decideAbsent(
  declared: WebhookDeclaration,
  pointer: string,
  facts: WebhookFacts,
  notices: Notices,
): WebhookDecision {
  const refuse = refusing(pointer, null, notices);
  const { recorded, unlistedEndpoint } = facts;
  const remembered = recorded && !recorded.deleted ? facts.listed.find(({ id }) => id === recorded.id) : undefined;
  const unmarked =
    remembered ?? (unlistedEndpoint && !isOurs(unlistedEndpoint, declared, facts) ? unlistedEndpoint : null);
  if (unmarked && declared.adopt !== unmarked.id)
    return refuse(
      'WebhookUnmarked',
      `Endpoint ${unmarked.id}, which is remembered as webhook "${declared.name}", does not carry its mark. It is left alone.`,
      `To take it over, set \`adopt: ${unmarked.id}\`; if it is another one, remove the recorded status.`,
    );
  if (declared.state === 'deleted')
    return unlistedEndpoint ? { kind: 'delete', endpoint: unlistedEndpoint } : { kind: 'converged', endpoint: null };
  if (unlistedEndpoint)
    return refuse(
      'WebhookNotListed',
      `Endpoint ${unlistedEndpoint.id} of webhook "${declared.name}" answers, but the list does not show it. Nothing is created.`,
      'Nothing to do if this passes.',
      'doubt',
    );
  if (recorded && !recorded.deleted && !unmarked)
    return refuse(
      'WebhookMissing',
      `Endpoint ${recorded.id} of webhook "${declared.name}" is gone. It is never created again by itself.`,
      'If it was deleted on purpose, set `state: deleted`. To have a new one, do that, apply, and take the line out again.',
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
    ({ url, scope }) => isSameWebhookUrl(url, declared.url) && (scope === null || scope === declared.scope),
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
  const refuse = refusing(pointer, endpoint, notices);
  if (declared.state === 'deleted') return { kind: 'delete', endpoint };
  if (facts.stored.kind === 'unknown') return refuse('SecretStoreUnavailable', facts.stored.why, null);
  const { secret } = facts.stored;
  const held = secret?.id === endpoint.id ? secret : null;
  if (asksForYounger(declared, endpoint, held, facts))
    return { kind: 'rotate', endpoint, secretCreatedAfter: declared.secretCreatedAfter ?? '' };
  const age = facts.serverNowMs - Date.parse(endpoint.createdAt);
  const isAdopted = endpoint.metadata[webhookMark.adopted] === '1';
  if (!held && facts.recorded?.id !== endpoint.id && !isAdopted && age < REPLAY_WITHIN_MS)
    return { kind: 'recover', endpoint, ordinal: seenBefore(facts, endpoint.id) };
  const missing = held ? null : secretMissing(declared, pointer, endpoint, isAdopted, notices);
  const wanted = wantedFields(declared, endpoint);
  const differing = Object.keys(wanted.after).filter(
    (field) => canonicalJson(wanted.before[field]) !== canonicalJson(wanted.after[field]),
  );
  if (differing.length === 0)
    return missing ? { kind: 'refused', problem: missing, endpoint } : { kind: 'converged', endpoint };
  const pick = (fields: Fields): Fields => Object.fromEntries(differing.map((field) => [field, fields[field] ?? null]));
  return { kind: 'change', endpoint, before: pick(wanted.before), after: pick(wanted.after), problem: missing };
}

/**
 * `secretCreatedAfter` is later than the making of the secret. When none is held nobody can say when the present one was
 * made: an older request of the file may have been met long ago, and to meet it again would end a secret that works
 * because a store is empty (I3). Within the replay window the request is the same one, and gives the same secret.
 */
function asksForYounger(
  { secretCreatedAfter }: WebhookDeclaration,
  endpoint: WebhookEndpoint,
  held: { readonly createdAt: string | null } | null,
  { serverNowMs }: WebhookFacts,
): boolean {
  if (secretCreatedAfter === undefined) return false;
  const asked = Date.parse(secretCreatedAfter);
  if (Date.parse(held?.createdAt ?? endpoint.createdAt) > asked) return false;
  return held !== null || serverNowMs - asked < REPLAY_WITHIN_MS;
}

function secretMissing(
  { name }: WebhookDeclaration,
  pointer: string,
  { id }: WebhookEndpoint,
  isAdopted: boolean,
  notices: Notices,
): Problem {
  const why = isAdopted
    ? `Webhook "${name}" (endpoint ${id}) was made by hand, so its signing secret is not in the secret store.`
    : `The signing secret of webhook "${name}" (endpoint ${id}) is not in the secret store, and it cannot be shown again.`;
  return notices.problem(pointer, 'error', 'SecretMissing', why, {
    next: 'To have a new one, set `secretCreatedAfter` to the present time; the old secret signs along for a day.',
  });
}

/** Declared fields beside observed ones; events as sets. What the server paused by itself is reported, not fought. */
function wantedFields(declared: WebhookDeclaration, endpoint: WebhookEndpoint): { before: Fields; after: Fields } {
  // `paused` is the way out of an automatic pause: then `active` is a change again.
  const managesState = !(endpoint.status === 'auto_paused' && declared.state === 'active');
  return {
    before: {
      url: isSameWebhookUrl(endpoint.url, declared.url) ? declared.url : endpoint.url,
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

/**
 * Ours by its mark, or by two memories at once: the status names it, and the store holds its secret. The status alone
 * may have been edited, and would let us change or delete what somebody else has made (I7).
 */
function isOurs(endpoint: WebhookEndpoint, declared: WebhookDeclaration, { recorded, stored }: WebhookFacts): boolean {
  const { id, metadata } = endpoint;
  if (metadata[webhookMark.version] === '1') return metadata[webhookMark.name] === declared.name;
  const isHeld = stored.kind === 'known' && stored.secret?.id === id;
  return isHeld && recorded?.id === id && !recorded.deleted;
}

/** How many endpoints of this name there were, `except` left out: the ordinal of the creation (correctness 2.2). */
function seenBefore(facts: WebhookFacts, except: string | null): number {
  const journalled = new Set(facts.journalledIds.filter((id) => id !== except));
  return Math.max(facts.recorded?.seen ?? 0, journalled.size);
}

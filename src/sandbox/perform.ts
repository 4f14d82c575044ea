import type { SandboxBehaviour } from './behaviour.ts';
import type { Exchange, Reply } from './exchange.ts';
import { isRemembered, keyRefusal, type MemoryKey, memoryKey, recall, remember } from './idempotency.ts';
import { actorOf, type Machine } from './machine.ts';
import { envelope, isRefusal, type Refusal, refusal, validation } from './refusals.ts';
import type { Caller, Outcome, ReadRoute, WriteContext, WriteRoute } from './route.ts';
import type { IdempotencyRow, OrganizationRow } from './state.ts';
import type { View } from './world.ts';

/** A request that was let in: whose it is, and where it acts. */
export interface Admitted {
  readonly caller: Caller;
  readonly organization: OrganizationRow;
  readonly params: readonly string[];
}

export function replyOf(outcome: Outcome, requestId: string): Reply {
  const body = isRefusal(outcome) ? envelope(outcome, requestId) : outcome.body;
  return { status: outcome.status, text: JSON.stringify(body), replayed: false };
}

export function performRead(machine: Machine, exchange: Exchange, route: ReadRoute, admitted: Admitted): Reply {
  const { query, nowMs } = exchange;
  const view = viewFor(machine, exchange, route);
  const lastUsedAtMs = (keyId: string) => machine.lastUsedAtMs.get(keyId) ?? null;
  const outcome = route.handle({ ...admitted, query, nowMs, behaviour: machine.behaviour, view, lastUsedAtMs });
  return replyOf(outcome, exchange.requestId);
}

const DELAY_OF = {
  ledger: 'ledgerDelayMs',
  list: 'listDelayMs',
  keys: 'keyListDelayMs',
} as const satisfies Record<Exclude<ReadRoute['freshness'], 'now'>, keyof SandboxBehaviour>;

/** The world as this read sees it: of now, or as stale as the behaviour or a fault wants it. */
function viewFor({ world, behaviour }: Machine, { fault, nowMs }: Exchange, { freshness }: ReadRoute): View {
  const usualMs = freshness === 'now' ? 0 : behaviour[DELAY_OF[freshness]];
  const stale = fault?.kind === 'stale-listing' ? fault : null;
  const delayMs = Math.max(usualMs, stale?.ageMs ?? 0);
  const writes = stale === null ? 0 : (stale.writes ?? (stale.ageMs === undefined ? 1 : 0));
  if (delayMs === 0 && writes === 0) return world;
  const lastVersion = world.version() - writes;
  return world.asOf((change) => change.atMs > nowMs - delayMs || change.version > lastVersion);
}

/** Runs a write once per idempotency key, as the memory of the behaviour understands that. */
export function performWrite(machine: Machine, exchange: Exchange, route: WriteRoute, admitted: Admitted): Reply {
  const { world, behaviour } = machine;
  const { request, requestId, nowMs, path } = exchange;
  const key = request.headers['idempotency-key'];
  const badKey = keyRefusal(route, key, behaviour);
  if (badKey) return replyOf(badKey, requestId);
  const body = parseBody(request.body);
  if (isBadBody(body)) return replyOf(body, requestId);

  const keyed = { path, text: request.body, body: body.value, organizationId: admitted.organization.id };
  const memory = key === undefined ? null : memoryKey(key, route, admitted.caller, keyed, behaviour);
  const remembered = memory && recall(world, memory, nowMs, behaviour);
  if (remembered && 'kind' in remembered) return replyOf(remembered, requestId);
  if (remembered) return replay(remembered, route, behaviour, requestId);
  return execute(machine, exchange, { route, admitted, memory, body: body.value, key: key ?? null });
}

function replay(row: IdempotencyRow, route: WriteRoute, behaviour: SandboxBehaviour, requestId: string): Reply {
  if (row.status >= 300 || !route.replay) return { status: row.status, text: row.body, replayed: true };
  const outcome = route.replay({ kind: 'success', status: row.status, body: JSON.parse(row.body) }, behaviour);
  return { ...replyOf(outcome, requestId), replayed: true };
}

interface Execution {
  readonly route: WriteRoute;
  readonly admitted: Admitted;
  readonly memory: MemoryKey | null;
  readonly body: unknown;
  readonly key: string | null;
}

function execute(machine: Machine, exchange: Exchange, { route, admitted, memory, body, key }: Execution): Reply {
  const { behaviour, world } = machine;
  const { fault, nowMs, requestId, query } = exchange;
  const apiKeyId = admitted.caller.key.id;
  const actor = actorOf(machine, { by: 'api', apiKeyId, requestId, ...(key !== null && { idempotencyKey: key }) });
  const context: WriteContext = { ...actor, ...admitted, query, body, idempotencyKey: key };
  const failsInside = fault?.kind === 'error-before';
  const reply = replyOf(failsInside ? serverError(fault.status) : route.handle(context), requestId);
  // An answer of 5xx after the effect is what the memory keeps, where a behaviour keeps 5xx at all.
  const hides = fault?.kind === 'error-after' && behaviour.cacheServerErrors;
  const kept = hides ? replyOf(serverError(fault.status), requestId) : reply;
  if (memory && isRemembered(kept.status, behaviour)) {
    const answeredAtMs = nowMs + (fault?.kind === 'slow' ? fault.ms : 0);
    const row = { ...memory, atMs: nowMs, answeredAtMs, status: kept.status, body: kept.text };
    remember(world, row, nowMs, behaviour);
  }
  return kept;
}

export function serverError(status = 500): Refusal {
  return { ...refusal('INTERNAL', 'Something went wrong on our side.'), status };
}

type Body = { readonly value: unknown } | Refusal;

function parseBody(text: string | undefined): Body {
  if (text === undefined || text === '') return { value: undefined };
  try {
    return { value: JSON.parse(text) };
  } catch {
    return validation([{ field: 'body', message: 'is not JSON' }]);
  }
}

function isBadBody(body: Body): body is Refusal {
  return 'code' in body;
}

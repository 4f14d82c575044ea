import { actingOrganization, authenticate } from './authentication.ts';
import { ulid } from './chance.ts';
import type { Exchange, Reply, SandboxAnswer, SandboxRequest } from './exchange.ts';
import type { Machine } from './machine.ts';
import { performRead, performWrite, replyOf, serverError } from './perform.ts';
import { type Charge, charge, type EndpointClass, refund } from './rate-limits.ts';
import { isRefusal, refusal } from './refusals.ts';
import { createRouter } from './route.ts';
import { routes } from './routes.ts';
import type { Fault } from './state.ts';

const findRoute = createRouter(routes);
/** Shared, because making one costs more than most handlers; nobody writes to a query. */
const NO_QUERY = new URLSearchParams();
const NO_CHARGE: Charge = { quota: null, retryAfterSeconds: null };

interface Judged {
  readonly reply: Reply;
  readonly charged: Charge;
  readonly apiKeyId: string | null;
}

/** Answers one request. `oneOff` is a fault for this request alone; armed faults count it nevertheless. */
export function handleRequest(machine: Machine, request: SandboxRequest, oneOff?: Fault): SandboxAnswer {
  const exchange = begin(machine, request, oneOff);
  const { fault } = exchange;
  if (fault?.kind === 'lost-request') {
    log(machine, exchange, null, null);
    return { kind: 'none', reached: false, afterMs: 0 };
  }
  const judged = strikeBefore(machine, exchange) ?? judge(machine, exchange);
  const isLost = fault?.kind === 'lost-answer';
  const answer = isLost ? null : dress(exchange, judged);
  log(machine, exchange, judged, answer?.status ?? null);
  return answer ?? { kind: 'none', reached: true, afterMs: 0 };
}

function begin(machine: Machine, request: SandboxRequest, oneOff: Fault | undefined): Exchange {
  const nowMs = machine.clock.now();
  const method = request.method.toUpperCase();
  const queryAt = request.path.indexOf('?');
  const path = queryAt < 0 ? request.path : request.path.slice(0, queryAt);
  const query = queryAt < 0 ? NO_QUERY : new URLSearchParams(request.path.slice(queryAt + 1));
  const armed = machine.faults.strike(method, path);
  const requestId = `req_${ulid(machine.requestChance, nowMs)}`;
  return { request, method, path, query, nowMs, requestId, fault: oneOff ?? armed };
}

/** Faults of what stands before the API: the request gets no further. */
function strikeBefore({ behaviour }: Machine, { fault, requestId, method }: Exchange): Judged | null {
  const answer = (reply: Reply, charged = NO_CHARGE) => ({ reply, charged, apiKeyId: null });
  if (fault?.kind === 'redirect') {
    return answer({ status: fault.status ?? 307, text: '', replayed: false });
  }
  if (fault?.kind === 'rate-limited') {
    const reply = replyOf(refusal('RATE_LIMITED', 'Too many requests.'), requestId);
    return answer(reply, { quota: null, retryAfterSeconds: fault.retryAfterSeconds ?? 1 });
  }
  // Where 5xx are remembered, they must come from inside, where the memory is.
  if (fault?.kind === 'error-before' && (method === 'GET' || !behaviour.cacheServerErrors)) {
    return answer(replyOf(serverError(fault.status), requestId));
  }
  return null;
}

function classOf(method: string): EndpointClass {
  return method === 'GET' ? 'read-light' : 'write-light';
}

/** Who calls, whether there is quota, which route, and whether the caller may: then the route decides. */
function judge(machine: Machine, exchange: Exchange): Judged {
  const { world, buckets, behaviour } = machine;
  const { request, requestId, nowMs, method } = exchange;
  const caller = authenticate(world, machine.tokens, request.headers['authorization'], nowMs);
  if (isRefusal(caller)) return { reply: replyOf(caller, requestId), charged: NO_CHARGE, apiKeyId: null };
  const apiKeyId = caller.key.id;
  machine.lastUsedAtMs.set(apiKeyId, nowMs);
  const charged = charge(buckets, caller.key, classOf(method), nowMs);
  const answer = (reply: Reply): Judged => ({ reply, charged, apiKeyId });
  if (charged.retryAfterSeconds !== null) {
    return answer(replyOf(refusal('RATE_LIMITED', 'Too many requests.'), requestId));
  }

  const match = findRoute(method, exchange.path);
  if (match === null) return answer(replyOf(refusal('NOT_FOUND', 'There is no such endpoint.'), requestId));
  const { route, params } = match;
  if (route.scope !== undefined && !caller.key.scopes.includes(route.scope)) {
    const details = { requiredScope: route.scope };
    return answer(replyOf(refusal('FORBIDDEN_SCOPE', `This needs the scope ${route.scope}.`, details), requestId));
  }
  const organization = actingOrganization(world, caller, route, request.headers['x-layers-organization']);
  if (isRefusal(organization)) return answer(replyOf(organization, requestId));

  const admitted = { caller, organization, params };
  if (route.method === 'GET') return answer(performRead(machine, exchange, route, admitted));
  const reply = performWrite(machine, exchange, route, admitted);
  if (reply.replayed && !behaviour.replaysCountAgainstQuota) refund(buckets, caller.key, classOf(method));
  return answer(reply);
}

/** Puts the headers on, and what a fault does to an answer on its way out. */
function dress(exchange: Exchange, { reply, charged }: Judged): SandboxAnswer & { readonly status: number } {
  const { fault, requestId, nowMs, method } = exchange;
  const sent = fault?.kind === 'error-after' ? replyOf(serverError(fault.status), requestId) : reply;
  const { quota, retryAfterSeconds } = charged;
  const headers = {
    'content-type': 'application/json',
    date: new Date(nowMs).toUTCString(),
    'x-request-id': requestId,
    'x-ratelimit-endpoint-class': classOf(method),
    ...(quota && {
      'x-ratelimit-limit': String(quota.limit),
      'x-ratelimit-remaining': String(quota.remaining),
      'x-ratelimit-reset': String(Math.ceil(quota.resetAtMs / 1000)),
    }),
    ...(retryAfterSeconds !== null && { 'retry-after': String(retryAfterSeconds) }),
    ...(fault?.kind === 'redirect' && { location: fault.location ?? 'http://127.0.0.1:9/elsewhere' }),
  };
  const afterMs = fault?.kind === 'slow' ? fault.ms : 0;
  if (fault?.kind === 'truncated-answer') {
    const body = sent.text.slice(0, Math.floor(sent.text.length / 2));
    return { kind: 'truncated', status: sent.status, headers, body, afterMs };
  }
  if (fault?.kind === 'garbled-answer') {
    return { kind: 'response', status: 200, headers, body: '<html>the proxy is sorry</html>', afterMs };
  }
  return { kind: 'response', status: sent.status, headers, body: sent.text, afterMs };
}

function log(machine: Machine, exchange: Exchange, judged: Judged | null, status: number | null): void {
  const { requests, requestLogMax } = machine;
  if (requestLogMax === 0) return;
  const { nowMs: atMs, method, request, requestId, fault } = exchange;
  requests.push({
    atMs,
    method,
    path: request.path,
    requestId,
    apiKeyId: judged?.apiKeyId ?? null,
    status,
    replayed: judged?.reply.replayed ?? false,
    fault: fault?.kind ?? null,
  });
  if (requests.length > 2 * requestLogMax) requests.splice(0, requests.length - requestLogMax);
}

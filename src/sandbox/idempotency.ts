import type { SandboxBehaviour } from './behaviour.ts';
import { canonical } from './canonical.ts';
import { isUuid } from './ids.ts';
import { type Refusal, refusal, validation } from './refusals.ts';
import type { Caller, WriteRoute } from './route.ts';
import type { IdempotencyRow } from './state.ts';
import type { World } from './world.ts';

/** What a request is to the memory: where it would be remembered, and what it says. */
export interface MemoryKey {
  readonly id: string;
  readonly apiKeyId: string;
  readonly endpoint: string;
  readonly fingerprint: string;
}

export interface KeyedRequest {
  readonly path: string;
  readonly text: string | undefined;
  readonly body: unknown;
  readonly organizationId: string;
}

/** 400 where a key is mandatory, 422 for a key of a form that is not accepted, else null. */
export function keyRefusal(route: WriteRoute, key: string | undefined, behaviour: SandboxBehaviour): Refusal | null {
  if (key === undefined) {
    if (route.idempotencyRequired !== true) return null;
    return refusal('IDEMPOTENCY_REQUIRED', 'This endpoint needs an Idempotency-Key header.');
  }
  const isAccepted = behaviour.idempotencyKeyFormat === 'uuid' ? isUuid(key) : key.length >= 1 && key.length <= 255;
  return isAccepted ? null : validation([{ field: 'Idempotency-Key', message: 'has a form that is not accepted' }]);
}

/**
 * By default the memory is kept per API key and endpoint (getting-started/sandbox), the endpoint being the route with
 * its placeholders; the path itself is part of what is compared, so that one key on two organizations is a conflict.
 */
export function memoryKey(
  key: string,
  route: WriteRoute,
  { key: apiKey, organization }: Caller,
  request: KeyedRequest,
  behaviour: SandboxBehaviour,
): MemoryKey {
  const endpoint = `${route.method} ${route.path}`;
  const scope = behaviour.replayMemoryScope === 'parent' ? organization.id : `${apiKey.id} ${endpoint}`;
  const body = behaviour.bodyComparison === 'bytes' ? (request.text ?? '') : canonical(request.body ?? null);
  const fingerprint = `${route.method} ${request.path} ${request.organizationId}\n${body}`;
  return { id: `${scope} ${key}`, apiKeyId: apiKey.id, endpoint, fingerprint };
}

/** The remembered answer, null for a fresh request, or the 409 of another body or of a request still in flight. */
export function recall(
  world: World,
  memory: MemoryKey,
  nowMs: number,
  behaviour: SandboxBehaviour,
): IdempotencyRow | Refusal | null {
  const row = world.idempotency.get(memory.id);
  if (!row || nowMs - row.atMs >= behaviour.idempotencyWindowMs) return null;
  if (row.fingerprint !== memory.fingerprint) {
    return refusal('IDEMPOTENCY_CONFLICT', 'This Idempotency-Key was used with another body.');
  }
  if (nowMs >= row.answeredAtMs || behaviour.inFlightDuplicate === 'replay') return row;
  if (behaviour.inFlightDuplicate === 'execute') return null;
  return refusal('CONFLICT', 'A request with this Idempotency-Key is in progress.');
}

/** Remembers an answer and forgets those whose window has passed. */
export function remember(world: World, row: IdempotencyRow, nowMs: number, behaviour: SandboxBehaviour): void {
  for (const old of world.idempotency.rows()) {
    if (nowMs - old.atMs < behaviour.idempotencyWindowMs) break;
    world.idempotency.remove(old.id);
  }
  if (behaviour.idempotencyWindowMs === 0) return;
  // Removed first, so that the table stays in order of time.
  world.idempotency.remove(row.id);
  world.idempotency.put(row);
}

/** Whether an answer of this status is remembered under its key. */
export function isRemembered(status: number, behaviour: SandboxBehaviour): boolean {
  if (status < 300) return true;
  if (status >= 500) return behaviour.cacheServerErrors;
  return behaviour.cacheClientErrors && (status === 402 || status === 409 || status === 422);
}

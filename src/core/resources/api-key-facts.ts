import type { ApiKey } from '../api.ts';
import type { KeyDeclaration } from '../declaration/customer.ts';
import type { DyingKey } from '../key-ending.ts';
import type { Problem } from '../problem.ts';
import type { CustomerStatus, KeyStatus } from '../status.ts';

/** What the secret store holds for one key: the record beside the secret, never the secret. */
export interface StoredKeyRecord {
  readonly id: string;
  readonly prefix: string | null;
}

export type StoredKey =
  | { readonly kind: 'empty' }
  | { readonly kind: 'holds'; readonly record: StoredKeyRecord }
  /** The store cannot be asked; `why` is a sentence. */
  | { readonly kind: 'unknown'; readonly why: string };

export interface KeyFacts {
  /** All keys of the organization, revoked ones included. */
  readonly listed: readonly ApiKey[];
  readonly recorded: KeyStatus | null;
  readonly stored: StoredKey;
  /** The key whose secret the store keeps beside it until that key is dead; null when there is none. */
  readonly previous: StoredKeyRecord | null;
  /** The `Date` of the listing's answer: ages are differences of server times. */
  readonly serverNowMs: number;
}

/** What is to be done about one declared key. At most one of these is true of a key at a time. */
export type KeyDecision =
  | { readonly kind: 'converged'; readonly key: ApiKey | null; readonly stale: readonly ApiKey[] }
  | {
      readonly kind: 'mint';
      readonly ordinal: number;
      readonly replaces: ApiKey | null;
      /** The replaced key, if memory says that it is ours: only then is it revoked after the overlap. */
      readonly retires: string | null;
      readonly reason: string;
    }
  /** The same mint or rotation again, to get the secret of a key that is there (I3). */
  | { readonly kind: 'recover'; readonly key: ApiKey; readonly by: Recovery }
  | { readonly kind: 'rotate'; readonly key: ApiKey }
  | {
      readonly kind: 'revoke';
      readonly keys: readonly DyingKey[];
      readonly reason: string;
      /** The change that waited for it; null when none did. It is decided again when they are dead. */
      readonly successor: Succession | null;
    }
  | { readonly kind: 'refused'; readonly problem: Problem };

/** A key that takes the place of another. */
export type Succession = KeyDecision & { readonly kind: 'mint' | 'rotate' };

export type Recovery =
  | { readonly action: 'mint'; readonly ordinal: number }
  | { readonly action: 'rotate'; readonly oldKeyId: string };

export function refused(problem: Problem): KeyDecision {
  return { kind: 'refused', problem };
}

/** The entry of recorded status for a key, if it is about this organization. */
export function recordedKey(status: CustomerStatus | null, organizationId: string, name: string): KeyStatus | null {
  if (status?.organizationId !== organizationId) return null;
  return status.keys.find((key) => key.name === name) ?? null;
}

export function isLive(key: ApiKey): boolean {
  return key.status === 'active' && !isRotated(key);
}

/**
 * Another key took its place by a rotation. The page promises `graceUntil` for such a key; that it names its successor is
 * not said (organizations/api-keys/rotate).
 */
export function isRotated({ supersededBy, graceUntil }: Pick<ApiKey, 'supersededBy' | 'graceUntil'>): boolean {
  return supersededBy !== null || graceUntil !== null;
}

/** Works no more: revoked, or past the grace of its rotation, however long the list shows it as active. */
export function isDead({ status, graceUntil }: ApiKey, nowMs: number): boolean {
  return status === 'revoked' || (graceUntil !== null && instant(graceUntil) <= nowMs);
}

/** Ours by memory, of the status or of the store: the only keys that may be revoked as "the old one" (design 3). */
export function isOurs({ id }: ApiKey, { recorded, stored, previous }: KeyFacts): boolean {
  const storedId = stored.kind === 'holds' ? stored.record.id : null;
  return [recorded?.id, recorded?.replaces, storedId, previous?.id].includes(id);
}

/** Replaced already: the status says so, or the store has moved its secret aside for that of another key. */
export function isRetiring({ id }: ApiKey, { recorded, stored, previous }: KeyFacts): boolean {
  if (recorded?.replaces === id) return true;
  return previous?.id === id && stored.kind === 'holds' && stored.record.id !== id;
}

export function matches(key: ApiKey, declared: KeyDeclaration): boolean {
  const scopes = new Set(declared.scopes);
  return (
    key.env === declared.env && key.scopes.length === scopes.size && key.scopes.every((scope) => scopes.has(scope))
  );
}

export function isTooOld(key: ApiKey, declared: KeyDeclaration): boolean {
  return declared.createdAfter !== undefined && instant(key.createdAt) <= instant(declared.createdAfter);
}

/**
 * How long until the server's clock has passed `createdAfter`, in milliseconds; 0 when it has. A key made before, by a
 * server that is behind whoever wrote the file, would be too old at once and be replaced again.
 */
export function aheadOfServerMs(
  { createdAfter }: KeyDeclaration,
  { serverNowMs }: Pick<KeyFacts, 'serverNowMs'>,
): number {
  return createdAfter === undefined ? 0 : Math.max(0, instant(createdAfter) + 1 - serverNowMs);
}

export function instant(text: string): number {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? 0 : ms;
}

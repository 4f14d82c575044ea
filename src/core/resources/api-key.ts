import type { ApiKey } from '../api.ts';
import type { KeyDeclaration } from '../declaration/customer.ts';
import type { Notices } from '../notice.ts';
import type { Step } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { SourcedCustomer } from '../source.ts';
import type { CustomerStatus, KeyStatus } from '../status.ts';

/** How long after a key's `createdAt` its mint or rotation may be repeated to get the secret again (P6: W is unknown below 24 h). */
export const REPLAY_WITHIN_MS = 20 * 3_600_000;

/** How long a replaced key lives on, as the API's own rotation does (organizations/api-keys/rotate). */
export const OVERLAP_MS = 24 * 3_600_000;

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
  | { readonly kind: 'revoke'; readonly keys: readonly ApiKey[]; readonly reason: string }
  | { readonly kind: 'refused'; readonly problem: Problem };

export type Recovery =
  | { readonly action: 'mint'; readonly ordinal: number }
  | { readonly action: 'rotate'; readonly oldKeyId: string };

export function decideKey(declared: KeyDeclaration, pointer: string, facts: KeyFacts, notices: Notices): KeyDecision {
  const sameName = facts.listed.filter((key) => key.name === declared.name);
  const live = sameName.filter((key) => isLive(key));
  const matching = live.filter((key) => matches(key, declared));
  const [key, secondMatch] = matching;

  if (declared.state === 'revoked') {
    const alive = sameName.filter(({ status }) => status === 'active');
    if (alive.length > 0) return { kind: 'revoke', keys: alive, reason: 'declared `state: revoked`' };
    // A key that was alive when it was recorded is dead only when a listing says so (P7).
    const isUnseen = facts.recorded?.secret && !sameName.some(({ id }) => id === facts.recorded?.id);
    if (isUnseen) return refused(notListed(declared, pointer, facts.recorded?.id ?? '', notices));
    return { kind: 'converged', key: null, stale: sameName };
  }
  if (secondMatch || live.length > 2 || (live.length === 2 && !key)) return duplicate(declared, pointer, live, notices);
  if (!key) return decideWithoutMatch(declared, pointer, sameName, facts, notices);

  const replaced = live.find((other) => other !== key) ?? null;
  const missing = decideSecret(key, pointer, sameName, facts, notices);
  // A secret that can still be had is fetched first: who settles a duplicate may need longer than the window (I3).
  if (replaced && !isRecorded(replaced, facts))
    return missing?.kind === 'recover' ? missing : duplicate(declared, pointer, live, notices);
  // Before the question after its secret: a rotation is also the cure of a secret that is lost.
  if (isTooOld(key, declared)) return { kind: 'rotate', key };
  if (missing) return missing;
  if (!replaced) return { kind: 'converged', key, stale: sameName.filter((other) => other !== key) };
  if (facts.serverNowMs - Date.parse(key.createdAt) >= OVERLAP_MS)
    return { kind: 'revoke', keys: [replaced], reason: 'its replacement has been live for 24 hours' };
  return refused(keyOverlap(key, replaced, pointer, notices));
}

/** A key was replaced, and the old one lives on for as long as the API's own rotation would let it. */
export function keyOverlap(key: ApiKey, replaced: ApiKey, pointer: string, notices: Notices): Problem {
  const end = new Date(Date.parse(key.createdAt) + OVERLAP_MS).toISOString();
  return notices.problem(
    pointer,
    'waiting',
    'KeyOverlap',
    `Key "${key.name}" was replaced; the old key ${replaced.prefix} works until ${end} and is then revoked.`,
  );
}

/** No live key is as declared: none ever was, it was revoked, or its scopes or env changed. */
function decideWithoutMatch(
  declared: KeyDeclaration,
  pointer: string,
  sameName: readonly ApiKey[],
  facts: KeyFacts,
  notices: Notices,
): KeyDecision {
  const ordinal = Math.max(sameName.length, facts.recorded?.seen ?? 0);
  const [other] = sameName.filter(isLive);
  if (other) {
    const ours = facts.recorded?.id === other.id || storedId(facts) === other.id;
    const reason = 'scopes or env differ; a key cannot be changed';
    return { kind: 'mint', ordinal, replaces: other, retires: ours ? other.id : null, reason };
  }
  if (facts.recorded && !sameName.some(({ id }) => id === facts.recorded?.id))
    return refused(notListed(declared, pointer, facts.recorded.id, notices));
  if (sameName.length === 0)
    return { kind: 'mint', ordinal, replaces: null, retires: null, reason: 'no key of this name was ever minted' };
  const revokedAt = sameName
    .map((key) => key.revokedAt ?? key.createdAt)
    .toSorted((a, b) => instant(b) - instant(a))[0];
  if (declared.createdAfter && revokedAt && instant(declared.createdAfter) > instant(revokedAt))
    return {
      kind: 'mint',
      ordinal,
      replaces: null,
      retires: null,
      reason: 'revoked, and createdAfter asks for a new key',
    };
  return refused(
    notices.problem(
      pointer,
      'error',
      'KeyRevoked',
      `Key "${declared.name}" was revoked at ${revokedAt ?? 'an unknown time'}. It is not minted again by itself.`,
      { next: `To mint a new one, set \`createdAfter\` to a time after that; to leave it, set \`state: revoked\`.` },
    ),
  );
}

function notListed(declared: KeyDeclaration, pointer: string, id: string, notices: Notices): Problem {
  return notices.problem(
    pointer,
    'held',
    'KeyNotListed',
    `The recorded status names key ${id} as "${declared.name}", but the API does not list it. Nothing is minted or revoked.`,
    {
      next: 'If it does not come back by itself, somebody removed it: discard the recorded status with `reconcile resolve`.',
    },
  );
}

/** The key is there; is its secret? (I3: a replay inside the window gives it again, after that a person decides.) */
function decideSecret(
  key: ApiKey,
  pointer: string,
  sameName: readonly ApiKey[],
  facts: KeyFacts,
  notices: Notices,
): KeyDecision | null {
  const { stored, recorded } = facts;
  // A store that cannot be asked (a runner without the daemon's disk) contradicts nothing that was delivered before.
  if (stored.kind === 'unknown' && recorded?.id === key.id) return null;
  if (stored.kind === 'unknown')
    return refused(notices.problem(pointer, 'error', 'SecretStoreUnavailable', stored.why));
  if (stored.kind === 'holds' && (stored.record.id === key.id || stored.record.prefix === key.prefix)) return null;
  const age = facts.serverNowMs - Date.parse(key.createdAt);
  const vetoed = recorded?.id === key.id;
  if (!vetoed && age < REPLAY_WITHIN_MS) {
    const old = sameName.find(({ supersededBy }) => supersededBy === key.id);
    const ordinal = ordinalOf(key, sameName, recorded);
    return { kind: 'recover', key, by: old ? { action: 'rotate', oldKeyId: old.id } : { action: 'mint', ordinal } };
  }
  return refused(
    notices.problem(
      pointer,
      'error',
      'SecretMissing',
      `Key ${key.prefix} ("${key.name}") is live, but the secret store does not hold its secret, and it cannot be shown again.`,
      { next: 'To replace it, set `createdAfter` to the present time; nothing is revoked before you do.' },
    ),
  );
}

/**
 * How many keys of this name were made before this one. Newest first: what stands behind the key in the listing was
 * there before it. Revoked keys may not be listed (P8); how many those are is what the recorded key's own ordinal says
 * beyond the listing. A wrong ordinal would make another key instead of repeating the mint of this one (I3).
 */
export function ordinalOf(key: ApiKey, sameName: readonly ApiKey[], recorded: KeyStatus | null): number {
  const behind = sameName.length - 1 - sameName.findIndex(({ id }) => id === key.id);
  const place = sameName.findIndex(({ id }) => id === recorded?.id);
  if (!recorded) return behind;
  if (place < 0) return Math.max(behind, recorded.seen);
  return behind + Math.max(0, recorded.ordinal - (sameName.length - 1 - place));
}

/** Live keys that no entry of the file names: reported, left alone. */
export function undeclaredKeys(customer: SourcedCustomer, listed: readonly ApiKey[], notices: Notices): Problem[] {
  const declared = new Set(customer.declaration.keys.map(({ name }) => name));
  return listed
    .filter((key) => isLive(key) && !declared.has(key.name))
    .map((key) =>
      notices.problem(
        '/keys',
        'warning',
        'UndeclaredKey',
        `Key ${key.prefix} ("${key.name}") is live and not in the file. It is left alone.`,
        { next: 'To revoke it, add it with `state: revoked`; to keep it, declare it.' },
      ),
    );
}

/** The step that a decision asks for; null when there is nothing to do or nothing may be done. */
export function planKey(
  declared: KeyDeclaration,
  pointer: string,
  decision: KeyDecision,
  notices: Notices,
): Step | null {
  const fields = { scopes: [...new Set(declared.scopes)].toSorted(), env: declared.env };
  const common = { resource: 'api-key', name: declared.name } as const;
  switch (decision.kind) {
    case 'converged':
    case 'refused':
      return null;
    case 'mint': {
      const { replaces, reason } = decision;
      const before = replaces ? { scopes: replaces.scopes.toSorted(), env: replaces.env } : null;
      return notices.step(pointer, { ...common, action: 'mint', reason, before, after: fields });
    }
    case 'recover':
      return notices.step(pointer, {
        ...common,
        action: decision.by.action,
        reason: 'its secret was never stored; repeating the request gives it again',
        after: fields,
      });
    case 'rotate':
      return notices.step(pointer, {
        ...common,
        action: 'rotate',
        reason: `older than createdAfter asks (${decision.key.createdAt})`,
        before: { createdAt: decision.key.createdAt },
        after: { createdAfter: declared.createdAfter ?? null },
      });
    case 'revoke':
      return notices.step(pointer, {
        ...common,
        action: 'revoke',
        reason: decision.reason,
        before: { keys: decision.keys.map(({ prefix }) => prefix), lastUsedAt: lastUse(decision.keys) },
      });
  }
}

/** The entry of recorded status for a key, if it is about this organization. */
export function recordedKey(status: CustomerStatus | null, organizationId: string, name: string): KeyStatus | null {
  if (status?.organizationId !== organizationId) return null;
  return status.keys.find((key) => key.name === name) ?? null;
}

export function isLive(key: ApiKey): boolean {
  return key.status === 'active' && key.supersededBy === null;
}

function matches(key: ApiKey, declared: KeyDeclaration): boolean {
  const scopes = new Set(declared.scopes);
  return (
    key.env === declared.env && key.scopes.length === scopes.size && key.scopes.every((scope) => scopes.has(scope))
  );
}

function isTooOld(key: ApiKey, declared: KeyDeclaration): boolean {
  return declared.createdAfter !== undefined && instant(key.createdAt) <= instant(declared.createdAfter);
}

/** Ours by memory: the only keys that may be revoked as "the old one" after a replacement. */
function isRecorded(key: ApiKey, facts: KeyFacts): boolean {
  return facts.recorded?.id === key.id || facts.recorded?.replaces === key.id;
}

function storedId(facts: KeyFacts): string | null {
  return facts.stored.kind === 'holds' ? facts.stored.record.id : null;
}

function duplicate(declared: KeyDeclaration, pointer: string, live: readonly ApiKey[], notices: Notices): KeyDecision {
  return refused(
    notices.problem(
      pointer,
      'error',
      'DuplicateKey',
      `${live.length} live keys are named "${declared.name}": ${live.map(({ prefix }) => prefix).join(', ')}.`,
      { next: 'Revoke the ones that are not in use; nothing is minted or revoked until one is left.' },
    ),
  );
}

function lastUse(keys: readonly ApiKey[]): string | null {
  return keys.map(({ lastUsedAt }) => lastUsedAt).toSorted((a, b) => instant(b ?? '') - instant(a ?? ''))[0] ?? null;
}

function instant(text: string): number {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? 0 : ms;
}

function refused(problem: Problem): KeyDecision {
  return { kind: 'refused', problem };
}

import type { ApiKey } from '../api.ts';
import type { KeyDeclaration } from '../declaration/customer.ts';
import { type DyingKey, endingOf } from '../key-ending.ts';
import type { Notices, StepDraft } from '../notice.ts';
import type { Step } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { SourcedCustomer } from '../source.ts';
import type { CustomerStatus, KeyStatus } from '../status.ts';

/** How long after a key's `createdAt` its mint or rotation may be repeated to get the secret again (P6: W is unknown below 24 h). */
export const REPLAY_WITHIN_MS = 20 * 3_600_000;

/** How long a replaced key lives on, as the API's own rotation does (organizations/api-keys/rotate). */
export const OVERLAP_MS = 24 * 3_600_000;
const OVERLAP_HOURS = OVERLAP_MS / 3_600_000;

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
type Succession = KeyDecision & { readonly kind: 'mint' | 'rotate' };

export type Recovery =
  | { readonly action: 'mint'; readonly ordinal: number }
  | { readonly action: 'rotate'; readonly oldKeyId: string };

export function decideKey(declared: KeyDeclaration, pointer: string, facts: KeyFacts, notices: Notices): KeyDecision {
  const sameName = facts.listed.filter((key) => key.name === declared.name);
  if (declared.state === 'revoked') return decideRevoked(declared, pointer, sameName, facts, notices);
  const live = sameName.filter(isLive);
  // A key that was replaced is on its way out, and never again the one that is meant, whatever is declared by now.
  const candidates = live.filter((key) => !isRetiring(key, facts));
  const [key, secondMatch] = candidates.filter((candidate) => matches(candidate, declared));
  if (secondMatch) return duplicate(declared, pointer, live, facts, notices);
  if (!key) return decideWithoutMatch(declared, pointer, { sameName, live, candidates }, facts, notices);

  const missing = decideSecret(declared, key, pointer, sameName, facts, notices);
  // A secret that can still be had is fetched first: who settles a duplicate may need longer than the window (I3).
  if (live.some((other) => other !== key && !isOurs(other, facts)))
    return missing?.kind === 'recover' ? missing : duplicate(declared, pointer, live, facts, notices);
  const replaced = replacedBy(key, live, facts);
  const rotation = isTooOld(key, declared) ? ({ kind: 'rotate', key } as const) : null;
  if (!missing && replaced.length > 0 && isOverlapOver(key, facts)) return retire(replaced, rotation);
  // Before the question after its secret: a rotation is also the cure of a secret that is lost.
  if (rotation) return waitsForOverlap(declared, pointer, facts, notices) ?? rotation;
  if (missing) return missing;
  const [overlapping] = replaced;
  if (overlapping) return refused(keyOverlap(key, overlapping, pointer, notices));
  return { kind: 'converged', key, stale: sameName.filter((other) => other !== key) };
}

/** `state: revoked` ends whatever is active under the name; what never existed, or is dead, is as declared. */
function decideRevoked(
  declared: KeyDeclaration,
  pointer: string,
  sameName: readonly ApiKey[],
  { recorded }: KeyFacts,
  notices: Notices,
): KeyDecision {
  const alive = sameName.filter(({ status }) => status === 'active');
  if (alive.length > 0) return { kind: 'revoke', keys: alive, reason: 'declared `state: revoked`', successor: null };
  // A key that was alive when it was recorded is dead only when a listing says so (P7).
  const isUnseen = recorded?.secret && !sameName.some(({ id }) => id === recorded.id);
  if (isUnseen) return refused(notListed(declared, pointer, recorded.id, notices));
  return { kind: 'converged', key: null, stale: sameName };
}

/**
 * What a key has replaced and what has to be revoked after the overlap. A list may lack it: late (P7), or because it is
 * dead already and dead keys are not shown (P8). Where status and store both name it, it is revoked once more then,
 * which changes nothing if it was (organizations/api-keys/delete): forgotten, it would live for ever.
 */
function replacedBy(key: ApiKey, live: readonly ApiKey[], { recorded, previous, listed }: KeyFacts): DyingKey[] {
  const others = live.filter((other) => other !== key);
  const isUnseen = previous && recorded?.replaces === previous.id && !listed.some(({ id }) => id === previous.id);
  if (!isUnseen) return others;
  return [...others, { id: previous.id, name: key.name, prefix: previous.prefix ?? previous.id }];
}

function retire(keys: readonly DyingKey[], successor: Succession | null): KeyDecision {
  return { kind: 'revoke', keys, reason: 'its replacement has been live for 24 hours', successor };
}

function isOverlapOver(key: ApiKey, { serverNowMs }: KeyFacts): boolean {
  return serverNowMs - Date.parse(key.createdAt) >= OVERLAP_MS;
}

/** A key was replaced, and the old one lives on for as long as the API's own rotation would let it. */
export function keyOverlap(key: ApiKey, replaced: DyingKey, pointer: string, notices: Notices): Problem {
  const end = new Date(Date.parse(key.createdAt) + OVERLAP_MS).toISOString();
  return notices.problem(
    pointer,
    'waiting',
    'KeyOverlap',
    `Key "${key.name}" was replaced; the old key ${replaced.prefix} works until ${end} and is then revoked.`,
  );
}

/**
 * The store keeps two secrets of a name. A third key would push out that of the key before, which still works (I3): so
 * a change within the overlap of the last one waits until that is over.
 */
function waitsForOverlap(
  declared: KeyDeclaration,
  pointer: string,
  facts: KeyFacts,
  notices: Notices,
): KeyDecision | null {
  const { previous, stored, listed, serverNowMs, recorded } = facts;
  const heir = stored.kind === 'holds' ? listed.find(({ id }) => id === stored.record.id) : undefined;
  if (!previous || !heir || previous.id === heir.id) return null;
  const before = listed.find(({ id }) => id === previous.id);
  // A listing that lacks it may only be late (P7), or show no dead keys (P8): then the time tells, with a day more for
  // one that does not end by itself.
  const patience = recorded?.replaces === previous.id ? 2 * OVERLAP_MS : OVERLAP_MS;
  if (before ? isDead(before, serverNowMs) : serverNowMs - Date.parse(heir.createdAt) >= patience) return null;
  const end = before?.graceUntil ?? new Date(Date.parse(heir.createdAt) + OVERLAP_MS).toISOString();
  const which = before?.prefix ?? previous.prefix ?? previous.id;
  return refused(
    notices.problem(
      pointer,
      'held',
      'KeyOverlap',
      `Key "${declared.name}" is to be replaced again, but the key before it, ${which}, works until ${end}. The change waits until then, because the store keeps the secrets of two keys only.`,
      { next: `Nothing to do. To have the change at once, revoke ${which} by hand, if nobody uses it any more.` },
    ),
  );
}

interface KeysOfName {
  /** Newest first, revoked ones included. */
  readonly sameName: readonly ApiKey[];
  readonly live: readonly ApiKey[];
  /** The live ones that nothing has replaced. */
  readonly candidates: readonly ApiKey[];
}

/** No live key is as declared: none ever was, it was revoked, or its scopes or env changed. */
function decideWithoutMatch(
  declared: KeyDeclaration,
  pointer: string,
  { sameName, live, candidates }: KeysOfName,
  facts: KeyFacts,
  notices: Notices,
): KeyDecision {
  const { recorded } = facts;
  if (recorded && !sameName.some(({ id }) => id === recorded.id))
    return refused(notListed(declared, pointer, recorded.id, notices));
  const [other, ...further] = candidates;
  if (!other || wasRevoked(declared, other, sameName, facts))
    return decideWithoutKey(declared, pointer, sameName, facts, notices);
  if (further.length > 0) return duplicate(declared, pointer, live, facts, notices);
  const ours = isOurs(other, facts);
  const retiring = replacedBy(other, live, facts);
  const isStored = facts.stored.kind === 'holds' && facts.stored.record.id === other.id;
  const reason = 'scopes or env differ; a key cannot be changed';
  const ordinal = nextOrdinal(sameName, facts);
  const mint = { kind: 'mint', ordinal, replaces: other, retires: ours ? other.id : null, reason } as const;
  if (retiring.length > 0 && ours && isStored && isOverlapOver(other, facts)) return retire(retiring, mint);
  return waitsForOverlap(declared, pointer, facts, notices) ?? mint;
}

/** No key of the name is left: none ever was, or it was revoked. */
function decideWithoutKey(
  declared: KeyDeclaration,
  pointer: string,
  sameName: readonly ApiKey[],
  facts: KeyFacts,
  notices: Notices,
): KeyDecision {
  const mint = { kind: 'mint', ordinal: nextOrdinal(sameName, facts), replaces: null, retires: null } as const;
  if (sameName.length === 0) return { ...mint, reason: 'no key of this name was ever minted' };
  const revokedAt = sameName
    .map((key) => key.revokedAt ?? key.createdAt)
    .toSorted((a, b) => instant(b) - instant(a))[0];
  if (declared.createdAfter && revokedAt && instant(declared.createdAfter) > instant(revokedAt)) {
    const again = { ...mint, reason: 'revoked, and createdAfter asks for a new key' };
    return waitsForOverlap(declared, pointer, facts, notices) ?? again;
  }
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

/** How many keys of the name there ever were; revoked ones may not be listed (P8). */
function nextOrdinal(sameName: readonly ApiKey[], { recorded }: KeyFacts): number {
  return Math.max(sameName.length, recorded?.seen ?? 0);
}

/**
 * Somebody revoked the key of this name, and another lives on beside it: then a changed entry is no leave to mint again
 * (I5). A key that is as declared and was made after the living one had replaced it, whatever memory says of either. Else
 * ours by memory is the key itself; without memory, one that was made before the revoked one is not.
 */
function wasRevoked(declared: KeyDeclaration, other: ApiKey, sameName: readonly ApiKey[], facts: KeyFacts): boolean {
  const isRevoked = ({ status, supersededBy }: ApiKey) => status === 'revoked' && supersededBy === null;
  const newer = sameName.slice(0, sameName.indexOf(other));
  if (newer.some((key) => isRevoked(key) && matches(key, declared))) return true;
  if (isOurs(other, facts)) return false;
  return newer.some(isRevoked) || sameName.some((key) => key.id === facts.recorded?.id && isRevoked(key));
}

/** Where one scope of a declared key stands; the entry itself where that is not known. */
export function scopePointer({ scopes }: KeyDeclaration, pointer: string, scope: string | null): string {
  return scope === null ? pointer : `${pointer}/scopes/${scopes.indexOf(scope)}`;
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
  declared: KeyDeclaration,
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
    // A listing without the key that we know may lack the one whose request this would be (P7): another would be made.
    if (recorded && !sameName.some(({ id }) => id === recorded.id))
      return refused(notListed(declared, pointer, recorded.id, notices));
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

/** The steps that a decision asks for: none when there is nothing to do or nothing may be done. */
export function planKey(declared: KeyDeclaration, pointer: string, decision: KeyDecision, notices: Notices): Step[] {
  const fields = { scopes: [...new Set(declared.scopes)].toSorted(), env: declared.env };
  const step = (draft: Omit<StepDraft, 'resource' | 'name'>) =>
    notices.step(pointer, { ...draft, resource: 'api-key', name: declared.name });
  switch (decision.kind) {
    case 'converged':
    case 'refused':
      return [];
    case 'mint': {
      const { replaces, retires, reason } = decision;
      const before = replaces ? { scopes: replaces.scopes.toSorted(), env: replaces.env } : null;
      const ends = replaces && retires === replaces.id ? endingOf([replaces], OVERLAP_HOURS) : null;
      return [step({ action: 'mint', reason, before, after: fields, ends })];
    }
    case 'recover': {
      const reason = 'its secret was never stored; repeating the request gives it again';
      return [step({ action: decision.by.action, reason, after: fields })];
    }
    case 'rotate': {
      const { createdAt } = decision.key;
      const after = { createdAfter: declared.createdAfter ?? null };
      const ends = endingOf([decision.key], OVERLAP_HOURS);
      const reason = `older than createdAfter asks (${createdAt})`;
      return [step({ action: 'rotate', reason, before: { createdAt }, after, ends })];
    }
    case 'revoke': {
      const { keys, reason, successor } = decision;
      const before = { keys: keys.map(({ prefix }) => prefix) };
      const revoke = step({ action: 'revoke', reason, before, ends: endingOf(keys, 0) });
      return [revoke, ...(successor ? planKey(declared, pointer, successor, notices) : [])];
    }
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

/** Ours by memory, of the status or of the store: the only keys that may be revoked as "the old one" (design 3). */
function isOurs({ id }: ApiKey, { recorded, stored, previous }: KeyFacts): boolean {
  const storedId = stored.kind === 'holds' ? stored.record.id : null;
  return [recorded?.id, recorded?.replaces, storedId, previous?.id].includes(id);
}

/** Replaced already: the status says so, or the store has moved its secret aside for that of another key. */
function isRetiring({ id }: ApiKey, { recorded, stored, previous }: KeyFacts): boolean {
  if (recorded?.replaces === id) return true;
  return previous?.id === id && stored.kind === 'holds' && stored.record.id !== id;
}

/** Works no more: revoked, or past the grace of its rotation, however long the list shows it as active. */
export function isDead({ status, graceUntil }: ApiKey, nowMs: number): boolean {
  return status === 'revoked' || (graceUntil !== null && instant(graceUntil) <= nowMs);
}

function duplicate(
  declared: KeyDeclaration,
  pointer: string,
  live: readonly ApiKey[],
  { stored }: KeyFacts,
  notices: Notices,
): KeyDecision {
  const held = stored.kind === 'holds' ? live.find(({ id }) => id === stored.record.id) : undefined;
  const known = held ? `The store holds the secret of ${held.prefix}` : 'The store holds the secret of none of them';
  return refused(
    notices.problem(
      pointer,
      'error',
      'DuplicateKey',
      `${live.length} live keys are named "${declared.name}": ${live.map(({ prefix }) => prefix).join(', ')}. ${known}.`,
      { next: 'Revoke the ones that are not in use; nothing is minted or revoked until one is left.' },
    ),
  );
}

function instant(text: string): number {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? 0 : ms;
}

function refused(problem: Problem): KeyDecision {
  return { kind: 'refused', problem };
}

import type { ApiKey } from '../api.ts';
import type { KeyDeclaration } from '../declaration/customer.ts';
import type { Notices } from '../notice.ts';
import {
  instant,
  isLive,
  isOurs,
  isRetiring,
  isRotated,
  isTooOld,
  type KeyDecision,
  type KeyFacts,
  matches,
  refused,
} from './api-key-facts.ts';
import { isOverlapOver, keyOverlap, replacedBy, retire, waitsForOverlap } from './api-key-overlap.ts';
import { decideSecret, nextOrdinal, notListed } from './api-key-secret.ts';

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

/**
 * Somebody revoked the key of this name, and another lives on beside it: then a changed entry is no leave to mint again
 * (I5). A key that is as declared and was made after the living one had replaced it, whatever memory says of either. Else
 * ours by memory is the key itself; without memory, one that was made before the revoked one is not.
 */
function wasRevoked(declared: KeyDeclaration, other: ApiKey, sameName: readonly ApiKey[], facts: KeyFacts): boolean {
  const isRevoked = (key: ApiKey) => key.status === 'revoked' && !isRotated(key);
  const newer = sameName.slice(0, sameName.indexOf(other));
  if (newer.some((key) => isRevoked(key) && matches(key, declared))) return true;
  if (isOurs(other, facts)) return false;
  return newer.some(isRevoked) || sameName.some((key) => key.id === facts.recorded?.id && isRevoked(key));
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

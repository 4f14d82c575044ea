import type { ApiKey } from '../api.ts';
import type { KeyDeclaration } from '../declaration/customer.ts';
import { REPLAY_WITHIN_MS } from '../idempotency.ts';
import type { Notices } from '../notice.ts';
import type { Problem } from '../problem.ts';
import type { KeyStatus } from '../status.ts';
import { type KeyDecision, type KeyFacts, refused } from './api-key-facts.ts';

/** The key is there; is its secret? (I3: a replay inside the window gives it again, after that a person decides.) */
export function decideSecret(
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
    const old = replacedByRotation(key, sameName);
    const ordinal = ordinalOf(key, sameName, recorded);
    return { kind: 'recover', key, by: old ? { action: 'rotate', oldKeyId: old.id } : { action: 'mint', ordinal } };
  }
  // The recorded status says that it was delivered once; only a person may call that evidence wrong (I7).
  const isStillShown = age < REPLAY_WITHIN_MS;
  return refused(
    notices.problem(
      pointer,
      'error',
      'SecretMissing',
      `Key ${key.prefix} ("${key.name}") is live, but the secret store does not hold its secret${isStillShown ? '' : ', and it cannot be shown again'}.`,
      {
        next: isStillShown
          ? 'Within 20 hours of its creation the API still shows it: `reconcile resolve` discards the recorded status, and the next pass fetches it. Or replace the key: set `createdAfter` to the present time.'
          : 'To replace it, set `createdAfter` to the present time; nothing is revoked before you do.',
      },
    ),
  );
}

/** The key that was rotated into this one; where none names it, the one before it, if that is in a grace of its own. */
function replacedByRotation(key: ApiKey, sameName: readonly ApiKey[]): ApiKey | undefined {
  const named = sameName.find(({ supersededBy }) => supersededBy === key.id);
  const before = sameName[sameName.indexOf(key) + 1];
  return named ?? (before?.supersededBy === null && before.graceUntil !== null ? before : undefined);
}

/** How many keys of the name there ever were; revoked ones may not be listed (P8). */
export function nextOrdinal(sameName: readonly ApiKey[], { recorded }: KeyFacts): number {
  return Math.max(sameName.length, recorded?.seen ?? 0);
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

export function notListed(declared: KeyDeclaration, pointer: string, id: string, notices: Notices): Problem {
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

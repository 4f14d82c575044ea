import type { ApiKey } from '../api.ts';
import type { KeyDeclaration } from '../declaration/customer.ts';
import type { DyingKey } from '../key-ending.ts';
import type { Notices } from '../notice.ts';
import type { Problem } from '../problem.ts';
import { isDead, type KeyDecision, type KeyFacts, refused, type Succession } from './api-key-facts.ts';

/** How long a replaced key lives on, as the API's own rotation does (organizations/api-keys/rotate). */
export const OVERLAP_MS = 24 * 3_600_000;
export const OVERLAP_HOURS = OVERLAP_MS / 3_600_000;

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
 * What a key has replaced and what has to be revoked after the overlap. A list may lack it: late (P7), or because it is
 * dead already and dead keys are not shown (P8). Where status and store both name it, it is revoked once more then,
 * which changes nothing if it was (organizations/api-keys/delete): forgotten, it would live for ever.
 */
export function replacedBy(key: ApiKey, live: readonly ApiKey[], { recorded, previous, listed }: KeyFacts): DyingKey[] {
  const others = live.filter((other) => other !== key);
  const isUnseen = previous && recorded?.replaces === previous.id && !listed.some(({ id }) => id === previous.id);
  if (!isUnseen) return others;
  return [...others, { id: previous.id, name: key.name, prefix: previous.prefix ?? previous.id }];
}

export function isOverlapOver(key: ApiKey, { serverNowMs }: KeyFacts): boolean {
  return serverNowMs - Date.parse(key.createdAt) >= OVERLAP_MS;
}

export function retire(keys: readonly DyingKey[], successor: Succession | null): KeyDecision {
  return { kind: 'revoke', keys, reason: 'its replacement has been live for 24 hours', successor };
}

/**
 * The store keeps two secrets of a name. A third key would push out that of the key before, which still works (I3): so
 * a change within the overlap of the last one waits until that is over.
 */
export function waitsForOverlap(
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

import type { Answer } from '../core/answer.ts';
import type { LedgerEvent, Organization } from '../core/api.ts';
import { inventoryOf, normalizedId } from '../core/inventory.ts';
import type { Refusal } from '../core/report.ts';
import type { Pass, SharedReads } from './context.ts';
import { LOOK_LIFE_MS, readArchived, readNewest, readOrganizations, readParentAllocations } from './reads.ts';

const LEDGER_WINDOW_MS = 48 * 3_600_000;

/** One listing of all organizations, and what is read once beside it. */
export interface Listing extends SharedReads {
  /** On the monotonic clock, before the first page was asked for: everything older than that is in it. */
  readonly startedAtMs: number;
}

export type Listed =
  | { readonly ok: true; readonly listing: Listing }
  | { readonly ok: false; readonly refusal: Refusal };

/** Lists all organizations, of every status, to the last page (correctness 2.4, step 2). */
export async function listOrganizations(pass: Pass): Promise<Listed> {
  const startedAtMs = pass.effects.clock.monotonic();
  const answer = await readOrganizations(pass.effects.reader);
  if (answer.outcome === 'ok') return { ok: true, listing: listingOf(pass, answer.value, startedAtMs) };
  const { code, message } = answer.problem;
  const next = code === 'FORBIDDEN_SCOPE' ? 'The API key must be the parent’s and hold org:admin.' : null;
  const requestId = answer.meta.requestId ?? null;
  const text = `The organizations cannot be listed: ${message}`;
  return { ok: false, refusal: { kind: 'cannot-run', code, message: text, next, requestId, problems: [] } };
}

function listingOf(pass: Pass, listed: readonly Organization[], startedAtMs: number): Listing {
  const byId = new Map(listed.map((organization) => [normalizedId(organization.id), organization]));
  let inventory = inventoryOf(listed);
  let isCurrent = true;
  let recent: Promise<Answer<readonly LedgerEvent[]>> | null = null;
  let looking: Promise<Answer<readonly Organization[]>> | null = null;
  let lookedAtMs = startedAtMs;
  let hasSeenArchived = false;
  const lacked: Organization[] = [];
  const { reader, clock } = pass.effects;

  const isKnown = ({ id }: Organization): boolean => byId.has(normalizedId(id));

  /** Takes in what a later look shows and the listing did not. */
  function takeIn(found: readonly Organization[]): void {
    const fresh = found.filter((organization) => !isKnown(organization));
    lacked.push(...fresh);
    for (const organization of fresh) byId.set(normalizedId(organization.id), organization);
    if (fresh.length > 0) isCurrent = false;
  }

  async function lookAgain(): Promise<Answer<readonly Organization[]>> {
    const nowMs = clock.monotonic();
    if (nowMs - lookedAtMs > LOOK_LIFE_MS) {
      const newest = await readNewest(reader, isKnown);
      if (newest.outcome !== 'ok') return newest;
      takeIn(newest.value);
      lookedAtMs = nowMs;
    }
    if (!hasSeenArchived) {
      const archived = await readArchived(reader);
      if (archived.outcome !== 'ok') return archived;
      takeIn(archived.value);
      hasSeenArchived = true;
    }
    return { outcome: 'ok', value: lacked, meta: {} };
  }

  return {
    startedAtMs,
    lookAgain() {
      looking ??= lookAgain().finally(() => {
        looking = null;
      });
      return looking;
    },
    inventory() {
      if (!isCurrent) inventory = inventoryOf([...byId.values()]);
      isCurrent = true;
      return inventory;
    },
    note(organization) {
      byId.set(normalizedId(organization.id), organization);
      isCurrent = false;
    },
    // A grant to an organization that was made meanwhile must not make this listing look as if it lacked one: everybody
    // who creates waits for the same answer, which was asked for before any of them did.
    parentLedgerOf48h() {
      recent ??= readParentAllocations(reader, pass.serverTimeMs - LEDGER_WINDOW_MS).then((answer) => {
        if (answer.outcome !== 'ok') recent = null;
        return answer;
      });
      return recent;
    },
  };
}

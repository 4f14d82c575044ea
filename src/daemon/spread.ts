/**
 * When each customer's turn comes, so that a fleet costs its requests evenly over the time and never all at once. Pure:
 * who asks brings the time along.
 */

const HOUR_MS = 3_600_000;
const HOURS_A_DAY = 24;

/** Goes round the fleet one customer at a time, by name, so that nobody is left out when others come and go. */
export interface Round {
  /** The next one; null once everybody had a turn, which begins the next round. */
  next(sorted: readonly string[]): string | null;
}

export function createRound(): Round {
  let last: string | null = null;
  return {
    next(sorted) {
      const found = last === null ? 0 : firstAfter(sorted, last);
      last = sorted[found] ?? null;
      return last;
    },
  };
}

/** The first place whose name is greater; the length of the list when there is none. */
function firstAfter(sorted: readonly string[], name: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') <= name) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The wait before the next of so many turns in a round, half of it to one and a half: on average they fill it. */
export function stepMs(roundMs: number, turns: number, random: number): number {
  return Math.max(1, (roundMs / Math.max(1, turns)) * (0.5 + random));
}

/**
 * The hour of the day in which a customer's keys and ledger are read in full: by its name, so that it is the same one
 * before and after a restart, and each customer's comes once a day (design 3).
 */
export function auditHourOf(externalId: string, hash: (text: string) => string): number {
  const [digits = '0'] = /[0-9a-f]{8}/.exec(hash(externalId).replace(/^sha256:/, '')) ?? [];
  return Number.parseInt(digits, 16) % HOURS_A_DAY;
}

export interface AuditTurn {
  /** Null when nobody is due in that hour: then it is only the time to look again. */
  readonly externalId: string | null;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** The first turn after an instant; those of an hour are spread over it, each in the middle of its share. */
export function nextAudit(afterMs: number, dueIn: (hour: number) => readonly string[]): AuditTurn {
  const hourStart = Math.floor(afterMs / HOUR_MS) * HOUR_MS;
  const due = dueIn(Math.floor(afterMs / HOUR_MS) % HOURS_A_DAY);
  const share = HOUR_MS / Math.max(1, due.length);
  const atOf = (place: number) => hourStart + Math.round((place + 0.5) * share);
  let place = Math.max(0, Math.floor((afterMs - hourStart) / share - 0.5));
  while (place < due.length && atOf(place) <= afterMs) place += 1;
  const externalId = due[place];
  return externalId === undefined ? { externalId: null, atMs: hourStart + HOUR_MS } : { externalId, atMs: atOf(place) };
}

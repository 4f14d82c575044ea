import type { SandboxBehaviour } from './behaviour.ts';
import { type Refusal, validation } from './refusals.ts';

export interface PageLimits {
  readonly max: number;
  readonly default: number;
}

interface Keyed {
  readonly id: string;
  readonly createdAtMs: number;
}

export interface PageOf<Row> {
  readonly rows: readonly Row[];
  readonly nextCursor: string | null;
}

/**
 * One page, newest first, equal times by id downwards. The cursor names the last row shown, so that rows created during
 * a scan never move the pages behind them. A limit out of range or a malformed cursor is a 422.
 */
export function paginate<Row extends Keyed>(
  rows: Iterable<Row>,
  query: URLSearchParams,
  limits: PageLimits,
  behaviour: SandboxBehaviour,
): PageOf<Row> | Refusal {
  const limitText = query.get('limit') ?? String(limits.default);
  const limit = /^\d{1,6}$/.test(limitText) ? Number(limitText) : 0;
  if (limit < 1 || limit > limits.max) {
    return validation([{ field: 'limit', message: `must be from 1 to ${limits.max}` }]);
  }
  const cursorText = query.get('cursor');
  const cursor = cursorText === null ? null : readCursor(cursorText);
  if (cursor === undefined) return validation([{ field: 'cursor', message: 'is not a cursor of this list' }]);

  // Insertion order is nearly the order of time, so that sorting the reversed rows is nearly free.
  const ordered = [...rows].reverse().sort(newestFirst);
  if (behaviour.listOmitsOne === 'newest') ordered.shift();
  if (behaviour.listOmitsOne === 'oldest') ordered.pop();
  const rest = cursor === null ? ordered : ordered.filter((row) => newestFirst(cursor, row) < 0);
  const shown = rest.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, nextCursor: last && rest.length > limit ? writeCursor(last) : null };
}

function newestFirst(a: Keyed, b: Keyed): number {
  if (a.createdAtMs !== b.createdAtMs) return b.createdAtMs - a.createdAtMs;
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}

function writeCursor({ createdAtMs, id }: Keyed): string {
  return Buffer.from(`${createdAtMs} ${id}`).toString('base64url');
}

function readCursor(text: string): Keyed | undefined {
  const match = /^(\d{1,16}) ([\w-]{1,64})$/.exec(Buffer.from(text, 'base64url').toString());
  const [, time, id] = match ?? [];
  return time === undefined || id === undefined ? undefined : { createdAtMs: Number(time), id };
}

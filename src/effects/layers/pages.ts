import type { Answer, AnswerMeta } from '../../core/answer.ts';
import { isOk } from '../../core/answer.ts';
import type { Page } from '../../core/api.ts';
import { canonicalJson } from '../../core/canonical.ts';
import { ourFailure } from './answers.ts';

export interface PageOptions<T> {
  readonly idOf: (item: T) => string;
  /** More pages than this are taken for a server that never ends. */
  readonly limitPages?: number;
  /**
   * Stops behind the page that holds an item which satisfies it, for "the ledger, newest first, until …". The rest of
   * that page is kept: items of the same instant stand in no order that could be relied on.
   */
  readonly until?: (item: T) => boolean;
}

/**
 * All items of a listing, in the server's order, or the first failure. A listing that repeats a cursor, never ends, or
 * shows one id with two contents is a BAD_ANSWER: what is built on half a listing would create things twice
 * (correctness 2.4, step 2). `meta` is that of the first page, whose server time is the age of the whole.
 */
export async function readAllPages<T>(
  fetchPage: (cursor?: string) => Promise<Answer<Page<T>>>,
  { idOf, limitPages = 10_000, until = () => false }: PageOptions<T>,
): Promise<Answer<readonly T[]>> {
  const items = new Map<string, T>();
  const cursors = new Set<string>();
  let firstMeta: AnswerMeta | null = null;
  let cursor: string | undefined;
  for (let pages = 1; pages <= limitPages; pages += 1) {
    const answer = await fetchPage(cursor);
    if (!isOk(answer)) return answer;
    firstMeta ??= answer.meta;
    for (const item of answer.value.items) {
      const id = idOf(item);
      const earlier = items.get(id);
      if (earlier !== undefined && canonicalJson(earlier) !== canonicalJson(item)) {
        return badListing('the listing shows one id with two different contents', answer.meta);
      }
      items.set(id, earlier ?? item);
    }
    const next = answer.value.nextCursor;
    if (next === null || answer.value.items.some(until)) {
      return { outcome: 'ok', value: [...items.values()], meta: firstMeta };
    }
    if (cursors.has(next)) return badListing('the listing repeats a cursor and would never end', answer.meta);
    cursors.add(next);
    cursor = next;
  }
  return badListing(`the listing goes on after ${limitPages} pages`, firstMeta ?? {});
}

function badListing(why: string, meta: AnswerMeta): Answer<never> {
  return ourFailure('in-doubt', 'BAD_ANSWER', `The pages of the answer do not fit together: ${why}.`, meta);
}

import { describe, expect, test } from 'vitest';
import type { Answer, Failure } from '../../../src/core/answer.ts';
import type { Page } from '../../../src/core/api.ts';
import { readAllPages } from '../../../src/effects/layers/pages.ts';

interface Item {
  readonly id: string;
  readonly text: string;
}

const idOf = ({ id }: Item): string => id;
const item = (id: string, text = id): Item => ({ id, text });

function ok(items: readonly Item[], nextCursor: string | null, serverTimeMs = 0): Answer<Page<Item>> {
  return { outcome: 'ok', value: { items, nextCursor }, meta: { status: 200, serverTimeMs } };
}

/** Serves these answers by cursor (`''` = the first page) and records what was asked for. */
function listing(pages: Readonly<Record<string, Answer<Page<Item>>>>) {
  const asked: (string | undefined)[] = [];
  const fetchPage = async (cursor?: string): Promise<Answer<Page<Item>>> => {
    asked.push(cursor);
    return pages[cursor ?? ''] ?? failure;
  };
  return { asked, fetchPage };
}

const failure: Failure = { outcome: 'in-doubt', problem: { code: 'TIMEOUT', message: 'late' }, meta: {} };

test('all pages are read to the end, in the server’s order, aged by the first', async () => {
  const { fetchPage, asked } = listing({
    '': ok([item('a')], 'x', 100),
    x: ok([], 'y', 200),
    y: ok([item('b'), item('c')], null, 300),
  });
  expect(await readAllPages(fetchPage, { idOf })).toEqual({
    outcome: 'ok',
    value: [item('a'), item('b'), item('c')],
    meta: { status: 200, serverTimeMs: 100 },
  });
  expect(asked).toEqual([undefined, 'x', 'y']);
});

test('an item that shows up twice with one content counts once', async () => {
  const { fetchPage } = listing({ '': ok([item('a'), item('b')], 'x'), x: ok([item('b'), item('c')], null) });
  expect(await readAllPages(fetchPage, { idOf })).toMatchObject({ value: [item('a'), item('b'), item('c')] });
});

test('half a listing is never taken for the whole', async () => {
  const { fetchPage } = listing({ '': ok([item('a')], 'x') });
  expect(await readAllPages(fetchPage, { idOf })).toEqual(failure);
});

describe('a listing that cannot be true is a BAD_ANSWER', () => {
  test.each([
    { reason: 'a cursor that points to itself', pages: { '': ok([], 'x'), x: ok([], 'x') }, says: 'repeats a cursor' },
    {
      reason: 'a loop of cursors',
      pages: { '': ok([], 'x'), x: ok([], 'y'), y: ok([], 'x') },
      says: 'repeats a cursor',
    },
    {
      reason: 'one id, two contents, one page',
      pages: { '': ok([item('a'), item('a', 'other')], null) },
      says: 'two different contents',
    },
    {
      reason: 'one id, two contents, two pages',
      pages: { '': ok([item('a')], 'x'), x: ok([item('a', 'other')], null) },
      says: 'two different contents',
    },
  ])('$reason', async ({ pages, says }) => {
    const answer = await readAllPages(listing(pages).fetchPage, { idOf });
    expect(answer).toMatchObject({ outcome: 'in-doubt', problem: { code: 'BAD_ANSWER' } });
    expect(answer.outcome !== 'ok' && answer.problem.message).toContain(says);
  });

  test('more pages than anybody has', async () => {
    let pages = 0;
    const endless = async (): Promise<Answer<Page<Item>>> => {
      pages += 1;
      return ok([item(String(pages))], `c${pages}`);
    };
    expect(await readAllPages(endless, { idOf })).toMatchObject({ problem: { code: 'BAD_ANSWER' } });
    expect(pages).toBe(10_000);
    expect(await readAllPages(endless, { idOf, limitPages: 3 })).toMatchObject({ problem: { code: 'BAD_ANSWER' } });
    expect(pages).toBe(10_003);
  });
});

test('reading ends with the page that holds the item that was looked for, and that page is given whole', async () => {
  const { fetchPage, asked } = listing({ '': ok([item('a'), item('b'), item('c')], 'x') });
  const answer = await readAllPages(fetchPage, { idOf, until: ({ id }) => id === 'b' });
  expect(answer).toMatchObject({ outcome: 'ok', value: [item('a'), item('b'), item('c')] });
  expect(asked).toEqual([undefined]);
});

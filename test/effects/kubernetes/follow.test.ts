import { expect, test } from 'vitest';
import { z } from 'zod';
import { type Followed, type FollowOptions, follow } from '../../../src/effects/kubernetes/follow.ts';
import type { Kind } from '../../../src/effects/kubernetes/kind.ts';
import type { Trouble } from '../../../src/effects/kubernetes/outcome.ts';
import type { WatchOptions } from '../../../src/effects/kubernetes/watch.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

interface Thing {
  readonly name: string;
}
const things: Kind<Thing> = { group: 'g', version: 'v1', plural: 'things', shape: z.object({ name: z.string() }) };

const gone: Trouble = { outcome: 'gone', message: 'too old' };
const forbidden: Trouble = { outcome: 'forbidden', message: 'no' };
const throttled: Trouble = { outcome: 'unreachable', message: 'wait', nothingDone: true, retryAfterMs: 4_000 };
const broken: Trouble = { outcome: 'unreachable', message: 'broke off', nothingDone: false, retryAfterMs: null };

/** What the server answers, in this order: names to a list, or a watch that lives so long, tells names, and ends. */
type Answer =
  | { readonly list: readonly string[] | Trouble; readonly at?: string }
  | {
      readonly watch: readonly (readonly [name: string, at: string])[];
      readonly livesMs: number;
      readonly end?: Trouble;
    };

/** Follows a server that gives these answers, until it has given them all; what was asked, when, and what was told. */
async function followed(answers: Answer[], relistMs = 600_000) {
  const clock = createVirtualClock();
  const stop = new AbortController();
  const asked: string[] = [];
  const next = (what: string) => {
    asked.push(`${Math.round(clock.monotonic() / 1_000)} s: ${what}`);
    const answer = answers.shift();
    if (answers.length === 0) stop.abort();
    return answer;
  };
  const client: FollowOptions['client'] = {
    async list<T>(kind: Kind<T>) {
      const answer = next('list');
      if (!answer || !('list' in answer)) throw new Error('A list was not expected.');
      if ('outcome' in answer.list) return answer.list;
      const items = answer.list.map((name) => kind.shape.parse({ name }));
      return { outcome: 'ok' as const, value: { items, resourceVersion: answer.at ?? '1' } };
    },
    async *watch<T>(kind: Kind<T>, _place: unknown, { resourceVersion, lifeMs }: WatchOptions) {
      const answer = next(`watch from ${resourceVersion}`);
      if (!answer || !('watch' in answer)) throw new Error('A watch was not expected.');
      for (const [name, at] of answer.watch)
        yield { type: 'changed' as const, object: kind.shape.parse({ name }), resourceVersion: at };
      await clock.sleep(Math.min(answer.livesMs, lifeMs));
      yield { type: 'ended' as const, trouble: answer.end ?? null };
    },
  };
  const told: Followed<Thing>[] = [];
  const options = { client, clock, chance: { random: () => 0, uuid: () => '' }, signal: stop.signal, relistMs };
  await clock.run(
    (async () => {
      for await (const one of follow(things, { namespace: 'n' }, options)) told.push(one);
    })(),
  );
  return { asked, told: told.map(inWords) };
}

function inWords(one: Followed<Thing>): string {
  if (one.kind === 'listed') return `all: ${one.items.map(({ name }) => name).join(' ')}`;
  return one.kind === 'trouble' ? `${one.trouble.message}, again in ${one.retryInMs / 1_000} s` : one.object.name;
}

test('a watch goes on where the list and the last watch ended, without a new list', async () => {
  const { asked, told } = await followed([
    { list: ['a', 'b'], at: '5' },
    { watch: [['c', '6']], livesMs: 240_000 },
    { watch: [], livesMs: 1 },
  ]);
  expect(asked).toEqual(['0 s: list', '0 s: watch from 5', '240 s: watch from 6']);
  expect(told).toEqual(['all: a b', 'c']);
});

test('what the server has forgotten is listed again at once, and only the second time after a wait', async () => {
  const { asked, told } = await followed([
    { list: ['a'], at: '5' },
    { watch: [], livesMs: 0, end: gone },
    { list: ['a', 'b'], at: '9' },
    { watch: [], livesMs: 0, end: gone },
    { list: ['a'], at: '10' },
  ]);
  expect(asked).toEqual(['0 s: list', '0 s: watch from 5', '0 s: list', '0 s: watch from 9', '1 s: list']);
  expect(told).toEqual(['all: a', 'all: a b', 'too old, again in 1 s', 'all: a']);
});

test('a server that turns watches away is asked again from the same point when it says so', async () => {
  const { asked, told } = await followed([
    { list: ['a'], at: '5' },
    { watch: [], livesMs: 0, end: throttled },
    { watch: [], livesMs: 1 },
  ]);
  expect(asked).toEqual(['0 s: list', '0 s: watch from 5', '5 s: watch from 5']);
  expect(told).toEqual(['all: a', 'wait, again in 4.5 s']);
});

test('after a watch that broke off everything is listed again, since an event may be missing', async () => {
  const { asked } = await followed([
    { list: ['a'], at: '5' },
    { watch: [['b', '6']], livesMs: 10_000, end: broken },
    { list: ['b'], at: '8' },
  ]);
  expect(asked).toEqual(['0 s: list', '0 s: watch from 5', '11 s: list']);
});

test('waits double up to half a minute while lists fail, and begin anew after a success', async () => {
  const failing = Array.from({ length: 7 }, (): Answer => ({ list: forbidden }));
  const { asked } = await followed([
    ...failing,
    { list: ['a'], at: '5' },
    { watch: [['b', '6']], livesMs: 2_000, end: broken },
    { list: ['a'] },
  ]);
  expect(asked).toEqual(
    ['0', '1', '2', '4', '8', '16', '31', '46'].map((at) => `${at} s: list`).concat('46 s: watch from 5', '48 s: list'),
  );
});

test('a server that ends every watch at once is not asked in a circle', async () => {
  const { asked } = await followed([
    { list: ['a'], at: '5' },
    { watch: [], livesMs: 0 },
    { watch: [], livesMs: 0 },
    { watch: [], livesMs: 1 },
  ]);
  expect(asked).toEqual(['0 s: list', '0 s: watch from 5', '1 s: watch from 5', '2 s: watch from 5']);
});

test('all is listed again after a while, whatever the watch says', async () => {
  const { asked } = await followed(
    [
      { list: ['a'], at: '5' },
      { watch: [], livesMs: 600_000 },
      { watch: [], livesMs: 600_000 },
      { list: ['a'], at: '9' },
    ],
    300_000,
  );
  expect(asked).toEqual(['0 s: list', '0 s: watch from 5', '240 s: watch from 5', '300 s: list']);
});

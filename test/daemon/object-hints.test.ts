import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { eitherHints, watchObjects } from '../../src/daemon/object-hints.ts';
import type { KubernetesClient } from '../../src/effects/kubernetes/client.ts';
import { customers } from '../../src/effects/kubernetes/kinds.ts';
import type { WatchEvent } from '../../src/effects/kubernetes/watch.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts';

const never = new AbortController().signal;

const object = (name: string, generation: number, extra: object = {}) =>
  customers.shape.parse({
    metadata: { name, namespace: 'acme', uid: name, resourceVersion: '1', generation, ...extra },
  });

/** A server of which the test says what it lists and what it tells. */
function server() {
  const told: WatchEvent<never>[] = [];
  let listed = [object('acme', 1)];
  let isAway = false;
  let wake = () => {};
  const client: Pick<KubernetesClient, 'list' | 'watch'> = {
    async list(kind) {
      if (isAway) return { outcome: 'unreachable', message: 'Nobody there.', nothingDone: true, retryAfterMs: null };
      return { outcome: 'ok', value: { items: listed.map((one) => kind.shape.parse(one)), resourceVersion: '1' } };
    },
    async *watch(_kind, _place, { signal }) {
      signal.addEventListener('abort', () => wake());
      while (!signal.aborted) {
        const event = told.shift();
        if (event) yield event;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
      yield { type: 'ended', trouble: null };
    },
  };
  const tell = (event: unknown) => {
    told.push(event as never);
    wake();
  };
  return {
    client,
    changed: (one: unknown) => tell({ type: 'changed', object: one, resourceVersion: '2' }),
    deleted: (one: unknown) => tell({ type: 'deleted', object: one, resourceVersion: '2' }),
    /** The watch breaks; what follows is a new list. */
    breaks: (next: ReturnType<typeof object>[], away = false) => {
      listed = next;
      isAway = away;
      tell({ type: 'ended', trouble: { outcome: 'gone', message: 'too old' } });
    },
    returns: () => {
      isAway = false;
    },
  };
}

function watching() {
  const clock: VirtualClock = createVirtualClock();
  const cluster = server();
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line) => lines.push(line) });
  const chance = { uuid: () => 'x', random: () => 0.5 };
  const hints = watchObjects({ client: cluster.client, place: { namespace: 'acme' }, clock, chance, log });
  onTestFinished(() => hints.close());
  return { ...cluster, clock, lines, hints, next: (ms: number) => clock.run(hints.next(ms, never)) };
}

test('a spec that changes, an object that comes and one that goes are hints; each is one', async () => {
  const { next, changed, deleted } = watching();
  expect(await next(1_000)).toBe(false);
  changed(object('acme', 2));
  expect(await next(10_000)).toBe(true);
  expect(await next(10_000)).toBe(false);
  changed(object('birch', 1));
  changed(object('birch', 2));
  expect(await next(10_000)).toBe(true);
  expect(await next(10_000)).toBe(false);
  deleted(object('birch', 2));
  expect(await next(10_000)).toBe(true);
  changed(object('acme', 2, { deletionTimestamp: '2026-11-25T00:00:00Z' }));
  expect(await next(10_000)).toBe(true);
});

test('a status that we wrote hints at nothing', async () => {
  const { next, changed } = watching();
  expect(await next(1_000)).toBe(false);
  changed(object('acme', 1, { resourceVersion: '7' }));
  expect(await next(10_000)).toBe(false);
});

test('what a broken watch has missed is found by the next list', async () => {
  const { next, breaks } = watching();
  expect(await next(1_000)).toBe(false);
  breaks([object('acme', 1)]);
  expect(await next(10_000)).toBe(false);
  breaks([object('acme', 5)]);
  expect(await next(10_000)).toBe(true);
});

test('an API server that is away is told once, and when it is back', async () => {
  const { next, breaks, returns, lines } = watching();
  expect(await next(1_000)).toBe(false);
  breaks([object('acme', 2)], true);
  expect(await next(120_000)).toBe(false);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('objects cannot be watched');
  returns();
  expect(await next(120_000)).toBe(true);
  expect(lines.at(-1)).toContain('objects are watched again');
});

test('of several kinds of hints any is a hint, and the end of time or a stop is none', async () => {
  const { hints, clock, changed } = watching();
  const silent = {
    next: async (ms: number, stop: AbortSignal) => clock.sleep(ms, stop).then(() => false),
    close: async () => {},
  };
  const both = eitherHints([silent, hints]);
  expect(await clock.run(both.next(5_000, never))).toBe(false);
  changed(object('acme', 2));
  expect(await clock.run(both.next(5_000, never))).toBe(true);
  const stop = new AbortController();
  stop.abort();
  changed(object('acme', 3));
  expect(await clock.run(both.next(5_000, stop.signal))).toBe(false);
});

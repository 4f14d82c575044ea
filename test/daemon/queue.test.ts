import { describe, expect, it } from 'vitest';
import { createWorkQueue } from '../../src/daemon/queue.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

function opened() {
  const clock = createVirtualClock();
  const told: string[] = [];
  const queue = createWorkQueue(clock, (item) => told.push(item));
  const takeAll = async (): Promise<string[]> => {
    const taken: string[] = [];
    while (queue.depth() > 0) {
      const next = await queue.take();
      if (next) taken.push(next.item);
    }
    return taken;
  };
  return { clock, queue, told, takeAll };
}

describe('the queue', () => {
  it('holds each item once, however often it is asked for, in the order of asking', async () => {
    const { queue, told, takeAll } = opened();
    for (const item of ['birch', 'acme', 'birch', 'acme']) queue.add(item);
    expect(await takeAll()).toEqual(['birch', 'acme']);
    expect(told).toEqual(['birch', 'acme']);
  });

  it('never gives an item to two at once: asked for meanwhile, it comes again after', async () => {
    const { queue, takeAll } = opened();
    queue.add('acme');
    await queue.take();
    queue.add('acme');
    queue.add('acme');
    expect(queue.depth()).toBe(0);
    expect(queue.active()).toEqual(['acme']);
    queue.done('acme');
    expect(await takeAll()).toEqual(['acme']);
    queue.done('acme');
    expect(queue.depth()).toBe(0);
  });

  it('gives urgent items first, one that waited already among them', async () => {
    const { queue, takeAll } = opened();
    for (const item of ['acme', 'birch', 'cedar']) queue.add(item);
    queue.add('cedar', { urgent: true });
    expect(await takeAll()).toEqual(['cedar', 'acme', 'birch']);
  });

  it('wakes an item at its time, and the sooner of two times counts', async () => {
    const { clock, queue, takeAll } = opened();
    queue.addAfter('acme', 5_000);
    queue.addAfter('acme', 2_000);
    queue.addAfter('acme', 9_000);
    await clock.advance(1_999);
    expect(queue.depth()).toBe(0);
    await clock.advance(1);
    expect(await takeAll()).toEqual(['acme']);
    queue.done('acme');
    await clock.advance(60_000);
    expect(queue.depth()).toBe(0);
  });

  it('forgets a planned visit when one is asked for at once', async () => {
    const { clock, queue, takeAll } = opened();
    queue.addAfter('acme', 5_000);
    queue.add('acme');
    expect(await takeAll()).toEqual(['acme']);
    queue.done('acme');
    await clock.advance(60_000);
    expect(queue.depth()).toBe(0);
  });

  it('serves those who wait for an item, and sends them home when it is closed', async () => {
    const { clock, queue } = opened();
    const first = queue.take();
    const second = queue.take();
    queue.addAfter('acme', 1_000);
    await clock.advance(1_000);
    expect(await first).toEqual({ item: 'acme', queuedMs: 0 });
    queue.close();
    expect(await second).toBeNull();
    queue.add('birch');
    expect(await queue.take()).toBeNull();
  });

  it('says how long an item waited', async () => {
    const { clock, queue } = opened();
    queue.add('acme');
    await clock.advance(3_000);
    expect(await queue.take()).toEqual({ item: 'acme', queuedMs: 3_000 });
  });
});

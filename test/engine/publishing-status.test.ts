import { describe, expect, it } from 'vitest';
import type { StatusResult, StatusStore } from '../../src/effects/status/store.ts';
import type { Effects } from '../../src/engine/context.ts';
import { type PassOptions, runPass } from '../../src/engine/pass.ts';
import { createWorld } from '../support/world.ts';

const CUSTOMERS = ['acme', 'birch', 'cobalt'];

/** A world whose store publishes; what happens to it stands in `calls`. */
function publishingWorld(answer: StatusResult<void> = { ok: true, value: undefined }) {
  const world = createWorld();
  for (const name of CUSTOMERS) world.declare(`${name}.yaml`, `externalId: ${name}\nname: ${name}\ncredits: 10\n`);
  const calls: string[] = [];
  const stop = new AbortController();
  let stopAtFirstWrite = false;
  const inner = world.effects();
  const statuses: StatusStore = {
    read: (target) => inner.statuses.read(target),
    async write(target, status) {
      calls.push('write');
      if (stopAtFirstWrite) stop.abort();
      return inner.statuses.write(target, status);
    },
    async commit() {
      calls.push('commit');
      return answer;
    },
  };
  const options: PassOptions = {
    customers: [],
    full: false,
    concurrency: 1,
    approved: [],
    bindingRequired: true,
    confirm: async () => true,
    signal: stop.signal,
  };
  const run = (more: Partial<PassOptions> = {}, dryRun = false) => {
    const effects: Effects = { ...world.effects(dryRun), statuses };
    return runPass(effects, { ...options, ...more });
  };
  return {
    calls,
    run,
    stopAtFirstWrite: () => {
      stopAtFirstWrite = true;
    },
  };
}

describe('a store that publishes what a pass recorded', () => {
  it('is asked to once, after the last customer, and by a pass that has nothing to do as well', async () => {
    const { calls, run } = publishingWorld();
    await run();
    expect(calls).toEqual(['write', 'write', 'write', 'commit']);
    expect((await run()).planHash).toBeNull();
    expect(calls.slice(4)).toEqual(['commit']);
  });

  it('is asked to by a pass that a signal cut short', async () => {
    const { calls, run, stopAtFirstWrite } = publishingWorld();
    stopAtFirstWrite();
    expect((await run()).interrupted).toBe(true);
    expect(calls).toEqual(['write', 'commit']);
  });

  it('is not asked to by a plan, nor by a pass that somebody declined', async () => {
    const { calls, run } = publishingWorld();
    await run({}, true);
    await run({ confirm: async () => false });
    expect(calls).toEqual([]);
  });

  it('that fails is a warning about the fleet, and holds no customer back', async () => {
    const { run } = publishingWorld({ ok: false, message: 'the remote is away' });
    const report = await run();
    expect(report.customers.map(({ phase }) => phase)).toEqual(['Ready', 'Ready', 'Ready']);
    expect(report.fleet.problems).toMatchObject([{ code: 'StatusNotPushed', severity: 'warning' }]);
    expect(report.fleet.problems[0]?.message).toContain('the remote is away');
  });
});

import { describe, expect, test } from 'vitest';
import type { CircuitEvent } from '../../src/effects/layers/circuit.ts';
import type { WireAnswer } from '../../src/effects/layers/transport.ts';
import { waitBeforeRetry } from '../../src/engine/failure.ts';
import { preparePass } from '../../src/engine/prepare.ts';
import { createMachine, type Machine, type ProcessHooks } from '../support/machine.ts';
import { variantNamed } from '../support/variants.ts';
import { ACME, createWorld } from '../support/world.ts';

const CUSTOMERS = 12;

const reset: WireAnswer = { kind: 'failure', certainty: 'unknown', code: 'NETWORK', message: 'reset' };
const killed: WireAnswer = {
  kind: 'response',
  status: 503,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ error: { code: 'KILL_SWITCH', message: 'suspended', requestId: 'req_1' } }),
};

/** A daemon that lives on, over a fleet that is declared and not onboarded yet. */
function daemon(): { readonly machine: Machine; readonly events: CircuitEvent[] } {
  const events: CircuitEvent[] = [];
  const machine = createMachine(variantNamed('default'), { livesOn: true, onCircuit: (event) => events.push(event) });
  for (let index = 0; index < CUSTOMERS; index += 1)
    machine.save(
      `customers/c${index}.yaml`,
      `externalId: c${index}\nname: Customer ${index}\ncredits: 1000\ncap: 500\nkeys:\n  - { name: main, scopes: [content:read] }\n`,
    );
  return { machine, events };
}

const isAllocation = ({ method, path }: { readonly method: string; readonly path: string }) =>
  method === 'POST' && path.endsWith('/allocate');

/** Passes every five seconds for so long, through what stands between; how many requests that took. */
async function live(machine: Machine, ms: number, hooks: ProcessHooks): Promise<number> {
  let requests = 0;
  const until = machine.sandbox.clock.now() + ms;
  while (machine.sandbox.clock.now() < until) {
    const ended = await machine.run(hooks);
    requests += ended.requests.length;
    machine.wait(5_000);
  }
  return requests;
}

/** What people would ask: is everybody there, paid once, and is nothing left to do? */
async function expectConverged(machine: Machine): Promise<void> {
  machine.wait(20 * 60_000);
  await machine.run();
  await machine.run();
  const last = await machine.run();
  expect(last.writes).toBe(0);
  expect(last.report?.customers.map(({ phase }) => phase)).toEqual(Array.from({ length: CUSTOMERS }, () => 'Ready'));
  machine.oracle.judgeAll();
  machine.oracle.assertHolds();
  expect(machine.oracle.counts()).toEqual({
    'api organization.create': CUSTOMERS,
    'api credits.allocate': CUSTOMERS,
    'api credit-config.patch': CUSTOMERS,
    'api key.mint': CUSTOMERS,
  });
}

describe('a daemon', () => {
  test.each([
    { reason: 'after its effect', isDone: true },
    { reason: 'before its effect', isDone: false },
  ])(
    'that loses the API in a grant, $reason, for ten minutes pays nothing twice and asks little',
    async ({ isDone }) => {
      const { machine, events } = daemon();
      let allocations = 0;
      let isAway = false;
      const outage: ProcessHooks = {
        onRequest: (request, server) => {
          if (isAway) return reset;
          if (!isAllocation(request) || ++allocations < 5) return null;
          isAway = true;
          if (isDone) server.perform(request);
          return reset;
        },
      };
      const first = await machine.run(outage);
      expect(isAway).toBe(true);
      const requests = await live(machine, 600_000, outage);
      expect(requests).toBeLessThan(60);
      expect(first.requests.length).toBeLessThan(200);
      machine.oracle.assertHolds();
      await expectConverged(machine);
      expect(events.map(({ kind, reason }) => [kind, reason])).toEqual([
        ['opened', 'outage'],
        ['closed', 'outage'],
      ]);
    },
  );

  test('whose parent is switched off looks again every ten minutes, and goes on when that is over', async () => {
    const { machine, events } = daemon();
    let writes = 0;
    let isOff = false;
    const switchedOff: ProcessHooks = {
      onRequest: ({ method }) => {
        if (method !== 'GET' && ++writes === 10) isOff = true;
        return isOff ? killed : null;
      },
    };
    await machine.run(switchedOff);
    const requests = await live(machine, 3_600_000, switchedOff);
    expect(requests).toBeLessThan(12);
    machine.oracle.assertHolds();
    await expectConverged(machine);
    expect(events.map(({ kind, reason }) => [kind, reason])).toEqual([
      ['opened', 'switched-off'],
      ['closed', 'switched-off'],
    ]);
  });
});

describe('a step that is asked to wait', () => {
  test.each([
    { reason: 'an hour, which a server may ask for', ms: 3_600_000, waits: true },
    { reason: 'until the quota of a new day', ms: 9 * 3_600_000, waits: false },
  ])('sits out what a pass can: $reason (V5)', async ({ ms, waits }) => {
    const world = createWorld();
    world.declare('acme-coffee.yaml', ACME);
    const options = { bindingRequired: true, signal: new AbortController().signal };
    const prepared = await preparePass(world.effects(), options);
    if (!prepared.ok) throw new Error('the workspace is not bound');
    const before = world.clock.now();
    expect(await waitBeforeRetry(prepared.pass, null, 'the rate limit', 0, ms)).toBe(waits);
    expect(world.clock.now() - before).toBe(waits ? ms : 0);
  });
});

import { describe, expect, it } from 'vitest';
import { createCommandSecretStore } from '../../src/effects/secrets/command-store.ts';
import type { SecretStore } from '../../src/effects/secrets/store.ts';
import { runPass } from '../../src/engine/pass.ts';
import { type FakeSecretProgram, fakeSecretProgram, type ProgramFault } from '../support/fake-secret-program.ts';
import { ACME, createWorld, FIREHOSE, type World } from '../support/world.ts';

/**
 * A store in another place than the disk, struck at each of its requests in turn: before the mint nothing is minted, after
 * it the same secret is asked for again, and never is a key called ready whose secret is not there (I3).
 */

const HOUR_MS = 3_600_000;

function storeWith(program: FakeSecretProgram, world: World): SecretStore {
  return createCommandSecretStore({ program, hidden: [], chance: world.effects().chance });
}

const passWith = (world: World, secrets: SecretStore) =>
  runPass(
    { ...world.effects(), secrets },
    {
      customers: [],
      full: true,
      concurrency: 1,
      approved: [],
      bindingRequired: true,
      confirm: async () => true,
      signal: new AbortController().signal,
    },
  );

function newWorld(): World {
  const world = createWorld({ workspaceYaml: FIREHOSE });
  world.declare('acme-coffee.yaml', ACME);
  return world;
}

/** What is alive at the provider, and what the program keeps, in the same form. */
function liveSecrets({ sandbox }: World): string[] {
  const { apiKeys, webhookEndpoints, parentApiKeyId } = sandbox.snapshot();
  const keys = apiKeys.filter(({ id, supersededBy }) => id !== parentApiKeyId && supersededBy === null);
  return [...keys.map(({ secret }) => secret), ...webhookEndpoints.map(({ signingSecret }) => signingSecret)].sort();
}

function keptSecrets({ kept }: FakeSecretProgram, member: string): string[] {
  const values = [...kept.values()].map((text) => String(JSON.parse(text)[member] ?? ''));
  return values.filter((value) => value !== '').sort();
}

/** How many requests a store gets in a pass, told by a pass without faults. */
async function runsOfOnboarding(): Promise<number> {
  const [world, program] = [newWorld(), fakeSecretProgram()];
  await passWith(world, storeWith(program, world));
  return program.runs.length;
}

const faults: readonly ProgramFault[] = ['failed', 'killed-before', 'killed-after'];
const points = Array.from({ length: await runsOfOnboarding() }, (_, point) => point);

describe.each(faults)('a program that is %s', (fault) => {
  it.each(points)('once, at run %i, costs no secret and no second key', async (point) => {
    const [world, program] = [newWorld(), fakeSecretProgram()];
    let seen = 0;
    program.fault = () => (seen++ === point ? fault : null);
    await passWith(world, storeWith(program, world));
    program.fault = () => null;
    await passWith(world, storeWith(program, world));
    expect(keptSecrets(program, 'secret')).toEqual(liveSecrets(world));
    expect(liveSecrets(world)).toHaveLength(2);
    expect(keptSecrets(program, 'previousSecret')).toEqual([]);
    const third = await passWith(world, storeWith(program, world));
    expect(third.customers.map(({ phase, steps }) => [phase, steps])).toEqual([['Ready', []]]);
    expect([...program.kept.keys()].filter((path) => path.endsWith('.probe'))).toEqual([]);
  });

  it.each(points)('from run %i on, for the whole pass, leaves nothing ready whose secret it lacks', async (point) => {
    const [world, program] = [newWorld(), fakeSecretProgram()];
    let seen = 0;
    program.fault = () => (seen++ >= point ? fault : null);
    const report = await passWith(world, storeWith(program, world));
    const [customer] = report.customers;
    if (customer?.phase === 'Ready')
      for (const secret of liveSecrets(world)) expect(keptSecrets(program, 'secret')).toContain(secret);
    program.fault = () => null;
    await passWith(world, storeWith(program, world));
    expect(keptSecrets(program, 'secret')).toEqual(liveSecrets(world));
    expect(liveSecrets(world)).toHaveLength(2);
  });
});

describe('a rotation', () => {
  it('keeps the secret that still works, and drops it once its key is dead', async () => {
    const [world, program] = [newWorld(), fakeSecretProgram()];
    await passWith(world, storeWith(program, world));
    const [before] = keptSecrets(program, 'secret');
    world.sandbox.clock.advance(2 * HOUR_MS);
    const createdAfter = new Date(world.clock.now() - HOUR_MS).toISOString();
    world.declare('acme-coffee.yaml', `${ACME}    createdAfter: ${createdAfter}\n`);
    await passWith(world, storeWith(program, world));
    expect(keptSecrets(program, 'previousSecret')).toEqual([before]);
    expect(keptSecrets(program, 'secret')).toEqual(liveSecrets(world));
    world.sandbox.clock.advance(26 * HOUR_MS);
    await passWith(world, storeWith(program, world));
    expect(keptSecrets(program, 'previousSecret')).toEqual([]);
    expect(keptSecrets(program, 'secret')).toEqual(liveSecrets(world));
  });
});

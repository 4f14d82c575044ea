import { afterEach, describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../src/effects/node-filesystem.ts';
import { createCommandSecretStore } from '../../src/effects/secrets/command-store.ts';
import type { SecretStore } from '../../src/effects/secrets/store.ts';
import { createVaultSecretStore } from '../../src/effects/secrets/vault-store.ts';
import { vaultConnection } from '../../src/effects/vault/connection.ts';
import { createVaultKv } from '../../src/effects/vault/kv.ts';
import { createVaultSession } from '../../src/effects/vault/session.ts';
import { createVaultWire } from '../../src/effects/vault/wire.ts';
import { fakeSecretProgram, type ProgramFault } from '../support/fake-secret-program.ts';
import { startFakeVault, TOKEN, type VaultFault } from '../support/fake-vault.ts';
import { ACME, createWorld, FIREHOSE, passWith, type World } from '../support/world.ts';

/**
 * A store in another place than the disk, struck at each of its requests in turn: before the mint nothing is minted, after
 * it the same secret is asked for again, and never is a key called ready whose secret is not there (I3).
 */

const HOUR_MS = 3_600_000;

/** One store in one place, as process after process opens it. */
interface Rig {
  open(world: World): SecretStore;
  /** Strikes the requests whose number, from 0 on, is one of these. */
  strike(isStruck: (request: number) => boolean): void;
  requests(): number;
  documents(): readonly Record<string, unknown>[];
  probesLeft(): number;
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function programRig(fault: ProgramFault): Promise<Rig> {
  const program = fakeSecretProgram();
  return {
    open: (world) => createCommandSecretStore({ program, hidden: [], chance: world.effects().chance }),
    strike(isStruck) {
      let seen = 0;
      program.fault = () => (isStruck(seen++) ? fault : null);
    },
    requests: () => program.runs.length,
    documents: () => [...program.kept.values()].map((text) => ({ ...JSON.parse(text) })),
    probesLeft: () => [...program.kept.keys()].filter((path) => path.endsWith('.probe')).length,
  };
}

async function vaultRig(fault: VaultFault): Promise<Rig> {
  const vault = await startFakeVault();
  closing.push(() => vault.close());
  return {
    open(world) {
      const environment = { VAULT_TOKEN: TOKEN };
      const session = createVaultSession({
        connect: () => vaultConnection({ address: vault.address }, { environment, fileSystem: nodeFileSystem }),
        openWire: createVaultWire,
        clock: world.clock,
      });
      const kv = createVaultKv({ session, mount: 'secret', path: 'layers' });
      return createVaultSecretStore({ kv, place: 'secret/layers', chance: world.effects().chance });
    },
    strike(isStruck) {
      let seen = 0;
      vault.fault = () => (isStruck(seen++) ? fault : null);
    },
    requests: () => vault.calls.length,
    documents: () => [...vault.entries.values()].flatMap(({ data }) => (data === null ? [] : [data])),
    probesLeft: () => [...vault.entries.keys()].filter((path) => path.endsWith('/probe')).length,
  };
}

function newWorld(): World {
  const world = createWorld({ workspaceYaml: FIREHOSE });
  world.declare('acme-coffee.yaml', ACME);
  return world;
}

/** What is alive at the provider. */
function liveSecrets({ sandbox }: World): string[] {
  const { apiKeys, webhookEndpoints, parentApiKeyId } = sandbox.snapshot();
  const keys = apiKeys.filter(({ id, supersededBy }) => id !== parentApiKeyId && supersededBy === null);
  return [...keys.map(({ secret }) => secret), ...webhookEndpoints.map(({ signingSecret }) => signingSecret)].sort();
}

function kept(rig: Rig, member: 'secret' | 'previousSecret'): string[] {
  const values = rig.documents().map((document) => document[member]);
  return values.filter((value) => typeof value === 'string').sort();
}

/** How many requests a store gets in a pass without faults. */
async function requestsOfOnboarding(make: () => Promise<Rig>): Promise<readonly number[]> {
  const [world, rig] = [newWorld(), await make()];
  await passWith(world, { secrets: rig.open(world) });
  return Array.from({ length: rig.requests() }, (_, request) => request);
}

const stores: readonly { readonly name: string; readonly make: () => Promise<Rig> }[] = [
  { name: 'a program that fails', make: () => programRig('failed') },
  { name: 'a program that is killed before its work', make: () => programRig('killed-before') },
  { name: 'a program that is killed after its work', make: () => programRig('killed-after') },
  { name: 'Vault, of which a request is lost', make: () => vaultRig('lost-request') },
  { name: 'Vault, of which an answer is lost', make: () => vaultRig('lost-answer') },
  { name: 'Vault that denies', make: () => vaultRig({ status: 403, errors: ['permission denied'] }) },
];

const cases = await Promise.all(stores.map(async (one) => ({ ...one, points: await requestsOfOnboarding(one.make) })));
for (const close of closing.splice(0)) await close();

describe.each(cases)('$name', ({ make, points }) => {
  it.each(points)('once, at request %i, costs no secret and no second key', async (point) => {
    const [world, rig] = [newWorld(), await make()];
    rig.strike((request) => request === point);
    await passWith(world, { secrets: rig.open(world) });
    rig.strike(() => false);
    await passWith(world, { secrets: rig.open(world) });
    expect(kept(rig, 'secret')).toEqual(liveSecrets(world));
    expect(liveSecrets(world)).toHaveLength(2);
    expect(kept(rig, 'previousSecret')).toEqual([]);
    const third = await passWith(world, { secrets: rig.open(world) });
    expect(third.customers.map(({ phase, steps }) => [phase, steps])).toEqual([['Ready', []]]);
    expect(rig.probesLeft()).toBe(0);
  });

  it.each(points)(
    'from request %i to the end of the pass, leaves nothing ready whose secret it lacks',
    async (point) => {
      const [world, rig] = [newWorld(), await make()];
      rig.strike((request) => request >= point);
      const report = await passWith(world, { secrets: rig.open(world) });
      if (report.customers[0]?.phase === 'Ready')
        for (const secret of liveSecrets(world)) expect(kept(rig, 'secret')).toContain(secret);
      rig.strike(() => false);
      await passWith(world, { secrets: rig.open(world) });
      expect(kept(rig, 'secret')).toEqual(liveSecrets(world));
      expect(liveSecrets(world)).toHaveLength(2);
    },
  );

  it('keeps the secret that a rotation replaces while it works, and drops it once its key is dead', async () => {
    const [world, rig] = [newWorld(), await make()];
    await passWith(world, { secrets: rig.open(world) });
    const old = kept(rig, 'secret').find((secret) => secret.startsWith('lp_'));
    world.sandbox.clock.advance(2 * HOUR_MS);
    const createdAfter = new Date(world.clock.now() - HOUR_MS).toISOString();
    world.declare('acme-coffee.yaml', `${ACME}    createdAfter: ${createdAfter}\n`);
    await passWith(world, { secrets: rig.open(world) });
    expect(kept(rig, 'previousSecret')).toEqual([old]);
    expect(kept(rig, 'secret')).toEqual(liveSecrets(world));
    world.sandbox.clock.advance(26 * HOUR_MS);
    await passWith(world, { secrets: rig.open(world) });
    expect(kept(rig, 'previousSecret')).toEqual([]);
    expect(kept(rig, 'secret')).toEqual(liveSecrets(world));
  });
});

import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import { createFileSecretStore } from '../../../src/effects/secrets/file-store.ts';
import type { SecretSlot, SecretStore, StoredSecret, StoreResult } from '../../../src/effects/secrets/store.ts';
import { atEveryCrash, atEveryError, atEveryPowerLoss, type Scenario } from '../../support/fault-enumeration.ts';
import { createMemoryFileSystem, type MemoryFileSystem } from '../../support/memory-filesystem.ts';

const key: SecretSlot = { parentOrganizationId: 'org_p', kind: 'api-key', externalId: 'acme', name: 'k' };
const hook: SecretSlot = { parentOrganizationId: 'org_p', kind: 'webhook', externalId: null, name: 'w' };

function storeOn(fileSystem: MemoryFileSystem): SecretStore {
  let made = 0;
  return createFileSecretStore({
    directory: '/s',
    fileSystem,
    chance: { uuid: () => `${fileSystem.operationCount}-${made++}` },
  });
}

function apiKey(id: string, letter: string): StoredSecret {
  const prefix = `lp_live_${letter.repeat(16)}`;
  return { id, prefix, createdAt: null, secret: new Secret(`${prefix}_${'s'.repeat(43)}`) };
}

/** A rotated signing secret: nothing in it says which it is, and the endpoint's id stays. */
function signing(createdAt: string): StoredSecret {
  return { id: 'hook-1', prefix: null, createdAt, secret: new Secret(`whsec_${createdAt}`) };
}

interface Case {
  readonly reason: string;
  readonly slot: SecretSlot;
  /** What was stored before, oldest first. */
  readonly history: readonly StoredSecret[];
  readonly next: StoredSecret;
}

const cases: readonly Case[] = [
  { reason: 'the first secret of a slot', slot: key, history: [], next: apiKey('key_1', 'A') },
  { reason: 'a rotated key', slot: key, history: [apiKey('key_1', 'A')], next: apiKey('key_2', 'B') },
  {
    reason: 'a key rotated a second time',
    slot: key,
    history: [apiKey('key_1', 'A'), apiKey('key_2', 'B')],
    next: apiKey('key_3', 'C'),
  },
  { reason: 'a rotated signing secret', slot: hook, history: [signing('first')], next: signing('second') },
  {
    reason: 'a signing secret rotated a second time',
    slot: hook,
    history: [signing('first'), signing('second')],
    next: signing('third'),
  },
];

async function scenarioOf({ slot, history, next }: Case): Promise<Scenario<boolean>> {
  const template = createMemoryFileSystem();
  for (const stored of history) await storeOn(template).put(slot, stored);
  return {
    prepare: () => template.clone(),
    act: async (fileSystem) => (await storeOn(fileSystem).put(slot, next)).ok,
  };
}

/** What the slot says, as one line; a fixture's secrets may be printed, and vitest cannot look into a Secret. */
async function contentsOf(fileSystem: MemoryFileSystem, slot: SecretSlot): Promise<string> {
  const store = storeOn(fileSystem);
  return contents(await store.read(slot), await store.readPrevious(slot));
}

function contents(...results: readonly StoreResult<StoredSecret | null>[]): string {
  return results.map((result) => (result.ok ? line(result.value) : `error: ${result.message}`)).join(' before it ');
}

function line(stored: StoredSecret | null): string {
  return stored ? `${stored.id} of ${stored.createdAt}: ${stored.prefix} ${stored.secret.reveal()}` : 'nothing';
}

function oldContents({ history }: Case): string {
  return contents({ ok: true, value: history.at(-1) ?? null }, { ok: true, value: history.at(-2) ?? null });
}

function newContents({ history, next }: Case): string {
  return contents({ ok: true, value: next }, { ok: true, value: history.at(-1) ?? null });
}

/**
 * The heart of I3: whenever the process or the power dies, the slot holds the old credential or the new one, each with
 * its own secret. The one before it may be gone, for it was about to be dropped.
 */
async function expectOldOrNew(one: Case, fileSystem: MemoryFileSystem, label: string): Promise<void> {
  const found = await contentsOf(fileSystem, one.slot);
  const current = { ok: true, value: one.history.at(-1) ?? null } as const;
  const allowed = [oldContents(one), contents(current, { ok: true, value: null }), newContents(one)];
  if (!allowed.includes(found)) expect(found, label).toBe(oldContents(one));
}

async function expectPutToWork(one: Case, fileSystem: MemoryFileSystem, label: string): Promise<void> {
  const store = storeOn(fileSystem);
  const results = [await store.probe(one.slot), await store.put(one.slot, one.next)];
  if (results.some(({ ok }) => !ok)) expect(results, label).toEqual([]);
  await expectNew(one, fileSystem, label);
}

async function expectNew(one: Case, fileSystem: MemoryFileSystem, label: string): Promise<void> {
  const found = await contentsOf(fileSystem, one.slot);
  if (found !== newContents(one)) expect(found, label).toBe(newContents(one));
}

describe.each(cases)('while $reason is stored', (one) => {
  test('a crash at any operation leaves the old secret or the new one, and the next attempt completes', async () => {
    await atEveryCrash(await scenarioOf(one), async (fileSystem, { label }) => {
      await expectOldOrNew(one, fileSystem, label);
      await expectPutToWork(one, fileSystem, label);
      const strays = Object.keys(fileSystem.files()).filter((path) => path.endsWith('.tmp'));
      expect(strays, label).toEqual([]);
    });
  });

  test('a loss of power leaves the old secret or the new one, and the new one once it was reported stored', async () => {
    await atEveryPowerLoss(await scenarioOf(one), async (fileSystem, { label }, finished) => {
      if (finished) await expectNew(one, fileSystem, label);
      else await expectOldOrNew(one, fileSystem, label);
    });
  });

  test('what is reported stored after a crash survives a loss of power', async () => {
    await atEveryCrash(await scenarioOf(one), async (fileSystem, { label }) => {
      await expectPutToWork(one, fileSystem, label);
      fileSystem.losePower(() => false);
      await expectNew(one, fileSystem, label);
    });
  });

  test('an error at any operation is reported, leaves the old secret or the new one, and the next attempt completes', async () => {
    await atEveryError(await scenarioOf(one), async (fileSystem, ok, { label }) => {
      if (ok) await expectNew(one, fileSystem, label);
      else await expectOldOrNew(one, fileSystem, label);
      await expectPutToWork(one, fileSystem, label);
    });
  });
});

describe.each(cases.filter(({ history }) => history.length === 2))('while $reason is stored', (one) => {
  test('a second crash during the next attempt does no harm either', async () => {
    const scenario = await scenarioOf(one);
    await atEveryCrash(scenario, async (crashedOnce, { label }) => {
      const again = { prepare: () => crashedOnce.clone(), act: scenario.act };
      await atEveryCrash(again, (fileSystem, second) =>
        expectOldOrNew(one, fileSystem, `${label}, then ${second.label}`),
      );
    });
  });
});

describe('while the previous secret is removed', () => {
  test('a crash at any operation leaves the current one alone', async () => {
    const [, rotated] = cases;
    if (!rotated) throw new Error('the table has this case');
    // Begun in the middle of a switch, when the previous secret is the evidence of which one is current.
    await atEveryCrash(await scenarioOf(rotated), async (switching) => {
      const removal: Scenario<boolean> = {
        prepare: () => switching.clone(),
        act: async (fileSystem) => (await storeOn(fileSystem).removePrevious(rotated.slot)).ok,
      };
      const before = contents(await storeOn(switching).read(rotated.slot));
      await atEveryCrash(removal, async (fileSystem, { label }) => {
        const store = storeOn(fileSystem);
        expect(contents(await store.read(rotated.slot)), label).toBe(before);
        expect(await store.removePrevious(rotated.slot), label).toMatchObject({ ok: true });
        expect(await contentsOf(fileSystem, rotated.slot), label).toBe(`${before} before it nothing`);
      });
    });
  });
});

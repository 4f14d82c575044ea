import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import type { SecretEncoding } from '../../../src/effects/secrets/encoding.ts';
import { createFileSecretStore } from '../../../src/effects/secrets/file-store.ts';
import type {
  HeldSecret,
  SecretSlot,
  SecretStore,
  StoredSecret,
  StoreResult,
} from '../../../src/effects/secrets/store.ts';
import { atEveryCrash, atEveryError, atEveryPowerLoss, type Scenario } from '../../support/fault-enumeration.ts';
import { createMemoryFileSystem, type MemoryFileSystem } from '../../support/memory-filesystem.ts';
import { type EncodingUnderTest, encodingsUnderTest } from '../../support/secret-encodings.ts';

const key: SecretSlot = { parentOrganizationId: 'org_p', kind: 'api-key', externalId: 'acme', name: 'k' };
const hook: SecretSlot = { parentOrganizationId: 'org_p', kind: 'webhook', externalId: null, name: 'w' };

function storeOn(fileSystem: MemoryFileSystem, encoding: SecretEncoding): SecretStore {
  let made = 0;
  return createFileSecretStore({
    directory: '/s',
    fileSystem,
    encoding,
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
  readonly under: EncodingUnderTest;
  readonly reason: string;
  readonly slot: SecretSlot;
  /** What was stored before, oldest first. */
  readonly history: readonly StoredSecret[];
  readonly next: StoredSecret;
}

const histories: readonly Omit<Case, 'under'>[] = [
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

const cases: readonly Case[] = encodingsUnderTest.flatMap((under) => histories.map((one) => ({ ...one, under })));

async function scenarioOf({ under, slot, history, next }: Case): Promise<Scenario<boolean>> {
  const template = createMemoryFileSystem();
  for (const stored of history) await storeOn(template, under.first).put(slot, stored);
  return {
    prepare: () => template.clone(),
    act: async (fileSystem) => (await storeOn(fileSystem, under.first).put(slot, next)).ok,
  };
}

/** What the slot says, as one line; a fixture's secrets may be printed, and vitest cannot look into a Secret. */
async function contentsOf(fileSystem: MemoryFileSystem, one: Case): Promise<string> {
  return `${await currentOf(fileSystem, one)} before it ${await previousOf(fileSystem, one)}`;
}

async function currentOf(fileSystem: MemoryFileSystem, { under, slot }: Case): Promise<string> {
  const held = await storeOn(fileSystem, under.first).read(slot);
  return lineOf(held, under, fileSystem.textOf(pathOf(slot, under)));
}

async function previousOf(fileSystem: MemoryFileSystem, { under, slot }: Case): Promise<string> {
  const held = await storeOn(fileSystem, under.first).readPrevious(slot);
  return lineOf(held, under, fileSystem.textOf(`${pathOf(slot, under)}.previous`));
}

/** What the store says it holds, and what its file really holds. */
async function lineOf(
  held: StoreResult<HeldSecret | null>,
  { opened }: EncodingUnderTest,
  text: string | null,
): Promise<string> {
  if (!held.ok) return `error: ${held.message}`;
  return held.value ? line(held.value, await opened(text ?? '')) : 'nothing';
}

function line({ id, prefix, createdAt }: HeldSecret, secret: string): string {
  return `${id} of ${createdAt}: ${prefix} ${secret}`;
}

function pathOf({ externalId, name }: SecretSlot, { first }: EncodingUnderTest): string {
  return `/s/org_p/${externalId === null ? 'webhooks' : `customers/${externalId}`}/${name}${first.suffix}`;
}

function contents(...stored: readonly (StoredSecret | undefined)[]): string {
  return stored.map((one) => (one ? line(one, one.secret.reveal()) : 'nothing')).join(' before it ');
}

function oldContents({ history }: Case): string {
  return contents(history.at(-1), history.at(-2));
}

function newContents({ history, next }: Case): string {
  return contents(next, history.at(-1));
}

/**
 * The heart of I3: whenever the process or the power dies, the slot holds the old credential or the new one, each with
 * its own secret. The one before it may be gone, for it was about to be dropped.
 */
async function expectOldOrNew(one: Case, fileSystem: MemoryFileSystem, label: string): Promise<void> {
  const found = await contentsOf(fileSystem, one);
  const allowed = [oldContents(one), contents(one.history.at(-1), undefined), newContents(one)];
  if (!allowed.includes(found)) expect(found, label).toBe(allowed[0]);
  expectNoPlaintext(one, fileSystem, label);
}

/** Where the writer encrypts, no file, not even one that a crash left behind, holds what it encrypted (I4). */
function expectNoPlaintext({ under, history, next }: Case, fileSystem: MemoryFileSystem, label: string): void {
  if (!under.first.mayBeCommitted) return;
  const all = JSON.stringify(fileSystem.files());
  const shown = [...history, next].filter(({ secret }) => {
    const text = secret.reveal();
    return [text, Buffer.from(text).toString('base64'), Buffer.from(text).toString('hex')].some((one) =>
      all.includes(one),
    );
  });
  expect(shown, label).toEqual([]);
}

async function expectPutToWork(one: Case, fileSystem: MemoryFileSystem, label: string): Promise<void> {
  // Another process: it encrypts anew, and knows nothing of what the first one encrypted.
  const store = storeOn(fileSystem, one.under.second);
  const results = [await store.probe(one.slot), await store.put(one.slot, one.next)];
  if (results.some(({ ok }) => !ok)) expect(results, label).toEqual([]);
  await expectNew(one, fileSystem, label);
}

async function expectNew(one: Case, fileSystem: MemoryFileSystem, label: string): Promise<void> {
  const found = await contentsOf(fileSystem, one);
  const wanted = newContents(one);
  if (found !== wanted) expect(found, label).toBe(wanted);
}

describe.each(cases)('while $reason is stored $under.name', (one) => {
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

describe.each(cases.filter(({ history }) => history.length === 2))('while $reason is stored $under.name', (one) => {
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

describe.each(cases.filter(({ reason }) => reason === 'a rotated key'))(
  'while the one before $reason, $under.name, is removed',
  (rotated) => {
    test('a crash at any operation leaves the current one alone', async () => {
      const encoding = rotated.under.first;
      // Begun in the middle of a switch, when the previous secret is the evidence of which one is current.
      await atEveryCrash(await scenarioOf(rotated), async (switching) => {
        const removal: Scenario<boolean> = {
          prepare: () => switching.clone(),
          act: async (fileSystem) => (await storeOn(fileSystem, encoding).removePrevious(rotated.slot)).ok,
        };
        const before = await currentOf(switching, rotated);
        await atEveryCrash(removal, async (fileSystem, { label }) => {
          expect(await currentOf(fileSystem, rotated), label).toBe(before);
          expect(await storeOn(fileSystem, encoding).removePrevious(rotated.slot), label).toMatchObject({ ok: true });
          expect(await contentsOf(fileSystem, rotated), label).toBe(`${before} before it nothing`);
        });
      });
    });
  },
);

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import { agePackage, createAgeEncoding } from '../../../src/effects/secrets/age-encoding.ts';
import { createFileSecretStore, type FileSecretStoreOptions } from '../../../src/effects/secrets/file-store.ts';
import type { SecretSlot, SecretStore, StoredSecret } from '../../../src/effects/secrets/store.ts';
import { createMemoryFileSystem, type MemoryFileSystem } from '../../support/memory-filesystem.ts';
import { ageEncoding, ageIdentity, ageRecipient, identityDisk, opened } from '../../support/secret-encodings.ts';

const root = '/work/secrets';
const slot: SecretSlot = { parentOrganizationId: 'org_parent', kind: 'api-key', externalId: 'acme', name: 'k' };
const hook: SecretSlot = { parentOrganizationId: 'org_parent', kind: 'webhook', externalId: null, name: 'w' };
const place = `${root}/org_parent/customers/acme/k.age`;

function apiKey(id: string, letter: string): StoredSecret {
  const prefix = `lp_live_${letter.repeat(16)}`;
  return { id, prefix, createdAt: '2026-11-01T00:00:00Z', secret: new Secret(`${prefix}_${'s'.repeat(43)}`) };
}
const first = apiKey('key_1', 'A');
const second = apiKey('key_2', 'B');
const recordOfFirst = { id: first.id, prefix: first.prefix, createdAt: first.createdAt };

function checkout(mode = 0o755): MemoryFileSystem {
  const fileSystem = createMemoryFileSystem();
  fileSystem.plantDirectory('/work', mode);
  fileSystem.plantDirectory(root, mode);
  return fileSystem;
}

function storeOn(fileSystem: MemoryFileSystem, more: Partial<FileSecretStoreOptions> = {}): SecretStore {
  let made = 0;
  const chance = { uuid: () => `fresh-${made++}` };
  const encoding = ageEncoding(false);
  return createFileSecretStore({ directory: root, displayDirectory: 'secrets', fileSystem, chance, encoding, ...more });
}

describe('an encrypted secret', () => {
  test('stands armored in a file of its own, with a record beside it that anybody may read', async () => {
    const fileSystem = checkout();
    expect(await storeOn(fileSystem).put(slot, first)).toEqual({ ok: true, value: undefined });
    const text = fileSystem.textOf(place) ?? '';
    expect(text).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n[\w+=/\n]+\n-----END AGE ENCRYPTED FILE-----\n$/);
    expect(await opened(text)).toBe(first.secret.reveal());
    expect(JSON.parse(fileSystem.textOf(`${place}.json`) ?? '')).toEqual(recordOfFirst);
  });

  test('can be committed: it has the modes of a checkout, and no file keeps it out of git', async () => {
    const fileSystem = checkout();
    await storeOn(fileSystem).put(slot, first);
    expect(Object.keys(fileSystem.files())).toEqual([place, `${place}.json`]);
    expect([place, `${place}.json`, `${root}/org_parent`].map((path) => fileSystem.modeOf(path))).toEqual([
      0o644, 0o644, 0o755,
    ]);
  });

  test('stands in no file in plain text, in no encoding, and neither does the one before it', async () => {
    const fileSystem = checkout();
    const store = storeOn(fileSystem);
    for (const stored of [first, second]) {
      await store.probe(slot);
      await store.put(slot, stored);
    }
    const all = JSON.stringify(fileSystem.files());
    for (const { secret } of [first, second]) {
      const text = secret.reveal();
      for (const shown of [text, Buffer.from(text).toString('base64'), Buffer.from(text).toString('hex')])
        expect(all).not.toContain(shown);
    }
  });

  test('is named by its path, and its record is read without any key', async () => {
    const store = storeOn(checkout());
    await store.put(slot, first);
    expect(store.reference(slot)).toBe('age:secrets/org_parent/customers/acme/k.age');
    expect(await store.read(slot)).toEqual({ ok: true, value: { ...recordOfFirst, secret: null } });
  });

  test('put a second time by the same process changes nothing on the disk', async () => {
    const fileSystem = checkout();
    const store = storeOn(fileSystem);
    await store.put(slot, first);
    const before = fileSystem.files();
    expect(await store.put(slot, first)).toMatchObject({ ok: true });
    expect(fileSystem.files()).toEqual(before);
  });

  test('put a second time by another process leaves the previous secret where it is', async () => {
    const fileSystem = checkout();
    await storeOn(fileSystem).put(slot, first);
    await storeOn(fileSystem).put(slot, second);
    expect(await storeOn(fileSystem).put(slot, second)).toMatchObject({ ok: true });
    expect(await opened(fileSystem.textOf(place) ?? '')).toBe(second.secret.reveal());
    expect(await opened(fileSystem.textOf(`${place}.previous`) ?? '')).toBe(first.secret.reveal());
  });

  test('of an endpoint whose secret was rotated is told from the one before by its time', async () => {
    const fileSystem = checkout();
    const signing = (createdAt: string) => ({
      id: 'h',
      prefix: null,
      createdAt,
      secret: new Secret(`whsec_${createdAt}`),
    });
    await storeOn(fileSystem).put(hook, signing('2026-11-01T00:00:00Z'));
    await storeOn(fileSystem).put(hook, signing('2026-11-02T00:00:00Z'));
    const path = `${root}/org_parent/webhooks/w.age`;
    expect(await opened(fileSystem.textOf(path) ?? '')).toBe('whsec_2026-11-02T00:00:00Z');
    expect(await opened(fileSystem.textOf(`${path}.previous`) ?? '')).toBe('whsec_2026-11-01T00:00:00Z');
  });

  test('never takes the place of a plain one in the same directory', async () => {
    const fileSystem = checkout(0o700);
    const chance = { uuid: () => 'plain' };
    const plain = createFileSecretStore({ directory: root, fileSystem, chance });
    await plain.put(slot, first);
    await storeOn(fileSystem).put(slot, second);
    expect(await plain.read(slot)).toMatchObject({ value: { id: 'key_1' } });
    expect(await storeOn(fileSystem).read(slot)).toMatchObject({ value: { id: 'key_2' } });
  });

  test.each([
    ['cut off', (text: string) => text.slice(0, 200)],
    ['merged by git', (text: string) => `<<<<<<< HEAD\n${text}=======\n${text}>>>>>>> other\n`],
    ['merged within', (text: string) => text.replace(/\n/, '\n<<<<<<< HEAD\n')],
    ['replaced by the secret itself', () => first.secret.reveal()],
    ['empty', () => ''],
  ])('that is %s is neither believed nor minted over', async (_what, damage) => {
    const fileSystem = checkout();
    await storeOn(fileSystem).put(slot, first);
    fileSystem.plant(place, damage(fileSystem.textOf(place) ?? ''));
    const expected = { ok: false, message: expect.stringContaining('is not a whole file of age') };
    expect(await storeOn(fileSystem).read(slot)).toEqual(expected);
    expect(await storeOn(fileSystem).probe(slot)).toEqual(expected);
    expect(JSON.stringify(await storeOn(fileSystem).read(slot))).not.toContain('sssss');
  });

  test('is read after a checkout that changed its line ends', async () => {
    const fileSystem = checkout();
    await storeOn(fileSystem).put(slot, first);
    fileSystem.plant(place, (fileSystem.textOf(place) ?? '').replaceAll('\n', '\r\n'));
    expect(await storeOn(fileSystem).read(slot)).toMatchObject({ value: recordOfFirst });
  });
});

describe('before anything is minted', () => {
  test('the probe leaves nothing behind', async () => {
    const fileSystem = checkout();
    expect(await storeOn(fileSystem).probe(slot)).toMatchObject({ ok: true });
    expect(fileSystem.files()).toEqual({});
  });

  test('a checkout into which the group may write is fine', async () => {
    expect(await storeOn(checkout(0o775)).probe(slot)).toMatchObject({ ok: true });
  });

  test('a directory into which everybody may write is refused', async () => {
    const fileSystem = checkout();
    fileSystem.plantDirectory(`${root}/org_parent`, 0o777);
    expect(await storeOn(fileSystem).probe(slot)).toMatchObject({
      ok: false,
      message: expect.stringContaining('others may write'),
    });
  });

  test('a path that git tracks is fine, and one that git ignores is refused', async () => {
    const tracked = storeOn(checkout(), { isTracked: async () => true });
    expect(await tracked.probe(slot)).toMatchObject({ ok: true });
    const ignored = storeOn(checkout(), { isIgnored: async (path) => path === place });
    expect(await ignored.probe(slot)).toEqual({
      ok: false,
      message: expect.stringContaining(`git ignores ${place}`),
    });
  });

  test('a package that is not installed is named, with the command that installs it', async () => {
    const load = () => Promise.reject(Object.assign(new Error('no such package'), { code: 'ERR_MODULE_NOT_FOUND' }));
    const encoding = createAgeEncoding({
      recipients: [ageRecipient],
      identityFile: null,
      fileSystem: identityDisk,
      load,
    });
    const refusal = { ok: false, message: expect.stringContaining(`npm install ${agePackage}`) };
    expect(await storeOn(checkout(), { encoding }).probe(slot)).toEqual(refusal);
    const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    expect(`age-encryption@${manifest.optionalDependencies['age-encryption']}`).toBe(agePackage);
  });

  test('a recipient that age cannot use is refused, and nothing is said of what was to be encrypted', async () => {
    const encoding = createAgeEncoding({ recipients: ['age1q'], identityFile: null, fileSystem: identityDisk });
    const result = await storeOn(checkout(), { encoding }).probe(slot);
    expect(result).toEqual({ ok: false, message: expect.stringContaining('secrets.recipients') });
  });
});

describe('a writer that holds an identity', () => {
  function holding(text: string | null, recipients = [ageRecipient]) {
    const fileSystem = createMemoryFileSystem();
    fileSystem.plantDirectory('/keys', 0o700);
    if (text !== null) fileSystem.plant('/keys/id', text);
    return createAgeEncoding({ recipients, identityFile: '/keys/id', fileSystem });
  }

  test('opens what it wrote and compares it', async () => {
    const fileSystem = checkout();
    const store = storeOn(fileSystem, { encoding: ageEncoding(true) });
    expect(await store.probe(slot)).toEqual({ ok: true, value: undefined });
    expect(await store.put(slot, first)).toEqual({ ok: true, value: undefined });
  });

  test('mints nothing while its identity does not open what is written', async () => {
    const encoding = holding(`${await generateX25519Identity()}\n`);
    const expected = { ok: false, message: expect.stringContaining('/keys/id does not open') };
    expect(await storeOn(checkout(), { encoding }).probe(slot)).toEqual(expected);
  });

  test('keeps a secret that was minted already, although it says that it could not open it', async () => {
    const fileSystem = checkout();
    const store = storeOn(fileSystem, { encoding: holding(`${await generateX25519Identity()}\n`) });
    expect(await store.put(slot, first)).toMatchObject({ ok: false });
    expect(await opened(fileSystem.textOf(place) ?? '')).toBe(first.secret.reveal());
  });

  test('needs only one of several recipients to be its own', async () => {
    const other = await identityToRecipient(await generateX25519Identity());
    const fileSystem = checkout();
    const store = storeOn(fileSystem, { encoding: holding(`${ageIdentity}\n`, [other, ageRecipient]) });
    expect(await store.put(slot, first)).toMatchObject({ ok: true });
    expect(await opened(fileSystem.textOf(place) ?? '')).toBe(first.secret.reveal());
  });

  test.each([
    [null, 'no such file'],
    ['# only a comment\n', 'holds no identity'],
    [`# created\n${ageRecipient}\n`, 'line 2 of /keys/id is not an identity'],
    [`${ageIdentity.slice(0, -1)}\n`, 'line 1 of /keys/id is not an identity'],
  ])('is told what is wrong with its file, and no line of it is shown (%#)', async (text, why) => {
    const result = await storeOn(checkout(), { encoding: holding(text) }).probe(slot);
    expect(result).toEqual({ ok: false, message: expect.stringContaining(why) });
    expect(JSON.stringify(result)).not.toContain(ageIdentity.slice(20, 40));
  });
});

/** The program itself, where this machine has it (Debian: `apt-get install age`). */
const age = process.env['AGE_PROGRAM'] ?? 'age';
const hasAge = spawnSync(age, ['--version']).status === 0;
if (!hasAge) process.stderr.write('NOT TESTED: there is no program age here to open what the store wrote.\n');

test.runIf(hasAge)('the program age opens what the store wrote', async () => {
  const fileSystem = checkout();
  await storeOn(fileSystem).put(slot, first);
  const directory = mkdtempSync(join(tmpdir(), 'reconcile-test-'));
  try {
    writeFileSync(join(directory, 'identity'), `${ageIdentity}\n`, { mode: 0o600 });
    const input = fileSystem.textOf(place) ?? '';
    const { stdout } = spawnSync(age, ['--decrypt', '-i', join(directory, 'identity')], { input });
    expect(stdout.toString()).toBe(first.secret.reveal());
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import { createFileSecretStore } from '../../../src/effects/secrets/file-store.ts';
import type { SecretSlot, SecretStore } from '../../../src/effects/secrets/store.ts';
import { createMemoryFileSystem, type MemoryFileSystem } from '../../support/memory-filesystem.ts';

import { apiKey, describeSecretStore, first, plain, second, shown, slot } from './contract.ts';

const root = '/work/.reconcile/secrets';
const place = `${root}/org_parent/customers/acme-coffee/acme-integration`;

function disk(): MemoryFileSystem {
  const fileSystem = createMemoryFileSystem();
  fileSystem.plantDirectory('/work/.reconcile', 0o700);
  return fileSystem;
}

function storeOn(fileSystem: MemoryFileSystem, isTracked?: (path: string) => Promise<boolean>): SecretStore {
  let made = 0;
  const chance = { uuid: () => `fresh-${made++}` };
  const options = { directory: root, displayDirectory: '.reconcile/secrets', fileSystem, chance };
  return createFileSecretStore(isTracked ? { ...options, isTracked } : options);
}

describeSecretStore('a directory', async () => {
  const fileSystem = disk();
  return () => storeOn(fileSystem);
});

describe('a secret in a file', () => {
  test('stands alone in the file that bears its name, private, with its record beside it', async () => {
    const fileSystem = disk();
    expect(await storeOn(fileSystem).put(slot, first)).toMatchObject({ ok: true });
    expect(fileSystem.textOf(place)).toBe(first.secret.reveal());
    expect(JSON.parse(fileSystem.textOf(`${place}.json`) ?? '')).toEqual({
      id: 'key_1',
      prefix: first.prefix,
      createdAt: first.createdAt,
    });
    for (const path of [place, `${place}.json`]) expect(fileSystem.modeOf(path), path).toBe(0o600);
    for (const path of [root, `${root}/org_parent`, `${root}/org_parent/customers/acme-coffee`]) {
      expect(fileSystem.modeOf(path), path).toBe(0o700);
    }
  });

  test('is not called kept by a disk that keeps something else than it was given (I3)', async () => {
    const honest = disk();
    const flipped = (bytes: Uint8Array) => bytes.map((byte, index) => (index === 0 ? byte ^ 1 : byte));
    const isSecret = (bytes: Uint8Array) => new TextDecoder().decode(bytes) === first.secret.reveal();
    const lying: MemoryFileSystem = {
      ...honest,
      write: (descriptor, bytes) => honest.write(descriptor, isSecret(bytes) ? flipped(bytes) : bytes),
    };
    expect(await storeOn(lying).put(slot, first)).toEqual({
      ok: false,
      message: `${place} does not read back as it was written`,
    });
  });

  test('is kept out of git by an ignore file of its own', async () => {
    const fileSystem = disk();
    await storeOn(fileSystem).probe(slot);
    expect(fileSystem.textOf(`${root}/org_parent/.gitignore`)).toBe('*\n');
  });

  test('is named in status by a path that means the same on every machine', () => {
    expect(storeOn(disk()).reference(slot)).toBe(
      'file:.reconcile/secrets/org_parent/customers/acme-coffee/acme-integration',
    );
  });

  test('of a webhook lies with the fleet', async () => {
    const fileSystem = disk();
    const webhook: SecretSlot = {
      parentOrganizationId: 'org_parent',
      kind: 'webhook',
      externalId: null,
      name: 'events',
    };
    const signing = { id: 'hook-1', prefix: null, createdAt: null, secret: new Secret('whsec_abc') };
    await storeOn(fileSystem).put(webhook, signing);
    expect(fileSystem.textOf(`${root}/org_parent/webhooks/events`)).toBe('whsec_abc');
    expect(shown(await storeOn(fileSystem).read(webhook))).toEqual(plain(signing));
  });

  test('is read without the newline that an editor adds', async () => {
    const fileSystem = disk();
    await storeOn(fileSystem).put(slot, first);
    fileSystem.plant(place, `${first.secret.reveal()}\n`);
    expect(shown(await storeOn(fileSystem).read(slot))).toEqual(plain(first));
  });

  test('stored a second time changes nothing on the disk', async () => {
    const fileSystem = disk();
    await storeOn(fileSystem).put(slot, first);
    const before = fileSystem.files();
    const kinds: string[] = [];
    fileSystem.onOperation = ({ kind }) => {
      kinds.push(kind);
      return undefined;
    };
    expect(await storeOn(fileSystem).put(slot, first)).toMatchObject({ ok: true });
    expect(kinds).not.toContain('createExclusive');
    expect(fileSystem.files()).toEqual(before);
  });

  test('makes room for its successor by moving to the previous place', async () => {
    const store = storeOn(disk());
    await store.put(slot, first);
    expect(shown(await store.readPrevious(slot))).toEqual(null);
    await store.put(slot, second);
    expect(shown(await store.read(slot))).toEqual(plain(second));
    expect(shown(await store.readPrevious(slot))).toEqual(plain(first));
    expect(await store.removePrevious(slot)).toMatchObject({ ok: true });
    expect(shown(await store.readPrevious(slot))).toEqual(null);
    expect(shown(await store.read(slot))).toEqual(plain(second));
  });

  test('an empty slot is empty, and so is one whose secret somebody deleted', async () => {
    const fileSystem = disk();
    const store = storeOn(fileSystem);
    expect(shown(await store.read(slot))).toEqual(null);
    expect(await store.removePrevious(slot)).toMatchObject({ ok: true });
    await store.put(slot, first);
    fileSystem.unlink(place);
    expect(shown(await store.read(slot))).toEqual(null);
  });

  test('a name cannot take the place of another name’s record', async () => {
    const fileSystem = disk();
    const store = storeOn(fileSystem);
    for (const name of ['acme', 'acme.json', 'acme.previous', '../acme', '.']) {
      expect(await store.put({ ...slot, name }, first), name).toMatchObject({ ok: true });
    }
    for (const name of ['acme', 'acme.json', 'acme.previous', '../acme', '.']) {
      expect(shown(await store.read({ ...slot, name })), name).toEqual(plain(first));
      expect(shown(await store.readPrevious({ ...slot, name })), name).toEqual(null);
    }
  });
});

describe('before anything is minted', () => {
  test('the probe proves the place and leaves nothing there', async () => {
    const fileSystem = disk();
    expect(await storeOn(fileSystem).probe(slot)).toMatchObject({ ok: true });
    expect(Object.keys(fileSystem.files())).toEqual([`${root}/org_parent/.gitignore`]);
  });

  test('the probe clears away what a killed process left behind', async () => {
    const fileSystem = disk();
    fileSystem.plant(`${root}/org_parent/customers/acme-coffee/.reconcile-0123.tmp`, 'lp_live_…');
    await storeOn(fileSystem).probe(slot);
    expect(Object.keys(fileSystem.files())).toEqual([`${root}/org_parent/.gitignore`]);
  });

  test.each([
    ['a read-only disk', 'createExclusive', 'EROFS', 'the file system is read-only (EROFS)'],
    ['a full disk', 'write', 'ENOSPC', 'the disk is full (ENOSPC)'],
    ['a disk that loses what it was given', 'fsync', 'EIO', 'the disk reported an error (EIO)'],
  ] as const)('%s is refused', async (_reason, kind, fail, message) => {
    const fileSystem = disk();
    fileSystem.onOperation = (operation) => (operation.kind === kind ? { fail } : undefined);
    const result = await storeOn(fileSystem).probe(slot);
    expect(result).toEqual({ ok: false, message: expect.stringContaining(message) });
  });

  test('a path that git tracks is refused', async () => {
    const result = await storeOn(disk(), async (path) => path === place).probe(slot);
    expect(result).toEqual({ ok: false, message: expect.stringContaining(`git tracks ${place}`) });
  });

  test.each([
    [root, 0o770, 'a group may write to the root'],
    [`${root}/org_parent`, 0o707, 'everybody may write below the root'],
    [`${root}/org_parent/customers`, 0o1777, 'even a sticky directory is not private'],
    ['/work', 0o777, 'everybody may put another directory in the place of the root'],
  ])('%s with mode %o is refused: %s', async (path, mode) => {
    const fileSystem = disk();
    fileSystem.plantDirectory(path, mode);
    if (path === '/work') fileSystem.plantDirectory('/work/.reconcile', 0o700);
    const expected = { ok: false, message: expect.stringContaining(path) };
    expect(await storeOn(fileSystem).probe(slot)).toEqual(expected);
    expect(await storeOn(fileSystem).put(slot, first)).toEqual(expected);
  });

  test.each([
    [0o1777, '/tmp is sticky'],
    [0o775, 'the umask is 002'],
  ])('a workspace with mode %o is fine: %s', async (mode) => {
    const fileSystem = createMemoryFileSystem();
    fileSystem.plantDirectory('/work', mode);
    expect(await storeOn(fileSystem).probe(slot)).toMatchObject({ ok: true });
  });

  test('a link out of the store is judged by where it leads', async () => {
    const fileSystem = disk();
    fileSystem.plantDirectory('/open', 0o777);
    fileSystem.plantDirectory('/open/mine', 0o700);
    fileSystem.plantLink(`${root}/org_parent`, '/open/mine');
    expect(await storeOn(fileSystem).probe(slot)).toEqual({ ok: false, message: expect.stringContaining('/open,') });
  });
});

describe('a secret that no record explains', () => {
  const cases: [string, (fileSystem: MemoryFileSystem) => void][] = [
    ['there is no record', (fileSystem) => fileSystem.unlink(`${place}.json`)],
    ['the record is damaged', (fileSystem) => fileSystem.plant(`${place}.json`, '{"id":')],
    ['another key was pasted over it', (fileSystem) => fileSystem.plant(place, second.secret.reveal())],
  ];

  test.each(cases)('is neither believed nor minted over when %s', async (_reason, tamper) => {
    const fileSystem = disk();
    const store = storeOn(fileSystem);
    await store.put(slot, first);
    tamper(fileSystem);
    const expected = { ok: false, message: expect.stringContaining('unknown key') };
    expect(await store.read(slot)).toEqual(expected);
    expect(await store.probe(slot)).toEqual(expected);
    expect(await store.removePrevious(slot)).toEqual(expected);
  });

  test.each(cases)('is set aside, not lost, by a secret that was minted already, when %s', async (_reason, tamper) => {
    const fileSystem = disk();
    const store = storeOn(fileSystem);
    await store.put(slot, first);
    tamper(fileSystem);
    const found = fileSystem.textOf(place);
    const third = apiKey('key_3', 'C');
    expect(await store.put(slot, third)).toMatchObject({ ok: true });
    expect(shown(await store.read(slot))).toEqual(plain(third));
    const aside = Object.keys(fileSystem.files()).filter((path) => path.startsWith(`${place}.unknown-`));
    expect(aside.map((path) => fileSystem.textOf(path))).toContain(found);
  });
});

describe('messages', () => {
  test('never repeat a secret', async () => {
    const fileSystem = disk();
    await storeOn(fileSystem).put(slot, first);
    fileSystem.plant(place, second.secret.reveal());
    const results = [await storeOn(fileSystem).read(slot), await storeOn(fileSystem).probe(slot)];
    expect(JSON.stringify(results)).not.toContain('sssss');
  });
});

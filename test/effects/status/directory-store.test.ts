import { describe, expect, test } from 'vitest';
import { createDirectoryStatusStore } from '../../../src/effects/status/directory-store.ts';
import type { StatusStore } from '../../../src/effects/status/store.ts';
import { atEveryCrash, atEveryError, atEveryPowerLoss } from '../../support/fault-enumeration.ts';
import { createMemoryFileSystem, type MemoryFileSystem } from '../../support/memory-filesystem.ts';

const target = { externalId: 'eu:acme', file: 'customers/acme.yaml' };
const path = '/work/status/eu%3Aacme.yaml';
const status = { externalId: 'eu:acme', phase: 'Ready' };

function disk(): MemoryFileSystem {
  const fileSystem = createMemoryFileSystem();
  fileSystem.plantDirectory('/work');
  return fileSystem;
}

function storeOn(fileSystem: MemoryFileSystem): StatusStore {
  let made = 0;
  return createDirectoryStatusStore({
    directory: '/work/status',
    fileSystem,
    chance: { uuid: () => `fresh-${made++}` },
  });
}

describe('status in a directory', () => {
  test('has one file per customer and one for the fleet', async () => {
    const fileSystem = disk();
    const store = storeOn(fileSystem);
    expect(await store.read(target)).toEqual({ ok: true, value: null });
    await store.write(target, status);
    await store.write({ externalId: null, file: 'reconcile.yaml' }, { webhooks: [] });
    const header = '# Written by reconcile. What you change here is overwritten.\n';
    expect(fileSystem.files()).toEqual({
      [path]: `${header}status:\n  externalId: eu:acme\n  phase: Ready\n`,
      '/work/status/_fleet.yaml': `${header}status:\n  webhooks: []\n`,
    });
    expect(fileSystem.modeOf(path)).toBe(0o644);
    expect(await store.read(target)).toEqual({ ok: true, value: status });
  });

  test('is not written again when it says the same', async () => {
    const fileSystem = disk();
    await storeOn(fileSystem).write(target, status);
    const kinds: string[] = [];
    fileSystem.onOperation = ({ kind }) => {
      kinds.push(kind);
      return undefined;
    };
    expect(await storeOn(fileSystem).write(target, status)).toMatchObject({ ok: true });
    expect(kinds).toEqual(['readFile']);
  });

  test('makes no directory as long as it is only read', async () => {
    const fileSystem = disk();
    const before = fileSystem.operationCount;
    await storeOn(fileSystem).read(target);
    expect(fileSystem.operationCount - before).toBe(1);
  });

  test('that was damaged is a failure, and is not written over', async () => {
    const fileSystem = disk();
    fileSystem.plant(path, '<<<<<<< ours\n');
    const expected = { ok: false, message: expect.stringContaining(path) };
    expect(await storeOn(fileSystem).read(target)).toEqual(expected);
    expect(await storeOn(fileSystem).write(target, status)).toEqual(expected);
    expect(fileSystem.textOf(path)).toBe('<<<<<<< ours\n');
  });

  test('says what failed and where', async () => {
    const fileSystem = disk();
    fileSystem.onOperation = ({ kind }) => (kind === 'makeDirectory' ? { fail: 'EROFS' } : undefined);
    expect(await storeOn(fileSystem).write(target, status)).toEqual({
      ok: false,
      message: `could not write the status to ${path}: the file system is read-only (EROFS)`,
    });
  });
});

describe('whatever strikes while status is written', () => {
  const older = { externalId: 'eu:acme', phase: 'Held' };
  const prepare = (): MemoryFileSystem => {
    const fileSystem = disk();
    fileSystem.plant(path, 'status:\n  externalId: eu:acme\n  phase: Held\n');
    return fileSystem;
  };
  const scenario = { prepare, act: (fileSystem: MemoryFileSystem) => storeOn(fileSystem).write(target, status) };

  async function expectOldOrNew(fileSystem: MemoryFileSystem, { label }: { readonly label: string }): Promise<void> {
    const read = await storeOn(fileSystem).read(target);
    expect([older, status], label).toContainEqual(read.ok && read.value);
  }

  test('a crash, a loss of power or an error leaves the old status or the new one', async () => {
    await atEveryCrash(scenario, expectOldOrNew);
    await atEveryPowerLoss(scenario, expectOldOrNew);
    await atEveryError(scenario, (fileSystem, _result, point) => expectOldOrNew(fileSystem, point));
  });
});

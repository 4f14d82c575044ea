import { describe, expect, test } from 'vitest';
import { createInlineStatusStore } from '../../../src/effects/status/inline-store.ts';
import type { StatusStore } from '../../../src/effects/status/store.ts';
import { atEveryCrash, atEveryError, atEveryPowerLoss } from '../../support/fault-enumeration.ts';
import { createMemoryFileSystem, type MemoryFileSystem } from '../../support/memory-filesystem.ts';

const path = '/work/customers/acme.yaml';
const target = { externalId: 'acme', file: 'customers/acme.yaml' };
const fleet = { externalId: null, file: 'reconcile.yaml' };
const declared = '# my customer\nexternalId: acme\nname: "Acme"   # quoted\n';
const status = { externalId: 'acme', phase: 'Ready' };
const written = `${declared}status:\n  externalId: acme\n  phase: Ready\n`;

function disk(text = declared, mode = 0o644): MemoryFileSystem {
  const fileSystem = createMemoryFileSystem();
  fileSystem.plant(path, text, mode);
  return fileSystem;
}

function storeOn(fileSystem: MemoryFileSystem): StatusStore {
  let made = 0;
  return createInlineStatusStore({
    workspaceDirectory: '/work',
    fileSystem,
    chance: { uuid: () => `fresh-${made++}` },
  });
}

function kindsDuring(fileSystem: MemoryFileSystem): string[] {
  const kinds: string[] = [];
  fileSystem.onOperation = ({ kind }) => {
    kinds.push(kind);
    return undefined;
  };
  return kinds;
}

describe('status in the customer’s own file', () => {
  test('is put at its end, and the file keeps its mode', async () => {
    const fileSystem = disk(declared, 0o640);
    expect(await storeOn(fileSystem).read(target)).toEqual({ ok: true, value: null });
    expect(await storeOn(fileSystem).write(target, status)).toMatchObject({ ok: true });
    expect(fileSystem.files()).toEqual({ [path]: written });
    expect(fileSystem.modeOf(path)).toBe(0o640);
    expect(await storeOn(fileSystem).read(target)).toEqual({ ok: true, value: status });
  });

  test('is not written again when it says the same', async () => {
    const fileSystem = disk(written);
    const kinds = kindsDuring(fileSystem);
    expect(await storeOn(fileSystem).write(target, status)).toMatchObject({ ok: true });
    expect(kinds).toEqual(['readFile']);
  });

  test('follows a link and keeps it', async () => {
    const fileSystem = createMemoryFileSystem();
    fileSystem.plant('/work/.tree/acme.yaml', declared);
    fileSystem.plantLink(path, '../.tree/acme.yaml');
    await storeOn(fileSystem).write(target, status);
    expect(fileSystem.files()).toEqual({ '/work/.tree/acme.yaml': written, [path]: '-> ../.tree/acme.yaml' });
  });

  test('yields to an editor that saved in the meantime', async () => {
    const fileSystem = disk();
    const edited = declared.replace('Acme', 'Acme Coffee');
    fileSystem.onOperation = ({ kind }) => {
      if (kind === 'fsync') fileSystem.plant(path, edited);
      return undefined;
    };
    expect(await storeOn(fileSystem).write(target, status)).toEqual({
      ok: false,
      message: expect.stringContaining('changed by somebody else'),
    });
    expect(fileSystem.files()).toEqual({ [path]: edited });
  });

  test.each([
    ['it is not UTF-8', new Uint8Array([0x61, 0x3a, 0x20, 0xff, 0x0a]), 'UTF-8'],
    ['it is broken', 'externalId: [\n', 'customers/acme.yaml:'],
    ['the status would make it larger than a file may be', `${declared}# ${'é'.repeat(32_735)}\n`, '64 KiB'],
  ])('is not written into a file when %s', async (_reason, text, message) => {
    const fileSystem = createMemoryFileSystem();
    fileSystem.plant(path, text);
    const before = fileSystem.files();
    expect(await storeOn(fileSystem).write(target, status)).toEqual({
      ok: false,
      message: expect.stringContaining(message),
    });
    expect(fileSystem.files()).toEqual(before);
  });

  test('of a file that is gone is a failure, not nothing', async () => {
    const fileSystem = createMemoryFileSystem();
    const expected = { ok: false, message: expect.stringContaining('customers/acme.yaml: no such file') };
    expect(await storeOn(fileSystem).read(target)).toEqual(expected);
    expect(await storeOn(fileSystem).write(target, status)).toEqual(expected);
  });

  test('of the fleet stands beside the settings of the same name', async () => {
    const fileSystem = createMemoryFileSystem();
    fileSystem.plant('/work/reconcile.yaml', 'status:\n  store: inline # mine\n');
    const store = storeOn(fileSystem);
    expect(await store.read(fleet)).toEqual({ ok: true, value: null });
    await store.write(fleet, { webhooks: [] });
    expect(fileSystem.textOf('/work/reconcile.yaml')).toBe('status:\n  store: inline # mine\n  webhooks: []\n');
    expect(await store.read(fleet)).toEqual({ ok: true, value: { webhooks: [] } });
  });

  test('clears away what a killed process left beside the file', async () => {
    const fileSystem = disk();
    fileSystem.plant('/work/customers/.reconcile-0123.tmp', 'half');
    await storeOn(fileSystem).write(target, status);
    expect(Object.keys(fileSystem.files())).toEqual([path]);
  });
});

describe('whatever strikes while status is written', () => {
  const scenario = { prepare: disk, act: (fileSystem: MemoryFileSystem) => storeOn(fileSystem).write(target, status) };

  test('a crash leaves the file as it was or with its status, and the next pass completes it', async () => {
    await atEveryCrash(scenario, async (fileSystem, { label }) => {
      expect([declared, written], label).toContain(fileSystem.textOf(path));
      expect(await storeOn(fileSystem).write(target, status), label).toMatchObject({ ok: true });
      expect(fileSystem.textOf(path), label).toBe(written);
    });
  });

  test('a loss of power leaves the file as it was or with its status', async () => {
    await atEveryPowerLoss(scenario, (fileSystem, { label }) => {
      expect([declared, written], label).toContain(fileSystem.textOf(path));
    });
  });

  test('an error is reported and leaves the file as it was or with its status', async () => {
    await atEveryError(scenario, (fileSystem, result, { label }) => {
      expect([declared, written], label).toContain(fileSystem.textOf(path));
      if (result.ok) expect(fileSystem.textOf(path), label).toBe(written);
    });
  });
});

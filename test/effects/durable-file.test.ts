import { describe, expect, test } from 'vitest';
import {
  ensureDirectory,
  type ReplaceOptions,
  type ReplaceResult,
  removeStrayFiles,
  replaceFile,
} from '../../src/effects/durable-file.ts';
import { atEveryCrash, atEveryError, atEveryPowerLoss } from '../support/fault-enumeration.ts';
import { createMemoryFileSystem, failNth, type MemoryFileSystem } from '../support/memory-filesystem.ts';

const oldText = 'the old text, complete\n';
const newText = 'the new text, complete and somewhat longer than the old one\n';
const path = '/work/customers/acme.yaml';

function prepare(): MemoryFileSystem {
  const fileSystem = createMemoryFileSystem();
  fileSystem.plant(path, oldText, 0o640);
  return fileSystem;
}

function replace(fileSystem: MemoryFileSystem, options?: Partial<ReplaceOptions>): ReplaceResult {
  let made = 0;
  const chance = { uuid: () => `00000000-0000-4000-8000-${String(made++).padStart(12, '0')}` };
  return replaceFile({ fileSystem, chance }, path, new TextEncoder().encode(newText), { mode: 0o640, ...options });
}

const scenario = { prepare, act: (fileSystem: MemoryFileSystem) => replace(fileSystem) };

describe('replacing a file', () => {
  test('installs the new bytes with the mode asked for and leaves nothing beside them', () => {
    const fileSystem = prepare();
    expect(replace(fileSystem)).toEqual({ ok: true });
    expect(fileSystem.files()).toEqual({ [path]: newText });
    expect(fileSystem.modeOf(path)).toBe(0o640);
    expect(fileSystem.pendingChanges()).toEqual([]);
  });

  test('creates a file that does not exist', () => {
    const fileSystem = createMemoryFileSystem();
    fileSystem.plantDirectory('/work/customers');
    expect(replace(fileSystem)).toEqual({ ok: true });
    expect(fileSystem.textOf(path)).toBe(newText);
  });

  test.each([
    { reason: 'a file', plant: (disk: MemoryFileSystem) => disk.plant(path, oldText) },
    { reason: 'a link that leads nowhere', plant: (disk: MemoryFileSystem) => disk.plantLink(path, 'nowhere') },
  ])('writes nothing where only a new file is wanted and there is $reason', ({ plant }) => {
    const fileSystem = createMemoryFileSystem();
    fileSystem.plantDirectory('/work/customers');
    plant(fileSystem);
    const before = fileSystem.files();
    expect(replace(fileSystem, { onlyNew: true })).toMatchObject({ code: 'EXISTS' });
    expect(fileSystem.files()).toEqual(before);
  });

  test('keeps a symbolic link and replaces what it points to', () => {
    const fileSystem = createMemoryFileSystem();
    fileSystem.plant('/elsewhere/real.yaml', oldText);
    fileSystem.plantLink(path, '../../elsewhere/real.yaml');
    expect(replace(fileSystem)).toEqual({ ok: true });
    expect(fileSystem.files()).toEqual({ '/elsewhere/real.yaml': newText, [path]: '-> ../../elsewhere/real.yaml' });
  });

  test('writes on when the disk takes less than it is given', () => {
    const fileSystem = prepare();
    fileSystem.onOperation = ({ kind }) => (kind === 'write' ? { short: 7 } : undefined);
    expect(replace(fileSystem)).toEqual({ ok: true });
    expect(fileSystem.textOf(path)).toBe(newText);
  });

  test('gives up when the disk takes nothing at all', () => {
    const fileSystem = prepare();
    fileSystem.onOperation = ({ kind }) => (kind === 'write' ? { short: 0 } : undefined);
    expect(replace(fileSystem)).toMatchObject({ ok: false, code: 'EIO' });
    expect(fileSystem.files()).toEqual({ [path]: oldText });
  });

  test('replaces nothing when the file no longer holds the expected bytes', () => {
    const fileSystem = prepare();
    const expected = new TextEncoder().encode(oldText);
    fileSystem.onOperation = ({ kind }) => {
      if (kind === 'fsync') fileSystem.plant(path, 'edited by hand\n');
      return undefined;
    };
    expect(replace(fileSystem, { expected })).toMatchObject({ ok: false, code: 'CHANGED' });
    expect(fileSystem.files()).toEqual({ [path]: 'edited by hand\n' });
  });

  test('says what failed and where', () => {
    const fileSystem = prepare();
    fileSystem.onOperation = failNth('write', 0, 'ENOSPC');
    expect(replace(fileSystem)).toEqual({
      ok: false,
      code: 'ENOSPC',
      message: `could not write ${path}: the disk is full (ENOSPC)`,
    });
  });
});

describe('whatever strikes while a file is replaced', () => {
  test('a crash at any operation leaves the old bytes or the new ones', async () => {
    const points = await atEveryCrash(scenario, (fileSystem, { label }) => {
      expect([oldText, newText], label).toContain(fileSystem.textOf(path));
      removeStrayFiles(fileSystem, '/work/customers');
      expect(Object.keys(fileSystem.files()), label).toEqual([path]);
    });
    expect(points).toBeGreaterThan(8);
  });

  test('a loss of power leaves the old bytes or the new ones, and the new ones once it was reported done', async () => {
    await atEveryPowerLoss(scenario, (fileSystem, { label }, finished) => {
      expect(finished ? [newText] : [oldText, newText], label).toContain(fileSystem.textOf(path));
    });
  });

  test('an error at any operation is reported, and leaves the old bytes or the new ones', async () => {
    await atEveryError(scenario, (fileSystem, result, { label, operation }) => {
      expect(result.ok, label).toBe(false);
      // Once renamed, the new file is there although nobody can promise that it will survive.
      const expected = operation.kind === 'fsyncDirectory' ? newText : oldText;
      expect(fileSystem.textOf(path), label).toBe(expected);
    });
  });

  test('a single error leaves no temporary file', async () => {
    await atEveryError(scenario, (fileSystem, _result, { label }) => {
      if (label.includes('from then on')) return;
      expect(Object.keys(fileSystem.files()), label).toEqual([path]);
    });
  });

  test('a descriptor whose fsync failed is not synced again', () => {
    const fileSystem = prepare();
    const kinds: string[] = [];
    fileSystem.onOperation = ({ kind }) => {
      kinds.push(kind);
      return kind === 'fsync' ? { fail: 'EIO' } : undefined;
    };
    expect(replace(fileSystem).ok).toBe(false);
    expect(kinds.filter((kind) => kind === 'fsync')).toHaveLength(1);
    expect(kinds.slice(-2)).toEqual(['close', 'unlink']);
  });
});

describe('directories', () => {
  test('missing ones are made durable one below the other', () => {
    const fileSystem = createMemoryFileSystem();
    ensureDirectory(fileSystem, '/a/b/c', 0o700);
    expect(fileSystem.modeOf('/a/b/c')).toBe(0o700);
    expect(fileSystem.pendingChanges()).toEqual([]);
  });

  test('strays are told from files of other people', () => {
    const fileSystem = createMemoryFileSystem();
    fileSystem.plant('/d/.reconcile-0b7c4c5e-1d2f-4c3b-8a9d-1f2e3d4c5b6a.tmp', 'stray');
    fileSystem.plant('/d/.reconcile.tmp', 'not ours');
    fileSystem.plant('/d/notes.tmp', 'not ours');
    removeStrayFiles(fileSystem, '/d');
    expect(Object.keys(fileSystem.files())).toEqual(['/d/.reconcile.tmp', '/d/notes.tmp']);
  });
});

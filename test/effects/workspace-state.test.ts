import { describe, expect, test } from 'vitest';
import { fileNameOf } from '../../src/effects/file-names.ts';
import { ensureWorkspaceState } from '../../src/effects/workspace-state.ts';
import { createMemoryFileSystem, type MemoryFileSystem } from '../support/memory-filesystem.ts';

function ensure(fileSystem: MemoryFileSystem) {
  return ensureWorkspaceState({ fileSystem, chance: { uuid: () => 'fresh' } }, '/work');
}

describe('the state directory', () => {
  test('is private and keeps itself out of git', () => {
    const fileSystem = createMemoryFileSystem();
    fileSystem.plantDirectory('/work');
    expect(ensure(fileSystem)).toEqual({ ok: true, directory: '/work/.reconcile' });
    expect(fileSystem.modeOf('/work/.reconcile')).toBe(0o700);
    expect(fileSystem.files()).toEqual({ '/work/.reconcile/.gitignore': '*\n' });
  });

  test('is made private when it was not, and its files are left alone', () => {
    const fileSystem = createMemoryFileSystem();
    fileSystem.plantDirectory('/work/.reconcile', 0o755);
    fileSystem.plant('/work/.reconcile/.gitignore', '*\n!keep\n');
    expect(ensure(fileSystem).ok).toBe(true);
    expect(fileSystem.modeOf('/work/.reconcile')).toBe(0o700);
    expect(fileSystem.textOf('/work/.reconcile/.gitignore')).toBe('*\n!keep\n');
  });

  test('may be a volume whose mode we cannot change', () => {
    const fileSystem = createMemoryFileSystem();
    fileSystem.plantDirectory('/work/.reconcile', 0o2775);
    fileSystem.onOperation = ({ kind }) => (kind === 'chmod' ? { fail: 'EPERM' } : undefined);
    expect(ensure(fileSystem).ok).toBe(true);
  });

  test('is not made where there is no workspace: what -C misspells must not come into being', () => {
    const fileSystem = createMemoryFileSystem();
    expect(ensure(fileSystem)).toMatchObject({ ok: false, message: expect.stringContaining('no directory /work.') });
    expect(fileSystem.files()).toEqual({});
  });

  test('says what is wrong when it cannot be made, and who could', () => {
    const fileSystem = createMemoryFileSystem();
    fileSystem.plantDirectory('/work');
    fileSystem.onOperation = ({ kind }) => (kind === 'makeDirectory' ? { fail: 'EROFS' } : undefined);
    expect(ensure(fileSystem)).toEqual({
      ok: false,
      message: expect.stringMatching(
        /^could not make \/work\/\.reconcile or write there: the file system is read-only \(EROFS\)\. Run this as the user/,
      ),
    });
  });
});

describe('file names made from identities', () => {
  test.each([
    ['acme-coffee', 'acme-coffee', 'the usual name stays readable'],
    ['acme.example', 'acme.example', 'a dot inside is harmless'],
    ['eu:acme', 'eu%3Aacme', 'a colon is special elsewhere'],
    ['..', '%2E.', 'the directory above cannot be named'],
    ['.hidden', '%2Ehidden', 'nothing is hidden'],
    ['a/../../b', 'a%2F..%2F..%2Fb', 'no way out of the directory'],
    ['100%', '100%25', 'the escape itself is escaped'],
    ['Café', 'Caf%C3%A9', 'UTF-8, so that no disk normalises it'],
  ])('%s becomes %s', (text, name, reason) => {
    expect(fileNameOf(text), reason).toBe(name);
  });

  test('long names fit into a directory entry and stay different', () => {
    const names = [`${'é'.repeat(100)}a`, `${'é'.repeat(100)}b`].map(fileNameOf);
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name.length).toBeLessThanOrEqual(160);
  });
});

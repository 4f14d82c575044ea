import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemChance } from '../../src/effects/chance.ts';
import { ensureDirectory, replaceFile } from '../../src/effects/durable-file.ts';
import { nodeFileSystem } from '../../src/effects/node-filesystem.ts';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'reconcile-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const bytes = new TextEncoder().encode('text\n');

describe('the real disk', () => {
  test('modes are exact in spite of the umask', () => {
    const before = process.umask(0o077);
    try {
      nodeFileSystem.makeDirectory(join(directory, 'open'), 0o755);
      nodeFileSystem.close(nodeFileSystem.createExclusive(join(directory, 'file'), 0o644));
      nodeFileSystem.close(nodeFileSystem.openAppend(join(directory, 'log'), 0o664));
    } finally {
      process.umask(before);
    }
    const modes = ['open', 'file', 'log'].map((name) => statSync(join(directory, name)).mode & 0o777);
    expect(modes).toEqual([0o755, 0o644, 0o664]);
  });

  test('an exclusive creation does not follow a link, not even a dangling one', () => {
    symlinkSync(join(directory, 'target'), join(directory, 'link'));
    expect(() => nodeFileSystem.createExclusive(join(directory, 'link'), 0o600)).toThrow(/EEXIST/);
    expect(readdirSync(directory)).toEqual(['link']);
  });

  test('appending keeps what is there', () => {
    writeFileSync(join(directory, 'log'), 'one\n');
    const descriptor = nodeFileSystem.openAppend(join(directory, 'log'), 0o600);
    nodeFileSystem.write(descriptor, bytes);
    nodeFileSystem.fsync(descriptor);
    nodeFileSystem.close(descriptor);
    expect(readFileSync(join(directory, 'log'), 'utf8')).toBe('one\ntext\n');
  });

  test('a file is replaced through a link, in a directory made on the way', () => {
    ensureDirectory(nodeFileSystem, join(directory, 'a', 'b'), 0o700);
    symlinkSync('b', join(directory, 'a', 'current'));
    const disk = { fileSystem: nodeFileSystem, chance: systemChance };
    expect(replaceFile(disk, join(directory, 'a', 'current', 'file'), bytes, { mode: 0o600 })).toEqual({ ok: true });
    expect(readdirSync(join(directory, 'a', 'b'))).toEqual(['file']);
    expect(nodeFileSystem.readDirectory(join(directory, 'a'))).toEqual(
      expect.arrayContaining([
        { name: 'b', kind: 'directory' },
        { name: 'current', kind: 'link' },
      ]),
    );
    expect(nodeFileSystem.stat(join(directory, 'a', 'b', 'file'))).toMatchObject({
      kind: 'file',
      size: 5,
      mode: 0o600,
    });
  });
});

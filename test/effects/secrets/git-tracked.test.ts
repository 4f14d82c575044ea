import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isIgnoredByGit, isTrackedByGit } from '../../../src/effects/secrets/git-tracked.ts';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'reconcile-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function git(...args: string[]): void {
  execFileSync('git', args, { cwd: directory, stdio: 'ignore' });
}

describe('what git tracks', () => {
  test('is a file that was added, by its literal name, and none other', async () => {
    git('init');
    mkdirSync(join(directory, 'secrets'));
    writeFileSync(join(directory, 'secrets', 'acme'), 'x');
    git('add', 'secrets/acme');
    expect(await isTrackedByGit(join(directory, 'secrets', 'acme'))).toBe(true);
    expect(await isTrackedByGit(join(directory, 'secrets', 'acm*'))).toBe(false);
    expect(await isTrackedByGit(join(directory, 'secrets', 'new', 'deep', 'acme'))).toBe(false);
  });

  test('is nothing outside of a work tree', async () => {
    expect(await isTrackedByGit(join(directory, 'acme'))).toBe(false);
  });

  test('is nothing without git', async () => {
    vi.stubEnv('PATH', directory);
    expect(await isTrackedByGit(join(directory, 'acme'))).toBe(false);
  });

  test('is not asked of a repository that the environment names', async () => {
    git('init');
    writeFileSync(join(directory, 'acme'), 'x');
    git('add', 'acme');
    vi.stubEnv('GIT_DIR', '/nowhere');
    expect(await isTrackedByGit(join(directory, 'acme'))).toBe(true);
  });
});

describe('what git ignores', () => {
  test('is a path that an ignore file names, but not one that is tracked all the same', async () => {
    git('init');
    mkdirSync(join(directory, 'secrets'));
    for (const name of ['added', 'new']) writeFileSync(join(directory, 'secrets', name), 'x');
    git('add', 'secrets/added');
    writeFileSync(join(directory, '.gitignore'), 'secrets/\n');
    expect(await isIgnoredByGit(join(directory, 'secrets', 'new'))).toBe(true);
    expect(await isIgnoredByGit(join(directory, 'secrets', 'deep', 'new'))).toBe(true);
    expect(await isIgnoredByGit(join(directory, 'secrets', 'added'))).toBe(false);
    expect(await isIgnoredByGit(join(directory, 'kept', 'new'))).toBe(false);
  });

  test('is nothing outside of a work tree', async () => {
    expect(await isIgnoredByGit(join(directory, 'acme'))).toBe(false);
  });
});

import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Fleet, SourcedWorkspace } from '../../../src/core/source.ts';
import { locate } from '../../../src/core/source.ts';
import type { DirectoryEntry, FileSystem } from '../../../src/effects/filesystem.ts';
import { nodeFileSystem } from '../../../src/effects/node-filesystem.ts';
import { createDirectorySource } from '../../../src/effects/source/directory-source.ts';
import type { DeclarationSource } from '../../../src/effects/source/source.ts';
import { validateWorkspace } from '../../../src/effects/source/validate-workspace.ts';

const directories: string[] = [];

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

const now = Date.parse('2026-11-24T12:00:00Z');

function workspaceOf(files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'declarations-'));
  directories.push(directory);
  for (const [path, text] of Object.entries(files)) write(directory, path, text);
  return directory;
}

function write(directory: string, path: string, text: string): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), text);
}

function customer(externalId: string, more = ''): string {
  return `externalId: ${externalId}\nname: Name of ${externalId}\n${more}`;
}

function sourceOf(workspaceDirectory: string, fileSystem: FileSystem = nodeFileSystem): DeclarationSource {
  return createDirectorySource({ workspaceDirectory, clock: { now: () => now }, fileSystem });
}

async function load(source: DeclarationSource): Promise<{ workspace: SourcedWorkspace; fleet: Fleet }> {
  const workspace = await source.loadWorkspace();
  if (!workspace.ok) throw new Error(workspace.problems.map((problem) => problem.message).join('\n'));
  const fleet = await source.loadFleet(workspace.workspace);
  if (!fleet.ok) throw new Error(fleet.problems.map((problem) => problem.message).join('\n'));
  return { workspace: workspace.workspace, fleet: fleet.fleet };
}

const ids = (fleet: Fleet) => fleet.customers.map(({ declaration }) => declaration.externalId);
const brokenCodes = (fleet: Fleet) =>
  fleet.broken.map(({ file, problems }) => `${file} ${problems.map(({ code }) => code).join(',')}`);

test('every yaml and yml file below customers is a customer, sorted, dot names left out', async () => {
  const directory = workspaceOf({
    'customers/b.yaml': customer('b'),
    'customers/a/deep/z.yml': customer('z'),
    'customers/a.yaml': customer('a'),
    'customers/.hidden.yaml': 'nonsense: [',
    'customers/.git/x.yaml': 'nonsense: [',
    'customers/README.md': '# not a customer',
    'elsewhere/c.yaml': customer('c'),
  });
  const { fleet } = await load(sourceOf(directory));
  expect(fleet.customers.map(({ file }) => file)).toEqual([
    'customers/a.yaml',
    'customers/a/deep/z.yml',
    'customers/b.yaml',
  ]);
  expect(fleet.broken).toEqual([]);
});

test('a missing reconcile.yaml is a workspace of defaults', async () => {
  const { workspace } = await load(sourceOf(workspaceOf({ 'customers/a.yaml': customer('a') })));
  expect(workspace.declaration.guards).toMatchObject({ maxArchives: 1, requireCapWithRefill: true, freeze: false });
  expect(workspace.hash).toMatch(/^sha256:[0-9a-f]{64}$/);
});

test.each([
  {
    reason: 'a dangling reconcile.yaml must not switch the guards off',
    link: 'reconcile.yaml',
    code: 'UnreadableFile',
  },
  { reason: 'reconcile.yml would never be read', link: 'reconcile.yml', code: 'MisnamedWorkspaceFile' },
])('$reason', async ({ link, code }) => {
  const directory = workspaceOf({ 'customers/a.yaml': customer('a') });
  symlinkSync('nowhere', join(directory, link));
  expect(await sourceOf(directory).loadWorkspace()).toMatchObject({ ok: false, problems: [{ code }] });
});

test.each([
  { reason: 'customers/ is missing', files: { 'reconcile.yaml': '' } },
  { reason: 'customers/ holds no yaml file', files: { 'customers/README.md': '' } },
])('an empty fleet is a failure, never "want zero": $reason', async ({ files }) => {
  const source = sourceOf(workspaceOf(files));
  const workspace = await source.loadWorkspace();
  if (!workspace.ok) throw new Error('unexpected');
  expect(await source.loadFleet(workspace.workspace)).toMatchObject({ ok: false, problems: [{ code: 'NoCustomers' }] });
});

test('a broken file hides no other file', async () => {
  const directory = workspaceOf({
    'customers/a.yaml': customer('a'),
    'customers/bad.yaml': 'externalId: bad\nname: [',
    'customers/empty.yaml': '',
    'customers/c.yaml': customer('c'),
  });
  const { fleet } = await load(sourceOf(directory));
  expect(ids(fleet)).toEqual(['a', 'c']);
  expect(brokenCodes(fleet)).toEqual(['customers/bad.yaml InvalidYaml', 'customers/empty.yaml EmptyFile']);
  expect(fleet.broken[0]?.externalId).toBe('bad');
});

test.each([
  { reason: 'the same identity', first: customer('acme'), second: customer('acme') },
  { reason: 'identities that differ in case', first: customer('acme'), second: customer('ACME') },
  { reason: 'a broken file that claims it', first: customer('acme'), second: 'externalId: acme\nname: 5' },
  { reason: 'a file whose YAML is broken', first: customer('acme'), second: 'externalId: acme # x\nname: [' },
])('two files with $reason are both frozen and name each other', async ({ first, second }) => {
  const directory = workspaceOf({
    'customers/one.yaml': first,
    'customers/two.yaml': second,
    'customers/other.yaml': customer('other'),
  });
  const { fleet } = await load(sourceOf(directory));
  expect(ids(fleet)).toEqual(['other']);
  const messages = fleet.broken.map(({ file, problems }) => ({
    file,
    at: problems.find(({ code }) => code === 'DuplicateIdentity')?.line,
    message: problems.find(({ code }) => code === 'DuplicateIdentity')?.message,
  }));
  expect(messages).toEqual([
    { file: 'customers/one.yaml', at: 1, message: expect.stringContaining('customers/two.yaml') },
    { file: 'customers/two.yaml', at: 1, message: expect.stringContaining('customers/one.yaml') },
  ]);
});

test('a ConfigMap, whose files are links through ..data, is read once and follows its swap', async () => {
  const directory = workspaceOf({ 'customers/..one/a.yaml': customer('a', 'credits: 1\n') });
  symlinkSync('..one', join(directory, 'customers/..data'));
  symlinkSync('..data/a.yaml', join(directory, 'customers/a.yaml'));
  const source = sourceOf(directory);
  const before = await load(source);
  expect(before.fleet.customers.map(({ file, declaration }) => [file, declaration.credits])).toEqual([
    ['customers/a.yaml', 1],
  ]);

  write(directory, 'customers/..two/a.yaml', customer('a', 'credits: 2\n'));
  symlinkSync('..two', join(directory, 'customers/..data_tmp'));
  renameSync(join(directory, 'customers/..data_tmp'), join(directory, 'customers/..data'));
  rmSync(join(directory, 'customers/..one'), { recursive: true });
  const after = await load(source);
  expect(after.fleet.customers.map(({ declaration }) => declaration.credits)).toEqual([2]);
});

test('a workspace that is itself a link (git-sync) is read through it', async () => {
  const directory = workspaceOf({ 'worktrees/1/customers/a.yaml': customer('a') });
  symlinkSync('worktrees/1', join(directory, 'current'));
  expect(ids((await load(sourceOf(join(directory, 'current')))).fleet)).toEqual(['a']);
});

test('a file that several links lead to is one customer, under its real name', async () => {
  const directory = workspaceOf({ 'customers/z/a.yaml': customer('a') });
  symlinkSync('z', join(directory, 'customers/linked'));
  symlinkSync('z/a.yaml', join(directory, 'customers/alias.yaml'));
  const { fleet } = await load(sourceOf(directory));
  expect(fleet.customers.map(({ file }) => file)).toEqual(['customers/z/a.yaml']);
  expect(fleet.broken).toEqual([]);
});

test('a link that leads back up and one that leads out hide none of the files beside them', async () => {
  const outside = workspaceOf({ 'd/y.yaml': customer('y') });
  const directory = workspaceOf({ 'customers/a.yaml': customer('a'), 'customers/sub/b.yaml': customer('b') });
  symlinkSync('..', join(directory, 'customers/sub/up'));
  symlinkSync(join(outside, 'd'), join(directory, 'customers/outdir'));
  const { fleet } = await load(sourceOf(directory));
  expect(ids(fleet)).toEqual(['a', 'b']);
  expect(brokenCodes(fleet)).toEqual(['customers/outdir OutsideWorkspace', 'customers/sub/up DirectoryLoop']);
});

test('a huge file is refused without being read', async () => {
  const directory = workspaceOf({ 'customers/a.yaml': customer('a'), 'customers/huge.yaml': 'x'.repeat(10_000_000) });
  const read: string[] = [];
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    readFile: (path) => {
      read.push(path);
      return nodeFileSystem.readFile(path);
    },
  };
  const { fleet } = await load(sourceOf(directory, fileSystem));
  expect(brokenCodes(fleet)).toEqual(['customers/huge.yaml TooLarge']);
  expect(read.some((path) => path.endsWith('huge.yaml'))).toBe(false);
});

test('more than 200,000 files are a failure, not a fleet', async () => {
  const entries: DirectoryEntry[] = Array.from({ length: 200_001 }, (_, index) => ({
    name: `${index}.yaml`,
    kind: 'file',
  }));
  const directory = workspaceOf({ 'customers/a.yaml': customer('a') });
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    readDirectory: (path) => (path.endsWith('customers') ? entries : nodeFileSystem.readDirectory(path)),
  };
  const source = sourceOf(directory, fileSystem);
  const workspace = await source.loadWorkspace();
  if (!workspace.ok) throw new Error('unexpected');
  expect(await source.loadFleet(workspace.workspace)).toMatchObject({
    ok: false,
    problems: [{ code: 'TooManyFiles' }],
  });
});

test('defaults reach the customers that say nothing themselves, and keep their place in reconcile.yaml', async () => {
  const directory = workspaceOf({
    'reconcile.yaml': 'defaults:\n  cap: 700\n  metadata:\n    plan: basic\n  refill: { threshold: 1, amount: 2 }\n',
    'customers/a.yaml': customer('a'),
    'customers/b.yaml': customer('b', 'cap: null\nmetadata: { tier: gold }\nrefill: null\n'),
  });
  const { fleet } = await load(sourceOf(directory));
  const [a, b] = fleet.customers;
  if (!a || !b) throw new Error('unexpected');
  expect(a.declaration).toMatchObject({ cap: 700, metadata: { plan: 'basic' }, refill: { threshold: 1, amount: 2 } });
  expect(b.declaration).toMatchObject({ cap: null, metadata: { tier: 'gold' }, refill: null });
  expect(locate(a, '/cap')).toEqual({ file: 'reconcile.yaml', line: 2, column: 3 });
  expect(locate(a, '/metadata/plan')).toEqual({ file: 'reconcile.yaml', line: 4, column: 5 });
  expect(locate(a, '/refill/amount/x')).toMatchObject({ file: 'reconcile.yaml', line: 5 });
  expect(locate(a, '/name')).toEqual({ file: 'customers/a.yaml', line: 2, column: 1 });
  expect(locate(b, '/cap')).toEqual({ file: 'customers/b.yaml', line: 3, column: 1 });
});

test('the hash covers the effective declaration, not comments, order or status', async () => {
  const directory = workspaceOf({
    'customers/a.yaml': customer('a', 'credits: 5\nmetadata: { x: "1", y: "2" }\n'),
    'reconcile.yaml': 'defaults: { cap: 5 }\n',
  });
  const source = sourceOf(directory);
  const first = await load(source);
  write(
    directory,
    'customers/a.yaml',
    '# comment\nmetadata: { y: "2", x: "1" }\ncap: 5\ncredits: 5\nname: Name of a\nexternalId: a\nstatus: { phase: Ready }\n',
  );
  const second = await load(source);
  expect(second.fleet.customers[0]?.hash).toBe(first.fleet.customers[0]?.hash);
  expect(second.fleet.customers[0]?.status).toEqual({ phase: 'Ready' });
  write(directory, 'reconcile.yaml', 'defaults: { cap: 6, billingEmail: a@b.example }\n');
  const third = await load(source);
  expect(third.fleet.customers[0]?.hash).not.toBe(first.fleet.customers[0]?.hash);
});

test('an edit that keeps size and time of a file is seen', async () => {
  const directory = workspaceOf({ 'customers/a.yaml': customer('a', 'credits: 5\n') });
  const path = join(directory, 'customers/a.yaml');
  const source = sourceOf(directory);
  utimesSync(path, 1_000, 1_000);
  await load(source);
  writeFileSync(path, customer('a', 'credits: 6\n'));
  utimesSync(path, 1_000, 1_000);
  expect((await load(source)).fleet.customers[0]?.declaration.credits).toBe(6);
});

test('a fleet that did not change is not made anew', async () => {
  const source = sourceOf(workspaceOf({ 'customers/a.yaml': customer('a'), 'customers/b.yaml': customer('b') }));
  const first = await load(source);
  const second = await load(source);
  expect(second.fleet.customers[0]).toBe(first.fleet.customers[0]);
  expect(second.workspace.hash).toBe(first.workspace.hash);
});

test.each([
  { reason: 'nothing changed', edit: () => undefined, expected: 'same' },
  {
    reason: 'only the status changed',
    file: 'customers/a.yaml',
    text: customer('a', 'status: { x: 1 }\n'),
    expected: 'same',
  },
  {
    reason: 'the credits were raised',
    file: 'customers/a.yaml',
    text: customer('a', 'credits: 9\n'),
    expected: 'changed',
  },
  { reason: 'the file is broken now', file: 'customers/a.yaml', text: 'externalId: [', expected: 'changed' },
  { reason: 'the file holds another customer', file: 'customers/a.yaml', text: customer('b'), expected: 'changed' },
  { reason: 'a default changed', file: 'reconcile.yaml', text: 'defaults: { cap: 1 }\n', expected: 'changed' },
  { reason: 'everything was frozen', file: 'reconcile.yaml', text: 'guards: { freeze: true }\n', expected: 'changed' },
  { reason: 'reconcile.yaml is broken now', file: 'reconcile.yaml', text: 'guards: [', expected: 'changed' },
  { reason: 'the file is gone', file: 'customers/a.yaml', text: null, expected: 'changed' },
])('reread says $expected when $reason', async ({ file, text, expected }) => {
  const directory = workspaceOf({ 'customers/a.yaml': customer('a'), 'reconcile.yaml': '# nothing\n' });
  const source = sourceOf(directory);
  const { workspace, fleet } = await load(source);
  const [first] = fleet.customers;
  if (!first) throw new Error('unexpected');
  if (file !== undefined && text !== undefined && text !== null) write(directory, file, text);
  if (text === null) rmSync(join(directory, 'customers/a.yaml'));
  expect(await source.reread(first, workspace)).toBe(expected);
});

test('a time that lies in the future freezes the file until it has come', async () => {
  let time = now;
  const directory = workspaceOf({
    'customers/a.yaml': customer('a', 'keys:\n  - { name: k, scopes: [a:b], createdAfter: 2026-11-24T12:00:01Z }\n'),
  });
  const source = createDirectorySource({ workspaceDirectory: directory, clock: { now: () => time } });
  const early = await load(source);
  expect(brokenCodes(early.fleet)).toEqual(['customers/a.yaml InstantInFuture']);
  expect(early.fleet.broken[0]).toMatchObject({ externalId: 'a', problems: [{ line: 4, column: 45 }] });
  time += 1_000;
  expect(ids((await load(source)).fleet)).toEqual(['a']);
});

test('validate says everything in one run, with a broken reconcile.yaml too', async () => {
  const directory = workspaceOf({
    'reconcile.yaml': 'guards: { freez: true }\nwebhooks: 5\n',
    'customers/a.yaml': customer('a', 'credits: 1e3\nzzz: 1\n'),
    'customers/b.yaml': customer('b'),
    'customers/c.yaml': 'externalId: c\n',
  });
  const { customers, problems } = await validateWorkspace(sourceOf(directory));
  expect(customers).toEqual({ valid: 1, found: 3 });
  expect(problems.map(({ file, line, column, code }) => `${file}:${line}:${column} ${code}`)).toEqual([
    'reconcile.yaml:1:11 UnknownField',
    'reconcile.yaml:2:11 WrongType',
    'customers/a.yaml:3:10 InvalidNumber',
    'customers/a.yaml:4:1 UnknownField',
    'customers/c.yaml:1:1 MissingField',
  ]);
});

test('validate names a workspace that does not exist once', async () => {
  const { problems } = await validateWorkspace(sourceOf(join(workspaceOf({}), 'missing')));
  expect(problems.map(({ code }) => code)).toEqual(['UnreadableWorkspace']);
});

test('a failing disk is a problem of the file, not an exception', async () => {
  const directory = workspaceOf({ 'customers/a.yaml': customer('a'), 'customers/b.yaml': customer('b') });
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    readFile: (path) => {
      if (path.endsWith('a.yaml')) throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
      return nodeFileSystem.readFile(path);
    },
  };
  const { fleet } = await load(sourceOf(directory, fileSystem));
  expect(ids(fleet)).toEqual(['b']);
  expect(fleet.broken[0]?.problems[0]?.message).toBe('This cannot be read: the disk reported an error (EIO).');
});

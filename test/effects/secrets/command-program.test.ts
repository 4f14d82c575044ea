import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import { nodeFileSystem } from '../../../src/effects/node-filesystem.ts';
import { createStoreProgram, type StoreProgramOptions } from '../../../src/effects/secrets/command-program.ts';
import { createCommandSecretStore } from '../../../src/effects/secrets/command-store.ts';
import { repositoryRoot } from '../../support/source-tree.ts';
import { describeSecretStore, first, second, slot } from './contract.ts';

/** Real programs in real processes: those of deploy/secret-stores, and some that misbehave. */

const shipped = join(repositoryRoot, 'deploy/secret-stores');
const PATH = process.env['PATH'] ?? '';

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'reconcile-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function programIn(directory: string, options: Partial<StoreProgramOptions>) {
  return createStoreProgram({
    command: ['./store'],
    environmentNames: [],
    directory,
    environment: { PATH },
    fileSystem: nodeFileSystem,
    ...options,
  });
}

function storeIn(directory: string, options: Partial<StoreProgramOptions>) {
  let made = 0;
  const chance = { uuid: () => `fresh-${process.pid}-${made++}` };
  return createCommandSecretStore({ program: programIn(directory, options), hidden: [], chance });
}

/** A workspace with a program of its own. */
function withScript(script: string): string {
  const directory = temporary();
  writeFileSync(join(directory, 'store'), script);
  chmodSync(join(directory, 'store'), 0o755);
  return directory;
}

/** The script, with a directory of its own to keep secrets in. */
const keepingFiles = () => {
  const directory = temporary();
  const environment = { PATH, SECRET_STORE_DIR: join(directory, 'kept') };
  mkdirSync(environment.SECRET_STORE_DIR);
  return { directory, environment, environmentNames: ['SECRET_STORE_DIR'], command: [join(shipped, 'files.sh')] };
};

describeSecretStore('deploy/secret-stores/files.sh', async () => {
  const { directory, ...options } = keepingFiles();
  return () => storeIn(directory, options);
});

test('deploy/secret-stores/files.sh takes one of two that write at once, and the other one writes again', async () => {
  const { directory, ...options } = keepingFiles();
  const put = await Promise.all([first, second].map((stored) => storeIn(directory, options).put(slot, stored)));
  expect(put).toMatchObject([{ ok: true }, { ok: true }]);
  const store = storeIn(directory, options);
  const held = [await store.read(slot), await store.readPrevious(slot)];
  const ids = held.map((result) => (result.ok ? result.value?.id : null));
  expect(new Set(ids)).toEqual(new Set([first.id, second.id]));
});

test('deploy/secret-stores/files.sh can be proved, again and again', async () => {
  const { directory, ...options } = keepingFiles();
  for (let index = 0; index < 2; index += 1)
    expect(await storeIn(directory, options).probe(slot)).toEqual({ ok: true, value: undefined });
  expect(execFileSync('find', [options.environment.SECRET_STORE_DIR, '-name', '*.json'], { encoding: 'utf8' })).toBe(
    '',
  );
});

/** GnuPG and pass, where this machine has them (Debian: `apt-get install pass`). */
const hasPass = ['pass', 'gpg'].every((program) => spawnSync(program, ['--version']).status === 0);
if (!hasPass) process.stderr.write('NOT TESTED: there is no program pass here to keep secrets with.\n');

describe.runIf(hasPass)('pass', () => {
  const home = mkdtempSync(join(tmpdir(), 'reconcile-test-'));
  const keys = { PATH, HOME: home, GNUPGHOME: join(home, 'gnupg') };
  const run = (program: string, args: readonly string[], env: Record<string, string> = keys) =>
    execFileSync(program, args, { env, stdio: 'pipe' });

  beforeAll(() => {
    mkdirSync(keys.GNUPGHOME, { mode: 0o700 });
    run('gpg', [
      '--batch',
      '--passphrase',
      '',
      '--quick-generate-key',
      'reconcile@localhost',
      'default',
      'default',
      'never',
    ]);
  });
  afterAll(() => {
    run('gpgconf', ['--kill', 'all']);
    rmSync(home, { recursive: true, force: true });
  });

  describeSecretStore('deploy/secret-stores/pass.sh', async () => {
    const environment = { ...keys, PASSWORD_STORE_DIR: temporary() };
    run('pass', ['init', 'reconcile@localhost'], environment);
    const environmentNames = ['GNUPGHOME', 'PASSWORD_STORE_DIR'];
    return () => storeIn(home, { environment, environmentNames, command: [join(shipped, 'pass.sh')] });
  });
});

test('each program that is shipped is one that the shell can read, and can be executed', () => {
  for (const name of ['files.sh', 'pass.sh', 'aws-ssm.sh']) {
    expect(spawnSync('sh', ['-n', join(shipped, name)]).status).toBe(0);
    expect(nodeFileSystem.stat(join(shipped, name)).mode & 0o111).not.toBe(0);
  }
});

test('docs/secrets-and-status.md shows deploy/secret-stores/files.sh as it is', () => {
  const page = readFileSync(join(repositoryRoot, 'docs/secrets-and-status.md'), 'utf8');
  expect(page).toContain(readFileSync(join(shipped, 'files.sh'), 'utf8'));
});

describe('a program', () => {
  test('sees nothing of ours: no key of Layers, no secret among its arguments or variables (I4)', async () => {
    const directory = withScript('#!/bin/sh\nenv >>"$0.env"; echo "$@" >>"$0.args"; cat >>"$0.input"; exit 1\n');
    const environment = {
      PATH,
      HOME: directory,
      LAYERS_API_KEY: 'lp_live_PARENT',
      LAYERS_API_KEY_FILE: '/run/key',
      RECONCILE_AGE_IDENTITY_FILE: '/run/id',
      NODE_OPTIONS: '--inspect',
      VAULT_TOKEN: 'hvs.other',
      AWS_PROFILE: 'partner',
    };
    const command = ['./store', '--region', 'eu central'];
    const program = programIn(directory, { command, environment, environmentNames: ['AWS_PROFILE'] });
    await program.run(['put', 'a/b', '0'], first.secret);
    const seen = (name: string) => readFileSync(join(directory, `store.${name}`), 'utf8');
    const names = seen('env')
      .split('\n')
      .map((line) => line.split('=')[0] ?? '');
    expect(names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_', ''].includes(name)).toSorted()).toEqual([
      'AWS_PROFILE',
      'HOME',
      'PATH',
    ]);
    expect(seen('args')).toBe('--region eu central put a/b 0\n');
    expect(seen('env') + seen('args')).not.toContain(first.secret.reveal());
    expect(seen('input')).toBe(first.secret.reveal());
  });

  test('is run in the workspace, without a shell between', async () => {
    const directory = withScript('#!/bin/sh\npwd; printf "%s|" "$@"\n');
    const end = await programIn(directory, { command: ['./store', '$(id)', '*'] }).run(['get', 'a'], null);
    expect(end).toMatchObject({ kind: 'exited', code: 0 });
    expect(end.kind === 'exited' && end.stdout.toString()).toBe(`${directory}\n$(id)|*|get|a|`);
  });

  test('that does not end is stopped, with all that it has started', async () => {
    const directory = withScript('#!/bin/sh\n(trap "" TERM; sleep 30) &\necho $! >"$0.pid"; sleep 30\n');
    const end = await programIn(directory, { deadlineMs: 500 }).run(['put', 'a', '0'], new Secret('x'));
    expect(end).toMatchObject({ kind: 'stopped', why: 'did not end within 0.5 seconds' });
    const state = () =>
      spawnSync('ps', ['-o', 'stat=', '-p', readFileSync(join(directory, 'store.pid'), 'utf8').trim()]);
    await expect.poll(() => state().stdout.toString().trim().replace(/^Z.*/, '')).toBe('');
  });

  test('that writes without end is stopped', async () => {
    const directory = withScript('#!/bin/sh\nwhile :; do echo 0123456789; done\n');
    const end = await programIn(directory, {}).run(['get', 'a'], null);
    expect(end).toMatchObject({ kind: 'stopped', why: expect.stringContaining('wrote more than') });
  });

  test('that is killed is no success, whatever it printed', async () => {
    const directory = withScript('#!/bin/sh\necho "{}"; kill -9 $$\n');
    expect(await programIn(directory, {}).run(['get', 'a'], null)).toMatchObject({
      kind: 'stopped',
      why: 'was ended by SIGKILL',
    });
  });

  test('is over when it has ended, although something that it has started goes on', async () => {
    const directory = withScript('#!/bin/sh\necho "{}"; sleep 20 &\n');
    expect(await programIn(directory, {}).run(['get', 'a'], null)).toMatchObject({ kind: 'exited', code: 0 });
  });

  test('that reads nothing of what it is given is judged by its exit code', async () => {
    const directory = withScript('#!/bin/sh\nexit 3\n');
    const input = new Secret('x'.repeat(1_000_000));
    expect(await programIn(directory, {}).run(['put', 'a', '0'], input)).toMatchObject({ kind: 'exited', code: 3 });
  });

  test.each([
    { reason: 'is not there', command: ['./missing'], says: 'is not there' },
    { reason: 'is a directory', command: ['./folder'], says: 'is no file' },
    { reason: 'may not be executed', command: ['./text'], says: 'may not be executed' },
    { reason: 'is on no PATH', command: ['no-such-secret-store'], says: 'is in no folder of PATH' },
    { reason: 'is a shell line', command: ['./store --verbose'], says: 'is not there' },
    { reason: 'has an interpreter that is not there', command: ['./odd'], says: 'no such file' },
  ])('that $reason is not started, and it is said why', async ({ command, says }) => {
    const directory = withScript('#!/bin/sh\n');
    mkdirSync(join(directory, 'folder'));
    writeFileSync(join(directory, 'text'), '', { mode: 0o644 });
    writeFileSync(join(directory, 'odd'), '#!/no/such/interpreter\n', { mode: 0o755 });
    const end = await programIn(directory, { command }).run(['get', 'a'], null);
    expect(end).toMatchObject({ kind: 'not-started', why: expect.stringContaining(says) });
  });

  test('is found on the PATH by its name alone', async () => {
    const directory = withScript('#!/bin/sh\necho found\n');
    const environment = { PATH: `relative:${directory}` };
    const end = await programIn(temporary(), { command: ['store'], environment }).run(['get', 'a'], null);
    expect(end).toMatchObject({ kind: 'exited', code: 0 });
  });
});

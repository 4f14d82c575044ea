import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { runPodman } from '../real/containers.ts';
import { repositoryRoot } from '../support/source-tree.ts';
import {
  type Container,
  confined,
  lockedDown,
  runOnce,
  STRANGER,
  startContainer,
  type Workspace,
} from './support/container.ts';

const inspected = z.object({
  Config: z.object({
    User: z.string(),
    Labels: z.record(z.string(), z.string()),
    Volumes: z.record(z.string(), z.unknown()),
  }),
  Healthcheck: z.object({ Test: z.array(z.string()) }),
});

function inspectImage(): z.output<typeof inspected> {
  const { stdout } = runPodman('image', 'inspect', inject('image'));
  return z.tuple([inspected]).parse(JSON.parse(stdout))[0];
}

let workspace: Workspace;

beforeAll(() => {
  const directory = mkdtempSync(join(tmpdir(), 'reconcile-image-'));
  chmodSync(directory, 0o755);
  for (const name of ['customers', 'reconcile.yaml'])
    cpSync(join(repositoryRoot, name), join(directory, name), { recursive: true });
  // The runtime gives a tmpfs the mode of the directory that it covers.
  mkdirSync(join(directory, '.reconcile'));
  chmodSync(join(directory, '.reconcile'), 0o1777);
  workspace = { directory };
});

afterAll(() => rmSync(workspace.directory, { recursive: true, force: true }));

describe('what is in the image', () => {
  test('labels say what it is and of which version', () => {
    expect(inspectImage().Config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'layers-reconciler',
      'org.opencontainers.image.licenses': 'MIT',
      'org.opencontainers.image.version': inject('version'),
      'org.opencontainers.image.revision': 'test',
    });
  });

  test('it runs as nobody special, and only the workspace is meant to be written', () => {
    const { User, Volumes } = inspectImage().Config;
    expect(User).toBe('1000:1000');
    expect(Object.keys(Volumes)).toEqual(['/workspace']);
  });

  test('there is no package manager, and no program that runs as its owner', () => {
    const { stdout } = runOnce(
      [...confined('0:0'), '--entrypoint', 'sh'],
      '-c',
      'command -v npm npx corepack yarn; find / -xdev -type f -perm /6000; echo looked',
    );
    expect(stdout).toBe('looked\n');
  });

  test('it holds what the command needs, and neither sources nor tests nor what they need', () => {
    const { stdout } = runOnce(
      [...lockedDown(workspace), '--entrypoint', 'sh'],
      '-c',
      'ls /opt/reconcile; ls -d /opt/reconcile/node_modules/typescript /opt/reconcile/node_modules/vitest 2>/dev/null',
    );
    expect(stdout.split('\n').filter(Boolean)).toEqual(['LICENSE', 'dist', 'node_modules', 'package.json', 'schemas']);
  });

  test('it says its version', () => {
    expect(runOnce(lockedDown(workspace), '--version').stdout.trim()).toBe(inject('version'));
  });
});

describe('a daemon as the first process, as a user that nobody knows, where only .reconcile/ can be written', () => {
  let daemon: Container;

  beforeAll(async () => {
    daemon = startContainer(lockedDown(workspace), '--watch', '--sandbox');
    await vi.waitFor(() => expect(planned(daemon).exitCode).toBe(0), { timeout: 45_000, interval: 500 });
  });

  afterAll(async () => {
    daemon.signal('KILL');
    await daemon.ended;
  });

  test('onboards every customer, so that a second pass plans nothing', () => {
    expect(planned(daemon).stdout).toContain('4 customers, nothing to do');
  });

  test('cannot write anywhere else', () => {
    const tried = daemon.exec(
      'sh',
      '-c',
      'for at in / /tmp /opt/reconcile /workspace /run; do touch $at/x && echo $at; done',
    );
    expect(tried.stdout).toBe('');
    expect(tried.stderr).toContain('Read-only file system');
  });

  test('is healthy in the words of its health check', () => {
    const [kind, ...check] = inspectImage().Healthcheck.Test;
    expect(kind).toBe('CMD');
    expect(daemon.exec(...check)).toMatchObject({ exitCode: 0 });
  });

  test('opens no debugger onto its memory, and goes on', () => {
    daemon.signal('USR1');
    const debuggerOpen = "fetch('http://127.0.0.1:9229/json').then(() => process.exit(0), () => process.exit(1))";
    expect(daemon.exec('node', '-e', debuggerOpen).exitCode).toBe(1);
    expect(planned(daemon).exitCode).toBe(0);
  });

  test('ends with 0 when it is told to stop', async () => {
    daemon.signal('TERM');
    const { exitCode, stderr } = await daemon.ended;
    expect(exitCode).toBe(0);
    expect(stderr).toContain('daemon stopped');
  });
});

function planned(daemon: Container) {
  return daemon.exec('reconcile', '--sandbox', '--dry-run', '--detailed-exitcode');
}

describe('a single pass in a container', () => {
  test('says in plain words that it has nowhere to write', () => {
    const options = [...confined(STRANGER), '--volume', `${workspace.directory}:/workspace:ro`];
    const { exitCode, stdout, stderr } = runOnce(options, '--sandbox', '--yes');
    expect(exitCode).toBe(1);
    expect(stdout + stderr).toMatch(/could not write \/workspace\/\.reconcile.*: the file system is read-only/);
  });

  test('is stopped by a signal, though it is the first process', async () => {
    const sandbox = startContainer(lockedDown(workspace), 'sandbox', '--port', '4010');
    onTestFinished(() => sandbox.signal('KILL'));
    await expect.poll(() => sandbox.said(), { timeout: 30_000 }).toContain('export LAYERS_API_KEY=');
    sandbox.signal('TERM');
    expect(await sandbox.ended).toMatchObject({ exitCode: 0 });
  });
});

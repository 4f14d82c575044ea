import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { start } from '../support/real-process.ts';
import { ACME, openWorkspace, type Workspace } from './support.ts';

/** "Rotate the parent's API key" of docs/operations.md. */

async function onboarded(): Promise<Workspace> {
  const workspace = await openWorkspace();
  onTestFinished(() => workspace.close());
  workspace.write('customers/acme-coffee.yaml', ACME);
  expect((await workspace.reconcile()).exitCode).toBe(0);
  return workspace;
}

/** Nothing is left to do, and each of the two grants was made once. */
async function settles(workspace: Workspace, key: string): Promise<void> {
  const environment = { ...workspace.sandbox.environment, LAYERS_API_KEY: key };
  const again = await workspace.reconcileWith(environment, '--full', '--dry-run', '--detailed-exitcode');
  expect(again.exitCode).toBe(0);
  expect((await workspace.operations()).filter((kind) => kind === 'credits.allocate')).toHaveLength(2);
  expect((await workspace.reconcileWith(environment, 'ledger', 'verify')).exitCode).toBe(0);
}

test('a key that is rotated in place goes on from its file, under a daemon that is not started anew', async () => {
  const workspace = await onboarded();
  const { LAYERS_BASE_URL, LAYERS_API_KEY } = workspace.sandbox.environment;
  workspace.write('key', LAYERS_API_KEY);
  const LAYERS_API_KEY_FILE = join(workspace.directory, 'key');
  const daemon = start(workspace.directory, ['--watch'], { LAYERS_BASE_URL, LAYERS_API_KEY_FILE });
  await daemon.shows(/"declarations read"/);

  const [, id = ''] = /^apiKeyId: (.*)$/m.exec(workspace.read('reconcile.yaml')) ?? [];
  const { body } = await workspace.sandbox.post(`/v1/api-keys/${id}/rotate`, {});
  const { apiKey, secret } = z.object({ apiKey: z.object({ id: z.string() }), secret: z.string() }).parse(body);
  expect(apiKey.id).toBe(id);
  daemon.signal('SIGHUP');
  await daemon.shows(/"nobody can be visited until this is settled"/);
  workspace.edit('customers/acme-coffee.yaml', 'credits: 5000\n', 'credits: 6000\n');
  workspace.write('key', secret);
  daemon.signal('SIGHUP');
  await daemon.shows(/"customers are visited again"/);
  await daemon.shows(/"slot 1 is on the ledger"/);
  expect((await daemon.stop('SIGTERM')).exitCode).toBe(0);
  await settles(workspace, secret);
}, 60_000);

test('another key is refused until the workspace is bound to it, and then goes on where the old one stopped', async () => {
  const workspace = await onboarded();
  const second = z
    .object({ apiKeyId: z.string(), secret: z.string() })
    .parse(await workspace.sandbox.control('POST', 'parent-key'));
  const environment = { ...workspace.sandbox.environment, LAYERS_API_KEY: second.secret };
  workspace.edit('customers/acme-coffee.yaml', 'credits: 5000\n', 'credits: 6000\n');

  const early = await workspace.reconcileWith(environment);
  expect(early.exitCode).toBe(1);
  expect(early.stderr).toContain('WrongApiKey');
  expect(early.stderr).toContain(`apiKeyId: ${second.apiKeyId}`);
  expect((await workspace.operations()).filter((kind) => kind === 'credits.allocate')).toHaveLength(1);

  workspace.edit(
    'reconcile.yaml',
    /^apiKeyId: .*$/m.exec(workspace.read('reconcile.yaml'))?.[0] ?? '',
    `apiKeyId: ${second.apiKeyId}`,
  );
  expect((await workspace.reconcileWith(environment)).exitCode).toBe(0);
  await settles(workspace, second.secret);
}, 60_000);

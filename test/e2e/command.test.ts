import { get } from 'node:http';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ACME, openWorkspace, organizationNamed, type Workspace, writes } from './support.ts';

async function declare(options: { readonly bound?: boolean } = {}): Promise<Workspace> {
  const workspace = await openWorkspace(options);
  workspace.write('customers/acme-coffee.yaml', ACME);
  return workspace;
}

describe('pointing the command line at a server', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await declare({ bound: false });
  }, 60_000);
  afterAll(() => workspace.close());

  test('without a key it names the variables to set: exit 1', async () => {
    const { exitCode, stderr } = await workspace.reconcileWith({});
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/LAYERS_API_KEY\b.*LAYERS_API_KEY_FILE/s);
  });

  test('a workspace that is not bound gets the lines to add, and nothing is written: exit 1', async () => {
    const refused = await workspace.reconcile();
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout + refused.stderr).toMatch(/^ *parentOrganizationId: org_/m);
    expect(writes(await workspace.requests())).toEqual([]);
  });

  test('init binds it to the parent that the key belongs to, and keeps the rest of the file', async () => {
    workspace.write('reconcile.yaml', 'guards: { maxGrant: 9000 } # reviewed\n');
    expect((await workspace.reconcile('init')).exitCode).toBe(0);
    expect(workspace.read('reconcile.yaml')).toMatch(
      /^parentOrganizationId: org_\S+\napiKeyId: key_\S+\nguards: \{ maxGrant: 9000 \} # reviewed\n$/,
    );
  });

  test('the key may be in a file, which wins over the environment', async () => {
    const { LAYERS_BASE_URL, LAYERS_API_KEY } = workspace.sandbox.environment;
    workspace.write('key', `${LAYERS_API_KEY}\n`);
    const environment = { LAYERS_BASE_URL, LAYERS_API_KEY: 'lp_live_wrong', LAYERS_API_KEY_FILE: 'key' };
    const plan = await workspace.reconcileWith(environment, '--dry-run');
    expect(plan.stdout).toContain('acme-coffee  Progressing');
    expect(plan.exitCode).toBe(0);
  });
});

describe('a broken file among good ones', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await declare();
    const broken = ACME.replace('acme-coffee', 'broken-bakery').replace('credits: 5000', 'credits: 5e3');
    workspace.write('customers/broken-bakery.yaml', broken);
  }, 60_000);
  afterAll(() => workspace.close());

  test('is found by validate, which calls nothing: exit 3', async () => {
    const { exitCode, stdout, stderr } = await workspace.reconcile('validate');
    expect(exitCode).toBe(3);
    expect(stdout + stderr).toMatch(/customers\/broken-bakery\.yaml:6:\d+/);
    expect(await workspace.requests()).toEqual([]);
  });

  test('is shown with its place and freezes only its own customer: exit 5', async () => {
    const { exitCode, stdout } = await workspace.reconcile();
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(/customers\/broken-bakery\.yaml:6:\d+/);
    expect((await organizationNamed(workspace, 'Acme Coffee')).summary.balance).toBe(5000);
    expect((await workspace.operations()).filter((kind) => kind === 'organization.create')).toHaveLength(1);
  });
});

describe('the daemon', () => {
  test('picks up a file that appears, keeps other writers out (exit 7), answers probes, and stops with 0', async () => {
    const workspace = await declare();
    onTestFinished(() => workspace.close());
    const port = await freePort();
    const daemon = workspace.watch('--listen', `127.0.0.1:${port}`);
    await daemon.shows(/"customer":"acme-coffee","phase":"Ready"/);
    expect(await statusOf(port, '/livez')).toBe(200);
    expect(await statusOf(port, '/readyz')).toBe(200);

    const birch = ACME.replace('acme-coffee', 'birch-bakery').replace('Acme Coffee', 'Birch Bakery');
    workspace.write('customers/birch-bakery.yaml', birch);
    await daemon.shows(/"customer":"birch-bakery","phase":"Ready"/);
    expect((await organizationNamed(workspace, 'Birch Bakery')).summary.balance).toBe(5000);

    expect((await workspace.reconcile()).exitCode).toBe(7);
    expect((await daemon.stop('SIGTERM')).exitCode).toBe(0);
  }, 60_000);
});

describe('--sandbox', () => {
  test('needs no key, no binding and no server, and leaves the user’s files as they are', async () => {
    const workspace = await declare({ bound: false });
    onTestFinished(() => workspace.close());
    const before = workspace.files();
    expect(await workspace.reconcileWith({}, '--sandbox')).toMatchObject({ exitCode: 0 });
    expect(await workspace.reconcileWith({}, '--sandbox', '--detailed-exitcode')).toMatchObject({ exitCode: 0 });
    expect(workspace.files()).toEqual(before);
    expect(await workspace.requests()).toEqual([]);
  });
});

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function statusOf(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    }).once('error', reject);
  });
}

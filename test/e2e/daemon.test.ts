import { describe, expect, onTestFinished, test } from 'vitest';
import { ACME, openWorkspace, type Workspace } from './support.ts';

async function declare(): Promise<Workspace> {
  const workspace = await openWorkspace();
  onTestFinished(() => workspace.close());
  workspace.write('customers/acme-coffee.yaml', ACME);
  return workspace;
}

/** The answer to the first of these requests travels for so long; what it asks for is done at once. */
function slowAnswer(workspace: Workspace, path: string, ms: number): Promise<unknown> {
  return workspace.sandbox.control('POST', 'faults', { match: { method: 'POST', path }, fault: { kind: 'slow', ms } });
}

async function untilDone(workspace: Workspace, kind: string): Promise<void> {
  while (!(await workspace.operations()).includes(kind));
}

/** One pass of another process finds everything, and nothing was done twice. */
async function settles(workspace: Workspace): Promise<void> {
  expect((await workspace.reconcile()).exitCode).toBe(0);
  expect((await workspace.reconcile('--dry-run', '--full', '--detailed-exitcode')).exitCode).toBe(0);
  const done = await workspace.operations();
  for (const kind of ['organization.create', 'credits.allocate', 'key.mint'])
    expect(done.filter((one) => one === kind)).toHaveLength(1);
  expect((await workspace.reconcile('ledger', 'verify')).exitCode).toBe(0);
}

const moments = [
  { reason: 'an organization was just created', path: '/v1/organizations', kind: 'organization.create' },
  { reason: 'credits have just moved', path: '/v1/organizations/*/credits/allocate', kind: 'credits.allocate' },
  { reason: 'a secret is on its way', path: '/v1/organizations/*/api-keys', kind: 'key.mint' },
] as const;

describe.each(moments)('the daemon, told to stop when $reason', ({ path, kind }) => {
  test('waits for the answer, writes nothing after it, and exits with 0', async () => {
    const workspace = await declare();
    await slowAnswer(workspace, path, 3_000);
    const daemon = workspace.watch();
    await untilDone(workspace, kind);
    const { exitCode, stderr } = await daemon.stop('SIGTERM');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('daemon stopped');
    expect((await workspace.operations()).at(-1)).toBe(kind);
    await settles(workspace);
  }, 60_000);

  test('ends at once at a second signal, and the next pass finds what it left', async () => {
    const workspace = await declare();
    await slowAnswer(workspace, path, 8_000);
    const daemon = workspace.watch();
    await untilDone(workspace, kind);
    const stopped = daemon.stop('SIGTERM');
    await daemon.shows(/daemon stops/);
    void daemon.stop('SIGTERM');
    expect((await stopped).exitCode).toBe(143);
    await settles(workspace);
  }, 60_000);
});

describe('the daemon', () => {
  test('looks at everything at SIGHUP, and lives on', async () => {
    const workspace = await declare();
    const daemon = workspace.watch();
    await daemon.shows(/"phase":"Ready"/);
    await workspace.requests();
    daemon.signal('SIGHUP');
    while (!(await workspace.requests()).some((one) => one.startsWith('GET /v1/whoami')));
    expect((await daemon.stop('SIGTERM')).exitCode).toBe(0);
  }, 60_000);
});

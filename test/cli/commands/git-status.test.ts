import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { doctor } from '../../../src/cli/commands/doctor.ts';
import { pass } from '../../../src/cli/commands/pass.ts';
import { resolve } from '../../../src/cli/commands/resolve.ts';
import { status } from '../../../src/cli/commands/status.ts';
import { createRemote, git, type Remote } from '../../support/bare-repository.ts';
import { fakeContext } from '../support/context.ts';
import { ACME, type BoundWorkspace, boundWorkspace, passDefaults } from '../support/onboarded.ts';
import { workspace } from '../support/workspace.ts';

const STORE = 'status: { store: git }\n';

/** A workspace in a checkout of its own. */
async function inGit(workspaceYaml = STORE): Promise<{ bound: BoundWorkspace; remote: Remote }> {
  const bound = await boundWorkspace({ 'customers/acme-coffee.yaml': ACME }, workspaceYaml);
  const remote = createRemote();
  git(bound.directory, 'init', '--quiet');
  git(bound.directory, 'remote', 'add', 'origin', remote.directory);
  git(bound.directory, 'add', '--all');
  git(bound.directory, 'commit', '--quiet', '-m', 'Declare');
  return { bound, remote };
}

describe('status on a branch', () => {
  test('is pushed once by a pass that changed something, and by none after it', async () => {
    const { bound, remote } = await inGit();
    expect(await bound.pass({ detailedExitcode: true })).toBe(2);
    expect(remote.history()).toHaveLength(1);
    expect(remote.textOf('status/acme-coffee.yaml')).toContain('granted: 5000');
    expect(await bound.pass({ detailedExitcode: true })).toBe(0);
    expect(remote.history()).toHaveLength(1);
    expect(git(bound.directory, 'status', '--porcelain')).toBe('');

    const context = bound.context();
    await status({ directory: bound.directory, output: 'text', color: false, sandbox: false, live: false }, context);
    expect(context.printed.out).toContain('acme-coffee  Ready');
  });

  test('does not hold a pass up while the remote is away, and is pushed by the next one', async () => {
    const { bound, remote } = await inGit();
    await bound.pass();
    renameSync(remote.directory, `${remote.directory}.away`);
    writeFileSync(join(bound.directory, 'customers/acme-coffee.yaml'), ACME.replace('credits: 5000', 'credits: 6000'));
    const context = bound.context();
    expect(await bound.pass({}, context)).toBe(0);
    expect(context.printed.out).toContain('StatusNotPushed');
    renameSync(`${remote.directory}.away`, remote.directory);
    expect(await bound.pass({ detailedExitcode: true })).toBe(0);
    expect(remote.textOf('status/acme-coffee.yaml')).toContain('granted: 6000');
  });

  test('is discarded at the remote by resolve', async () => {
    const { bound, remote } = await inGit();
    await bound.pass();
    const options = { directory: bound.directory, customer: 'acme-coffee', color: false, sandbox: false, yes: true };
    expect(await resolve(options, bound.context())).toBe(0);
    expect(remote.textOf('status/acme-coffee.yaml')).toBeNull();
    expect(await bound.pass({ detailedExitcode: true })).toBe(0);
    expect(remote.textOf('status/acme-coffee.yaml')).toContain('granted: 5000');
  });

  test('is read by an offline plan as far as a checkout fetched it, without asking the remote', async () => {
    const { bound, remote } = await inGit();
    await bound.pass();
    git(bound.directory, 'push', '--quiet', 'origin', 'HEAD:refs/heads/declarations');
    const clone = join(workspace(), 'clone');
    git(bound.directory, 'clone', '--quiet', '--branch', 'declarations', remote.directory, clone);
    renameSync(remote.directory, `${remote.directory}.away`);
    for (const directory of [bound.directory, clone]) {
      const context = fakeContext();
      const options = { ...passDefaults, directory, offline: true, dryRun: true, detailedExitcode: true };
      expect(await pass(options, context)).toBe(0);
      expect(context.printed.out).toContain('1 customer, nothing to do');
    }
  });

  test.each([
    ['ok', (): void => undefined],
    ['failed', ({ directory }: Remote): void => renameSync(directory, `${directory}.away`)],
  ] as const)('is %s for doctor', async (result, arrange) => {
    const { bound, remote } = await inGit();
    arrange(remote);
    const context = bound.context();
    await doctor({ directory: bound.directory, output: 'json', color: false, sandbox: false }, context);
    const { checks } = JSON.parse(context.printed.out);
    expect(checks).toContainEqual(expect.objectContaining({ id: 'status-store', result }));
  });
});

describe('status in the files of a work tree of git', () => {
  const warned = 'add one of these lines to reconcile.yaml';

  test('is warned of on a runner, with the lines to choose from', async () => {
    const { bound } = await inGit('');
    const context = { ...bound.context(), environment: { CI: 'true' } };
    await bound.pass({}, context);
    expect(context.printed.log).toContain(warned);
    expect(context.printed.log).toContain('status: { store: git }');
  });

  test('is not warned of once somebody chose it, nor where a person sits', async () => {
    const { bound } = await inGit('');
    const person = bound.context();
    await bound.pass({}, person);
    const chosen = await inGit('status: { store: inline }\n');
    const runner = { ...chosen.bound.context(), environment: { CI: 'true' } };
    await chosen.bound.pass({}, runner);
    expect(person.printed.log + runner.printed.log).not.toContain(warned);
  });
});

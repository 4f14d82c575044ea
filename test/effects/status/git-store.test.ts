import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Checkout, createRemote, git, type Remote } from '../../support/bare-repository.ts';

const PARENT = 'org_parent';

function customer(externalId: string, more: Record<string, unknown> = {}) {
  return {
    externalId,
    parentOrganizationId: PARENT,
    declaration: 'sha256:0',
    organizationId: `org_${externalId}`,
    phase: 'Ready',
    ...more,
  };
}
const target = (externalId: string) => ({ externalId, file: `customers/${externalId}.yaml` });
const fleet = { externalId: null, file: 'reconcile.yaml' };

let remote: Remote;
let here: Checkout;

beforeEach(() => {
  remote = createRemote();
  here = remote.checkout();
});

/** A pass as the store sees it: reads, writes, one commit. */
async function pass(checkout: Checkout, ...statuses: readonly ReturnType<typeof customer>[]) {
  const store = checkout.store();
  for (const status of statuses) {
    await store.read(target(status.externalId));
    expect(await store.write(target(status.externalId), status)).toEqual({ ok: true, value: undefined });
  }
  return store.commit?.();
}

const readBy = (checkout: Checkout, externalId: string) => checkout.store().read(target(externalId));

describe('a pass', () => {
  test('makes one commit, however many customers it recorded, and pushes it', async () => {
    const store = here.store();
    for (const externalId of ['acme', 'birch', 'cobalt', 'delta'])
      await store.write(target(externalId), customer(externalId));
    await store.write(fleet, { parentOrganizationId: PARENT, webhooks: [{ name: 'w', id: 'h' }] });
    expect(await store.commit?.()).toEqual({ ok: true, value: undefined });
    expect(remote.history()).toMatchObject([
      { parents: [], subject: 'Record the status of the fleet, acme, birch and 2 more [skip ci]' },
    ]);
    expect(git(remote.directory, 'ls-tree', '-r', '--name-only', 'reconcile-status').trim().split('\n')).toEqual(
      ['_fleet', 'acme', 'birch', 'cobalt', 'delta'].map((name) => `status/${name}.yaml`),
    );
    expect(remote.textOf('status/acme.yaml')).toContain('\nstatus:\n  externalId: acme\n');
  });

  test('that is published while another visit records something loses nothing of either', async () => {
    const store = here.store();
    await store.write(target('acme'), customer('acme', { phase: 'Progressing' }));
    const publishing = store.commit?.();
    // Recorded before the push can have ended; which of the two commits carries it does not matter.
    const other = here.store();
    await other.write(target('acme'), customer('acme', { phase: 'Ready' }));
    await other.write(target('birch'), customer('birch'));
    expect(await publishing).toEqual({ ok: true, value: undefined });
    expect(await readBy(here, 'acme')).toMatchObject({ ok: true, value: { phase: 'Ready' } });
    expect(await here.store().commit?.()).toEqual({ ok: true, value: undefined });
    expect(remote.textOf('status/acme.yaml')).toContain('phase: Ready');
    expect(remote.textOf('status/birch.yaml')).toContain('externalId: birch');
  });

  test('that changes nothing makes no commit and writes no file', async () => {
    await pass(here, customer('acme'));
    const files = everyFile(here);
    expect(await pass(here, customer('acme'))).toEqual({ ok: true, value: undefined });
    expect(remote.history()).toHaveLength(1);
    expect(everyFile(here)).toEqual(files);
  });

  test('reads what another machine pushed before it began', async () => {
    const there = remote.checkout();
    await pass(there, customer('acme', { phase: 'Held' }));
    expect(await readBy(here, 'acme')).toMatchObject({ ok: true, value: { phase: 'Held' } });
    expect(await readBy(here, 'birch')).toEqual({ ok: true, value: null });
  });

  test('leaves work tree, index, branches and settings of the checkout as they were', async () => {
    writeFileSync(join(here.directory, 'reconcile.yaml'), 'webhooks: [] # edited\n');
    writeFileSync(join(here.directory, 'staged'), 'x');
    git(here.directory, 'add', 'staged');
    const seen = () =>
      [['status', '--porcelain'], ['branch'], ['config', '--list', '--local'], ['stash', 'list'], ['tag']].map((args) =>
        git(here.directory, ...args),
      );
    writeFileSync(join(here.directory, '.git', 'info', 'exclude'), '.reconcile/\n');
    const before = seen();
    await pass(here, customer('acme'));
    expect(seen()).toEqual(before);
    expect(existsSync(join(here.directory, '.git', 'FETCH_HEAD'))).toBe(false);
  });

  test('runs no hook and shows no key of Layers to git', async () => {
    const hook = `#!/bin/sh\nenv > "${here.directory}/hooked"\nexit 1\n`;
    for (const name of ['pre-push', 'reference-transaction', 'post-commit', 'pre-commit']) {
      const path = join(here.directory, '.git', 'hooks', name);
      writeFileSync(path, hook);
      chmodSync(path, 0o755);
    }
    // What git starts by itself sees git's environment.
    git(here.directory, 'config', 'remote.origin.uploadpack', `env > "${here.directory}/environment"; git-upload-pack`);
    expect(await pass(here, customer('acme'))).toMatchObject({ ok: true });
    expect(existsSync(join(here.directory, 'hooked'))).toBe(false);
    expect(readFileSync(join(here.directory, 'environment'), 'utf8')).not.toContain('LAYERS');
  });

  test('of a workspace below the root of its repository has a folder of its own on the branch', async () => {
    mkdirSync(join(here.directory, 'eu west', 'customers'), { recursive: true });
    const store = here.store({ folder: 'eu west' });
    await store.write(target('acme'), customer('acme'));
    await store.commit?.();
    await pass(here, customer('acme', { phase: 'Held' }));
    expect(remote.textOf('eu west/status/acme.yaml')).toContain('phase: Ready');
    expect(remote.textOf('status/acme.yaml')).toContain('phase: Held');
    expect(await here.store({ folder: 'eu west' }).read(target('acme'))).toMatchObject({ value: { phase: 'Ready' } });
  });

  test('keeps names that are no file names apart', async () => {
    const store = here.store();
    for (const externalId of ['a:b', 'a.b', 'A']) await store.write(target(externalId), customer(externalId));
    expect(await store.commit?.()).toMatchObject({ ok: true });
    for (const externalId of ['a:b', 'a.b', 'A'])
      expect(await readBy(here, externalId)).toMatchObject({ value: { externalId } });
  });
});

describe('a remote that is away', () => {
  const hide = () => renameSync(remote.directory, `${remote.directory}.away`);
  const comeBack = () => renameSync(`${remote.directory}.away`, remote.directory);

  test('lets the pass go on from what was seen last; the next pass pushes what it recorded', async () => {
    await pass(here, customer('acme'));
    hide();
    expect(await readBy(here, 'acme')).toMatchObject({ ok: true, value: { phase: 'Ready' } });
    expect(await pass(here, customer('acme', { phase: 'Held' }))).toMatchObject({ ok: false });
    expect(await readBy(here, 'acme')).toMatchObject({ value: { phase: 'Held' } });
    expect(await pass(here, customer('birch'))).toMatchObject({ ok: false });
    comeBack();
    expect(await pass(here)).toEqual({ ok: true, value: undefined });
    expect(remote.textOf('status/acme.yaml')).toContain('phase: Held');
    expect(remote.textOf('status/birch.yaml')).toContain('phase: Ready');
    expect(remote.history()).toHaveLength(2);
    expect(readdirSync(join(here.directory, '.reconcile', 'status'))).toEqual([]);
  });

  test('is said even when nothing is to be pushed, for others may have recorded something', async () => {
    await pass(here, customer('acme'));
    hide();
    expect(await pass(here, customer('acme'))).toMatchObject({ ok: false, message: expect.stringContaining('git') });
  });

  test('that was never seen leaves nothing to decide by: what it holds might veto', async () => {
    hide();
    expect(await readBy(here, 'acme')).toMatchObject({
      ok: false,
      message: expect.stringContaining('never seen here'),
    });
  });

  test('takes no status with it when a process dies before the push', async () => {
    await here.store().write(target('acme'), customer('acme'));
    expect(await readBy(here, 'acme')).toMatchObject({ value: { externalId: 'acme' } });
    expect(await pass(here)).toMatchObject({ ok: true });
    expect(remote.textOf('status/acme.yaml')).toContain('externalId: acme');
  });

  test('that lost its branch gets it back with the next change, history and all', async () => {
    await pass(here, customer('acme'));
    git(remote.directory, 'update-ref', '-d', 'refs/heads/reconcile-status');
    expect(await readBy(here, 'acme')).toMatchObject({ value: { externalId: 'acme' } });
    expect(await pass(here, customer('birch'))).toMatchObject({ ok: true });
    expect(remote.history()).toHaveLength(2);
    expect(remote.textOf('status/acme.yaml')).not.toBeNull();
  });
});

describe('a push that is refused', () => {
  const refuse = (script: string) => {
    const path = join(remote.directory, 'hooks', 'pre-receive');
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  };

  test('is reported with the reason, and is tried again by the next pass', async () => {
    refuse('exit 1');
    expect(await pass(here, customer('acme'))).toMatchObject({ ok: false, message: expect.any(String) });
    expect(await here.store().prove?.()).toMatchObject({ ok: true });
    rmSync(join(remote.directory, 'hooks', 'pre-receive'));
    expect(await pass(here)).toEqual({ ok: true, value: undefined });
    expect(remote.textOf('status/acme.yaml')).not.toBeNull();
  });

  test('because somebody else was first is made again on top of theirs', async () => {
    const there = remote.checkout();
    const [mine, theirs] = [here.store(), there.store()];
    await mine.read(target('acme'));
    await theirs.read(target('birch'));
    await mine.write(target('acme'), customer('acme'));
    await theirs.write(target('birch'), customer('birch'));
    expect(await theirs.commit?.()).toMatchObject({ ok: true });
    expect(await mine.commit?.()).toEqual({ ok: true, value: undefined });
    expect(remote.history().map(({ parents }) => parents.length)).toEqual([1, 0]);
    expect(remote.textOf('status/acme.yaml')).not.toBeNull();
    expect(remote.textOf('status/birch.yaml')).not.toBeNull();
  });
});

describe('two writers', () => {
  test('of one customer: the later word counts, and what was counted never falls', async () => {
    const there = remote.checkout();
    const key = (seen: number) => ({ name: 'k', id: `key_${seen}`, seen });
    const [mine, theirs] = [here.store(), there.store()];
    await mine.read(target('acme'));
    await theirs.read(target('acme'));
    await theirs.write(
      target('acme'),
      customer('acme', {
        credits: { declared: 9, granted: 9, slots: 2 },
        keys: [key(3), { name: 'other', id: 'key_o', seen: 1 }],
      }),
    );
    await mine.write(
      target('acme'),
      customer('acme', { phase: 'Held', credits: { declared: 5, granted: 5, slots: 1 }, keys: [key(2)] }),
    );
    await theirs.commit?.();
    await mine.commit?.();
    expect(await readBy(there, 'acme')).toMatchObject({
      value: {
        phase: 'Held',
        credits: { declared: 5, granted: 9, slots: 2 },
        keys: [
          { name: 'k', id: 'key_2', seen: 3 },
          { name: 'other', id: 'key_o' },
        ],
      },
    });
  });

  test('racing twenty times lose no customer’s status, in a history without a fork', async () => {
    const there = remote.checkout();
    for (let round = 0; round < 20; round += 1) {
      const results = await Promise.all([
        pass(here, customer(`a${round}`), customer('shared', { declaration: `sha256:a${round}` })),
        pass(there, customer(`b${round}`), customer('shared', { declaration: `sha256:b${round}` })),
      ]);
      expect(results.every((result) => result?.ok)).toBe(true);
    }
    const names = git(remote.directory, 'ls-tree', '-r', '--name-only', 'reconcile-status').trim().split('\n');
    expect(names).toHaveLength(41);
    const history = remote.history();
    expect(history.filter(({ parents }) => parents.length !== 1)).toHaveLength(1);
    expect(git(remote.directory, 'fsck', '--strict', '--no-dangling')).toBe('');
  }, 120_000);
});

describe('what cannot be used', () => {
  test.each([
    ['no remote', { remote: 'upstream' }, 'git knows no remote upstream'],
    ['the branch of the checkout', { branch: 'main' }, 'holds declarations'],
  ])('%s: every read says so, and nothing is pushed', async (_what, options, why) => {
    const store = here.store(options);
    expect(await store.read(target('acme'))).toEqual({ ok: false, message: expect.stringContaining(why) });
    expect(await store.write(target('acme'), customer('acme'))).toMatchObject({ ok: false });
    expect(await store.commit?.()).toMatchObject({ ok: false });
    expect(await store.prove?.()).toMatchObject({ ok: false });
  });

  test('a branch of declarations is never written to, even from a detached checkout', async () => {
    git(here.directory, 'checkout', '--quiet', '--detach');
    const store = here.store({ branch: 'main' });
    expect(await store.read(target('acme'))).toMatchObject({ message: expect.stringContaining('holds declarations') });
  });

  test('a place without git is told apart', async () => {
    rmSync(join(here.directory, '.git'), { recursive: true });
    expect(await readBy(here, 'acme')).toMatchObject({ message: expect.stringContaining('no git work tree') });
  });

  test('a status that cannot be read vetoes and stays as it is, while the others are pushed', async () => {
    await pass(here, customer('acme'));
    const there = remote.checkout();
    git(there.directory, 'checkout', '--quiet', 'reconcile-status');
    writeFileSync(join(there.directory, 'status', 'acme.yaml'), '<<<<<<< HEAD\n');
    git(there.directory, 'commit', '--quiet', '-am', 'Damage');
    git(there.directory, 'push', '--quiet', 'origin', 'reconcile-status');
    const store = here.store();
    expect(await store.read(target('acme'))).toMatchObject({ ok: false });
    expect(await store.write(target('acme'), customer('acme'))).toMatchObject({ ok: false });
    expect(await store.write(target('birch'), customer('birch'))).toMatchObject({ ok: true });
    expect(await store.commit?.()).toEqual({ ok: true, value: undefined });
    expect(remote.textOf('status/acme.yaml')).toBe('<<<<<<< HEAD\n');
  });
});

describe('a person', () => {
  test('discards what is recorded, readable or not, here and at the remote', async () => {
    await pass(here, customer('acme'), customer('birch'));
    await here.store().write(target('acme'), customer('acme', { phase: 'Held' }));
    expect(await here.store().discard({ ...target('acme'), externalId: 'acme' })).toEqual({
      ok: true,
      value: undefined,
    });
    expect(await readBy(here, 'acme')).toEqual({ ok: true, value: null });
    expect(remote.textOf('status/acme.yaml')).toBeNull();
    expect(remote.textOf('status/birch.yaml')).not.toBeNull();
    expect(remote.history()).toHaveLength(2);
  });

  test('discards nothing while the remote is away, and is told so', async () => {
    await pass(here, customer('acme'));
    renameSync(remote.directory, `${remote.directory}.away`);
    expect(await here.store().discard({ ...target('acme'), externalId: 'acme' })).toMatchObject({ ok: false });
    expect(await readBy(here, 'acme')).toMatchObject({ value: { externalId: 'acme' } });
  });
});

function everyFile({ directory }: Checkout): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.startsWith('.git/refs/reconcile'))
    .toSorted();
}

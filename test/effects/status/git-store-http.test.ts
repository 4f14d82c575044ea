import { expect, test } from 'vitest';
import { createRemote, git } from '../../support/bare-repository.ts';
import { hasGitHttp, serveOverHttp } from '../../support/git-http.ts';

const target = (externalId: string) => ({ externalId, file: `customers/${externalId}.yaml` });
const customer = (externalId: string, phase = 'Ready') => ({
  externalId,
  parentOrganizationId: 'org_parent',
  declaration: 'sha256:0',
  phase,
});

test.runIf(hasGitHttp)(
  'over HTTP, status is pushed, read elsewhere, and made again on top of who was first',
  async () => {
    const remote = createRemote();
    const { url } = await serveOverHttp(remote.directory);
    // The store does not wait for the event loop, on which the server runs; the checkout is made over the file path.
    const [here, there] = [remote.checkout(), remote.checkout()];
    for (const { directory } of [here, there]) git(directory, 'remote', 'set-url', 'origin', url);

    const first = here.store();
    await first.write(target('acme'), customer('acme'));
    expect(await first.commit?.()).toEqual({ ok: true, value: undefined });
    expect(await there.store().read(target('acme'))).toMatchObject({ ok: true, value: { externalId: 'acme' } });

    const [mine, theirs] = [here.store(), there.store()];
    await Promise.all([mine.read(target('acme')), theirs.read(target('acme'))]);
    await mine.write(target('birch'), customer('birch'));
    await theirs.write(target('acme'), customer('acme', 'Held'));
    expect(await theirs.commit?.()).toEqual({ ok: true, value: undefined });
    expect(await mine.commit?.()).toEqual({ ok: true, value: undefined });
    expect(remote.history().map(({ parents }) => parents.length)).toEqual([1, 1, 0]);
    expect(remote.textOf('status/acme.yaml')).toContain('phase: Held');
    expect(remote.textOf('status/birch.yaml')).toContain('phase: Ready');
  },
);

test.runIf(hasGitHttp)('a password in the URL of a remote is in no message', async () => {
  const remote = createRemote();
  const here = remote.checkout();
  git(here.directory, 'remote', 'set-url', 'origin', 'http://ada:hunter22@127.0.0.1:9/fleet.git');
  const read = await here.store().read(target('acme'));
  expect(read).toMatchObject({ ok: false, message: expect.stringContaining('127.0.0.1:9') });
  expect(JSON.stringify(read)).not.toContain('hunter22');
});

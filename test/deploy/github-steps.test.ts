import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDocument } from '../cli/support/documents.ts';
import { git } from '../support/bare-repository.ts';
import { type SandboxProcess, startSandbox } from '../support/real-process.ts';
import { commit, createRunner, type Ran, type Runner } from './runner.ts';

const acme = (credits: number) => `externalId: acme\nname: Acme\ncredits: ${credits}\n`;

const codesOf = (ran: readonly Ran[]) => Object.fromEntries(ran.map(({ step, exitCode }) => [step, exitCode]));

const BINDING = 'parentOrganizationId: org_2481fa5c-a404-44ed-a561-565392499abc\napiKeyId: key_1\n';

/** A pull request that raises the credits, merged into its base as GitHub tests it. */
function pullRequest(base: string, proposed = base): Runner {
  const runner = createRunner();
  const { workspace } = runner;
  git(workspace, 'init', '--quiet');
  commit(workspace, { 'reconcile.yaml': BINDING + base, 'customers/acme.yaml': acme(100) });
  git(workspace, 'checkout', '--quiet', '-b', 'change');
  commit(workspace, { 'reconcile.yaml': BINDING + proposed, 'customers/acme.yaml': acme(900) });
  git(workspace, 'checkout', '--quiet', 'main');
  git(workspace, 'merge', '--quiet', '--no-ff', '-m', 'Merge', 'change');
  return runner;
}

const plan = (runner: Runner) =>
  runner.job('reconcile-plan.yml', 'plan', {
    'github.event.pull_request.head.sha': 'a'.repeat(40),
    'github.event.pull_request.number': '7',
  });

/** The check that the job with the rights makes of what the plan left behind. */
async function check(runner: Runner): Promise<string> {
  cpSync(join(runner.temporary, 'plan'), join(runner.workspace, 'plan'), { recursive: true });
  await runner.job('reconcile-comment.yml', 'comment', {
    'github.repository': 'partner/customers',
    'github.event.workflow_run.head_sha': 'a'.repeat(40),
  });
  return runner.asked().find((line) => line.includes('check-runs')) ?? '';
}

describe('the steps of a plan', () => {
  it('leave the comment, the document and the exit code behind, without a key', async () => {
    const runner = pullRequest('guards: { maxGrant: 5000 }\n');
    const ran = await plan(runner);
    expect(codesOf(ran)).toEqual({
      'Install the tool of the base': 0,
      'Comment of the plan': 0,
      Validate: 0,
      Plan: 0,
    });
    const left = (name: string) => readFileSync(join(runner.temporary, 'plan', name), 'utf8');
    expect(readdirSync(join(runner.temporary, 'plan')).toSorted()).toEqual([
      'comment.md',
      'exit-code',
      'number',
      'plan.json',
    ]);
    expect(left('comment.md')).toMatch(/^<!-- reconcile-plan -->\n/);
    expect(left('comment.md')).toContain(`<sub>of commit ${'a'.repeat(40)}</sub>`);
    expect(left('exit-code')).toBe('2\n');
    expect(isDocument(JSON.parse(left('plan.json'))), JSON.stringify(isDocument.errors)).toBe(true);
    expect(await check(runner)).toMatch(/name=reconcile\/plan .*conclusion=success .*title\]=Changes/);
  });

  it('fail where a guard of the base holds something back, whatever the change says about it', async () => {
    const runner = pullRequest('guards: { maxGrant: 500 }\n', 'guards: { maxGrant: 5000 }\n');
    expect(codesOf(await plan(runner))).toMatchObject({ Validate: 0, Plan: 4 });
    expect(await check(runner)).toMatch(/conclusion=failure .*title\]=A guard holds steps back/);
  });

  it('show what is wrong beside its line', async () => {
    const runner = pullRequest('');
    commit(runner.workspace, { 'customers/acme.yaml': 'externalId: acme\n' });
    // The commit stands where GitHub's merge commit does: its first parent is the base.
    const ran = await plan(runner);
    expect(codesOf(ran)).toMatchObject({ 'Comment of the plan': 0, Validate: 3 });
    expect(ran.at(-1)?.output).toContain('::error file=customers/acme.yaml,line=1,');
    expect(await check(runner)).toMatch(/conclusion=failure .*title\]=No file can be used/);
  });
});

describe('the steps of an apply', () => {
  let sandbox: SandboxProcess;
  const state = mkdtempSync(join(tmpdir(), 'reconcile-runner-sandbox-'));
  beforeAll(async () => {
    sandbox = await startSandbox(state);
  });
  afterAll(async () => {
    await sandbox.stop();
    rmSync(state, { recursive: true, force: true });
  });

  const apply = (runner: Runner) =>
    runner.job('reconcile-apply.yml', 'apply', {
      'secrets.LAYERS_API_KEY': sandbox.environment['LAYERS_API_KEY'] ?? '',
    });

  async function merged(customer: string): Promise<{ runner: Runner; remote: string; commit: string }> {
    const runner = createRunner({ LAYERS_BASE_URL: sandbox.environment['LAYERS_BASE_URL'] ?? '' });
    const { workspace } = runner;
    const remote = join(runner.temporary, 'remote.git');
    git(runner.temporary, 'init', '--quiet', '--bare', remote);
    git(workspace, 'init', '--quiet');
    git(workspace, 'remote', 'add', 'origin', remote);
    const { body } = await sandbox.get('/v1/whoami');
    const me = JSON.parse(JSON.stringify(body));
    const settings = [
      `parentOrganizationId: ${me.organizationId}`,
      `apiKeyId: ${me.apiKeyId}`,
      'status: { store: git }',
      'secrets:',
      '  store: age',
      '  directory: secrets',
      '  recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]',
      'guards: { maxGrant: 5000 }',
      '',
    ].join('\n');
    commit(workspace, { 'reconcile.yaml': settings, 'customers/acme.yaml': customer, '.gitignore': 'node_modules\n' });
    git(workspace, 'push', '--quiet', 'origin', 'main');
    return { runner, remote, commit: git(workspace, 'rev-parse', 'HEAD').trim() };
  }

  it('carry out what was merged, push what has to stay, and say so on the commit', async () => {
    const { runner, remote, commit: sha } = await merged(`${acme(100)}keys: [{ name: one, scopes: [content:read] }]\n`);
    const ran = await apply(runner);
    expect(codesOf(ran), JSON.stringify(ran)).toMatchObject({ Apply: 0, 'Keep the encrypted secrets': 0 });
    expect(git(remote, 'ls-tree', '-r', '--name-only', 'main')).toMatch(/^secrets\/.*\/one\.age$/m);
    expect(git(remote, 'show', 'reconcile-status:status/acme.yaml')).toContain('phase: Ready');
    expect(runner.asked()).toEqual([
      expect.stringMatching(new RegExp(`statuses/${sha} .*context=reconcile/apply .*state=pending`)),
      expect.stringMatching(new RegExp(`statuses/${sha} .*context=reconcile/apply .*state=success`)),
    ]);
  });

  it('say on the commit that a guard holds steps back, and end with its code', async () => {
    const { runner } = await merged('externalId: birch\nname: Birch\ncredits: 9000\n');
    const ran = await apply(runner);
    expect(codesOf(ran)).toMatchObject({ Apply: 4, 'Keep the encrypted secrets': 0 });
    expect(runner.asked().at(-1)).toMatch(/state=failure .*description=A guard holds steps back/);
    expect(existsSync(join(runner.workspace, 'secrets'))).toBe(false);
  });
});

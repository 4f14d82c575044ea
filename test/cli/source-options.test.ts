import { describe, expect, it } from 'vitest';
import type { Commands } from '../../src/cli/commands.ts';
import type { Environment } from '../../src/cli/environment.ts';
import { runProgram } from '../../src/cli/program.ts';

/** The exit code, what was said, and where customers were looked for. */
async function run(line: string, environment: Environment = {}) {
  let from: unknown = null;
  let err = '';
  const record = async (options: object) => {
    from = 'from' in options ? options.from : null;
    return 0;
  };
  const commands: Commands = {
    pass: record,
    init: record,
    validate: record,
    status: record,
    resume: record,
    doctor: record,
    explain: record,
    resolve: record,
    importOrganizations: record,
    orphans: record,
    verifyLedger: record,
    testWebhook: record,
    sandbox: record,
    schema: record,
    completion: record,
  };
  const context = {
    version: '1',
    environment,
    stdout: () => {},
    stderr: (text: string) => {
      err += text;
    },
  };
  const exitCode = await runProgram(line.split(' ').filter(Boolean), context, commands);
  return { exitCode, from, err };
}

const inCluster = { source: 'kubernetes', namespace: null, allNamespaces: false, kubeconfig: null };

describe('--source', () => {
  it.each([
    '',
    'validate',
    'status',
    'explain acme',
    'resume acme',
    'resolve acme',
    'doctor',
    'orphans',
    'ledger verify',
    'webhooks test firehose',
  ])('kubernetes is for: reconcile %s', async (command) => {
    const given = `--source kubernetes --namespace acme --kubeconfig k`;
    const { exitCode, from } = await run(command === '' ? given : `${command} ${given}`);
    expect(exitCode).toBe(0);
    expect(from).toEqual({ ...inCluster, namespace: 'acme', kubeconfig: 'k' });
  });

  it('is files when nobody says anything', async () => {
    expect((await run('--dry-run')).from).toMatchObject({ source: 'files' });
  });

  it('can be said once for a container, and once before the command', async () => {
    const environment = { RECONCILE_SOURCE: 'kubernetes', RECONCILE_ALL_NAMESPACES: 'true', RECONCILE_KUBECONFIG: 'k' };
    expect((await run('status', environment)).from).toEqual({ ...inCluster, allNamespaces: true, kubeconfig: 'k' });
    expect((await run('--source kubernetes status')).from).toEqual(inCluster);
  });

  it.each([
    ['--namespace acme', 'has an effect only with --source kubernetes'],
    ['--all-namespaces', 'has an effect only with --source kubernetes'],
    ['--source kubernetes --namespace acme --all-namespaces', 'Give one of them'],
    ['--source kubernetes --namespace Acme', 'name of a namespace'],
    ['--source cluster', 'Allowed choices are files, kubernetes'],
    ['--offline --source kubernetes', 'a cluster neither'],
    ['--source kubernetes import', 'import does not know --source kubernetes'],
  ])('refuses %s in words', async (line, words) => {
    const { exitCode, err } = await run(line);
    expect(exitCode).toBe(1);
    expect(err.replaceAll('\n  ', ' ')).toContain(words);
  });

  it('in the environment is refused by a command that writes files', async () => {
    const { exitCode, err } = await run('import', { RECONCILE_SOURCE: 'kubernetes' });
    expect(exitCode).toBe(1);
    expect(err).toContain('RECONCILE_SOURCE cannot be used: This command writes files');
  });
});

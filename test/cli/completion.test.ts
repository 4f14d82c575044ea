import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { completion } from '../../src/cli/commands/completion.ts';
import { type Commands, type CompletionOptions, commandNames, shells } from '../../src/cli/commands.ts';
import { runProgram } from '../../src/cli/program.ts';
import { fakeContext } from './support/context.ts';
import { workspace } from './support/workspace.ts';

/** The script as the command prints it, from the real definition of the command line. */
async function script(shell: CompletionOptions['shell']): Promise<string> {
  const context = fakeContext();
  const nothing = async () => 0;
  const commands: Commands = {
    pass: nothing,
    init: nothing,
    validate: nothing,
    status: nothing,
    resume: nothing,
    doctor: nothing,
    explain: nothing,
    resolve: nothing,
    verifyLedger: nothing,
    testWebhook: nothing,
    importOrganizations: nothing,
    orphans: nothing,
    sandbox: nothing,
    schema: nothing,
    completion: (options) => completion(options, context),
  };
  const streams = {
    stdout: (text: string) => context.stdout(text),
    stderr: (text: string) => context.stderr(text),
  };
  await runProgram(['completion', shell], { version: '1.2.3', environment: {}, ...streams }, commands);
  return context.printed.out;
}

const inBash = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _reconcile; printf '%s\\n' "\${COMPREPLY[@]}"`;

/** What bash offers for the last of the words. */
async function completed(directory: string, ...words: readonly string[]): Promise<string[]> {
  const { stdout, stderr } = spawnSync(
    'bash',
    ['-c', `${await script('bash')}\n${inBash}`, 'bash', 'reconcile', ...words],
    {
      cwd: directory,
      encoding: 'utf8',
    },
  );
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean).toSorted();
}

const customers = {
  'customers/acme.yaml': 'externalId: acme-coffee # the first\nname: Acme\n',
  'customers/north/birch.yaml': 'externalId: "birch"\nname: Birch\n',
  'customers/broken.yaml': 'externalId\n',
};

describe('completion in bash', () => {
  it('offers every command and every customer', async () => {
    const own = commandNames.filter((name) => name !== 'help');
    expect(await completed(workspace(customers), '')).toEqual([...own, 'acme-coffee', 'birch'].toSorted());
  });

  it('offers customers to the commands that take one, of the directory that was named', async () => {
    const elsewhere = workspace(customers);
    expect(await completed(workspace(), '-C', elsewhere, 'explain', 'a')).toEqual(['acme-coffee']);
    expect(await completed(elsewhere, 'validate', '')).toEqual([]);
  });

  it('offers the options of the command, and the values of an option', async () => {
    const empty = workspace();
    expect(await completed(empty, 'status', '--l')).toEqual(['--live']);
    expect(await completed(empty, 'ledger', '')).toEqual(['verify']);
    expect(await completed(empty, 'ledger', 'verify', '--output', '')).toEqual(['json', 'text']);
    expect(await completed(empty, 'completion', '')).toEqual(['bash', 'fish', 'zsh']);
    expect(await completed(empty, '--output', 'git')).toEqual(['github']);
  });

  it('is silent where there is no workspace', async () => {
    expect(await completed(workspace(), 'explain', '')).toEqual([]);
  });
});

describe('completion in zsh', () => {
  const isThere = spawnSync('zsh', ['--version']).status === 0;

  it.skipIf(!isThere)(
    `offers the customers, of which zsh itself picks those that fit${isThere ? '' : ' (SKIPPED: it is not installed)'}`,
    async () => {
      const call = `COMP_WORDS=(reconcile explain a); COMP_CWORD=2; _reconcile; print -lo -- "\${COMPREPLY[@]}"`;
      const source = `emulate -L zsh; ${await script('zsh')}\nsetopt ksharrays shwordsplit; ${call}`;
      const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', source], {
        cwd: workspace(customers),
        encoding: 'utf8',
      });
      expect({ stdout, stderr }).toEqual({ stdout: 'acme-coffee\nbirch\n', stderr: '' });
    },
  );
});

describe.each(shells)('the script for %s', (shell) => {
  const isThere = spawnSync(shell, ['--version']).status === 0;

  it.skipIf(!isThere)(
    `is read by ${shell} without a complaint${isThere ? '' : ' (SKIPPED: it is not installed)'}`,
    async () => {
      const directory = workspace({ script: await script(shell) });
      const { status, stderr } = spawnSync(shell, ['-n', join(directory, 'script')], { encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    },
  );

  it('knows every command', async () => {
    const text = await script(shell);
    for (const name of commandNames) if (name !== 'help') expect(text).toContain(name);
  });
});

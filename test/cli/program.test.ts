import { describe, expect, it } from 'vitest';
import { type Commands, commandNames } from '../../src/cli/commands.ts';
import type { Environment } from '../../src/cli/environment.ts';
import { runProgram } from '../../src/cli/program.ts';

interface Run {
  readonly exitCode: number;
  readonly command: string | null;
  readonly options: unknown;
  readonly out: string;
  readonly err: string;
}

async function run(line: string, environment: Environment = {}, answer = 0): Promise<Run> {
  let called: { command: string; options: unknown } | null = null;
  const record = (command: string) => async (options: unknown) => {
    called = { command, options };
    return answer;
  };
  const commands: Commands = {
    pass: record('pass'),
    init: record('init'),
    validate: record('validate'),
    status: record('status'),
    resume: record('resume'),
    doctor: record('doctor'),
    explain: record('explain'),
    resolve: record('resolve'),
    importOrganizations: record('importOrganizations'),
    orphans: record('orphans'),
    verifyLedger: record('verifyLedger'),
    testWebhook: record('testWebhook'),
    sandbox: record('sandbox'),
    schema: record('schema'),
    completion: record('completion'),
  };
  let out = '';
  let err = '';
  const context = {
    version: '1.2.3',
    environment,
    stdout: (text: string) => {
      out += text;
    },
    stderr: (text: string) => {
      err += text;
    },
  };
  const exitCode = await runProgram(line.split(' ').filter(Boolean), context, commands);
  return { exitCode, out, err, ...(called ?? { command: null, options: null }) };
}

const hash = (digit: string) => `sha256:${digit.repeat(64)}`;

describe('the command line', () => {
  it('without anything is one pass over all customers with cautious defaults', async () => {
    expect(await run('')).toMatchObject({
      exitCode: 0,
      command: 'pass',
      options: {
        customers: [],
        dryRun: false,
        watch: false,
        sandbox: false,
        full: false,
        directory: '.',
        output: 'text',
        detailedExitcode: false,
        approve: [],
        yes: false,
        concurrency: 8,
        resyncMs: null,
        listen: null,
        lease: { isWanted: null, name: 'layers-reconciler', namespace: null, durationMs: 15_000 },
        color: true,
      },
    });
  });

  it.each([
    ['acme-coffee birch', { customers: ['acme-coffee', 'birch'] }],
    ['acme-coffee --dry-run', { customers: ['acme-coffee'], dryRun: true }],
    [
      '--watch --resync 30s --listen [::1]:9465',
      { watch: true, resyncMs: 30_000, listen: { host: '::1', port: 9465 } },
    ],
    ['--watch --listen off', { watch: true, listen: 'off' }],
    ['-C shop --output json', { directory: 'shop', output: 'json' }],
    ['--output ndjson', { output: 'ndjson' }],
    ['--offline', { offline: true, dryRun: true, base: null }],
    ['--offline --dry-run --base ../main', { offline: true, dryRun: true, base: '../main' }],
    ['--output markdown', { output: 'markdown' }],
    ['--output github', { output: 'github' }],
    [`--approve ${hash('a')} --approve ${hash('b')}`, { approve: [hash('a'), hash('b')] }],
    ['--no-color --concurrency 16 --yes --full', { color: false, concurrency: 16, yes: true, full: true }],
  ])('reads %s', async (line, expected) => {
    expect(await run(line)).toMatchObject({ exitCode: 0, command: 'pass', options: expected });
  });

  it.each([
    ['validate -C shop', 'validate', { directory: 'shop' }],
    ['-C shop validate', 'validate', { directory: 'shop' }],
    ['--output github validate', 'validate', { output: 'github' }],
    ['-C shop validate -C other', 'validate', { directory: 'other' }],
    ['--output json status', 'status', { output: 'json' }],
    ['doctor --output json', 'doctor', { output: 'json' }],
    ['explain acme -C shop', 'explain', { customer: 'acme', directory: 'shop', sandbox: false }],
    ['resolve acme --yes', 'resolve', { customer: 'acme', directory: '.', yes: true }],
    ['ledger verify -C shop', 'verifyLedger', { directory: 'shop', sandbox: false }],
    ['sandbox --port 0', 'sandbox', { port: 0, host: '127.0.0.1', dataDirectory: null }],
    ['schema customer --output-file a.json', 'schema', { name: 'customer', outputFile: 'a.json' }],
    ['init --example', 'init', { example: true, force: false }],
  ])('dispatches %s', async (line, command, options) => {
    expect(await run(line)).toMatchObject({ exitCode: 0, command, options });
  });

  it.each([
    ['--dryrun', 'Did you mean --dry-run?'],
    ['--output yaml', 'Allowed choices are text, json, ndjson, markdown, github'],
    ['status --output ndjson', 'Allowed choices are text, json.'],
    ['--output markdown validate', 'validate does not know --output markdown. Allowed choices are text, json, github.'],
    ['--output json init', '--output does not apply to the command init'],
    ['--watch --output ndjson', 'for a single pass'],
    ['--concurrency 0', 'from 1 to 64'],
    ['--concurrency 2.5', 'from 1 to 64'],
    ['--resync 10 --watch', 'such as 30s, 10m or 1h'],
    ['--listen 9465 --watch', 'host:port'],
    ['--approve yes', 'sha256:'],
    ['--watch --dry-run', 'cannot be combined'],
    ['--watch acme', 'single pass'],
    ['--offline --watch', 'without --watch'],
    ['--offline --full', 'without --full'],
    ['--base ../main', 'only with --offline'],
    ['--resync 10m', 'only with --watch'],
    ['--leader-elect', '--leader-elect has an effect only with --watch'],
    ['--lease-duration 15s', 'only with --watch'],
    ['--watch --lease-duration 2h', 'all replicas have the same'],
    ['--watch --lease-name Mine', 'as Kubernetes wants it'],
    ['--watch validate', '--watch does not apply to the command validate'],
    ['sandbox --host 0.0.0.0', 'Allowed choices'],
    ['sandbox --port 70000', 'from 0 to 65535'],
    ['schema customers', 'Allowed choices are customer, reconcile, output, events'],
    ['validate now', 'too many arguments'],
  ])('refuses %s and says what it wants', async (line, message) => {
    const result = await run(line);
    expect(result).toMatchObject({ exitCode: 1, command: null, out: '' });
    expect(result.err.replaceAll('\n  ', ' ')).toContain(message);
    expect(result.err.split('\n').filter((text) => text.length > 80)).toEqual([]);
  });

  it.each([
    ['--dryrun', 'Run reconcile --help for what there is.'],
    ['status --alive', 'Run reconcile status --help for what there is.'],
    ['ledger verify --alive', 'Run reconcile ledger verify --help for what there is.'],
  ])('after %s points to the help that has the right options', async (line, pointer) => {
    expect((await run(line)).err).toContain(pointer);
  });

  it('hands on the exit code of the command', async () => {
    expect((await run('validate', {}, 3)).exitCode).toBe(3);
  });

  it('prints its version and its help on stdout', async () => {
    expect(await run('--version')).toMatchObject({ exitCode: 0, out: '1.2.3\n', command: null });
    const { out, exitCode } = await run('--help');
    expect(exitCode).toBe(0);
    for (const word of ['Examples:', 'Review:', 'Exit codes', 'LAYERS_API_KEY_FILE', ...commandNames]) {
      expect(out).toContain(word);
    }
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it.each(commandNames.filter((name) => name !== 'help'))('has help for %s', async (name) => {
    expect(await run(`${name} --help`)).toMatchObject({ exitCode: 0, command: null, err: '' });
  });
});

describe('the environment', () => {
  it.each([
    ['RECONCILE_DRY_RUN', 'true', { dryRun: true }],
    ['RECONCILE_DRY_RUN', '1', { dryRun: true }],
    ['RECONCILE_DRY_RUN', 'false', { dryRun: false }],
    ['RECONCILE_DRY_RUN', '', { dryRun: false }],
    ['RECONCILE_WATCH', 'yes', { watch: true }],
    ['RECONCILE_OFFLINE', 'true', { offline: true, dryRun: true }],
    ['RECONCILE_SANDBOX', 'on', { sandbox: true }],
    ['RECONCILE_FULL', 'true', { full: true }],
    ['RECONCILE_DIRECTORY', 'shop', { directory: 'shop' }],
    ['RECONCILE_OUTPUT', 'json', { output: 'json' }],
    ['RECONCILE_DETAILED_EXITCODE', 'true', { detailedExitcode: true }],
    ['RECONCILE_APPROVE', `${hash('a')},${hash('b')}`, { approve: [hash('a'), hash('b')] }],
    ['RECONCILE_YES', 'false', { yes: false }],
    ['RECONCILE_CONCURRENCY', '3', { concurrency: 3 }],
    ['RECONCILE_RESYNC', '1h', { resyncMs: 3_600_000 }],
    ['RECONCILE_LEADER_ELECT', 'true', { lease: expect.objectContaining({ isWanted: true }) }],
    ['RECONCILE_LEADER_ELECT', 'false', { lease: expect.objectContaining({ isWanted: false }) }],
    ['RECONCILE_LEASE_NAME', 'acme', { lease: expect.objectContaining({ name: 'acme' }) }],
    ['RECONCILE_LEASE_NAMESPACE', 'layers', { lease: expect.objectContaining({ namespace: 'layers' }) }],
    ['RECONCILE_LEASE_DURATION', '30s', { lease: expect.objectContaining({ durationMs: 30_000 }) }],
    ['RECONCILE_LISTEN', 'localhost:80', { listen: { host: 'localhost', port: 80 } }],
    ['RECONCILE_NO_COLOR', 'true', { color: false }],
  ])('%s=%s stands for the option', async (name, value, expected) => {
    expect(await run('', { [name]: value })).toMatchObject({ exitCode: 0, options: expected });
  });

  it('has a variable for every option of a pass and of the daemon', async () => {
    const { out } = await run('--help');
    const flags = [...out.matchAll(/^ +(?:-\w, )?--([a-z-]+)/gm)].map(([, name = '']) => name);
    const asked = flags.filter((name) => name !== 'help' && name !== 'version');
    expect(asked.length).toBeGreaterThan(15);
    const before = await run('');
    const unheard: string[] = [];
    for (const name of asked) {
      const variable = `RECONCILE_${name.replaceAll('-', '_').toUpperCase()}`;
      const { err, options } = await run('', { [variable]: 'x' });
      // Taken, or refused because it makes no sense; never overlooked.
      if (err === '' && JSON.stringify(options) === JSON.stringify(before.options)) unheard.push(variable);
    }
    expect(unheard).toEqual([]);
  });

  it('is below what was typed', async () => {
    expect(
      (await run('--output text -C here', { RECONCILE_OUTPUT: 'json', RECONCILE_DIRECTORY: 'there' })).options,
    ).toMatchObject({ output: 'text', directory: 'here' });
    expect((await run('-C here status', { RECONCILE_DIRECTORY: 'there' })).options).toMatchObject({
      directory: 'here',
    });
  });

  it('reaches the subcommands', async () => {
    expect((await run('status', { RECONCILE_OUTPUT: 'json' })).options).toMatchObject({ output: 'json' });
    expect((await run('sandbox', { RECONCILE_PORT: '0' })).options).toMatchObject({ port: 0 });
  });

  it.each([
    ['RECONCILE_DRY_RUN', 'maybe'],
    ['RECONCILE_CONCURRENCY', 'many'],
    ['RECONCILE_OUTPUT', 'xml'],
  ])('%s=%s is refused without repeating the value', async (name, value) => {
    const result = await run('', { [name]: value });
    expect(result).toMatchObject({ exitCode: 1, command: null });
    expect(result.err).toContain(`${name} cannot be used`);
    expect(result.err).not.toContain(value);
  });

  it.each([
    ['RECONCILE_DRYRUN', 'RECONCILE_DRY_RUN'],
    ['RECONCILE_DIRECOTRY', 'RECONCILE_DIRECTORY'],
    ['RECONCILE_LOGLEVEL', 'RECONCILE_LOG_LEVEL'],
  ])('refuses %s, which would do nothing, and says what was meant', async (name, meant) => {
    const result = await run('', { [name]: 'true' });
    expect(result).toMatchObject({ exitCode: 1, command: null });
    expect(result.err.replaceAll('\n  ', ' ')).toContain(`Did you mean ${meant}?`);
  });

  it.each([
    'RECONCILE_SERVICE_HOST',
    'RECONCILE_SERVICE_PORT',
    'RECONCILE_PORT_80_TCP_ADDR',
    'RECONCILE_AGE_IDENTITY_FILE',
    'RECONCILE_ENVIRONMENT',
    'RECONCILE_PORT',
  ])('leaves alone %s, which is ours for another command or a name that a cluster gave', async (name) => {
    expect(await run('', { [name]: '10.0.0.1' })).toMatchObject({ exitCode: 0, command: 'pass', err: '' });
  });

  it('cannot combine what may not be typed together', async () => {
    expect((await run('--watch', { RECONCILE_DRY_RUN: 'true' })).exitCode).toBe(1);
  });
});

describe('the help', () => {
  it.each(['', ...commandNames.filter((name) => name !== 'help')])(
    'of `reconcile %s` fits 80 columns',
    async (name) => {
      const { exitCode, out } = await run(`${name} --help`);
      expect(exitCode).toBe(0);
      expect(out).toContain('Usage: reconcile');
      expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
    },
  );

  it.each([
    ['', ['Options:', 'What to do:', 'Review:', 'Workspace:', 'Output:', 'With --watch:', 'In a cluster:']],
    ['status', ['Options:', 'Workspace:', 'Output:', 'In a cluster:']],
    ['resume', ['Options:', 'Workspace:', 'Output:', 'In a cluster:']],
    ['ledger verify', ['Options:', 'Workspace:', 'Output:', 'In a cluster:']],
    ['init', ['Options:', 'Workspace:', 'Output:']],
  ])('of `reconcile %s` has its options below headings, its own first', async (name, headings) => {
    const { out } = await run(`${name} --help`);
    expect(out.match(/^\S.*:$/gm)?.filter((line) => headings.includes(line))).toEqual(headings);
  });

  it.each([
    ['help', 'Usage: reconcile [options]'],
    ['help status', 'Usage: reconcile status'],
    ['help ledger', 'Usage: reconcile ledger'],
  ])('is what `reconcile %s` prints', async (line, usage) => {
    expect(await run(line)).toMatchObject({ exitCode: 0, command: null, out: expect.stringContaining(usage) });
  });
});

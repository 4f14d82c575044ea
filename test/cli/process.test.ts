import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { textOf, workspace } from './support/workspace.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const examples = fileURLToPath(new URL('../../', import.meta.url));

interface Ended {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with each piece of stdout; may end the process, or stop to listen. */
  readonly onOutput?: (child: ReturnType<typeof spawn>) => void;
  readonly closeStdout?: boolean;
}

/** The real process, with an environment of its own and nobody at its terminal. */
function run(args: readonly string[], { environment = {}, onOutput, closeStdout }: RunOptions = {}): Promise<Ended> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], { env: { PATH, HOME, ...environment } });
  let out = '';
  let err = '';
  if (closeStdout) child.stdout.destroy();
  child.stdin.end();
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
    onOutput?.(child);
  });
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  return new Promise((resolve) => {
    child.on('close', (exitCode) => resolve({ exitCode, out, err }));
  });
}

describe('the process', () => {
  it('says on stderr what is wrong with the command line, and exits with 1', async () => {
    const ended = await run(['--dryrun']);
    expect(ended).toMatchObject({ exitCode: 1, out: '' });
    expect(ended.err).toContain('Did you mean --dry-run?');
  });

  it('prints a document even when it cannot run', async () => {
    const ended = await run(['--output', 'json', '-C', examples]);
    expect(ended).toMatchObject({ exitCode: 1, err: '' });
    expect(JSON.parse(ended.out).refused).toMatchObject({
      code: 'CannotRun',
      message: expect.stringContaining('API key'),
    });
  });

  it('takes a mistyped command for what it is', async () => {
    const ended = await run(['valdate', '-C', examples]);
    expect(ended).toMatchObject({ exitCode: 1, out: '' });
    expect(ended.err).toContain('`reconcile validate`');
  });

  it('refuses a log level that does not exist before it does anything', async () => {
    expect(await run(['validate'], { environment: { RECONCILE_LOG_LEVEL: 'loud' } })).toMatchObject({
      exitCode: 1,
      out: '',
      err: 'error: RECONCILE_LOG_LEVEL must be one of debug, info, warn, error, silent.\n',
    });
  });

  it('goes on unheard when nobody reads its output any more', async () => {
    expect(await run(['schema', 'output'], { closeStdout: true })).toMatchObject({ exitCode: 0, err: '' });
  });

  it('plans the example customers against the sandbox, without colour in a pipe', async () => {
    const directory = workspace({ 'customers/acme-coffee.yaml': textOf(examples, 'customers/acme-coffee.yaml') });
    const ended = await run(['--sandbox', '--dry-run', '--detailed-exitcode', '-C', directory]);
    expect(ended).toMatchObject({ exitCode: 2, err: '' });
    expect(ended.out).toContain('parent wallet 1,000,000 → 995,000');
    expect(ended.out).not.toContain('\u001b[');
  });

  it('ends a sandbox cleanly at SIGTERM', async () => {
    const ended = await run(['sandbox', '--port', '0', '-C', workspace()], {
      onOutput: (child) => void child.kill('SIGTERM'),
    });
    expect(ended).toMatchObject({ exitCode: 0, err: '' });
  });
});

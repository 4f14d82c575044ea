import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { git } from '../support/bare-repository.ts';
import { repositoryRoot } from '../support/source-tree.ts';

const folder = join(repositoryRoot, 'deploy/github/workflows');
const steps = z.array(
  z
    .object({
      name: z.string().optional(),
      run: z.string().optional(),
      if: z.string().optional(),
      env: z.record(z.string(), z.string()).default({}),
    })
    .loose(),
);
const workflow = z.object({ jobs: z.record(z.string(), z.object({ steps }).loose()) }).loose();

/** What a step of a job wrote and how it ended. */
export interface Ran {
  readonly step: string;
  readonly exitCode: number | null;
  readonly output: string;
}

/** As much of a runner of GitHub Actions as the scripts of our workflows see: its shell, its variables, its files. */
export interface Runner {
  /** Where the repository is checked out. */
  readonly workspace: string;
  readonly temporary: string;
  /**
   * Runs the scripts of a job in their order, with the values that its expressions have. After one that fails only those
   * with `if: always()` run.
   */
  job(file: string, name: string, values?: Readonly<Record<string, string>>): Promise<readonly Ran[]>;
  /** What `gh` was called with. */
  asked(): readonly string[];
}

/** `npm ci` gives the command that is built here; `gh` writes down what it is asked. */
const npm = `#!/bin/bash
directory=.
while [[ $# -gt 0 ]]; do [[ "$1" == --prefix ]] && directory=$2; shift; done
mkdir -p "$directory/node_modules/.bin"
printf '#!/bin/bash\\nexec "%s" "%s" "$@"\\n' "$NODE" "$COMMAND" > "$directory/node_modules/.bin/reconcile"
chmod +x "$directory/node_modules/.bin/reconcile"
`;
const gh = '#!/bin/bash\nprintf "%s " "$@" | tr "\\n" " " >> "$ASKED"\necho >> "$ASKED"\n';

export function createRunner(environment: Readonly<Record<string, string>> = {}): Runner {
  const root = mkdtempSync(join(tmpdir(), 'reconcile-runner-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const [workspace, temporary, bin] = ['workspace', 'temporary', 'bin'].map((name) => join(root, name));
  if (!workspace || !temporary || !bin) throw new Error('no directories');
  for (const directory of [workspace, temporary, bin]) mkdirSync(directory);
  writeFileSync(join(bin, 'npm'), npm, { mode: 0o755 });
  writeFileSync(join(bin, 'gh'), gh, { mode: 0o755 });
  const asked = join(root, 'asked');
  const files = { GITHUB_ENV: join(root, 'env'), GITHUB_OUTPUT: join(root, 'output') };
  const standard = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOME: root,
    NODE: process.execPath,
    COMMAND: join(repositoryRoot, 'dist/cli/main.js'),
    ASKED: asked,
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: workspace,
    GITHUB_REPOSITORY: 'partner/customers',
    GITHUB_SERVER_URL: 'https://github.example',
    GITHUB_RUN_ID: '42',
    RUNNER_TEMP: temporary,
    ...files,
    ...environment,
  };
  return {
    workspace,
    temporary,
    async job(file, name, values = {}) {
      const job = workflow.parse(parse(readFileSync(join(folder, file), 'utf8'))).jobs[name];
      const ran: Ran[] = [];
      for (const [index, step] of (job?.steps ?? []).entries()) {
        const failed = ran.some(({ exitCode }) => exitCode !== 0);
        if (step.run === undefined || (failed && step.if !== 'always()')) continue;
        const known = { ...values, 'steps.apply.outputs.exit-code': variables(files.GITHUB_OUTPUT)['exit-code'] ?? '' };
        const own = Object.entries(step.env).map(([key, text]) => [key, evaluated(text, known)]);
        const env = { ...standard, ...variables(files.GITHUB_ENV), ...Object.fromEntries(own) };
        ran.push({ step: step.name ?? `step ${index}`, ...(await script(step.run, workspace, env)) });
      }
      return ran;
    },
    asked: () => (existsSync(asked) ? readFileSync(asked, 'utf8').trim().split('\n') : []),
  };
}

function evaluated(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{\{ *([^}]*?) *\}\}/g, (_, expression: string) => values[expression] ?? '');
}

function variables(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** As a runner calls bash. */
function script(text: string, cwd: string, env: Record<string, string>): Promise<Pick<Ran, 'exitCode' | 'output'>> {
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', text], { cwd, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}

/** Writes files and commits them all. */
export function commit(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(directory, name, '..'), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '-m', 'Declare');
}

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { renderMarkdown } from '../../src/cli/render/markdown.ts';
import { report } from '../support/reports.ts';

const folder = new URL('../../deploy/github/workflows/', import.meta.url);

const permissions = z.record(z.string(), z.enum(['read', 'write']));
const step = z.object({ uses: z.string().optional(), run: z.string().optional(), name: z.string().optional() }).loose();
const workflow = z.object({
  name: z.string(),
  on: z.record(z.string(), z.unknown()),
  permissions,
  concurrency: z.object({ group: z.string(), 'cancel-in-progress': z.boolean() }).optional(),
  jobs: z.record(
    z.string(),
    z.object({
      permissions,
      environment: z.string().optional(),
      if: z.string().optional(),
      'timeout-minutes': z.number(),
      steps: z.array(step),
    }),
  ),
});

const workflows = readdirSync(folder).map((file) => {
  const text = readFileSync(new URL(file, folder), 'utf8');
  return { file, text, ...workflow.parse(parse(text)) };
});

function named(file: string) {
  const found = workflows.find((one) => one.file === file);
  if (!found) throw new Error(`there is no ${file}`);
  return found;
}

describe('the workflows for GitHub', () => {
  it.each(workflows)('$file gives each job what it needs and nothing by default', ({ permissions: common, jobs }) => {
    expect(common).toEqual({});
    for (const job of Object.values(jobs)) expect(job.steps.length).toBeGreaterThan(0);
  });

  it.each(workflows)('$file names every action by a commit', ({ jobs }) => {
    const actions = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ uses }) => uses ?? []));
    expect(actions.filter((action) => !/^actions\/[a-z-]+@[0-9a-f]{40}$/.test(action))).toEqual([]);
  });

  it.each(workflows)('$file lets nothing that somebody wrote into a script', ({ jobs }) => {
    const scripts = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
    expect(scripts.filter((script) => script.includes('${{'))).toEqual([]);
  });

  it.each(workflows)('$file never runs a pull request with the rights of the base', ({ on }) => {
    expect(Object.keys(on)).not.toContain('pull_request_target');
  });

  it('run nothing of a pull request, with or without a secret', () => {
    const { jobs } = named('reconcile-plan.yml');
    for (const { steps } of Object.values(jobs)) {
      const commands = steps.flatMap(({ run }) => run?.match(/\b(npm|npx|node|[^\s"']*reconcile)\b[^\n]*/g) ?? []);
      const foreign = commands.filter((command) => !command.includes('base') && !command.startsWith('/'));
      expect(foreign).toEqual([]);
    }
  });

  it('give a secret to a pull request only where a person is asked, and never to a fork', () => {
    const secretly = Object.entries(named('reconcile-plan.yml').jobs).filter(([, job]) =>
      JSON.stringify(job).includes('secrets.'),
    );
    expect(secretly.map(([name]) => name)).toEqual(['live-plan']);
    for (const [, job] of secretly) {
      expect(job.environment).toBe('reconcile-plan');
      expect(job.if).toContain('head.repo.full_name == github.repository');
    }
    expect(named('reconcile-plan.yml').jobs['plan']?.permissions).toEqual({ contents: 'read' });
  });

  it('let the job that may write comments check nothing out and hold no secret', () => {
    const { jobs, text } = named('reconcile-comment.yml');
    expect(text).not.toMatch(/checkout@|secrets\./);
    expect(Object.values(jobs).map((job) => job.permissions)).toEqual([
      { actions: 'read', checks: 'write', 'pull-requests': 'write' },
    ]);
  });

  it('apply one after the other, and never cut one short', () => {
    expect(named('reconcile-apply.yml').concurrency).toEqual({ group: 'reconcile-apply', 'cancel-in-progress': false });
  });
});

const SHA = 'a'.repeat(40);

/** Runs the script of the comment with a `gh` that answers from a list of comments and writes down what it is asked. */
function comment({
  head = SHA,
  existing = '',
  body = renderMarkdown(report(), { bytesMax: 60_000, environment: null }),
  number = '7\n',
}) {
  const directory = mkdtempSync(join(tmpdir(), 'reconcile-comment-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, 'plan'));
  writeFileSync(join(directory, 'plan/number'), number);
  writeFileSync(join(directory, 'plan/comment.md'), body);
  const gh = join(directory, 'gh');
  writeFileSync(
    gh,
    `#!/bin/bash\necho "$@" >> "${directory}/asked"\ncase "$*" in\n*POST*|*PATCH*) ;;\n*/comments*) echo -n '${existing}' ;;\n*) echo '${head}' ;;\nesac\n`,
  );
  chmodSync(gh, 0o755);
  const script =
    named('reconcile-comment.yml').jobs['comment']?.steps.find(({ name }) => name === 'Comment')?.run ?? '';
  const env = { PATH: `${directory}:${process.env['PATH'] ?? ''}`, REPOSITORY: 'o/r', HEAD_SHA: SHA };
  let exitCode = 0;
  try {
    execFileSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
      cwd: directory,
      env,
      stdio: 'pipe',
    });
  } catch {
    exitCode = 1;
  }
  let asked: string[] = [];
  try {
    asked = readFileSync(join(directory, 'asked'), 'utf8').trim().split('\n');
  } catch {
    // Nobody was asked anything.
  }
  return { exitCode, writes: asked.filter((line) => /POST|PATCH/.test(line)) };
}

describe('the comment on a pull request', () => {
  it('is made once', () => {
    const { exitCode, writes } = comment({});
    expect(exitCode).toBe(0);
    expect(writes).toEqual([
      expect.stringContaining('--method POST repos/o/r/issues/7/comments -F body=@plan/comment.md'),
    ]);
  });

  it('is edited in place from then on', () => {
    const { writes } = comment({ existing: '41\n42\n' });
    expect(writes).toEqual([expect.stringContaining('--method PATCH repos/o/r/issues/comments/41 ')]);
  });

  it('is not written for a commit that is not the newest, or to another pull request', () => {
    expect(comment({ head: 'b'.repeat(40) })).toEqual({ exitCode: 0, writes: [] });
  });

  it.each([
    ['a number that is none', { number: '7/../8\n' }],
    ['a text that is no plan', { body: 'Hello @everybody\n' }],
    ['a marker that is more than one', { body: '<!-- reconcile-plan --> <b>\n' }],
    ['a text that is too long', { body: `<!-- reconcile-plan -->\n${'x'.repeat(65_000)}` }],
  ])('is refused for %s', (_reason, given) => {
    expect(comment(given)).toEqual({ exitCode: 1, writes: [] });
  });
});

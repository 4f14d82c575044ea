import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { validate } from '../../../src/cli/commands/validate.ts';
import { fakeContext } from '../support/context.ts';
import { boundWorkspace } from '../support/onboarded.ts';
import { workspace } from '../support/workspace.ts';

const A = { 'customers/a.yaml': 'externalId: a\nname: A\ncredits: 5000\n' };

describe('--output github', () => {
  it('adds the plan to the summary of the step, below what other commands wrote there', async () => {
    const bound = await boundWorkspace(A);
    const file = join(bound.directory, 'summary.md');
    writeFileSync(file, '# before\n');
    const environment = { GITHUB_STEP_SUMMARY: file, RECONCILE_ENVIRONMENT: 'prod' };
    const context = bound.context({ environment });
    expect(await bound.pass({ output: 'github', dryRun: true }, context)).toBe(0);
    const summary = readFileSync(file, 'utf8');
    expect(summary).toMatch(/^# before\n<!-- reconcile-plan:prod -->\n/);
    expect(summary).toContain('5,000 credits');
    expect(context.printed.out).toContain('5,000 credits');
  });

  it('never makes a summary too long for GitHub, which would refuse all of it', async () => {
    const bound = await boundWorkspace(A);
    const file = join(bound.directory, 'summary.md');
    writeFileSync(file, 'x'.repeat(1_046_000));
    const context = bound.context({ environment: { GITHUB_STEP_SUMMARY: file } });
    expect(await bound.pass({ output: 'github', dryRun: true }, context)).toBe(0);
    expect(readFileSync(file).length).toBe(1_046_000);
  });

  it('goes on when the summary cannot be written, and says so', async () => {
    const bound = await boundWorkspace(A);
    const context = bound.context({ environment: { GITHUB_STEP_SUMMARY: join(bound.directory, 'no/where.md') } });
    expect(await bound.pass({ output: 'github', dryRun: true }, context)).toBe(0);
    expect(context.printed.log).toContain('step summary not written');
  });

  it('annotates what validate found, at paths of the checkout', async () => {
    const directory = workspace({ 'shop/customers/b.yaml': 'externalId: b\n' });
    const context = { ...fakeContext(), environment: { GITHUB_WORKSPACE: directory } };
    expect(await validate({ directory: join(directory, 'shop'), output: 'github', color: false }, context)).toBe(3);
    expect(context.printed.out).toMatch(/^::error file=shop\/customers\/b\.yaml,line=1,col=1,title=\w+::/);
    expect(context.printed.out).toContain('1 problem in 1 file');
  });
});

import { expect, it } from 'vitest';
import { pass } from '../../../src/cli/commands/pass.ts';
import { ACME, boundWorkspace } from '../support/onboarded.ts';

const options = {
  customers: [],
  output: 'text',
  color: false,
  dryRun: false,
  watch: false,
  sandbox: false,
  offline: false,
  base: null,
  full: false,
  detailedExitcode: false,
  approve: [],
  yes: false,
  concurrency: 1,
  resyncMs: null,
  listen: null,
} as const;

it('a plan that is declined is shown once, said to be left, and nothing of it is carried out', async () => {
  const bound = await boundWorkspace({ 'customers/acme-coffee.yaml': ACME });
  const asked: string[] = [];
  const context = bound.context({
    isTerminal: true,
    ask: async (question) => {
      asked.push(question);
      return false;
    },
  });
  expect(await pass({ ...options, directory: bound.directory }, context)).toBe(0);
  expect(asked).toHaveLength(1);
  expect(context.printed.out).toBe('');
  expect(context.printed.err.split('$ grant')).toHaveLength(2);
  expect(context.printed.err).toMatch(/Nothing was carried out\.\n$/);
  expect(bound.sandbox.snapshot().operations).toEqual([]);
});

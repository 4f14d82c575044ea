import { expect, it } from 'vitest';
import { ACME, boundWorkspace } from '../support/onboarded.ts';

it('a pass without a terminal tells on stderr what has ended so far, and on stdout the report alone', async () => {
  const bound = await boundWorkspace({ 'customers/acme-coffee.yaml': ACME });
  const context = bound.context();
  expect(await bound.pass({}, context)).toBe(0);
  expect(context.printed.err.split('\n')).toEqual([
    'acme-coffee: create organization: done (1 of 5 steps)',
    'acme-coffee: grant 5,000 credits: done (2 of 5 steps)',
    'acme-coffee: change cap: done (3 of 5 steps)',
    'acme-coffee: change refill: done (4 of 5 steps)',
    'acme-coffee: mint API key "acme-integration": done (5 of 5 steps)',
    '',
  ]);
  expect(context.printed.out).not.toContain('of 5 steps');

  const again = bound.context();
  expect(await bound.pass({}, again)).toBe(0);
  expect(again.printed.err).toBe('');
});

it.each(['json', 'ndjson'] as const)('a pass whose stdout is %s says nothing beside it', async (output) => {
  const bound = await boundWorkspace({
    'customers/birch.yaml': 'externalId: birch\nname: Birch Books\ncredits: 300\n',
  });
  const context = bound.context();
  expect(await bound.pass({ output }, context)).toBe(0);
  expect(context.printed.err).toBe('');
});

it('a pass that was given a log level tells its progress in the log alone', async () => {
  const bound = await boundWorkspace({
    'customers/birch.yaml': 'externalId: birch\nname: Birch Books\ncredits: 300\n',
  });
  const context = bound.context({ environment: { RECONCILE_LOG_LEVEL: 'info' } });
  expect(await bound.pass({}, context)).toBe(0);
  expect(context.printed.err).toBe('');
  expect(context.printed.log).toContain('step ended');
});

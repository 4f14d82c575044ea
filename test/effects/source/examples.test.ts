import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createDirectorySource } from '../../../src/effects/source/directory-source.ts';
import { validateWorkspace } from '../../../src/effects/source/validate-workspace.ts';

const workspaceDirectory = fileURLToPath(new URL('../../../', import.meta.url));
const source = createDirectorySource({ workspaceDirectory, clock: { now: () => Date.parse('2026-11-24T00:00:00Z') } });

test('the examples of this repository are valid', async () => {
  const { customers, problems } = await validateWorkspace(source);
  expect(problems).toEqual([]);
  expect(customers).toEqual({ valid: 4, found: 4 });
});

test('customers/acme-coffee.yaml is the customer of the public guide', async () => {
  const workspace = await source.loadWorkspace();
  if (!workspace.ok) throw new Error('unexpected');
  const fleet = await source.loadFleet(workspace.workspace);
  if (!fleet.ok) throw new Error('unexpected');
  const acme = fleet.fleet.customers.find(({ file }) => file === 'customers/acme-coffee.yaml');
  expect(acme?.declaration).toEqual({
    externalId: 'acme-coffee',
    name: 'Acme Coffee',
    billingEmail: 'ops@acme.example',
    metadata: { plan: 'growth' },
    credits: 5000,
    cap: 5000,
    refill: { threshold: 1000, amount: 2000 },
    keys: [{ name: 'acme-integration', scopes: ['content:read', 'content:write'], env: 'live', state: 'active' }],
    state: 'active',
    incarnation: 1,
  });
});

test('the examples stay within the guards beside them', async () => {
  const workspace = await source.loadWorkspace();
  if (!workspace.ok) throw new Error('unexpected');
  const { guards } = workspace.workspace.declaration;
  const fleet = await source.loadFleet(workspace.workspace);
  if (!fleet.ok) throw new Error('unexpected');
  const credits = fleet.fleet.customers.map(({ declaration }) => declaration.credits);
  expect(Math.max(...credits)).toBeLessThanOrEqual(guards.maxGrantPerCustomer ?? 0);
  expect(credits.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(guards.maxGrant ?? 0);
  expect(credits.length).toBeLessThanOrEqual(guards.maxNewCustomers ?? 0);
});

test.each(['customers/acme-coffee.yaml', 'reconcile.yaml'])('%s tells editors its schema in the first line', (file) => {
  const [first] = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8').split('\n');
  expect(first).toMatch(/^# yaml-language-server: \$schema=(?:\.\.\/)?schemas\/(?:customer|reconcile)\.schema\.json$/);
});

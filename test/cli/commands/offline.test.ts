import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pass } from '../../../src/cli/commands/pass.ts';
import { type PassOptions, passFormats } from '../../../src/cli/commands.ts';
import type { PassDocument } from '../../../src/cli/render/output-schema.ts';
import { hashOf } from '../../support/reports.ts';
import { fakeContext } from '../support/context.ts';
import { isDocument } from '../support/documents.ts';
import { ACME, type BoundWorkspace, onboardedWorkspace, passDefaults } from '../support/onboarded.ts';
import { workspace } from '../support/workspace.ts';

/** No API key, and a world in which nothing can be asked. */
async function offline(directory: string, options: Partial<PassOptions> = {}) {
  const context = fakeContext();
  const chosen = { ...passDefaults, output: 'json', offline: true, dryRun: true, directory, ...options } as const;
  const exitCode = await pass(chosen, context);
  return { exitCode, ...context.printed };
}

async function planned(
  directory: string,
  options: Partial<PassOptions> = {},
): Promise<PassDocument & { exitCode: number }> {
  const { out, exitCode } = await offline(directory, options);
  const document: PassDocument = JSON.parse(out);
  expect(isDocument(document)).toBe(true);
  expect(document).toMatchObject({ command: 'plan', estimate: true, requests: { read: 0, write: 0 } });
  return { ...document, exitCode };
}

function edit(directory: string, file: string, from: string, to: string): void {
  const path = join(directory, file);
  writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
}

/** What a pull request has: the files before it, and its own. */
async function changed(from: string, to: string, file = 'customers/acme-coffee.yaml', workspaceYaml = '') {
  const bound = await onboardedWorkspace(workspaceYaml);
  const base = workspace();
  cpSync(bound.directory, base, { recursive: true, filter: (path) => !path.includes('.reconcile') });
  edit(bound.directory, file, from, to);
  return { bound, base };
}

function stepsOf({ customers }: PassDocument, externalId = 'acme-coffee') {
  const steps = customers.find((customer) => customer.externalId === externalId)?.steps ?? [];
  return steps.map(({ action, resource, name, before, after }) => ({ action, resource, name, before, after }));
}

/** As a pass finds it that asks the API. */
async function online(bound: BoundWorkspace): Promise<PassDocument> {
  const surroundings = bound.context();
  await bound.pass({ dryRun: true, output: 'json' }, surroundings);
  return JSON.parse(surroundings.printed.out);
}

describe('a plan that asks nobody', () => {
  it('finds nothing to do after an apply', async () => {
    const { directory } = await onboardedWorkspace();
    const plan = await planned(directory, { detailedExitcode: true });
    expect(plan).toMatchObject({ exitCode: 0, planHash: null, fleet: { steps: [], problems: [] } });
    expect(plan.customers.map(({ phase, problems }) => ({ phase, problems }))).toEqual([
      { phase: 'Ready', problems: [] },
      { phase: 'Ready', problems: [] },
    ]);
  });

  it('plans a new customer whole, and says that it might be one whose status was lost', async () => {
    const { directory } = await onboardedWorkspace();
    writeFileSync(join(directory, 'customers/cedar.yaml'), ACME.replaceAll('acme-', 'cedar-').replace('Acme', 'Cedar'));
    const plan = await planned(directory, { detailedExitcode: true });
    expect(stepsOf(plan, 'cedar-coffee').map(({ action, resource }) => `${action} ${resource}`)).toEqual([
      'create organization',
      'grant credits',
      'change credit-config',
      'change credit-config',
      'mint api-key',
    ]);
    expect(plan).toMatchObject({ exitCode: 2, summary: { creditsOut: 5000 } });
    expect(plan.customers.find(({ externalId }) => externalId === 'cedar-coffee')?.problems).toMatchObject([
      { code: 'NotRecorded', severity: 'warning' },
    ]);
  });

  it('is certain of credits against what is recorded, and shows what else may differ with its declared value', async () => {
    const { bound } = await changed('credits: 5000', 'credits: 8000');
    const plan = await planned(bound.directory);
    expect(stepsOf(plan)).toEqual([
      { action: 'change', resource: 'organization', name: null, before: null, after: { name: 'Acme Coffee' } },
      { action: 'grant', resource: 'credits', name: null, before: { granted: 5000 }, after: { granted: 8000 } },
      { action: 'change', resource: 'credit-config', name: 'cap', before: null, after: { cap: 5000 } },
      {
        action: 'change',
        resource: 'credit-config',
        name: 'refill',
        before: null,
        after: { refill: { threshold: 1000, amount: 2000 } },
      },
    ]);
    expect(plan.summary.creditsOut).toBe(3000);
    expect(plan.customers[0]?.problems).toMatchObject([{ code: 'NotKnownOffline' }]);
  });

  it('says nothing is to be asked for when the workspace is not bound, and 3 when no file is valid', async () => {
    expect((await offline(workspace({ 'customers/a.yaml': 'externalId: a\nname: A\n' }))).exitCode).toBe(1);
    expect((await offline(workspace({ 'customers/a.yaml': 'name: A\n' }))).exitCode).toBe(3);
  });

  it.each(passFormats)('is marked as an estimate in %s, and the exit code is the same', async (output) => {
    const { directory } = await onboardedWorkspace();
    edit(directory, 'customers/birch.yaml', 'credits: 300', 'credits: 400');
    edit(directory, 'reconcile.yaml', 'apiKeyId', 'guards: { maxGrant: 1 }\napiKeyId');
    const { exitCode, out } = await offline(directory, { output });
    expect(exitCode).toBe(4);
    expect(out).toMatch(/estimate/i);
    expect((await offline(directory, { output, approve: [hashOf('0')] })).exitCode).toBe(6);
  });
});

describe('with the files before the change', () => {
  it('knows what changes, exactly as a pass that asks the API', async () => {
    for (const [from, to] of [
      ['cap: 5000', 'cap: 9000'],
      ['name: Acme Coffee', 'name: Acme Roasters'],
      ['amount: 2000', 'amount: 3000'],
      ['credits: 5000', 'credits: 8000'],
      ['keys:', 'keys:\n  - { name: second, scopes: ["content:read"], env: test }'],
      ['credits: 5000', 'credits: 5000\nstate: suspended'],
      ['credits: 5000', 'credits: 5000\nstate: archived'],
    ] as const) {
      const { bound, base } = await changed(from, to);
      const plan = await planned(bound.directory, { base });
      expect(stepsOf(plan), to).toEqual(stepsOf(await online(bound)));
      expect(stepsOf(plan).length, to).toBeGreaterThan(0);
      expect(plan.planHash).toMatch(/^sha256:/);
    }
  });

  it('judges by the guards of the base, not by those that the change brings along', async () => {
    const { bound, base } = await changed('credits: 5000', 'credits: 8000');
    edit(base, 'reconcile.yaml', 'apiKeyId', 'guards: { maxGrant: 100 }\napiKeyId');
    edit(bound.directory, 'reconcile.yaml', 'apiKeyId', 'guards: { maxGrant: 1000000 }\napiKeyId');
    expect((await planned(bound.directory, { base })).exitCode).toBe(4);
    expect((await planned(bound.directory)).exitCode).toBe(0);
  });

  it('believes the status of the base, not one that the change writes over it', async () => {
    const { bound, base } = await changed('credits: 5000', 'credits: 50000');
    edit(bound.directory, 'customers/acme-coffee.yaml', 'granted: 5000', 'granted: 50000');
    const plan = await planned(bound.directory, { base });
    expect(plan.summary.creditsOut).toBe(45_000);
  });

  it('tells of a file that the change removes that nothing comes of it', async () => {
    const { bound, base } = await changed('', '');
    writeFileSync(join(bound.directory, 'customers/birch.yaml'), ACME.replaceAll('acme-', 'cedar-'));
    const plan = await planned(bound.directory, { base });
    expect(plan.fleet.problems).toMatchObject([{ code: 'Orphaned', file: 'customers/birch.yaml' }]);
  });

  it('shows a webhook that is sent elsewhere, and the hosts that the base allows hold it back', async () => {
    const hook = (host: string) => `webhooks:\n  - { name: hose, url: https://${host}/x, events: [post.published] }\n`;
    const allowed = 'guards: { allowedWebhookHosts: [hooks.partner.example] }\n';
    const { bound, base } = await changed(
      'hooks.partner',
      'hooks.evil',
      'reconcile.yaml',
      hook('hooks.partner.example') + allowed,
    );
    edit(bound.directory, 'reconcile.yaml', 'allowedWebhookHosts: [hooks.partner.example]', 'freeze: false');
    const plan = await planned(bound.directory, { base });
    expect(plan).toMatchObject({
      exitCode: 4,
      fleet: {
        steps: [
          {
            action: 'change',
            before: { url: 'https://hooks.partner.example/x' },
            after: { url: 'https://hooks.evil.example/x' },
            blockedBy: 'allowedWebhookHosts',
          },
        ],
      },
    });
  });
});

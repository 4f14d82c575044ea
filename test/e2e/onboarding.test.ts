import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finished } from '../support/real-process.ts';
import { ACME, FIREHOSE, openWorkspace, organizationNamed, type Workspace, writes } from './support.ts';

/** Real processes are slow, so what they did is looked at by more than one test. */
interface Seen {
  readonly run: Finished;
  readonly requests: readonly string[];
  readonly files: Record<string, string>;
  readonly sizes: Record<string, number>;
}

async function declare(): Promise<Workspace> {
  const workspace = await openWorkspace();
  workspace.write('reconcile.yaml', `${workspace.read('reconcile.yaml')}${FIREHOSE}`);
  workspace.write('customers/acme-coffee.yaml', ACME);
  return workspace;
}

async function look(workspace: Workspace, ...args: string[]): Promise<Seen> {
  const run = await workspace.reconcile(...args);
  return { run, requests: await workspace.requests(), files: workspace.files(), sizes: workspace.sizes() };
}

describe('onboarding the guide’s customer, in real processes over real HTTP', () => {
  let workspace: Workspace;
  let before: Record<string, string>;
  let plan: Seen;
  let first: Seen;
  let second: Seen;
  let planAfter: Seen;

  beforeAll(async () => {
    workspace = await declare();
    before = workspace.files();
    plan = await look(workspace, '--dry-run', '--detailed-exitcode');
    first = await look(workspace);
    second = await look(workspace);
    planAfter = await look(workspace, '--dry-run', '--detailed-exitcode');
  }, 60_000);
  afterAll(() => workspace.close());

  test('a dry run before it sends nothing but GET, changes nothing, and shows the wallet before and after', () => {
    expect(plan.run).toMatchObject({ exitCode: 2, stderr: '' });
    expect(plan.run.stdout).toContain('parent wallet 1,000,000 → 995,000');
    expect(writes(plan.requests)).toEqual([]);
    expect(plan.files).toEqual(before);
  });

  test('takes four writes and one for the webhook, in the order that moves no money early', () => {
    expect(first.run.exitCode).toBe(0);
    expect(writes(first.requests)).toEqual([
      'POST /v1/webhook-endpoints',
      'POST /v1/organizations',
      'POST /v1/organizations/<id>/credits/allocate',
      'PATCH /v1/organizations/<id>/credit-config',
      'POST /v1/organizations/<id>/api-keys',
    ]);
  });

  test('takes at most six reads of its own', () => {
    // Of the pass, whoever it is for: who we are, the organizations, the endpoints before and after, the wallet for the
    // plan, and the parent's ledger, which the guards read for the day and a creation for two days.
    const ofThePass = 7;
    expect(first.requests.length - writes(first.requests).length).toBeLessThanOrEqual(ofThePass + 6);
  });

  test('ends where the guide ends: with the summary of its step 6', async () => {
    expect((await organizationNamed(workspace, 'Acme Coffee')).summary).toMatchObject({
      balance: 5000,
      creditConfig: { monthlyCreditCap: 5000, refillThreshold: 1000, refillAmount: 2000, autoRefillEnabled: true },
    });
  });

  test('leaves a secret, for its owner’s eyes only, that authenticates as the customer', async () => {
    const acme = await organizationNamed(workspace, 'Acme Coffee');
    const path = secretPath(acme.parentOrganizationId);
    expect(statSync(join(workspace.directory, path)).mode & 0o777).toBe(0o600);
    const whoami = await workspace.sandbox.get('/v1/whoami', workspace.read(path));
    expect(whoami).toMatchObject({ status: 200, body: { organizationId: acme.id } });
  });

  test('shows that secret nowhere else: not in the output, the status or the journal', async () => {
    const { parentOrganizationId } = await organizationNamed(workspace, 'Acme Coffee');
    const hidden = /_([^_]{43}|.{43})\s*$/.exec(workspace.read(secretPath(parentOrganizationId)))?.[1] ?? '';
    expect(hidden).toHaveLength(43);
    const places = ['customers/acme-coffee.yaml', 'reconcile.yaml', '.reconcile/journal.jsonl'];
    const texts = [first.run.stdout, first.run.stderr, ...places.map((place) => workspace.read(place))];
    expect(texts.filter((text) => text.includes(hidden))).toHaveLength(0);
  });

  test('keeps the user’s own text above the status block, byte for byte', () => {
    expect(workspace.read('customers/acme-coffee.yaml').startsWith(`${ACME}status:\n`)).toBe(true);
  });

  test('a second pass writes nothing to the API, changes no byte of the files and lets nothing grow', () => {
    expect(second.run.exitCode).toBe(0);
    expect(second.requests).toEqual([
      'GET /v1/whoami',
      'GET /v1/organizations',
      'GET /v1/webhook-endpoints',
      'GET /v1/organizations/<id>',
    ]);
    expect({ files: second.files, sizes: second.sizes }).toEqual({ files: first.files, sizes: first.sizes });
  });

  test('a dry run after it has nothing to show', () => {
    expect(planAfter.run.exitCode).toBe(0);
    expect(writes(planAfter.requests)).toEqual([]);
  });

  test('with all but the secrets lost, the next pass finds everything by its marks: nothing happens twice', async () => {
    const operations = await workspace.operations();
    workspace.write('customers/acme-coffee.yaml', ACME);
    workspace.write('reconcile.yaml', workspace.read('reconcile.yaml').replace(/^status:[\s\S]*/m, ''));
    workspace.remove('.reconcile/journal.jsonl');
    const recovered = await look(workspace);
    expect(recovered.run.exitCode).toBe(0);
    expect(writes(recovered.requests)).toEqual([]);
    expect(await workspace.operations()).toEqual(operations);
    expect(workspace.read('customers/acme-coffee.yaml')).toContain('granted: 5000, slots: 1');
  });
});

describe('credits', () => {
  let workspace: Workspace;
  const grants = async () => (await workspace.operations()).filter((kind) => kind === 'credits.allocate').length;
  const balance = async () => (await organizationNamed(workspace, 'Acme Coffee')).summary.balance;

  beforeAll(async () => {
    workspace = await declare();
    await workspace.reconcile();
  }, 60_000);
  afterAll(() => workspace.close());

  test('that were used are not topped up', async () => {
    const { id: organizationId } = await organizationNamed(workspace, 'Acme Coffee');
    await workspace.sandbox.control('POST', 'spend', { organizationId, credits: 1200 });
    expect(await workspace.reconcile()).toMatchObject({ exitCode: 0 });
    expect(await grants()).toBe(1);
    expect(await balance()).toBe(5000 - 1200);
  });

  test('that are raised from 5,000 to 8,000 are one grant of 3,000', async () => {
    workspace.edit('customers/acme-coffee.yaml', 'credits: 5000', 'credits: 8000');
    const raised = await workspace.reconcile();
    expect(raised.exitCode).toBe(0);
    expect(raised.stdout).toMatch(/\$ grant {5}credits: done +3,000 credits/);
    expect(await grants()).toBe(2);
    expect(await balance()).toBe(5000 - 1200 + 3000);
  });

  test('that are declared lower than granted are reported and stay: nothing is written', async () => {
    await workspace.requests();
    workspace.edit('customers/acme-coffee.yaml', 'credits: 8000', 'credits: 3000');
    const lowered = await workspace.reconcile();
    expect(lowered.exitCode).toBe(0);
    expect(lowered.stdout).toContain('OverGranted');
    expect(writes(await workspace.requests())).toEqual([]);
    expect(await balance()).toBe(5000 - 1200 + 3000);
  });
});

function secretPath(parentOrganizationId: string): string {
  return `.reconcile/secrets/${parentOrganizationId}/customers/acme-coffee/acme-integration`;
}

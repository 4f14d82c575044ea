import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { importOrganizations } from '../../../src/cli/commands/import.ts';
import { validate } from '../../../src/cli/commands/validate.ts';
import { isDocument } from '../support/documents.ts';
import { ACME, type BoundWorkspace, boundWorkspace } from '../support/onboarded.ts';
import { textOf, workspace } from '../support/workspace.ts';

const text = { output: 'text', color: false, sandbox: false, dryRun: false } as const;
const json = { ...text, output: 'json' } as const;

/** Two made by hand, one of them archived, and no file at all. */
async function withoutFiles(): Promise<BoundWorkspace & { readonly id: string }> {
  const bound = await boundWorkspace({});
  const { hands } = bound.sandbox;
  const made = [hands.createOrganization({ name: 'Old' }), hands.createOrganization({ name: 'Birch Books' })];
  const [old, birch] = made.map((one) => (one.done ? one.organization.id : ''));
  hands.archive(old ?? '');
  hands.foreignTransfer(birch ?? '', 2_000);
  return { ...bound, id: birch ?? '' };
}

describe('reconcile import', () => {
  it('lists what could be imported, and writes nothing', async () => {
    const bound = await withoutFiles();
    const context = bound.context();
    expect(await importOrganizations({ ...text, wanted: 'none', directory: bound.directory }, context)).toBe(0);
    expect(context.printed.out.split('\n')).toEqual([
      'ORGANIZATION                              CUSTOMER     WHY',
      `${bound.id}  birch-books  made by hand`,
      '',
      '0 organizations with a file; 1 archived and left out.',
      'Next: `reconcile import --org <id>`, or `reconcile import --all`.',
      '',
    ]);
    expect(readdirSync(bound.directory)).toEqual(['reconcile.yaml']);
  });

  it('writes the first files of a workspace; the pass after it moves nothing, the next plans nothing', async () => {
    const bound = await withoutFiles();
    const context = bound.context();
    expect(await importOrganizations({ ...text, wanted: 'all', directory: bound.directory }, context)).toBe(0);
    expect(context.printed.out.split('\n')).toEqual([
      'written  customers/birch-books.yaml',
      `  "Birch Books" (${bound.id})`,
      '  2,000 credits granted so far; 2,000 of them by hand: check that number.',
      '  The first pass: adopt organization.',
      '',
      'Next: read what was written, then `reconcile --dry-run`: it moves no credits and',
      '      makes no key.',
      '',
    ]);
    expect(await validate({ ...text, directory: bound.directory }, bound.context())).toBe(0);
    const wallets = () => bound.sandbox.snapshot().wallets.map(({ prepaidBalance }) => prepaidBalance);
    const before = wallets();
    expect(await bound.pass()).toBe(0);
    expect(wallets()).toEqual(before);
    expect(await bound.pass({ dryRun: true, detailedExitcode: true, full: true })).toBe(0);
  });

  it('never writes over a file', async () => {
    const bound = await withoutFiles();
    const mine = 'externalId: other\nname: Other\n';
    const directory = workspace({
      'reconcile.yaml': textOf(bound.directory, 'reconcile.yaml'),
      'customers/birch-books.yaml': mine,
    });
    const context = bound.context();
    expect(await importOrganizations({ ...text, wanted: [bound.id], directory }, context)).toBe(5);
    expect(context.printed.out).toContain('not written  customers/birch-books.yaml');
    expect(context.printed.out).toContain('not overwritten');
    expect(textOf(directory, 'customers/birch-books.yaml')).toBe(mine);
  });

  it('prints the file with --dry-run, and an organization by its bare UUID is the same', async () => {
    const bound = await withoutFiles();
    const context = bound.context();
    const wanted = [bound.id.replace('org_', '')];
    expect(await importOrganizations({ ...text, dryRun: true, wanted, directory: bound.directory }, context)).toBe(0);
    expect(context.printed.out).toMatch(/^# customers\/birch-books\.yaml\n# yaml-language-server/);
    expect(readdirSync(bound.directory)).toEqual(['reconcile.yaml']);
  });

  it('says why an organization cannot be imported, and answers 5', async () => {
    const bound = await boundWorkspace({ 'customers/acme-coffee.yaml': ACME });
    const made = bound.sandbox.hands.createOrganization({
      name: 'Acme Coffee',
      metadata: { externalId: 'acme-coffee' },
    });
    const context = bound.context();
    expect(await importOrganizations({ ...text, wanted: 'all', directory: bound.directory }, context)).toBe(5);
    expect(context.printed.out).toContain(`not importable  ${made.done ? made.organization.id : ''}`);
    expect(context.printed.out).toContain('adopt: {');
    expect(context.printed.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('is one valid document with --output json, also when it is refused', async () => {
    const bound = await withoutFiles();
    const good = bound.context();
    expect(await importOrganizations({ ...json, wanted: 'all', directory: bound.directory }, good)).toBe(0);
    const document = JSON.parse(good.printed.out);
    expect(isDocument(document)).toBe(true);
    expect(document).toMatchObject({
      command: 'import',
      refused: null,
      organizations: [
        { outcome: 'archived', name: 'Old' },
        { outcome: 'written', externalId: 'birch-books', credits: 2000, grantedCredits: 2000, text: null },
      ],
    });

    const unknown = bound.context();
    const wanted = ['org_00000000-0000-4000-8000-000000000000'];
    expect(await importOrganizations({ ...json, wanted, directory: bound.directory }, unknown)).toBe(1);
    const refusal = JSON.parse(unknown.printed.out);
    expect(isDocument(refusal)).toBe(true);
    expect(refusal.refused).toMatchObject({ code: 'UnknownOrganization' });
  });

  it('is refused in a workspace that is bound to another parent', async () => {
    const bound = await withoutFiles();
    const directory = workspace({
      'reconcile.yaml': 'parentOrganizationId: org_00000000-0000-4000-8000-000000000000\napiKeyId: key_x\n',
    });
    const context = bound.context();
    expect(await importOrganizations({ ...text, wanted: 'all', directory }, context)).toBe(1);
    expect(context.printed.err).toContain('bound to');
  });

  it('keeps what it writes for the sandbox apart from the files of the real parent', async () => {
    const directory = workspace({ 'customers/acme-coffee.yaml': ACME });
    const bound = await boundWorkspace({});
    expect(await bound.pass({ directory, sandbox: true })).toBe(0);
    const moved = workspace({ 'customers/other.yaml': 'externalId: other\nname: Other\n' });
    const context = bound.context();
    expect(await importOrganizations({ ...text, sandbox: true, wanted: 'all', directory: moved }, context)).toBe(0);
    expect(readdirSync(moved)).not.toContain('reconcile.yaml');
    expect(readdirSync(`${moved}/customers`)).toEqual(['other.yaml']);
  });
});

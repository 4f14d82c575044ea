import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { schema } from '../../../src/cli/commands/schema.ts';
import { status } from '../../../src/cli/commands/status.ts';
import { validate } from '../../../src/cli/commands/validate.ts';
import { schemaNames } from '../../../src/cli/commands.ts';
import { sourceOf } from '../../../src/cli/compose.ts';
import { fakeContext } from '../support/context.ts';
import { isDocument } from '../support/documents.ts';
import { textOf, workspace } from '../support/workspace.ts';

const text = { output: 'text', color: false } as const;
const json = { output: 'json', color: false } as const;
const parent = 'org_2481fa5c-a404-44ed-a561-565392499abc';

describe('reconcile validate', () => {
  it('says in one line that everything is fine', async () => {
    const context = fakeContext();
    const directory = workspace({ 'customers/a.yaml': 'externalId: a\nname: A\n' });
    expect(await validate({ directory, ...text }, context)).toBe(0);
    expect(context.printed).toMatchObject({ out: '1 customer file, no problems.\n', err: '' });
  });

  const broken = {
    'reconcile.yaml': 'guards: { maxArchive: 1 }\n',
    'customers/a.yaml': 'externalId: a\nname: A\ncap: -5\n',
    'customers/b.yaml': 'externalId: b\n',
    'customers/c.yaml': 'externalId: c\nname: C\n',
  };

  it('prints every problem of every file, each with its lines', async () => {
    const context = fakeContext();
    expect(await validate({ directory: workspace(broken), ...text }, context)).toBe(3);
    const { out } = context.printed;
    for (const place of ['reconcile.yaml:1:', 'customers/a.yaml:3:', 'customers/b.yaml:1:'])
      expect(out).toContain(place);
    expect(out).toContain('> 3 | cap: -5');
    expect(out).toContain('3 problems in 3 files; 1 of 3 customer files can be used.');
  });

  it('says the same as one document, with the same exit code', async () => {
    const context = fakeContext();
    expect(await validate({ directory: workspace(broken), ...json }, context)).toBe(3);
    const document = JSON.parse(context.printed.out);
    expect(isDocument(document)).toBe(true);
    expect(document).toMatchObject({ command: 'validate', customers: { valid: 1, found: 3 } });
    expect(document.problems).toHaveLength(3);
  });

  it('lets a screen full of broken customers hide neither reconcile.yaml nor how many there are', async () => {
    const context = fakeContext();
    const many = Array.from({ length: 70 }, (_, index): [string, string] => [`customers/z${index}.yaml`, 'name: Z\n']);
    const worst = Array.from({ length: 15 }, (_, index) => `field${index}: x\n`).join('');
    const files = { ...broken, 'customers/b.yaml': `externalId: b\nname: B\n${worst}`, ...Object.fromEntries(many) };
    expect(await validate({ directory: workspace(files), ...text }, context)).toBe(3);
    const { out } = context.printed;
    expect(out).toMatch(/^reconcile\.yaml:1:/);
    expect(out).toContain('customers/b.yaml: and 5 more problems from line 13 on.');
    expect(out).toContain('23 more files with problems; --output json names them all.');
    expect(out).toContain('87 problems in 73 files; 1 of 73 customer files can be used.');
  });

  it('takes a directory without customers for a mistake, not for none', async () => {
    expect(await validate({ directory: workspace(), ...text }, fakeContext())).toBe(3);
  });
});

describe('reconcile status', () => {
  async function recorded(): Promise<string> {
    const files = {
      'reconcile.yaml': `parentOrganizationId: ${parent}\n`,
      'customers/acme.yaml': 'externalId: acme\nname: Acme\ncredits: 5000\n',
      'customers/birch.yaml': 'externalId: birch\nname: Birch\ncredits: 100\n',
      'customers/cedar.yaml': 'externalId: cedar\nname: Cedar\n',
      'customers/dune.yaml': 'externalId: dune\nname: 7\n',
    };
    const source = sourceOf(workspace(files));
    const loaded = await source.loadWorkspace();
    if (!loaded.ok) throw new Error('unreadable');
    const fleet = await source.loadFleet(loaded.workspace);
    const hash = fleet.ok ? fleet.fleet.customers[0]?.hash : '';
    const block = (name: string, phase: string, declaration: string, condition: string) =>
      `status:\n  externalId: ${name}\n  parentOrganizationId: ${parent}\n  declaration: ${declaration}\n` +
      `  phase: ${phase}\n  conditions:\n    - { type: Ready, ${condition}, lastTransitionTime: "2026-06-15T12:00:00Z" }\n` +
      '  credits: { declared: 5000, granted: 5000, slots: 1 }\n';
    return workspace({
      ...files,
      'customers/acme.yaml': `${files['customers/acme.yaml']}${block('acme', 'Ready', hash ?? '', 'status: "True", reason: Converged, message: Fine.')}`,
      'customers/birch.yaml': `${files['customers/birch.yaml']}${block('birch', 'Stalled', 'sha256:old', 'status: "False", reason: SecretMissing, message: Raise createdAfter.')}`,
    });
  }

  it('shows trouble first, with what settles it, and needs no key', async () => {
    const context = fakeContext();
    expect(await status({ sandbox: false, live: false, directory: await recorded(), ...text }, context)).toBe(0);
    expect(context.printed.out.split('\n').slice(0, -1)).toEqual([
      'CUSTOMER  PHASE    GRANTED  DECLARED  REASON',
      'dune      -              -         -  InvalidFile',
      expect.stringContaining('reconcile validate'),
      'birch     Stalled    5,000       100  SecretMissing (the file changed since)',
      '  Raise createdAfter.',
      'cedar     -              -         0  NothingRecorded',
      'acme      Ready      5,000     5,000  Converged',
      '',
      '4 customers: 2 without status, 1 Stalled, 1 Ready.',
      '10,000 of 5,100 credits granted.',
    ]);
  });

  it('is one valid document with --output json', async () => {
    const context = fakeContext();
    expect(await status({ sandbox: false, live: false, directory: await recorded(), ...json }, context)).toBe(0);
    const document = JSON.parse(context.printed.out);
    expect(isDocument(document)).toBe(true);
    expect(document.customers.map((row: { externalId: string }) => row.externalId)).toEqual([
      'dune',
      'birch',
      'cedar',
      'acme',
    ]);
    expect(document.customers[1]).toMatchObject({ phase: 'Stalled', outdated: true, credits: { granted: 5000 } });
  });

  it('shows only whom it is asked for, and of how many', async () => {
    const directory = await recorded();
    const show = async (more: { customers?: readonly string[]; unsettled?: boolean }) => {
      const context = fakeContext();
      const exitCode = await status({ sandbox: false, live: false, directory, ...text, ...more }, context);
      return { exitCode, ...context.printed };
    };
    const unsettled = await show({ unsettled: true });
    expect(unsettled.out).not.toMatch(/^acme/m);
    expect(unsettled.out).toContain('3 of 4 customers: 2 without status, 1 Stalled.\n');
    const named = await show({ customers: ['acme'] });
    expect(named.out).toContain('1 of 4 customers: 1 Ready.\n5,000 of 5,000 credits granted.\n');
    expect(await show({ customers: ['acme'], unsettled: true })).toMatchObject({
      exitCode: 0,
      out: '4 customers; whoever was asked for is as declared.\n',
    });
    expect(await show({ customers: ['dune'] })).toMatchObject({ out: expect.stringContaining('InvalidFile') });
    expect(await show({ customers: ['acem'] })).toMatchObject({
      exitCode: 1,
      out: '',
      err: expect.stringContaining('Did you mean "acme"?'),
    });
  });

  it('points to the sandbox whoever has only tried things there', async () => {
    const directory = workspace({ 'customers/acme.yaml': 'externalId: acme\nname: Acme\n' });
    const before = fakeContext();
    await status({ sandbox: false, live: false, directory, ...text }, before);
    expect(before.printed.err).toBe('');
    mkdirSync(join(directory, '.reconcile/sandbox'), { recursive: true });
    const after = fakeContext();
    await status({ sandbox: false, live: false, directory, ...text }, after);
    expect(after.printed.err).toContain('reconcile status --sandbox');
  });

  it('believes no status of another parent', async () => {
    const directory = await recorded();
    const other = textOf(directory, 'customers/acme.yaml').replace(parent, parent.replace('2481', '1111'));
    const copy = workspace({ 'reconcile.yaml': `parentOrganizationId: ${parent}\n`, 'customers/acme.yaml': other });
    const context = fakeContext();
    expect(await status({ sandbox: false, live: false, directory: copy, ...text }, context)).toBe(0);
    expect(context.printed.out).toContain('IgnoredStatus');
  });

  it('says what keeps it from reading', async () => {
    const context = fakeContext();
    expect(
      await status(
        { sandbox: false, live: false, directory: workspace({ 'reconcile.yaml': 'x: 1\n' }), ...text },
        context,
      ),
    ).toBe(3);
    expect(context.printed.err).toContain('reconcile.yaml:1:1');
  });
});

describe('reconcile schema', () => {
  it.each(schemaNames)('prints the published schema: %s', async (name) => {
    const context = fakeContext();
    expect(await schema({ name, outputFile: null }, context)).toBe(0);
    const place = name === 'crd' ? 'deploy/kustomize/crd/customers.yaml' : `schemas/${name}.schema.json`;
    const published = readFileSync(new URL(`../../../${place}`, import.meta.url), 'utf8');
    expect(context.printed.out).toBe(published);
  });

  it('writes it to a file, or says why not', async () => {
    const directory = workspace();
    const context = fakeContext();
    expect(await schema({ name: 'customer', outputFile: join(directory, 'a.json') }, context)).toBe(0);
    expect(JSON.parse(textOf(directory, 'a.json'))).toMatchObject({ title: 'Customer' });
    expect(await schema({ name: 'customer', outputFile: join(directory, 'none/a.json') }, context)).toBe(1);
    expect(context.printed.err).toContain('no such file or directory');
  });
});

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { orphans } from '../../../src/cli/commands/orphans.ts';
import { isDocument } from '../support/documents.ts';
import { type BoundWorkspace, onboardedWorkspace } from '../support/onboarded.ts';
import { workspace } from '../support/workspace.ts';

const text = { output: 'text', color: false, sandbox: false, detailedExitcode: false } as const;
const json = { ...text, output: 'json' } as const;

function idOf({ sandbox }: BoundWorkspace, wanted: string): string {
  return sandbox.snapshot().organizations.find(({ name }) => name === wanted)?.id ?? '';
}

async function without(file: string, workspaceYaml = ''): Promise<BoundWorkspace> {
  const bound = await onboardedWorkspace(workspaceYaml);
  rmSync(join(bound.directory, file));
  return bound;
}

describe('reconcile orphans', () => {
  it('says that there are none', async () => {
    const bound = await onboardedWorkspace();
    const context = bound.context();
    expect(await orphans({ ...text, detailedExitcode: true, directory: bound.directory }, context)).toBe(0);
    expect(context.printed.out).toBe('Every organization with our mark has a file, and every file its organization.\n');
  });

  it('tells of an organization without a file what is at stake and what to do, and leaves it alone', async () => {
    const bound = await without('customers/acme-coffee.yaml');
    const before = JSON.stringify(bound.sandbox.snapshot().operations);
    const context = bound.context();
    const id = idOf(bound, 'Acme Coffee');
    expect(await orphans({ ...text, directory: bound.directory }, context)).toBe(0);
    expect(context.printed.out.split('\n')).toEqual([
      'Organizations that no file declares',
      '',
      `  acme-coffee  active  ${id}`,
      '    "Acme Coffee", 5,000 credits granted, 5,000 available, 1 live key',
      `    Next: \`reconcile import --org ${id}\``,
      '          writes its file again; to offboard it, add `state: archived` there.',
      '',
      'All of it is left alone: what is missing from a file is never an instruction.',
      '',
    ]);
    expect(JSON.stringify(bound.sandbox.snapshot().operations)).toBe(before);
    const again = { ...text, detailedExitcode: true, directory: bound.directory };
    expect(await orphans(again, bound.context())).toBe(2);
  });

  it('tells of files whose organization was archived or is gone', async () => {
    const bound = await onboardedWorkspace();
    bound.sandbox.hands.archive(idOf(bound, 'Birch Books'));
    const state = bound.sandbox.snapshot();
    const gone = idOf(bound, 'Acme Coffee');
    bound.sandbox.restore({ ...state, organizations: state.organizations.filter(({ id }) => id !== gone) });
    const context = bound.context();
    expect(await orphans({ ...json, directory: bound.directory }, context)).toBe(0);
    const document = JSON.parse(context.printed.out);
    expect(isDocument(document)).toBe(true);
    expect(document).toMatchObject({
      organizations: [],
      files: [
        { externalId: 'acme-coffee', problem: { code: 'OrgMissing', file: 'customers/acme-coffee.yaml' } },
        {
          externalId: 'birch',
          problem: { code: 'OrganizationArchived', next: expect.stringContaining('incarnation') },
        },
      ],
    });
  });

  it('tells of webhooks that are declared no more', async () => {
    const hook = 'webhooks:\n  - name: firehose\n    url: https://hooks.partner.example/l\n    events: [post.failed]\n';
    const bound = await onboardedWorkspace(hook);
    const { organizationId, apiKeyId } = bound.sandbox.parent();
    const bare = `parentOrganizationId: ${organizationId}\napiKeyId: ${apiKeyId}\n`;
    writeFileSync(join(bound.directory, 'reconcile.yaml'), bare);
    const context = bound.context();
    expect(await orphans({ ...text, directory: bound.directory }, context)).toBe(0);
    expect(context.printed.out).toContain('UndeclaredWebhook');
    expect(context.printed.out).toContain('state: deleted');
  });

  it('says that a file whose identity cannot be read may be the one that is missing', async () => {
    const bound = await onboardedWorkspace();
    writeFileSync(join(bound.directory, 'customers/acme-coffee.yaml'), '{');
    const context = bound.context();
    expect(await orphans({ ...json, directory: bound.directory }, context)).toBe(0);
    expect(JSON.parse(context.printed.out)).toMatchObject({
      organizations: [{ externalId: 'acme-coffee', granted: 5000, liveKeys: 1 }],
      unreadable: ['customers/acme-coffee.yaml'],
    });
    const people = bound.context();
    await orphans({ ...text, directory: bound.directory }, people);
    expect(people.printed.out).toContain('Each may be the file of an organization that is listed here');
    expect(people.printed.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('is one valid document when nothing can be told', async () => {
    const bound = await onboardedWorkspace();
    const context = bound.context();
    expect(await orphans({ ...json, directory: workspace({}) }, context)).toBe(3);
    const document = JSON.parse(context.printed.out);
    expect(isDocument(document)).toBe(true);
    expect(document.refused).toMatchObject({ code: 'NoCustomers' });
  });
});

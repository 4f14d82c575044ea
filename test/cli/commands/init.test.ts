import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { init } from '../../../src/cli/commands/init.ts';
import { validate } from '../../../src/cli/commands/validate.ts';
import { Secret } from '../../../src/core/secret.ts';
import { createSandbox, listen } from '../../../src/sandbox/index.ts';
import { fakeContext } from '../support/context.ts';
import { textOf, workspace } from '../support/workspace.ts';

const options = { color: false, example: false, force: false };

async function againstSandbox() {
  const sandbox = createSandbox();
  const listening = await listen(sandbox);
  onTestFinished(() => listening.close());
  const { organizationId, apiKeyId, token } = sandbox.parent();
  const connect = (text: string) =>
    fakeContext(() => ({ ok: true, baseUrl: listening.url, token: () => new Secret(text) }));
  return { context: connect(token), connect, sandbox, organizationId, apiKeyId };
}

describe('reconcile init', () => {
  it('writes whose key it is into reconcile.yaml, once', async () => {
    const { context, organizationId, apiKeyId } = await againstSandbox();
    const directory = workspace({ 'reconcile.yaml': '# ours\n\nguards: {}\n' });
    expect(await init({ ...options, directory }, context)).toBe(0);
    const text = `# ours\nparentOrganizationId: ${organizationId}\napiKeyId: ${apiKeyId}\n\nguards: {}\n`;
    expect(textOf(directory, 'reconcile.yaml')).toBe(text);
    expect(context.printed.out).toContain('Next:');
    expect(await init({ ...options, directory }, context)).toBe(0);
    expect(textOf(directory, 'reconcile.yaml')).toBe(text);
    expect(context.printed.out).toContain('already');
  });

  it('makes a workspace that is valid from nothing, and an example only when asked', async () => {
    const { context } = await againstSandbox();
    const directory = workspace();
    expect(await init({ ...options, directory }, context)).toBe(0);
    expect(existsSync(join(directory, 'customers'))).toBe(false);
    expect(await init({ ...options, directory, example: true }, context)).toBe(0);
    expect(await validate({ directory, output: 'text', color: false }, context)).toBe(0);
    expect(textOf(directory, 'customers/example-customer.yaml')).toContain('credits: 0');
  });

  it('touches no customers that are there', async () => {
    const { context } = await againstSandbox();
    const directory = workspace({ 'customers/a.yaml': 'externalId: a\nname: A\n' });
    expect(await init({ ...options, directory, example: true }, context)).toBe(0);
    expect(existsSync(join(directory, 'customers/example-customer.yaml'))).toBe(false);
  });

  it('refuses another parent and leaves the file alone', async () => {
    const { context } = await againstSandbox();
    const text = 'parentOrganizationId: org_11111111-a404-44ed-a561-565392499abc\n';
    const directory = workspace({ 'reconcile.yaml': text });
    expect(await init({ ...options, directory, force: true }, context)).toBe(1);
    expect(textOf(directory, 'reconcile.yaml')).toBe(text);
    expect(context.printed.err).toContain('never changes its parent');
  });

  it('refuses a file that is not valid and says where', async () => {
    const { context } = await againstSandbox();
    const directory = workspace({ 'reconcile.yaml': 'guard: {}\n' });
    expect(await init({ ...options, directory }, context)).toBe(3);
    expect(context.printed.err).toContain('reconcile.yaml:1:1');
  });

  it('says it when the key is not good, without repeating it', async () => {
    const { connect } = await againstSandbox();
    const context = connect(`lp_live_ABCDEFGHJKMNPQRS_${'x'.repeat(43)}`);
    const directory = workspace();
    expect(await init({ ...options, directory }, context)).toBe(1);
    expect(context.printed.err).toContain('does not say whose key this is');
    expect(context.printed.err).not.toContain('xxxx');
    expect(existsSync(join(directory, 'reconcile.yaml'))).toBe(false);
  });

  it('says what is missing when there is no key', async () => {
    const context = fakeContext();
    expect(await init({ ...options, directory: workspace() }, context)).toBe(1);
    expect(context.printed.err).toContain('There is no API key.');
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { doctor } from '../../../src/cli/commands/doctor.ts';
import { startFakeVault, TOKEN } from '../../support/fake-vault.ts';
import { createLeakScanner } from '../../support/oracle-leaks.ts';
import { ACME, boundWorkspace } from '../support/onboarded.ts';
import { textOf } from '../support/workspace.ts';

async function boundToVault(settings = '') {
  const vault = await startFakeVault();
  onTestFinished(() => vault.close());
  const store = `secrets: { store: vault, address: "${vault.address}"${settings} }\n`;
  const bound = await boundWorkspace({ 'customers/acme-coffee.yaml': ACME }, store);
  const environment: Record<string, string> = { VAULT_TOKEN: TOKEN, KUBERNETES_SERVICE_HOST: '10.0.0.1' };
  return { ...bound, vault, environment, surroundings: () => ({ ...bound.context(), environment }) };
}

describe('secrets in Vault', () => {
  test('are there and nowhere else, and a second pass has nothing to do', async () => {
    const bound = await boundToVault();
    const once = bound.surroundings();
    expect(await bound.pass({ detailedExitcode: true }, once)).toBe(2);
    const { apiKeys, parentApiKeyId } = bound.sandbox.snapshot();
    const secret = apiKeys.find(({ id }) => id !== parentApiKeyId)?.secret ?? '';
    const path = `layers/${bound.sandbox.parent().organizationId}/customers/acme-coffee/acme-integration`;
    expect(bound.vault.entries.get(path)?.data).toMatchObject({ secret });
    expect([...bound.vault.entries.keys()]).toEqual([path]);
    const customer = textOf(bound.directory, 'customers/acme-coffee.yaml');
    expect(customer).toContain(`secret: vault:secret/${path}`);
    const twice = bound.surroundings();
    expect(await bound.pass({ detailedExitcode: true, full: true }, twice)).toBe(0);
    const leaks = createLeakScanner();
    for (const known of [secret, TOKEN]) leaks.add(known);
    const printed = JSON.stringify([once.printed, twice.printed]);
    expect(leaks.leaksIn(printed + customer + textOf(bound.directory, '.reconcile/journal.jsonl'))).toBe(false);
  });

  test('are minted only once Vault lets us, and the missing policy is printed', async () => {
    const bound = await boundToVault();
    bound.vault.fault = ({ method, path }) =>
      method === 'POST' && path.includes('/data/') ? { status: 403, errors: ['permission denied'] } : null;
    const failed = bound.surroundings();
    expect(await bound.pass({}, failed)).toBe(5);
    expect(failed.printed.out.replace(/\s+/g, ' ')).toContain(
      'path "secret/data/layers/*" { capabilities = ["create", "read", "update"] }',
    );
    expect(bound.sandbox.snapshot().apiKeys).toHaveLength(1);
    bound.vault.fault = () => null;
    expect(await bound.pass({}, bound.surroundings())).toBe(0);
  });
});

describe('reconcile doctor', () => {
  const text = { output: 'text', color: false, sandbox: false } as const;

  test('proves Vault and leaves nothing behind', async () => {
    const bound = await boundToVault();
    const context = bound.surroundings();
    expect(await doctor({ ...text, directory: bound.directory }, context)).toBe(0);
    expect(context.printed.out).toContain('ok       secret-store: The secret store takes a probe');
    expect([...bound.vault.entries.keys()]).toEqual([]);
  });

  test('says what is missing: a token, a CA file', async () => {
    const bound = await boundToVault(', caFile: ca.pem');
    const first = { ...bound.context(), environment: {} };
    expect(await doctor({ ...text, directory: bound.directory }, first)).toBe(1);
    expect(first.printed.out.replace(/\s+/g, ' ')).toMatch(
      /FAILED secret-store: .*secrets\.caFile: .*ca\.pem cannot be read/,
    );
    writeFileSync(join(bound.directory, 'ca.pem'), 'x');
    const second = { ...bound.context(), environment: {} };
    expect(await doctor({ ...text, directory: bound.directory }, second)).toBe(1);
    expect(second.printed.out.replace(/\s+/g, ' ')).toContain('set VAULT_TOKEN, or VAULT_TOKEN_FILE to a file with it');
  });
});

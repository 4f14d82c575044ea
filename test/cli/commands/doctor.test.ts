import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { doctor } from '../../../src/cli/commands/doctor.ts';
import { type FakeContext, fakeContext } from '../support/context.ts';
import { isDocument } from '../support/documents.ts';
import { ACME, boundWorkspace, onboardedWorkspace } from '../support/onboarded.ts';
import { workspace } from '../support/workspace.ts';

const AGE_STORE =
  'secrets: { store: age, directory: secrets, recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p] }\n';

const options = { output: 'json', color: false, sandbox: false } as const;

async function examined(directory: string, context: FakeContext) {
  const exitCode = await doctor({ ...options, directory }, context);
  const document = JSON.parse(context.printed.out);
  expect(isDocument(document)).toBe(true);
  const results = new Map<string, string>();
  for (const { id, result } of document.checks) results.set(id, result);
  return { exitCode, results };
}

describe('reconcile doctor', () => {
  it('finds nothing wrong with a workspace that works, by GETs alone', async () => {
    const bound = await onboardedWorkspace();
    const before = bound.sandbox.requests().length;
    const { exitCode, results } = await examined(bound.directory, bound.context());
    expect(exitCode).toBe(0);
    expect([...results].filter(([, result]) => result !== 'ok')).toEqual([['key-file', 'skipped']]);
    const requests = bound.sandbox.requests().slice(before);
    expect(requests.every(({ method }) => method === 'GET')).toBe(true);
  });

  it('says for people what it looked at, within 80 columns', async () => {
    const bound = await onboardedWorkspace();
    const context = bound.context();
    expect(await doctor({ ...options, output: 'text', directory: bound.directory }, context)).toBe(0);
    expect(context.printed.out).toContain('ok       binding: The workspace is bound to this parent');
    expect(context.printed.out).toMatch(/\nNo check failed\.\n$/);
    expect(context.printed.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('looks at the sandbox that is built in as well', async () => {
    const directory = workspace({ 'customers/acme-coffee.yaml': ACME });
    const context = fakeContext();
    expect(await doctor({ ...options, directory, sandbox: true }, context)).toBe(0);
    expect(JSON.parse(context.printed.out).checks).toContainEqual(
      expect.objectContaining({ id: 'parent-ledger', result: 'ok' }),
    );
  });

  it('asks whoever the latest grant went to for our mark, however many organizations came after it', async () => {
    const bound = await onboardedWorkspace();
    for (let index = 0; index < 8; index += 1) {
      const metadata = { externalId: `later-${index}`, rcn: '1', rcn_inc: '1' };
      bound.sandbox.hands.createOrganization({ name: `Later ${index}`, metadata });
    }
    const { results } = await examined(bound.directory, bound.context());
    expect(results.get('grant-marks')).toBe('ok');
  });

  it('goes on without an API key, and says what that leaves open', async () => {
    const directory = workspace({ 'customers/acme-coffee.yaml': ACME });
    const { exitCode, results } = await examined(directory, fakeContext());
    expect(exitCode).toBe(1);
    expect(Object.fromEntries(results)).toMatchObject({
      credentials: 'failed',
      api: 'skipped',
      files: 'ok',
      lock: 'ok',
    });
  });

  it.each<{
    reason: string;
    id: string;
    result: string;
    arrange: (bound: Awaited<ReturnType<typeof boundWorkspace>>) => Partial<FakeContext> | undefined;
  }>([
    {
      reason: 'the workspace is bound to another key',
      id: 'binding',
      result: 'failed',
      arrange: ({ directory, sandbox }) => {
        const { organizationId } = sandbox.parent();
        writeFileSync(
          join(directory, 'reconcile.yaml'),
          `parentOrganizationId: ${organizationId}\napiKeyId: key_aaaaaaaa-8b9c-4d0e-9f2a-3b4c5d6e7f80\n`,
        );
        return undefined;
      },
    },
    {
      reason: 'a customer file cannot be used',
      id: 'files',
      result: 'failed',
      arrange: ({ directory }) => {
        writeFileSync(join(directory, 'customers/b.yaml'), 'externalId: b\n');
        return undefined;
      },
    },
    {
      reason: 'the local clock is an hour away from the API’s',
      id: 'clock',
      result: 'warning',
      arrange: ({ sandbox }) => {
        sandbox.clock.advance(3_600_000);
        return undefined;
      },
    },
    {
      reason: 'everybody can read the file of the API key',
      id: 'key-file',
      result: 'warning',
      arrange: ({ directory }) => {
        const path = join(directory, 'key');
        writeFileSync(path, 'a key');
        chmodSync(path, 0o644);
        return { environment: { LAYERS_API_KEY_FILE: path } };
      },
    },
    {
      reason: 'the secrets would lie on a disk that does not stay',
      id: 'secret-store',
      result: 'failed',
      arrange: () => ({ environment: { CI: 'true' } }),
    },
    {
      reason: 'git would never commit the encrypted secrets',
      id: 'git',
      result: 'failed',
      arrange: ({ directory }) => {
        execFileSync('git', ['init', '--quiet'], { cwd: directory });
        writeFileSync(join(directory, '.gitignore'), 'secrets/\n');
        appendFileSync(join(directory, 'reconcile.yaml'), AGE_STORE);
        return undefined;
      },
    },
    {
      reason: 'encrypted secrets may be kept on a CI runner',
      id: 'secret-store',
      result: 'ok',
      arrange: ({ directory }) => {
        appendFileSync(join(directory, 'reconcile.yaml'), AGE_STORE);
        return { environment: { CI: 'true' } };
      },
    },
    {
      reason: 'the identity at hand does not open what is encrypted',
      id: 'secret-store',
      result: 'failed',
      arrange: ({ directory }) => {
        const path = join(directory, 'identity');
        writeFileSync(path, 'not an identity\n');
        appendFileSync(join(directory, 'reconcile.yaml'), AGE_STORE);
        return { environment: { RECONCILE_AGE_IDENTITY_FILE: path } };
      },
    },
    {
      reason: 'TLS is weakened',
      id: 'environment',
      result: 'warning',
      arrange: () => ({ environment: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } }),
    },
    {
      reason: 'no customer has a grant yet',
      id: 'grant-marks',
      result: 'skipped',
      arrange: () => undefined,
    },
    {
      reason: 'the parent is switched off',
      id: 'api',
      result: 'failed',
      arrange: ({ sandbox }) => {
        sandbox.hands.suspendParent();
        return undefined;
      },
    },
  ])('sees that $reason', async ({ id, result, arrange }) => {
    const bound = await boundWorkspace({ 'customers/acme-coffee.yaml': ACME });
    const overrides = arrange(bound) ?? {};
    const { exitCode, results } = await examined(bound.directory, bound.context(overrides));
    expect(results.get(id)).toBe(result);
    expect(exitCode).toBe([...results.values()].includes('failed') ? 1 : 0);
  });
});

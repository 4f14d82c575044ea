import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pass } from '../../../src/cli/commands/pass.ts';
import { ageRecipient, opened } from '../../support/secret-encodings.ts';
import { ACME, boundWorkspace } from '../support/onboarded.ts';

const AGE = `secrets: { store: age, directory: secrets, recipients: [${ageRecipient}] }\n`;
const FIREHOSE =
  'webhooks: [{ name: firehose, url: "https://hooks.partner.example/layers", events: [post.published] }]\n';

const ONCE = {
  output: 'text',
  color: false,
  customers: [],
  dryRun: false,
  offline: false,
  base: null,
  watch: false,
  sandbox: false,
  full: false,
  detailedExitcode: true,
  approve: [],
  yes: true,
  concurrency: 4,
  resyncMs: null,
  listen: null,
} as const;

/** Every file below a directory, git's own objects left out, as one text. */
function everythingIn(directory: string): string {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
    .join('\n');
}

test('a CI runner keeps what it mints in files that git takes and that only the recipients open', async () => {
  const bound = await boundWorkspace({ 'customers/acme-coffee.yaml': ACME }, AGE + FIREHOSE);
  const { directory, sandbox } = bound;
  const git = (...args: string[]) => execFileSync('git', args, { cwd: directory, encoding: 'utf8' });
  git('init', '--quiet');
  const onRunner = () => ({ ...bound.context(), environment: { CI: 'true' } });
  expect(await pass({ ...ONCE, directory }, onRunner())).toBe(2);

  const { organizationId } = sandbox.parent();
  const key = `secrets/${organizationId}/customers/acme-coffee/acme-integration.age`;
  const signing = `secrets/${organizationId}/webhooks/firehose.age`;
  git('add', '--all');
  expect(git('ls-files', 'secrets').trim().split('\n')).toEqual([key, `${key}.json`, signing, `${signing}.json`]);

  const { apiKeys, webhookEndpoints, parentApiKeyId } = sandbox.snapshot();
  const secrets = [
    apiKeys.find(({ id }) => id !== parentApiKeyId)?.secret ?? '',
    webhookEndpoints[0]?.signingSecret ?? '',
  ];
  const found = await Promise.all([key, signing].map((file) => opened(readFileSync(join(directory, file), 'utf8'))));
  expect(found).toEqual(secrets);
  for (const secret of secrets) expect(everythingIn(directory)).not.toContain(secret);

  expect(await pass({ ...ONCE, directory }, onRunner())).toBe(0);
  expect(git('status', '--porcelain', 'secrets').match(/^.[^ ]/gm)).toBeNull();
});

import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { init } from '../../../src/cli/commands/init.ts';
import { validate } from '../../../src/cli/commands/validate.ts';
import { Secret } from '../../../src/core/secret.ts';
import { createSandbox, listen } from '../../../src/sandbox/index.ts';
import { type FakeContext, fakeContext } from '../support/context.ts';
import { textOf, workspace } from '../support/workspace.ts';

const options = {
  color: false,
  yes: false,
  sandbox: false,
  example: false,
  force: false,
  customer: null,
  name: null,
  statusStore: null,
  secretStore: null,
  recipients: [],
  secretNamespace: null,
  secretAddress: null,
  secretCommand: null,
};
const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';

/** Somebody at a terminal who types these lines, and then ends the input. */
function typing(context: FakeContext, ...lines: readonly string[]) {
  const left = [...lines];
  const questions: string[] = [];
  const prompt = async (question: string) => {
    questions.push(question);
    context.stderr(question);
    return left.shift() ?? null;
  };
  return { context: { ...context, isTerminal: true, prompt }, questions, left };
}

/** All that is in a directory, but for the tool's own. */
function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('.reconcile'))
    .toSorted();
}

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

  it('makes the directory that -C names', async () => {
    const { context } = await againstSandbox();
    const directory = join(workspace(), 'shop', 'eu');
    expect(await init({ ...options, directory, example: true }, context)).toBe(0);
    expect(filesIn(directory)).toContain('reconcile.yaml');
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

describe('reconcile init at a terminal', () => {
  it('makes a workspace of the defaults when somebody only says Enter', async () => {
    const { context, organizationId, apiKeyId } = await againstSandbox();
    const directory = workspace();
    const { context: terminal, questions } = typing(context, '', '', '', '', '', '');
    expect(await init({ ...options, directory }, terminal)).toBe(0);
    expect(questions).toEqual([
      'Bind this workspace to it? [Y/n] ',
      'Its identity, which never changes; - for no file [example-customer] ',
      'Its name [Example Customer] ',
      'Status [inline] ',
      'Secrets [file] ',
      'Write these files? [Y/n] ',
    ]);
    expect(filesIn(directory)).toEqual(['customers', 'customers/example-customer.yaml', 'reconcile.yaml']);
    expect(textOf(directory, 'reconcile.yaml').split('\n').slice(1)).toEqual([
      `parentOrganizationId: ${organizationId}`,
      `apiKeyId: ${apiKeyId}`,
      '',
      'status: { store: inline }',
      'secrets: { store: file }',
      '',
    ]);
    // Every line was shown before it was written.
    for (const line of textOf(directory, 'reconcile.yaml').trim().split('\n'))
      expect(context.printed.err).toContain(line);
    expect(await validate({ directory, output: 'text', color: false }, context)).toBe(0);
    const again = typing(context);
    expect(await init({ ...options, directory }, again.context)).toBe(0);
    expect(again.questions).toEqual([]);
    expect(context.printed.out).toContain('already');
  });

  it('writes what was answered, and asks again what cannot be used', async () => {
    const { context } = await againstSandbox();
    const directory = workspace();
    const secret = 'AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SYXA0HN';
    const answers = ['y', 'acme coffee', 'acme-coffee', 'Acme: Coffee & "Co"', 'dir', 'directory', 'age', secret];
    const { context: terminal, left } = typing(context, ...answers, RECIPIENT, 'yes');
    expect(await init({ ...options, directory }, terminal)).toBe(0);
    expect(left).toEqual([]);
    expect(textOf(directory, 'reconcile.yaml')).toContain('status: { store: directory, directory: status }\n');
    expect(textOf(directory, 'reconcile.yaml')).toContain(`recipients: [${RECIPIENT}]`);
    expect(textOf(directory, 'reconcile.yaml')).not.toContain(secret);
    expect(textOf(directory, 'customers/acme-coffee.yaml')).toContain('name: "Acme: Coffee & \\"Co\\""\n');
    expect(context.printed.err).toContain('It must be one of inline, directory, git.');
    expect(context.printed.err).toContain('must be a recipient (age1…), not an identity');
    expect(await validate({ directory, output: 'text', color: false }, context)).toBe(0);
  });

  it.each([
    {
      store: 'kubernetes',
      typed: ['kubernetes', 'Not One', ''],
      given: { secretStore: 'kubernetes', secretNamespace: 'layers-secrets' } as const,
      line: 'secrets: { store: kubernetes, namespace: layers-secrets }\n',
    },
    {
      store: 'vault',
      typed: ['vault', 'http://vault.partner.example', 'https://vault.partner.example:8200'],
      given: { secretStore: 'vault', secretAddress: 'https://vault.partner.example:8200' } as const,
      line: 'secrets: { store: vault, address: https://vault.partner.example:8200 }\n',
    },
    {
      store: 'command',
      typed: ['command', 'keep-secrets put'],
      given: { secretStore: 'command', secretCommand: 'keep-secrets put' } as const,
      line: 'secrets: { store: command, command: [keep-secrets, put] }\n',
    },
  ])('offers the secret store $store, by questions and by options alike', async ({ typed, given, line }) => {
    const asked = await againstSandbox();
    const directory = workspace();
    const { context, left } = typing(asked.context, '', '-', '', ...typed, '');
    expect(await init({ ...options, directory }, context)).toBe(0);
    expect(left).toEqual([]);
    expect(textOf(directory, 'reconcile.yaml')).toContain(line);

    const elsewhere = workspace();
    expect(await init({ ...options, ...given, directory: elsewhere, customer: 'acme' }, asked.context)).toBe(0);
    expect(textOf(elsewhere, 'reconcile.yaml')).toContain(line);
    expect(await validate({ directory: elsewhere, output: 'text', color: false }, asked.context)).toBe(0);
  });

  it.each([0, 1, 2, 3, 4, 5])('leaves nothing behind when the input ends after %i answers', async (count) => {
    const { context } = await againstSandbox();
    const directory = workspace();
    const { context: terminal } = typing(context, ...Array.from({ length: count }, () => ''));
    expect(await init({ ...options, directory }, terminal)).toBe(1);
    expect(readdirSync(directory)).toEqual([]);
    expect(context.printed.err).toMatch(/Nothing was written\.\n$/);
  });

  it('ends with the code of the signal that came, and leaves nothing behind', async () => {
    const { context } = await againstSandbox();
    const directory = workspace();
    const { context: terminal } = typing(context, '');
    context.abort();
    expect(await init({ ...options, directory }, { ...terminal, stop: context.stop })).not.toBe(0);
    const interrupted = typing(fakeContext());
    const exitCode = await init({ ...options, directory }, { ...interrupted.context, stoppedBy: () => 'SIGINT' });
    expect(exitCode).toBe(130);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('writes nothing when the files are not wanted as they were shown', async () => {
    const { context } = await againstSandbox();
    const directory = workspace();
    expect(await init({ ...options, directory }, typing(context, '', '', '', '', '', 'n').context)).toBe(1);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('takes no other word for a yes', async () => {
    const { context } = await againstSandbox();
    const directory = workspace();
    const terminal = typing(context, 'perhaps', 'n', 'whatever', 'no');
    expect(await init({ ...options, directory }, terminal.context)).toBe(1);
    expect(terminal.questions).toHaveLength(4);
    expect(context.printed.err).toContain('It must be y or n.');
    expect(filesIn(directory)).toEqual([]);
  });

  it('begins with the sandbox where there is no API key', async () => {
    const context = fakeContext();
    const directory = workspace();
    const { context: terminal } = typing(context, '', '-', '', '', '');
    expect(await init({ ...options, directory }, terminal)).toBe(0);
    expect(filesIn(directory)).toEqual(['reconcile.yaml']);
    expect(context.printed.out).toContain('reconcile --sandbox --dry-run');
    const declined = typing(context, 'n');
    expect(await init({ ...options, directory: workspace() }, declined.context)).toBe(1);
    expect(declined.questions).toHaveLength(1);
  });

  it('asks only for the binding where files are there, and only says that one is bound', async () => {
    const { context, apiKeyId } = await againstSandbox();
    const directory = workspace({ 'reconcile.yaml': 'guards: {}\n', 'customers/a.yaml': 'externalId: a\nname: A\n' });
    const { context: terminal, questions } = typing(context, '', '');
    expect(await init({ ...options, directory }, terminal)).toBe(0);
    expect(questions).toEqual(['Bind this workspace to it? [Y/n] ', 'Write these files? [Y/n] ']);
    expect(context.printed.err).toContain('(everything else in it stays)');
    expect(textOf(directory, 'reconcile.yaml')).toContain(apiKeyId);
  });
});

describe('reconcile init with options', () => {
  it('takes the defaults with --yes, and asks nothing', async () => {
    const { context } = await againstSandbox();
    const directory = workspace();
    const { context: terminal, questions } = typing(context);
    expect(await init({ ...options, directory, yes: true }, terminal)).toBe(0);
    expect(questions).toEqual([]);
    expect(filesIn(directory)).toEqual(['customers', 'customers/example-customer.yaml', 'reconcile.yaml']);
    expect(textOf(directory, 'reconcile.yaml')).toContain('status: { store: inline }');
  });

  it('makes a workspace for the sandbox without a key, which a later init binds', async () => {
    const { context, organizationId } = await againstSandbox();
    const directory = workspace();
    const chosen = { sandbox: true, customer: 'acme-coffee', statusStore: 'git', secretStore: 'age' } as const;
    expect(await init({ ...options, ...chosen, directory, recipients: [RECIPIENT] }, fakeContext())).toBe(0);
    expect(textOf(directory, 'customers/acme-coffee.yaml')).toContain('name: Acme Coffee\n');
    expect(textOf(directory, 'reconcile.yaml')).toContain('status: { store: git }\n');
    expect(await init({ ...options, directory }, context)).toBe(0);
    expect(textOf(directory, 'reconcile.yaml')).toContain(organizationId);
    expect(await validate({ directory, output: 'text', color: false }, context)).toBe(0);
  });

  it('overwrites no file, and takes back what it wrote before it found one', async () => {
    const { context } = await againstSandbox();
    const text = 'externalId: acme\nname: Acme\n';
    const directory = workspace({ 'customers/acme.yaml': text });
    expect(await init({ ...options, directory, customer: 'acme' }, context)).toBe(1);
    expect(context.printed.err).toContain('acme.yaml exists');
    expect(textOf(directory, 'customers/acme.yaml')).toBe(text);
    expect(filesIn(directory)).toEqual(['customers', 'customers/acme.yaml']);

    const blocked = workspace();
    mkdirSync(join(blocked, 'reconcile.yaml'));
    expect(await init({ ...options, directory: blocked, sandbox: true, customer: 'acme' }, fakeContext())).toBe(1);
    expect(existsSync(join(blocked, 'customers/acme.yaml'))).toBe(false);
  });

  it.each([
    { reason: 'a name without a customer', given: { name: 'A' }, said: '--customer' },
    { reason: 'an identity that cannot be one', given: { customer: 'a b' }, said: '--customer a b' },
    { reason: 'age without a recipient', given: { secretStore: 'age' }, said: '--recipient' },
    { reason: 'kubernetes without a namespace', given: { secretStore: 'kubernetes' }, said: '--secret-namespace' },
    { reason: 'vault without an address', given: { secretStore: 'vault' }, said: '--secret-address' },
    { reason: 'an address that is none', given: { secretStore: 'vault', secretAddress: 'vault' }, said: 'address' },
    { reason: 'command without a program', given: { secretStore: 'command' }, said: '--secret-command' },
    { reason: 'a namespace for nothing', given: { secretNamespace: 'acme' }, said: '--secret-store kubernetes' },
    {
      reason: 'a namespace that is none',
      given: { secretStore: 'kubernetes', secretNamespace: 'Acme' },
      said: '--secret-namespace: It must be',
    },
    { reason: 'a recipient for nothing', given: { recipients: [RECIPIENT] }, said: '--secret-store age' },
    {
      reason: 'a recipient that is none',
      given: { secretStore: 'age', recipients: ['age1'] },
      said: '--recipient must',
    },
  ] as const)('refuses $reason before it calls anybody', async ({ given, said }) => {
    const context = fakeContext();
    const directory = workspace();
    expect(await init({ ...options, directory, ...given }, context)).toBe(1);
    expect(context.printed.err).toContain(said);
    expect(readdirSync(directory)).toEqual([]);
  });
});

import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { doctor } from '../../../src/cli/commands/doctor.ts';
import { validate } from '../../../src/cli/commands/validate.ts';
import { createLeakScanner } from '../../support/oracle-leaks.ts';
import { repositoryRoot } from '../../support/source-tree.ts';
import { fakeContext } from '../support/context.ts';
import { ACME, boundWorkspace } from '../support/onboarded.ts';
import { workspace } from '../support/workspace.ts';

const STORE = 'secrets:\n  store: command\n  command: [./bin/secret-store]\n  environment: [SECRET_STORE_DIR]\n';
const FIREHOSE =
  'webhooks: [{ name: firehose, url: "https://hooks.partner.example/layers", events: [post.published] }]\n';
const text = { output: 'text', color: false } as const;

function withProgram(directory: string, script?: string): void {
  const path = join(directory, 'bin/secret-store');
  mkdirSync(join(directory, 'bin'), { recursive: true });
  if (script === undefined) copyFileSync(join(repositoryRoot, 'deploy/secret-stores/files.sh'), path);
  else writeFileSync(path, script);
  chmodSync(path, 0o755);
}

/** A bound workspace whose secrets a program keeps, outside of it. */
async function boundToProgram() {
  const bound = await boundWorkspace({ 'customers/acme-coffee.yaml': ACME }, STORE + FIREHOSE);
  withProgram(bound.directory);
  const kept = workspace({});
  const environment = { PATH: process.env['PATH'], SECRET_STORE_DIR: kept, CI: 'true' };
  return { ...bound, kept, surroundings: () => ({ ...bound.context(), environment }) };
}

const secretsIn = ({ sandbox }: Awaited<ReturnType<typeof boundToProgram>>): string[] => {
  const { apiKeys, webhookEndpoints, parentApiKeyId } = sandbox.snapshot();
  return [
    ...apiKeys.filter(({ id }) => id !== parentApiKeyId).map(({ secret }) => secret),
    ...webhookEndpoints.map(({ signingSecret }) => signingSecret),
  ];
};

/** Every file below a directory as one text. */
function everythingIn(directory: string): string {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
    .join('\n');
}

describe('secrets that a program keeps', () => {
  test('are with the program and nowhere else, and a second pass has nothing to do', async () => {
    const bound = await boundToProgram();
    const once = bound.surroundings();
    expect(await bound.pass({ detailedExitcode: true }, once)).toBe(2);
    const { organizationId } = bound.sandbox.parent();
    const place = join(bound.kept, organizationId);
    const [key, signing] = secretsIn(bound);
    const documents = ['customers/acme-coffee/acme-integration.json', 'webhooks/firehose.json'];
    expect(documents.map((name) => JSON.parse(readFileSync(join(place, name), 'utf8')).secret)).toEqual([key, signing]);
    expect(everythingIn(bound.directory)).toContain(`command:${organizationId}/customers/acme-coffee/acme-integration`);
    const twice = bound.surroundings();
    expect(await bound.pass({ detailedExitcode: true, full: true }, twice)).toBe(0);
    const leaks = createLeakScanner();
    for (const secret of secretsIn(bound)) leaks.add(secret);
    const printed = JSON.stringify([once.printed, twice.printed]);
    expect(leaks.leaksIn(printed + everythingIn(bound.directory))).toBe(false);
    expect(leaks.leaksIn(everythingIn(bound.kept))).toBe(true);
  });

  test('are minted only once the program can be run, and its own words are shown', async () => {
    const bound = await boundToProgram();
    withProgram(bound.directory, '#!/bin/sh\necho "vault of the partner: certificate expired" >&2\nexit 1\n');
    const failed = bound.surroundings();
    expect(await bound.pass({}, failed)).toBe(5);
    expect(failed.printed.out.replace(/\s+/g, ' ')).toContain(
      'ended with exit code 1: vault of the partner: certificate expired. Nothing is minted.',
    );
    expect(secretsIn(bound)).toEqual([]);
    withProgram(bound.directory);
    expect(await bound.pass({}, bound.surroundings())).toBe(0);
    expect(secretsIn(bound)).toHaveLength(2);
  });

  test('are never looked for, nor the program run, in the sandbox', async () => {
    const directory = workspace({ 'customers/acme-coffee.yaml': ACME, 'reconcile.yaml': STORE });
    withProgram(directory, '#!/bin/sh\ntouch "$0.ran"; exit 1\n');
    const bound = await boundWorkspace({});
    expect(await bound.pass({ directory, sandbox: true }, fakeContext())).toBe(0);
    expect(readdirSync(join(directory, 'bin'))).toEqual(['secret-store']);
  });
});

describe('reconcile validate', () => {
  const files = { 'customers/a.yaml': 'externalId: a\nname: A\n', 'reconcile.yaml': STORE };

  test('finds a program of the workspace that is not there, and says where it is named', async () => {
    const context = fakeContext();
    expect(await validate({ directory: workspace(files), ...text }, context)).toBe(3);
    expect(context.printed.out.replace(/\s+/g, ' ')).toContain(
      'reconcile.yaml:3:13 secrets.command names the program ./bin/secret-store, which is not there.',
    );
  });

  test('takes no program apart as a shell does, and says what to write instead', async () => {
    const directory = workspace({ ...files, 'reconcile.yaml': STORE.replace('store]', 'store --verbose]') });
    withProgram(directory);
    const context = fakeContext();
    expect(await validate({ directory, ...text }, context)).toBe(3);
    expect(context.printed.out).toContain('Each argument is an item of its own in the list.');
  });

  test('says how one becomes executable', async () => {
    const directory = workspace(files);
    withProgram(directory);
    chmodSync(join(directory, 'bin/secret-store'), 0o644);
    const context = fakeContext();
    expect(await validate({ directory, ...text }, context)).toBe(3);
    expect(context.printed.out).toMatch(/^ *chmod \+x \.\/bin\/secret-store$/m);
  });

  test('is content with one that is there, and runs it not', async () => {
    const directory = workspace(files);
    withProgram(directory, '#!/bin/sh\ntouch "$0.ran"\n');
    expect(await validate({ directory, ...text }, fakeContext())).toBe(0);
    expect(readdirSync(join(directory, 'bin'))).toEqual(['secret-store']);
  });

  test.each(['no-such-program', '/opt/no-such-program'])('leaves %s to the machine that runs it', async (program) => {
    const directory = workspace({ ...files, 'reconcile.yaml': STORE.replace('./bin/secret-store', program) });
    expect(await validate({ directory, ...text }, fakeContext())).toBe(0);
  });
});

describe('reconcile doctor', () => {
  test('names the program that this machine lacks and the place where it is named', async () => {
    const bound = await boundToProgram();
    rmSync(join(bound.directory, 'bin'), { recursive: true });
    const context = bound.surroundings();
    expect(await doctor({ ...text, directory: bound.directory, sandbox: false }, context)).toBe(1);
    const said = context.printed.out.replace(/\s+/g, ' ');
    expect(said).toMatch(/FAILED files: reconcile\.yaml:\d+:13 secrets\.command names the program/);
    expect(said).toMatch(/FAILED secret-store: \.\/bin\/secret-store cannot be started: it is not there/);
  });

  test('proves the program without leaving anything behind', async () => {
    const bound = await boundToProgram();
    const context = bound.surroundings();
    expect(await doctor({ ...text, directory: bound.directory, sandbox: false }, context)).toBe(0);
    expect(context.printed.out).toContain('ok       secret-store: The secret store takes a probe');
    expect(everythingIn(bound.kept)).toBe('');
  });
});

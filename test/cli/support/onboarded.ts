import { onTestFinished } from 'vitest';
import { pass } from '../../../src/cli/commands/pass.ts';
import type { PassOptions } from '../../../src/cli/commands.ts';
import { Secret } from '../../../src/core/secret.ts';
import { createSandbox, listen, type Sandbox } from '../../../src/sandbox/index.ts';
import { type FakeContext, fakeContext } from './context.ts';
import { workspace } from './workspace.ts';

/** A workspace on the real disk, bound to a sandbox behind real HTTP. */
export interface BoundWorkspace {
  readonly directory: string;
  readonly sandbox: Sandbox;
  readonly baseUrl: string;
  /** Surroundings that hold the parent's key. */
  context(overrides?: Partial<FakeContext>): FakeContext;
  pass(options?: Partial<PassOptions>, surroundings?: FakeContext): Promise<number>;
}

export async function boundWorkspace(
  files: Readonly<Record<string, string>>,
  workspaceYaml = '',
): Promise<BoundWorkspace> {
  const sandbox = createSandbox({ now: () => Date.now() });
  const listening = await listen(sandbox);
  onTestFinished(() => listening.close());
  const { organizationId, apiKeyId, token } = sandbox.parent();
  const binding = `parentOrganizationId: ${organizationId}\napiKeyId: ${apiKeyId}\n`;
  const directory = workspace({ 'reconcile.yaml': binding + workspaceYaml, ...files });
  const context = (overrides: Partial<FakeContext> = {}): FakeContext => ({
    ...fakeContext(() => ({ ok: true, baseUrl: listening.url, token: () => new Secret(token) })),
    ...overrides,
  });
  return {
    directory,
    sandbox,
    baseUrl: listening.url,
    context,
    pass: (options = {}, surroundings = context()) => pass({ ...passDefaults, directory, ...options }, surroundings),
  };
}

/** Two customers, one with a key, applied once. */
export async function onboardedWorkspace(workspaceYaml = ''): Promise<BoundWorkspace> {
  const bound = await boundWorkspace(
    {
      'customers/acme-coffee.yaml': ACME,
      'customers/birch.yaml': 'externalId: birch\nname: Birch Books\ncredits: 300\n',
    },
    workspaceYaml,
  );
  const exitCode = await bound.pass();
  if (exitCode !== 0) throw new Error(`the customers could not be onboarded: exit code ${exitCode}`);
  return bound;
}

export const ACME = `externalId: acme-coffee
name: Acme Coffee
credits: 5000
cap: 5000
refill: { threshold: 1000, amount: 2000 }
keys:
  - name: acme-integration
    scopes: [content:read, content:write]
`;

/** A pass as nobody asked for anything. */
export const passDefaults: Omit<PassOptions, 'directory'> = {
  output: 'text',
  color: false,
  customers: [],
  dryRun: false,
  offline: false,
  base: null,
  watch: false,
  sandbox: false,
  full: false,
  detailedExitcode: false,
  approve: [],
  yes: true,
  concurrency: 4,
  resyncMs: null,
  listen: null,
};

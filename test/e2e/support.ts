import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { z } from 'zod';
import {
  type Environment,
  type Finished,
  run,
  type SandboxProcess,
  start,
  startSandbox,
} from '../support/real-process.ts';

/** A workspace in a temporary directory beside a sandbox in a process of its own, bound to each other. */
export interface Workspace {
  readonly directory: string;
  readonly sandbox: SandboxProcess;
  reconcile(...args: string[]): Promise<Finished>;
  reconcileWith(environment: Environment, ...args: string[]): Promise<Finished>;
  watch(...args: string[]): ReturnType<typeof start>;
  write(path: string, text: string): void;
  read(path: string): string;
  remove(path: string): void;
  /** Replaces text in a file, which must be there. */
  edit(path: string, from: string, to: string): void;
  /** Every file outside of `.reconcile/`, with its bytes and its time. */
  files(): Record<string, string>;
  /** Size of every file inside `.reconcile/`. */
  sizes(): Record<string, number>;
  /** Requests since the last call, as `METHOD /path` with ids left out. */
  requests(): Promise<string[]>;
  /** What really happened in the sandbox so far. */
  operations(): Promise<string[]>;
  close(): Promise<void>;
}

/** The caller closes it. `bound: false` leaves the two lines out that `reconcile init` writes. */
export async function openWorkspace(options: { readonly bound?: boolean } = {}): Promise<Workspace> {
  const directory = mkdtempSync(join(tmpdir(), 'reconcile-e2e-'));
  const state = mkdtempSync(join(tmpdir(), 'reconcile-e2e-sandbox-'));
  const sandbox = await startSandbox(state);
  let seen = 0;
  const workspace: Workspace = {
    directory,
    sandbox,
    reconcile: (...args) => run(directory, args, sandbox.environment),
    reconcileWith: (environment, ...args) => run(directory, args, environment),
    watch: (...args) => start(directory, ['--watch', ...args], sandbox.environment),
    write(path, text) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    },
    read: (path) => readFileSync(join(directory, path), 'utf8'),
    remove: (path) => rmSync(join(directory, path), { recursive: true }),
    edit(path, from, to) {
      const before = workspace.read(path);
      if (!before.includes(from)) throw new Error(`${path} does not hold ${from}`);
      workspace.write(path, before.replace(from, to));
    },
    files: () => Object.fromEntries(walk(directory, false).map(([path, full]) => [path, fingerprint(full)])),
    sizes: () => Object.fromEntries(walk(directory, true).map(([path, full]) => [path, statSync(full).size])),
    async requests() {
      const all = requestLog.parse(await sandbox.control('GET', 'requests'));
      const lines = all.slice(seen).map(({ method, path }) => `${method} ${withoutIds(path)}`);
      seen = all.length;
      return lines;
    },
    operations: async () => operationLog.parse(await sandbox.control('GET', 'operations')).map(({ kind }) => kind),
    async close() {
      await sandbox.stop();
      for (const path of [directory, state]) rmSync(path, { recursive: true, force: true });
    },
  };
  const me = whoami.parse((await sandbox.get('/v1/whoami')).body);
  const binding = `parentOrganizationId: ${me.organizationId}\napiKeyId: ${me.apiKeyId}\n`;
  workspace.write('reconcile.yaml', options.bound === false ? '' : binding);
  await workspace.requests();
  return workspace;
}

const whoami = z.object({ organizationId: z.string(), apiKeyId: z.string() });
const requestLog = z.array(z.object({ method: z.string(), path: z.string() }));
const operationLog = z.array(z.object({ kind: z.string() }));

export const writes = (requests: readonly string[]) => requests.filter((line) => !line.startsWith('GET '));

/** The organization that carries this name, as GET shows it: the guide's step 6. */
export async function organizationNamed({ sandbox }: Workspace, name: string) {
  const listed = z
    .object({ items: z.array(z.object({ id: z.string(), name: z.string() })) })
    .parse((await sandbox.get('/v1/organizations?limit=200')).body);
  const found = listed.items.filter((organization) => organization.name === name);
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${found.length} organizations are named ${name}`);
  return z
    .object({ id: z.string(), parentOrganizationId: z.string(), summary: z.looseObject({ balance: z.number() }) })
    .parse((await sandbox.get(`/v1/organizations/${only.id}`)).body);
}

function withoutIds(path: string): string {
  return path.replace(/\?.*$/, '').replace(/\b(org_|key_)?[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>');
}

function walk(directory: string, inside: boolean): [path: string, full: string][] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry): [string, string] => {
      const full = join(entry.parentPath, entry.name);
      return [relative(directory, full).split(sep).join('/'), full];
    })
    .filter(([path]) => path.startsWith('.reconcile/') === inside);
}

function fingerprint(path: string): string {
  return `${statSync(path, { bigint: true }).mtimeNs} ${readFileSync(path, 'hex')}`;
}

/** The public guide's customer. */
export const ACME = `# The customer of the public guide.
externalId: acme-coffee
name: Acme Coffee
billingEmail: ops@acme.example
metadata: { plan: growth }
credits: 5000
cap: 5000
refill: { threshold: 1000, amount: 2000 }
keys:
  - name: acme-integration
    scopes: [content:read, content:write]
`;

export const FIREHOSE = `webhooks:
  - name: firehose
    url: https://hooks.partner.example/layers
    events: [content.generated, post.published]
`;

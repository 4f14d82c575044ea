import { onPath, type Part } from './parts.ts';

/** Programs of the machine that build an image and run it, without a daemon and without a registry of images. */

function debian(program: string, packageName = program): Part {
  return {
    name: program,
    path: onPath(program) ?? program,
    neededFor: `the Dockerfile, built and run (Debian: apt-get install --no-install-recommends ${packageName})`,
    make: null,
  };
}

export const buildah = debian('buildah');
export const podman = debian('podman');
/** Of the two runtimes this is the one that also runs where control groups are mounted as of old. */
export const runc = debian('runc');
export const debootstrap = debian('debootstrap');

export const containerParts: readonly Part[] = [buildah, podman, runc, debootstrap];

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { z } from 'zod';
import { baseImage, buildImage, megabytesOf } from '../../real/containers.ts';
import { repositoryRoot } from '../../support/source-tree.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    image: string;
    version: string;
  }
}

const NAME = 'localhost/layers-reconciler:test';

/** Vitest runs this once, before all tests. */
export default function setup(project: TestProject): void {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')));
  buildImage(NAME, { VERSION: version, REVISION: 'test' });
  const [whole, base] = [megabytesOf(NAME), megabytesOf(baseImage)];
  process.stdout.write(`the image has ${whole} MB, ${base} of them its base image; ${whole - base} are ours\n`);
  project.provide('image', NAME);
  project.provide('version', version);
}

/**
 * `npx tsx test/real/image.ts`: makes the base image that the Dockerfile builds on. With `--check` it only looks: exit
 * code 0 when the image can be built and run here at once. Silent about what is there, loud about what is not tested.
 */
import { containerParts } from './container-parts.ts';
import { isBaseThere, makeBase } from './containers.ts';
import { isThere } from './parts.ts';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function provide(): boolean {
  const missing = containerParts.filter((part) => !isThere(part));
  for (const { name, neededFor } of missing) say(`!!! NOT TESTED for want of ${name} (it is not there): ${neededFor}`);
  if (missing.length > 0) return false;
  if (isBaseThere()) return true;
  if (process.argv.includes('--check')) {
    say('!!! NOT TESTED for want of a base image (npm run test:image makes it, once): the Dockerfile, built and run');
    return false;
  }
  say('making a base image of the name node:24-slim, once …');
  makeBase();
  return true;
}

process.exitCode = provide() ? 0 : 1;

import { execFileSync } from 'node:child_process';
import { repositoryRoot } from './source-tree.ts';

/** Vitest runs this once, before all tests: those in test/e2e run what users run, which must not be of yesterday. */
export default function build(): void {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: repositoryRoot,
    stdio: 'inherit',
  });
}

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * Builds the package when it is installed from git. npm does that in a copy for which it installs the tools; but not for
 * `npm install -g`, by which pre-commit installs hooks: its own setting reaches that second installation, which then goes
 * elsewhere. So they are installed here. Plain JavaScript, because nothing that runs TypeScript is there yet.
 */
const npm = (/** @type {string[]} */ ...args) =>
  execFileSync('npm', args, { stdio: 'inherit', shell: process.platform === 'win32' });

if (process.env['npm_config_global'] === 'true' && !existsSync('node_modules/typescript')) {
  npm('ci', '--global=false', '--include=dev', '--ignore-scripts');
}
npm('run', 'build');

/** `npx tsx test/real/vault.ts`: builds the core of Vault unless it is there. With `--check` it only looks. */
import { vault } from './parts.ts';
import { provide } from './provide.ts';

process.exitCode = provide(vault, process.argv.includes('--check')) ? 0 : 1;

import { join } from 'node:path';
import { isOk } from '../../core/answer.ts';
import type { Whoami } from '../../core/api.ts';
import { printable } from '../../core/declaration/yaml/printable.ts';
import { systemChance } from '../../effects/chance.ts';
import { systemClock } from '../../effects/clock.ts';
import { ensureDirectory, failedTo, replaceFile } from '../../effects/durable-file.ts';
import { unless } from '../../effects/errno.ts';
import { createLayersReader } from '../../effects/layers/layers-client.ts';
import { createUndiciTransport } from '../../effects/layers/undici-transport.ts';
import { nodeFileSystem } from '../../effects/node-filesystem.ts';
import type { InitOptions } from '../commands.ts';
import { disk } from '../compose.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { errorPage, outputPage } from '../pages.ts';
import { renderSourceProblems } from '../render/problem.ts';
import { bindWorkspace } from './bind-workspace.ts';

/** Binds the workspace to the parent of the API key: one GET, and at most one file written (two with an example). */
export async function init(options: InitOptions, context: CommandContext): Promise<number> {
  const answer = await whoami(context);
  if (!answer.ok) return refuse(context, answer.message);
  const me = answer.value;
  if (me.parentOrganizationId !== null) return refuse(context, notAParent(me));
  const failed = bindFile(options, me, context);
  if (failed !== null) return failed;
  const made = options.example ? writeExample(options) : { ok: true as const, path: null };
  if (!made.ok) return refuse(context, made.message);
  context.stdout(nextSteps(made.path));
  return exitCodes.ok;
}

function refuse(context: CommandContext, message: string): number {
  context.stderr(`${errorPage(context).wrapLines(message, 'error: ', 2).join('\n')}\n`);
  return exitCodes.cannotRun;
}

type Asked = { readonly ok: true; readonly value: Whoami } | { readonly ok: false; readonly message: string };

async function whoami(context: CommandContext): Promise<Asked> {
  const credentials = context.credentials();
  if (!credentials.ok) return credentials;
  const { baseUrl, token } = credentials;
  const transport = createUndiciTransport({ baseUrl });
  const common = { clock: systemClock, chance: systemChance, signal: context.stop };
  const answer = await createLayersReader({ transport, token, ...common }).whoami();
  await transport.close();
  if (isOk(answer)) return { ok: true, value: answer.value };
  const request = answer.meta.requestId === undefined ? '' : ` (request ${answer.meta.requestId})`;
  return { ok: false, message: `${baseUrl} does not say whose key this is: ${answer.problem.message}${request}` };
}

function notAParent({ organizationName, organizationId }: Whoami): string {
  return (
    `The API key belongs to ${organizationName} (${organizationId}), which is itself a child organization. Only a ` +
    'parent has customers: use an API key of the parent organization that holds org:admin.'
  );
}

/** The exit code when the file could not be bound, else null. */
function bindFile(options: InitOptions, me: Whoami, context: CommandContext): number | null {
  const path = join(options.directory, 'reconcile.yaml');
  const existing = readExisting(path);
  if (!existing.ok) return refuse(context, existing.message);
  const binding = { parentOrganizationId: me.organizationId, apiKeyId: me.apiKeyId };
  const bound = bindWorkspace(existing.text, binding, options.force);
  const who = `${printable(me.organizationName)} (${me.organizationId})`;
  switch (bound.kind) {
    case 'invalid':
      context.stderr(`${renderSourceProblems(bound.problems, errorPage(context)).join('\n')}\n`);
      return exitCodes.invalidInput;
    case 'refused':
      return refuse(context, `${bound.message}\nNext: ${bound.next}`);
    case 'already-bound':
      context.stdout(
        `${outputPage(context, false).wrap(`reconcile.yaml is bound to ${who} already; it was left as it is.`, '').join('\n')}\n`,
      );
      return null;
    case 'bound': {
      const expected = existing.bytes === null ? {} : { expected: existing.bytes };
      const bytes = new TextEncoder().encode(bound.text);
      const written = replaceFile(disk, path, bytes, { mode: existing.mode, ...expected });
      if (!written.ok) return refuse(context, `${written.message}.`);
      context.stdout(
        `${outputPage(context, false).wrap(`Bound to ${who}, key ${me.apiKeyId}, in ${path}.`, '').join('\n')}\n`,
      );
      return null;
    }
  }
}

const newFile = '# The settings of this workspace; `reconcile schema reconcile` prints what there is.\n';

type Existing =
  | { readonly ok: true; readonly text: string; readonly bytes: Uint8Array | null; readonly mode: number }
  | { readonly ok: false; readonly message: string };

function readExisting(path: string): Existing {
  try {
    const bytes = unless(['ENOENT'], () => nodeFileSystem.readFile(path));
    if (bytes === null) return { ok: true, text: newFile, bytes, mode: 0o644 };
    const mode = nodeFileSystem.stat(path).mode & 0o777;
    return { ok: true, text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), bytes, mode };
  } catch (error) {
    return { ok: false, message: `${failedTo(`read ${path}`, error).message}.` };
  }
}

/** Grants nothing and mints nothing: somebody will run it before reading it. */
const example = `# One file per customer. Rename it, say who the customer is, and see \`reconcile --dry-run\` before committing it.
externalId: example-customer # the identity: never changes
name: Example Customer
credits: 0 # in total, from the parent wallet: real money; raise it to grant the difference
cap: 0 # credits per billing period; 0 stops all spending
`;

type Example = { readonly ok: true; readonly path: string | null } | { readonly ok: false; readonly message: string };

function writeExample({ directory }: InitOptions): Example {
  const customers = join(directory, 'customers');
  try {
    if (unless(['ENOENT'], () => nodeFileSystem.stat(customers)) !== null) return { ok: true, path: null };
    ensureDirectory(nodeFileSystem, customers, 0o755);
  } catch (error) {
    return { ok: false, message: `${failedTo(`make ${customers}`, error).message}.` };
  }
  const path = join(customers, 'example-customer.yaml');
  const written = replaceFile(disk, path, new TextEncoder().encode(example), { mode: 0o644 });
  return written.ok ? { ok: true, path } : { ok: false, message: `${written.message}.` };
}

function nextSteps(made: string | null): string {
  return [
    ...(made === null ? [] : [`Wrote ${made}: say there who your first customer is.`]),
    'Next:',
    '  1. Declare each customer in a file below customers/ (reconcile schema customer).',
    '  2. reconcile validate',
    '  3. reconcile --dry-run',
    '  4. Commit reconcile.yaml and customers/, then run reconcile.',
    '',
  ].join('\n');
}

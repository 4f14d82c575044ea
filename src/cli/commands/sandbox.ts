import { resolve } from 'node:path';
import { printable } from '../../core/declaration/yaml/printable.ts';
import { systemFailure } from '../../effects/errno.ts';
import { ensureWorkspaceState } from '../../effects/workspace-state.ts';
import { type Listening, listen, openPersistentSandbox, type RequestLine, type Sandbox } from '../../sandbox/index.ts';
import type { SandboxCommandOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { disk, runDirectoryOf } from '../stores.ts';

/** Serves the sandbox until the process is told to stop, and prints what to paste into another terminal. */
export async function sandbox(options: SandboxCommandOptions, context: CommandContext): Promise<number> {
  const opened = await open(options, context);
  if ('message' in opened) {
    context.stderr(`The sandbox cannot run: ${opened.message}\n`);
    return exitCodes.cannotRun;
  }
  context.stdout(instructions(opened));
  await aborted(context.stop);
  await opened.listening.close();
  return exitCodes.ok;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}

interface Opened {
  readonly sandbox: Sandbox;
  readonly listening: Listening;
  readonly directory: string;
}

async function open(
  { host, port, directory: workspace, dataDirectory }: SandboxCommandOptions,
  context: CommandContext,
): Promise<Opened | { readonly message: string }> {
  const state = dataDirectory === null ? ensureWorkspaceState(disk, resolve(workspace)) : null;
  if (state?.ok === false) return { message: `${state.message}.` };
  const directory = dataDirectory ?? runDirectoryOf(workspace, true);
  try {
    const served = openPersistentSandbox(resolve(directory));
    const onRequest = (line: RequestLine) => context.stderr(`${requestLine(line)}\n`);
    const listening = await listen(served, { host, port, onRequest });
    return { sandbox: served, listening, directory };
  } catch (error) {
    const failure = systemFailure(error);
    if (failure?.code === 'EADDRINUSE') return { message: `port ${port} is taken. Choose another, or --port 0.` };
    if (failure !== null) return { message: `${directory} or ${host}:${port}: ${failure.message}.` };
    // A damaged state file, in the sandbox's own words.
    if (error instanceof Error && error.name === 'Error') return { message: error.message };
    throw error;
  }
}

/** Every line is a shell command or a comment, so that all of it can be pasted. */
function instructions({ sandbox: served, listening, directory }: Opened): string {
  return [
    `# A sandbox of the Layers API listens on ${listening.url}.`,
    `# Stop it with Ctrl-C; its state stays in ${printable(directory)}.`,
    '# The key below is no secret: it is good for this sandbox only.',
    `export LAYERS_BASE_URL=${listening.url}`,
    `export LAYERS_API_KEY=${served.parent().token}`,
    '# Then: reconcile init && reconcile --dry-run',
    '',
  ].join('\n');
}

function requestLine({ method, path, status, fault }: RequestLine): string {
  const answer = status === null ? 'no answer' : String(status);
  return printable(`${method} ${path} ${answer}${fault === null ? '' : ` (${fault})`}`);
}

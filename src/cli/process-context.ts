import type { Secret } from '../core/secret.ts';
import { nodeFileSystem } from '../effects/node-filesystem.ts';
import type { CommandContext, CredentialResult } from './context.ts';
import { exposures, type GivenKey, readCredentials } from './credentials.ts';
import { createLog, type LogLevel } from './log.ts';
import { createPrompt, type Prompt } from './prompt.ts';
import { widthOf } from './render/page.ts';

export interface ProcessContextOptions {
  readonly process: NodeJS.Process;
  /** Taken out of the environment already. */
  readonly apiKey: GivenKey | null;
  readonly logLevel: LogLevel;
  /** Called at the second signal, by somebody who does not want to wait for what is in flight. */
  readonly exitAtOnce: (signal: StopSignal) => void;
}

export type StopSignal = 'SIGINT' | 'SIGTERM';

export interface ProcessContext extends CommandContext {
  /** True when the process must end with the command, whatever still runs. */
  isAbandoned(): boolean;
  /** Every secret that this process holds, for whoever prints what a bug threw. */
  secrets(): readonly Secret[];
}

/** The real process behind the commands. */
export function createProcessContext(options: ProcessContextOptions): ProcessContext {
  const { process, apiKey, logLevel } = options;
  const { stdin, stdout, stderr, env } = process;
  const known: Secret[] = apiKey === null ? [] : [apiKey.key];
  const stopping = watchSignals(options);
  const warned = new Set<string>();
  let isAbandoned = false;
  const plain = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  const write = (text: string) => void stderr.write(text);
  const log = createLog({
    level: logLevel,
    human: stderr.isTTY,
    color: stderr.isTTY && !plain,
    write,
    secrets: () => known,
  });
  const prompt = createPrompt(process, stopping.signal);
  return {
    environment: env,
    stdout: (text) => void stdout.write(text),
    stderr: write,
    log,
    isTerminal: stdin.isTTY && stderr.isTTY,
    canRedraw: stderr.isTTY && env['TERM'] !== 'dumb',
    columns: () => widthOf(stderr.columns),
    width: () => widthOf(stdout.columns),
    useColor: (wanted) => wanted && stdout.isTTY && !plain,
    ask: (question) => ask(question, prompt),
    prompt,
    credentials() {
      const result = readCredentials(env, apiKey, nodeFileSystem);
      if (!result.ok) return result;
      const warnings = [...result.credentials.warnings, ...exposures(env, process.execArgv)];
      for (const why of warnings.filter((one) => !warned.has(one))) {
        warned.add(why);
        log.warn({ why }, 'the API key is open to others');
      }
      return remembering(result.credentials, known);
    },
    stop: stopping.signal,
    onHangup(listener) {
      process.on('SIGHUP', listener);
      return () => void process.off('SIGHUP', listener);
    },
    abandon() {
      isAbandoned = true;
    },
    isAbandoned: () => isAbandoned,
    stoppedBy: stopping.by,
    secrets: () => known,
  };
}

/** So that the log can be scrubbed of a key that arrived while we were running. */
function remembering(
  { baseUrl, token }: { readonly baseUrl: string; readonly token: () => Secret },
  known: Secret[],
): CredentialResult {
  const remember = () => {
    const key = token();
    if (!known.includes(key)) known.push(key);
    return key;
  };
  remember();
  return { ok: true, baseUrl, token: remember };
}

/** The first signal asks for an orderly end, the second for an end. */
function watchSignals({ process, exitAtOnce }: ProcessContextOptions): {
  readonly signal: AbortSignal;
  readonly by: () => StopSignal | null;
} {
  const controller = new AbortController();
  let by: StopSignal | null = null;
  const onSignal = (signal: StopSignal) => {
    if (by !== null) exitAtOnce(signal);
    by ??= signal;
    controller.abort();
  };
  process.on('SIGINT', () => onSignal('SIGINT'));
  process.on('SIGTERM', () => onSignal('SIGTERM'));
  return { signal: controller.signal, by: () => by };
}

/** Only a plain yes is consent; the end of the input and a signal are not. */
async function ask(question: string, prompt: Prompt): Promise<boolean> {
  const answer = await prompt(`${question} [y/N] `);
  return /^y(?:es)?$/i.test(answer?.trim() ?? '');
}

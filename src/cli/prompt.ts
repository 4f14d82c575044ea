import { createInterface, type Interface } from 'node:readline';

/** Asks and waits for a line; null when the input ends or the signal is aborted. */
export type Prompt = (question: string) => Promise<string | null>;

export interface Terminal {
  readonly stdin: NodeJS.ReadableStream;
  readonly stderr: NodeJS.WritableStream;
}

/**
 * Questions at a terminal. One reader for all of them: a second one would lose the lines that the first has read ahead.
 * It rests between the questions, so that it keeps no process alive.
 */
export function createPrompt({ stdin, stderr }: Terminal, signal: AbortSignal): Prompt {
  let reader: Interface | null = null;
  let ended = false;
  const unread: string[] = [];
  let settle: ((line: string | null) => void) | null = null;
  const take = (line: string | null) => {
    const waiting = settle;
    settle = null;
    if (waiting !== null) waiting(line);
    else if (line !== null) unread.push(line);
  };
  const open = (): Interface => {
    // Not in terminal mode, in which Ctrl-C would be a key like any other instead of a signal to the process.
    const opened = createInterface({ input: stdin, terminal: false });
    opened.on('line', take);
    opened.on('close', () => {
      ended = true;
      take(null);
    });
    signal.addEventListener('abort', () => opened.close(), { once: true });
    return opened;
  };
  return async (question) => {
    if (signal.aborted) return null;
    reader ??= open();
    stderr.write(question);
    const early = unread.shift();
    if (early !== undefined) return early;
    if (ended) return null;
    const line = new Promise<string | null>((resolve) => {
      settle = resolve;
    });
    reader.resume();
    const answer = await line;
    if (!ended) reader.pause();
    return answer;
  };
}

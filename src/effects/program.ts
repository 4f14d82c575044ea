import { type ChildProcess, spawn } from 'node:child_process';
import { systemFailure, unless } from './errno.ts';

/** One run of a program: never through a shell, and with an environment that is made for it. */
export interface ProgramCall {
  /** The program, and what it is told. Every user of the machine can read this, so nothing secret belongs in it (I4). */
  readonly argv: readonly [program: string, ...args: string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What it reads from its standard input; nothing by default. */
  readonly input?: Uint8Array | undefined;
  /** When it is stopped, and all that it has started, in milliseconds. */
  readonly deadlineMs: number;
  /** How many bytes it may write to each of its outputs; whoever writes more is stopped. Default: any number. */
  readonly outputBytesMax?: number;
}

export type ProgramEnd =
  | { readonly kind: 'exited'; readonly code: number; readonly stdout: Buffer; readonly stderr: string }
  /** `why` ends a sentence about the program. What it did by then is not known. */
  | { readonly kind: 'stopped'; readonly why: string; readonly stderr: string }
  /** Nothing was done. `code` is that of the system: ENOENT, EACCES. */
  | { readonly kind: 'not-started'; readonly code: string; readonly why: string };

/** How long what was asked to end may take, and how long what others hold open of a program that has ended is waited for. */
const GRACE_MS = 2_000;

/** Never rejects. */
export function runProgram(call: ProgramCall): Promise<ProgramEnd> {
  const { argv, cwd, env, input, deadlineMs, outputBytesMax = Number.POSITIVE_INFINITY } = call;
  const [program, ...args] = argv;
  return new Promise((resolve) => {
    // A session of its own: without a terminal nothing below it can ask anybody anything, and Ctrl-C ends the pass but not
    // a write that is under way.
    const child = spawn(program, args, { cwd, env, detached: true });
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    const said = (): string => Buffer.concat(stderr).toString('utf8');
    const timers: NodeJS.Timeout[] = [];
    let stopped: string | null = null;

    const stop = (why: string): void => {
      if (stopped !== null) return;
      stopped = why;
      endAll(child, 'SIGTERM');
      timers.push(setTimeout(() => endAll(child, 'SIGKILL'), GRACE_MS));
    };
    const settle = (end: ProgramEnd): void => {
      for (const timer of timers) clearTimeout(timer);
      if (stopped !== null) endAll(child, 'SIGKILL');
      // What the program has started may keep the pipes open long after it.
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(end);
    };
    const ended = (code: number | null, signal: string | null): ProgramEnd => {
      if (stopped !== null) return { kind: 'stopped', why: stopped, stderr: said() };
      if (code === null) return { kind: 'stopped', why: `was ended by ${signal ?? 'a signal'}`, stderr: said() };
      return { kind: 'exited', code, stdout: Buffer.concat(stdout), stderr: said() };
    };
    const collect = (chunks: Buffer[]) => {
      let bytes = 0;
      return (chunk: Buffer): void => {
        bytes += chunk.length;
        if (bytes <= outputBytesMax) chunks.push(chunk);
        else stop(`wrote more than ${outputBytesMax} bytes`);
      };
    };
    child.stdout.on('data', collect(stdout));
    child.stderr.on('data', collect(stderr));
    child.on('error', (error) => settle(notStarted(error)));
    child.on('exit', (code, signal) => {
      if (stopped !== null || code === null) settle(ended(code, signal));
      else timers.push(setTimeout(() => settle(ended(code, signal)), GRACE_MS));
    });
    child.on('close', (code, signal) => settle(ended(code, signal)));
    timers.push(setTimeout(() => stop(`did not end within ${deadlineMs / 1000} seconds`), deadlineMs));
    // One that ends early closes the pipe under us; its exit code says why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/** The program and what it has started: left alone, that might still write when somebody else has written already. */
function endAll(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  const { pid } = child;
  if (pid !== undefined) unless(['ESRCH', 'EPERM'], () => process.kill(-pid, signal));
}

function notStarted(error: Error): ProgramEnd {
  const failure = systemFailure(error) ?? { code: 'unknown', message: 'the system did not start it' };
  return { kind: 'not-started', code: failure.code, why: failure.message };
}

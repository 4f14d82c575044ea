import type { Refusal } from '../core/report.ts';
import type { SourceProblem } from '../core/source.ts';
import type { Effects } from '../engine/context.ts';
import type { CommandContext } from './context.ts';
import { exitCodes } from './exit-code.ts';
import { errorPage } from './pages.ts';
import { refusalCode } from './refusal.ts';
import { renderRefusal, renderSourceProblems } from './render/problem.ts';
import { openSession, workspaceOf } from './session.ts';
import { fromFiles, type SourceOptions } from './source-options.ts';

export interface ReadingOptions {
  readonly directory: string;
  readonly sandbox: boolean;
  readonly from?: SourceOptions | undefined;
}

export type Reading =
  | { readonly ok: true; readonly effects: Effects; readonly close: () => Promise<void> }
  | { readonly ok: false; readonly refusal: Refusal };

/** Opens a workspace for a command that only reads: no lock, and a client that has no write methods. */
export async function openForReading(
  { directory, sandbox, from = fromFiles }: ReadingOptions,
  command: string,
  context: CommandContext,
): Promise<Reading> {
  const opened = await openSession({ directory, sandbox, from, dryRun: true, command }, context, () => {});
  if (!opened.ok) return { ok: false, refusal: cannotRun(refusalCode(opened.exitCode), opened.message) };
  const { session } = opened;
  return {
    ok: true,
    effects: session.composed.effectsFor(await workspaceOf(session)),
    close: () => session.close(),
  };
}

/** A refusal in words, for what could not even be opened. */
export function cannotRun(code: string, message: string, next: string | null = null): Refusal {
  return { kind: 'cannot-run', code, message, next, requestId: null, problems: [] };
}

export function refusalText(refusal: Refusal, context: CommandContext): string {
  return `${renderRefusal(refusal, errorPage(context)).join('\n')}\n`;
}

export function refusalExitCode({ kind }: Refusal): number {
  return kind === 'invalid-input' ? exitCodes.invalidInput : exitCodes.cannotRun;
}

/** Ends a command at files that cannot be used, each problem with its place; 3 unless something else is the matter. */
export function refuseFiles(
  context: CommandContext,
  problems: readonly SourceProblem[],
  exitCode: number = exitCodes.invalidInput,
): number {
  context.stderr(`${renderSourceProblems(problems, errorPage(context)).join('\n')}\n`);
  return exitCode;
}

/** Ends a command that cannot run, in words. */
export function refuseInWords(
  context: CommandContext,
  message: string,
  exitCode: number = exitCodes.cannotRun,
): number {
  context.stderr(`${errorPage(context).wrapLines(message, 'error: ', 2).join('\n')}\n`);
  return exitCode;
}

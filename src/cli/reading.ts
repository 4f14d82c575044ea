import type { Refusal } from '../core/report.ts';
import type { Effects } from '../engine/context.ts';
import type { CommandContext } from './context.ts';
import { exitCodes } from './exit-code.ts';
import { errorPage } from './pages.ts';
import { refusalCode } from './refusal.ts';
import { renderRefusal } from './render/problem.ts';
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

import type { PassReport } from '../core/report.ts';
import type { PassOptions } from './commands.ts';
import type { CommandContext } from './context.ts';
import { exitCodes } from './exit-code.ts';
import { renderJson } from './render/json.ts';
import { renderText } from './render/text.ts';

/**
 * Prints what became of a pass. A refusal in words is a complaint and goes to stderr; a document goes to stdout whatever
 * it says, so that a script always finds one.
 */
export function printReport(report: PassReport, options: PassOptions, context: CommandContext): void {
  if (options.output === 'json') context.stdout(renderJson(report));
  else if (report.refused !== null) context.stderr(renderText(report, { color: false }));
  else context.stdout(renderText(report, { color: context.useColor(options.color) }));
}

/** Ends a command whose pass could not even be opened: no key, no lock, a word that is no customer. */
export function refusePass(
  { code, message, exitCode }: { readonly code: string; readonly message: string; readonly exitCode: number },
  options: PassOptions,
  context: CommandContext,
): number {
  const report: PassReport = {
    command: options.dryRun ? 'plan' : 'apply',
    customers: [],
    brokenFiles: [],
    fleet: { steps: [], problems: [], approvalHash: null },
    planHash: null,
    parentWallet: { before: null, after: null },
    requests: { read: 0, write: 0 },
    refused: { kind: 'cannot-run', code, message, next: null, requestId: null, problems: [] },
    staleApprovals: [],
    interrupted: false,
  };
  printReport(report, options, context);
  return exitCode;
}

/** Why a workspace was not opened, by the exit code that says it. */
export function refusalCode(exitCode: number): string {
  return exitCode === exitCodes.lockNotObtained ? 'LockNotObtained' : 'CannotRun';
}

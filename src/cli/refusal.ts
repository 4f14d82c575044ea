import { resolve } from 'node:path';
import { type PassReport, reportWith } from '../core/report.ts';
import { systemClock } from '../effects/clock.ts';
import { packageVersion } from '../effects/version.ts';
import { approvedBefore } from './approvals.ts';
import type { PassOptions } from './commands.ts';
import type { CommandContext } from './context.ts';
import { environmentName, githubRoot } from './environment.ts';
import { exitCodes } from './exit-code.ts';
import { annotateReport } from './render/github.ts';
import { renderJson } from './render/json.ts';
import { COMMENT_BYTES_MAX, renderMarkdown } from './render/markdown.ts';
import { createEventStream, type EventStream } from './render/ndjson.ts';
import { renderText } from './render/text.ts';
import { writeStepSummary } from './step-summary.ts';

/** Where a report goes: its format, and the lines that were written of it already. */
export interface Printing {
  readonly options: PassOptions;
  /** Of `--output ndjson`; null for every other format. */
  readonly events: EventStream | null;
}

/** Begins the output of a pass: in `ndjson` there is a first line before anything happens. */
export function beginPrinting(options: PassOptions, context: CommandContext): Printing {
  if (options.output !== 'ndjson') return { options, events: null };
  const write = (text: string) => context.stdout(text);
  return { options, events: createEventStream({ write, now: () => systemClock.now(), version: packageVersion }) };
}

/**
 * Prints what became of a pass. A refusal in words is a complaint and goes to stderr; a document goes to stdout whatever
 * it says, so that a script always finds one.
 */
export function printReport(
  report: PassReport,
  exitCode: number,
  { options, events }: Printing,
  context: CommandContext,
): void {
  const environment = environmentName(context.environment);
  const approved = approvedBefore(report, options);
  switch (options.output) {
    case 'json':
      context.stdout(renderJson(report, approved));
      break;
    case 'ndjson':
      events?.end(report, exitCode, approved);
      break;
    case 'markdown':
      context.stdout(renderMarkdown(report, { bytesMax: COMMENT_BYTES_MAX, environment, approved }));
      break;
    case 'github': {
      const places = { directory: resolve(options.directory), root: githubRoot(context.environment) };
      context.stdout(annotateReport(report, places) + renderText(report, { color: false, approved }));
      writeStepSummary(report, { environment, approved }, context);
      break;
    }
    case 'text':
      if (report.refused !== null) context.stderr(renderText(report, { color: false, width: context.columns() }));
      else
        context.stdout(
          renderText(report, { color: context.useColor(options.color), width: context.width(), approved }),
        );
  }
}

/** Ends a command whose pass could not even be opened: no key, no lock, a word that is no customer. */
export function refusePass(
  { code, message, exitCode }: { readonly code: string; readonly message: string; readonly exitCode: number },
  printing: Printing,
  context: CommandContext,
): number {
  const report = reportWith({
    command: printing.options.dryRun ? 'plan' : 'apply',
    refused: { kind: 'cannot-run', code, message, next: null, requestId: null, problems: [] },
  });
  printReport(report, exitCode, printing, context);
  return exitCode;
}

/** Why a workspace was not opened, by the exit code that says it. */
export function refusalCode(exitCode: number): string {
  return exitCode === exitCodes.lockNotObtained ? 'LockNotObtained' : 'CannotRun';
}

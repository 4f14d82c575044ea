import { appendFileSync, statSync } from 'node:fs';
import type { PassReport } from '../core/report.ts';
import type { CommandContext } from './context.ts';
import { type MarkdownOptions, renderMarkdown } from './render/markdown.ts';

/** GitHub refuses a summary above 1 MiB as a whole, so the end is kept clear of it. */
const SUMMARY_BYTES_MAX = 1_048_576 - 1_024;
/** Below this there is no room for a summary that says anything. */
const SUMMARY_BYTES_MIN = 4_096;

/**
 * Adds the report to the summary of a step of GitHub Actions, where there is one (GITHUB_STEP_SUMMARY). A summary that
 * cannot be written is said, and changes nothing else: the work is done by then.
 */
export function writeStepSummary(
  report: PassReport,
  { environment, approved }: Pick<MarkdownOptions, 'environment' | 'approved'>,
  context: CommandContext,
): void {
  const file = context.environment['GITHUB_STEP_SUMMARY'] ?? '';
  if (file === '') return;
  try {
    const written = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    const bytesMax = SUMMARY_BYTES_MAX - written;
    if (bytesMax >= SUMMARY_BYTES_MIN)
      appendFileSync(file, renderMarkdown(report, { bytesMax, environment, ...(approved && { approved }) }));
  } catch (error) {
    context.log.warn({ why: error instanceof Error ? error.message : String(error) }, 'step summary not written');
  }
}

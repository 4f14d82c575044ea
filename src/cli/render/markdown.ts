import type { Approved } from '../../core/approval-difference.ts';
import type { CustomerReport, PassReport, StepReport } from '../../core/report.ts';
import { byteLength, fenced, foreignCode } from './foreign-markdown.ts';
import { counted } from './layout.ts';
import { plainPage } from './page.ts';
import { renderProblem, renderRefusal, renderSourceProblems } from './problem.ts';
import { renderStaleApprovals } from './stale-approval.ts';
import { isBlocked, renderStep } from './step.ts';
import { estimateNote } from './text.ts';
import { renderTotals } from './totals.ts';

export interface MarkdownOptions {
  /** Bytes; a comment of GitHub holds 65,536 characters, a step summary 1 MiB. */
  readonly bytesMax: number;
  /** Tells the comments of several workspaces on one pull request apart; null for the only one. */
  readonly environment: string | null;
  /** What stale approvals were given for, where it is known. */
  readonly approved?: Approved;
}

/** Below GitHub's 65,536 characters of a comment, with room for what a workflow puts around it. */
export const COMMENT_BYTES_MAX = 60_000;

/**
 * A pass as the body of a comment: a hidden marker by which it is found again, totals, a table of the customers that
 * something happens to, and the details folded. What does not fit is left out by whole customers, and counted.
 */
export function renderMarkdown(report: PassReport, options: MarkdownOptions): string {
  const { bytesMax, environment, approved = new Map() } = options;
  const stale = renderStaleApprovals(report, approved, plainPage);
  const head = [
    marker(environment),
    heading(report, environment),
    fenced(headLines(report), bytesMax / 4),
    // Somebody was refused: that is not for folding away.
    ...(stale.length === 0 ? [] : [fenced(stale, bytesMax / 4)]),
  ];
  const entries = [...fleetEntry(report), ...customerEntries(report), ...brokenEntries(report)];
  let left = bytesMax - byteLength(head.join('\n\n')) - TABLE_ROOM;
  const shown: Shown[] = [];
  for (const entry of entries) {
    const details = renderDetails(entry, bytesMax / 4);
    left -= byteLength(entry.row) + byteLength(details) + 4;
    if (left < 0) break;
    shown.push({ row: entry.row, details });
  }
  const unsaid = entries.length - shown.length;
  const table = [TABLE_HEAD, ...shown.map(({ row }) => row)].join('\n');
  const more = `**${counted(unsaid, 'more customer')} did not fit.** \`--output json\` has them all.`;
  return `${[
    ...head,
    ...(shown.length === 0 ? [] : [table]),
    ...(unsaid === 0 ? [] : [more]),
    ...shown.map(({ details }) => details),
  ].join('\n\n')}\n`;
}

/** `prod` becomes `<!-- reconcile-plan:prod -->`. The comment begins with it, which text from a file never does. */
function marker(environment: string | null): string {
  return `<!-- reconcile-plan${environment === null ? '' : `:${plainWord(environment)}`} -->`;
}

/** A hidden comment has to end where it ends. */
function plainWord(text: string): string {
  return text.replace(/[^A-Za-z0-9._]+/g, '-').slice(0, 64);
}

function heading({ command, refused, estimate }: PassReport, environment: string | null): string {
  const what = estimate ? 'Plan (offline estimate)' : command === 'plan' ? 'Plan' : 'Apply';
  const where = environment === null ? '' : ` for ${foreignCode(environment)}`;
  return `### ${what}${where}${refused === null ? '' : ': could not begin'}`;
}

/** Totals, the wallet, the hash; or why there are none. */
function headLines(report: PassReport): string[] {
  if (report.refused !== null) return renderRefusal(report.refused, plainPage);
  return [
    ...(report.estimate ? [...estimateNote(plainPage), ''] : []),
    ...(report.interrupted ? ['Interrupted: the rest was not started.'] : []),
    ...renderTotals(report, plainPage),
  ];
}

const TABLE_HEAD = '| Customer | Phase | Steps | Credits out |\n|---|---|---|--:|';
/** For the head of the table and the line that counts the rest. */
const TABLE_ROOM = 256;

interface Shown {
  readonly row: string;
  readonly details: string;
}

interface Entry {
  readonly row: string;
  readonly title: string;
  readonly isOpen: boolean;
  /** Made only for those that fit: a fleet is larger than a comment. */
  readonly lines: () => readonly string[];
}

function renderDetails({ title, isOpen, lines }: Entry, bytesMax: number): string {
  const tag = isOpen ? '<details open>' : '<details>';
  return `${tag}<summary>${title}</summary>\n\n${fenced(lines(), bytesMax)}\n\n</details>`;
}

function fleetEntry({ fleet }: PassReport): Entry[] {
  if (fleet.steps.length + fleet.problems.length === 0) return [];
  return [{ ...entryOf('The fleet', '', fleet), isOpen: fleet.problems.length > 0 }];
}

/** Those that something happens to, or that need somebody; trouble first, in case not all fit. */
function customerEntries({ customers }: PassReport): Entry[] {
  return customers
    .filter(({ steps, problems }) => steps.length + problems.length > 0)
    .toSorted((a, b) => Number(isTroubled(b)) - Number(isTroubled(a)))
    .map((customer) => entryOf(foreignCode(customer.externalId), customer.phase, customer));
}

function isTroubled({ steps, problems }: CustomerReport): boolean {
  return steps.some(isBlocked) || problems.some(({ severity }) => severity !== 'warning');
}

function entryOf(name: string, phase: string, part: PassReport['fleet']): Entry {
  const { steps, problems, approvalHash } = part;
  const counts = [
    ...(steps.length === 0 ? [] : [counted(steps.length, 'step')]),
    ...(problems.length === 0 ? [] : [counted(problems.length, 'notice')]),
  ];
  const credits = steps.filter((step) => !isBlocked(step)).reduce((total, step) => total + step.credits, 0);
  return {
    row: `| ${name} | ${phase} | ${stepWords(steps)} | ${credits === 0 ? '' : counted(credits, 'credit')} |`,
    title: `${name}: ${counts.join(', ')}`,
    isOpen: false,
    lines: () => [
      ...steps.flatMap((step) => renderStep(step, plainPage)),
      ...problems.flatMap((problem) => renderProblem(problem, plainPage)),
      ...(approvalHash === null ? [] : ['  To run what is blocked here: --approve', `  ${approvalHash}`]),
    ],
  };
}

/** `create, grant, change ×2, mint`. */
function stepWords(steps: readonly StepReport[]): string {
  const words = new Map<string, number>();
  for (const step of steps) {
    const word = isBlocked(step)
      ? 'blocked'
      : step.outcome === 'planned'
        ? step.action
        : `${step.action} ${step.outcome}`;
    words.set(word, (words.get(word) ?? 0) + 1);
  }
  return [...words].map(([word, count]) => (count === 1 ? word : `${word} ×${count}`)).join(', ');
}

function brokenEntries({ brokenFiles }: PassReport): Entry[] {
  return brokenFiles.map(({ file, problems }) => ({
    row: `| ${foreignCode(file)} | Stalled | the file cannot be used | |`,
    title: `${foreignCode(file)}: ${counted(problems.length, 'problem')}`,
    isOpen: false,
    lines: () => renderSourceProblems(problems, plainPage),
  }));
}

import type { Approved } from '../../core/approval-difference.ts';
import { printable } from '../../core/declaration/yaml/printable.ts';
import type { Problem } from '../../core/problem.ts';
import type { CustomerReport, PassReport, StepReport } from '../../core/report.ts';
import type { BrokenFile } from '../../core/source.ts';
import { exposureSentence } from './consequences.ts';
import { createPage, type Page, type PageOptions } from './page.ts';
import { renderProblem, renderRefusal, renderSourceProblems } from './problem.ts';
import { renderStaleApprovals } from './stale-approval.ts';
import { renderStep } from './step.ts';
import { renderTotals } from './totals.ts';
import { renderUnfinished } from './unfinished.ts';

export interface TextOptions extends PageOptions {
  /** What stale approvals were given for, where it is known. */
  readonly approved?: Approved;
}

/** A pass for people: what happens to whom, why, by which line of which file, and what it costs. Ends with a line break. */
export function renderText(report: PassReport, options: TextOptions): string {
  const page = createPage(options);
  const blocks =
    report.refused === null
      ? passBlocks(report, options.approved ?? new Map(), page)
      : [renderRefusal(report.refused, page)];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

function passBlocks(report: PassReport, approved: Approved, page: Page): string[][] {
  const outside = changedOutside(report, page);
  return [
    report.estimate ? estimateNote(page) : [],
    ...report.customers.map((customer) => renderCustomer(customer, page)),
    renderFleet(report, page),
    ...(outside.length === 0 ? [] : [outsideHeading(report, page), ...outside]),
    ...brokenBlocks(report.brokenFiles, page),
    renderStaleApprovals(report, approved, page),
    report.interrupted
      ? page.wrap('Interrupted: what was under way has ended, the rest was not started. Run again to go on.', '')
      : [],
    renderUnfinished(report, page),
    renderTotals(report, page),
  ];
}

/** Before anything else, so that nobody takes what follows for what the API says. */
export function estimateNote(page: Page): string[] {
  return page.wrap(
    'Estimate, made offline from the files and the recorded status. A pass asks the API and may find otherwise.',
    '',
  );
}

function renderCustomer(customer: CustomerReport, page: Page): string[] {
  const body = [
    ...stepsAndProblems(
      customer.steps.filter(({ drift }) => !drift),
      customer.problems,
      page,
    ),
    ...unchangedExposure(customer, page),
    ...(customer.approvalHash === null ? [] : approval(customer.approvalHash, page)),
  ];
  return body.length === 0 ? [] : [...customerHeader(customer, page), ...body];
}

/** A refill that stays as it is, for a customer that something else happens to. */
function unchangedExposure({ steps, refillExposure }: CustomerReport, page: Page): string[] {
  if (steps.length === 0 || refillExposure === null || steps.some((step) => step.refillExposure)) return [];
  return page.wrap(`auto-refill is on: ${exposureSentence(refillExposure)}`, '  ');
}

function customerHeader({ externalId, organizationId, phase }: CustomerReport, page: Page): string[] {
  const parts = [
    externalId,
    ...(organizationId === null ? [] : [organizationId]),
    ...(phase === 'Ready' ? [] : [phase]),
  ];
  const [first = '', ...more] = page.row(parts, 2);
  const name = printable(externalId);
  return [page.paint('heading', name) + first.slice(name.length), ...more];
}

function stepsAndProblems(steps: readonly StepReport[], problems: readonly Problem[], page: Page): string[] {
  return [
    ...steps.flatMap((step) => renderStep(step, page)),
    ...problems.flatMap((problem) => renderProblem(problem, page)),
  ];
}

function approval(hash: string, page: Page): string[] {
  return [...page.wrap('To run what is blocked here, repeat the command with --approve and', '  '), `  ${hash}`];
}

function renderFleet({ fleet }: PassReport, page: Page): string[] {
  const body = [
    ...stepsAndProblems(
      fleet.steps.filter(({ drift }) => !drift),
      fleet.problems,
      page,
    ),
    ...(fleet.approvalHash === null ? [] : approval(fleet.approvalHash, page)),
  ];
  return body.length === 0 ? [] : [page.paint('heading', 'The fleet'), ...body];
}

function outsideHeading({ command }: PassReport, page: Page): string[] {
  return [
    page.paint('heading', 'Changed outside of the files'),
    ...page.wrap(
      `Somebody did this elsewhere; it ${command === 'plan' ? 'is' : 'was'} set back to what the files say.`,
      '  ',
    ),
  ];
}

/** Steps that undo what somebody did elsewhere: apart and short, so that they never bury what a review is about. */
function changedOutside(report: PassReport, page: Page): string[][] {
  const owners = [
    ...report.customers.map(({ externalId, steps }) => ({ name: printable(externalId), steps })),
    { name: 'The fleet', steps: report.fleet.steps },
  ];
  return owners.flatMap(({ name, steps }) => {
    const drifted = steps.filter(({ drift }) => drift);
    if (drifted.length === 0) return [];
    // The heading is the reason of every change; a suspension has one of its own.
    const lines = drifted.flatMap((step) => renderStep(step, page, step.action !== 'change'));
    return [[page.paint('heading', name), ...lines]];
  });
}

function brokenBlocks(files: readonly BrokenFile[], page: Page): string[][] {
  if (files.length === 0) return [];
  return [
    [
      page.paint('heading', 'Files that cannot be used'),
      ...page.wrap('Their customers are frozen: nothing is done for them.', '  '),
    ],
    ...files.map(({ problems }) => renderSourceProblems(problems, page)),
  ];
}

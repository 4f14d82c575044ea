import { printable } from '../../core/declaration/yaml/printable.ts';
import type { Problem } from '../../core/problem.ts';
import type { CustomerReport, PassReport, StepReport } from '../../core/report.ts';
import type { BrokenFile } from '../../core/source.ts';
import { exposureSentence } from './consequences.ts';
import { row, wrap } from './layout.ts';
import { createPaint, type Paint } from './palette.ts';
import { renderProblem, renderRefusal, renderSourceProblems } from './problem.ts';
import { type Approved, renderStaleApprovals } from './stale-approval.ts';
import { renderStep } from './step.ts';
import { renderTotals } from './totals.ts';
import { renderUnfinished } from './unfinished.ts';

export interface TextOptions {
  /** Decided by the caller: a terminal, and neither NO_COLOR nor --no-color. */
  readonly color: boolean;
  /** What stale approvals were given for, where it is known. */
  readonly approved?: Approved;
}

/** A pass for people: what happens to whom, why, by which line of which file, and what it costs. Ends with a line break. */
export function renderText(report: PassReport, { color, approved = new Map() }: TextOptions): string {
  const paint = createPaint(color);
  const blocks = report.refused === null ? passBlocks(report, approved, paint) : [renderRefusal(report.refused, paint)];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

function passBlocks(report: PassReport, approved: Approved, paint: Paint): string[][] {
  const outside = changedOutside(report, paint);
  return [
    report.estimate ? estimateNote() : [],
    ...report.customers.map((customer) => renderCustomer(customer, paint)),
    renderFleet(report, paint),
    ...(outside.length === 0 ? [] : [outsideHeading(report, paint), ...outside]),
    ...brokenBlocks(report.brokenFiles, paint),
    renderStaleApprovals(report, approved, paint),
    report.interrupted
      ? wrap('Interrupted: what was under way has ended, the rest was not started. Run again to go on.', '')
      : [],
    renderUnfinished(report, paint),
    renderTotals(report),
  ];
}

/** Before anything else, so that nobody takes what follows for what the API says. */
export function estimateNote(): string[] {
  return wrap(
    'Estimate, made offline from the files and the recorded status. A pass asks the API and may find otherwise.',
    '',
  );
}

function renderCustomer(customer: CustomerReport, paint: Paint): string[] {
  const body = [
    ...stepsAndProblems(
      customer.steps.filter(({ drift }) => !drift),
      customer.problems,
      paint,
    ),
    ...unchangedExposure(customer),
    ...(customer.approvalHash === null ? [] : approval(customer.approvalHash)),
  ];
  return body.length === 0 ? [] : [...customerHeader(customer, paint), ...body];
}

/** A refill that stays as it is, for a customer that something else happens to. */
function unchangedExposure({ steps, refillExposure }: CustomerReport): string[] {
  if (steps.length === 0 || refillExposure === null || steps.some((step) => step.refillExposure)) return [];
  return wrap(`auto-refill is on: ${exposureSentence(refillExposure)}`, '  ');
}

function customerHeader({ externalId, organizationId, phase }: CustomerReport, paint: Paint): string[] {
  const parts = [
    externalId,
    ...(organizationId === null ? [] : [organizationId]),
    ...(phase === 'Ready' ? [] : [phase]),
  ];
  const [first = '', ...more] = row(parts, 2);
  const name = printable(externalId);
  return [paint('heading', name) + first.slice(name.length), ...more];
}

function stepsAndProblems(steps: readonly StepReport[], problems: readonly Problem[], paint: Paint): string[] {
  return [
    ...steps.flatMap((step) => renderStep(step, paint)),
    ...problems.flatMap((problem) => renderProblem(problem, paint)),
  ];
}

function approval(hash: string): string[] {
  return ['  To run what is blocked here, repeat the command with --approve and', `  ${hash}`];
}

function renderFleet({ fleet }: PassReport, paint: Paint): string[] {
  const body = [
    ...stepsAndProblems(
      fleet.steps.filter(({ drift }) => !drift),
      fleet.problems,
      paint,
    ),
    ...(fleet.approvalHash === null ? [] : approval(fleet.approvalHash)),
  ];
  return body.length === 0 ? [] : [paint('heading', 'The fleet'), ...body];
}

function outsideHeading({ command }: PassReport, paint: Paint): string[] {
  return [
    paint('heading', 'Changed outside of the files'),
    `  Somebody did this elsewhere; it ${command === 'plan' ? 'is' : 'was'} set back to what the files say.`,
  ];
}

/** Steps that undo what somebody did elsewhere: apart and short, so that they never bury what a review is about. */
function changedOutside(report: PassReport, paint: Paint): string[][] {
  const owners = [
    ...report.customers.map(({ externalId, steps }) => ({ name: printable(externalId), steps })),
    { name: 'The fleet', steps: report.fleet.steps },
  ];
  return owners.flatMap(({ name, steps }) => {
    const drifted = steps.filter(({ drift }) => drift);
    if (drifted.length === 0) return [];
    // The heading is the reason of every change; a suspension has one of its own.
    const lines = drifted.flatMap((step) => renderStep(step, paint, step.action !== 'change'));
    return [[paint('heading', name), ...lines]];
  });
}

function brokenBlocks(files: readonly BrokenFile[], paint: Paint): string[][] {
  if (files.length === 0) return [];
  return [
    [
      paint('heading', 'Files that cannot be used'),
      ...wrap('Their customers are frozen: nothing is done for them.', '  '),
    ],
    ...files.map(({ problems }) => renderSourceProblems(problems)),
  ];
}

import { type Approved, approvalDifference } from '../../core/approval-difference.ts';
import { printable } from '../../core/declaration/yaml/printable.ts';
import { FLEET } from '../../core/guard.ts';
import type { StepIdentity } from '../../core/plan-hash.ts';
import type { PassReport } from '../../core/report.ts';
import { renderFields } from './fields.ts';
import type { Page } from './page.ts';
import type { Tone } from './palette.ts';
import { stepName } from './step.ts';

/** The plan moved on since somebody reviewed it: what they approved is not what would run, and this is the difference. */
export function renderStaleApprovals(report: PassReport, approved: Approved, page: Page): string[] {
  if (report.staleApprovals.length === 0) return [];
  return [
    `${page.paint('trouble', 'error')}  StaleApproval`,
    ...page.wrap('These approvals fit neither this plan nor the blocked steps of any customer:', '  '),
    ...report.staleApprovals.flatMap((hash) => [
      `  ${printable(hash)}`,
      ...difference(approved.get(hash), report, page),
    ]),
    ...page.wrap('Next: review the plan above, which may have changed since, and approve its hash.', '  '),
  ];
}

function difference(steps: readonly StepIdentity[] | undefined, report: PassReport, page: Page): string[] {
  if (steps === undefined) return page.wrap('what it was given for is not known in this workspace', '    ');
  const { gone, come } = approvalDifference(steps, report);
  return [
    ...gone.flatMap((step) => side('-', 'remove', step, page)),
    ...come.flatMap((step) => side('+', 'add', step, page)),
    ...page.wrap(legend(gone.length > 0, come.length > 0), '    '),
  ];
}

function legend(someGone: boolean, someCome: boolean): string {
  if (someGone && someCome) return '(- was approved, + is planned now)';
  return someGone ? '(- was approved, and is not planned any more)' : '(+ is planned now as well)';
}

function side(sign: '-' | '+', tone: Tone, step: StepIdentity, page: Page): string[] {
  const owner = step.customer === FLEET ? 'the fleet' : step.customer;
  const [first = '', ...more] = page.wrap(`${owner}: ${stepName(step)}`, `    ${sign} `, 6);
  return [`    ${page.paint(tone, sign)}${first.slice(5)}`, ...more, ...renderFields(step.before, step.after, 8, page)];
}

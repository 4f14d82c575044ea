import { formatCredits } from '../../core/money.ts';
import type { PassReport } from '../../core/report.ts';
import { counted } from './layout.ts';
import type { Page } from './page.ts';
import { allSteps, type Summary, summarize } from './summary.ts';

/** The last lines: what it comes to, the parent's wallet, and the hash that names this plan. */
export function renderTotals(report: PassReport, page: Page): string[] {
  const summary = summarize(report);
  if (allSteps(report).length === 0) return page.wrap(`${nothingToDo(report, summary)}.`, '');
  const touched = customersTouched(report, summary);
  const work = worked(report.command, summary);
  const became = progress(report.command, summary);
  // Of an apply that only moved credits, what became of the steps says it all.
  const lines = work === null ? [[touched, became]] : [[touched, work], [became]];
  return [
    ...lines.flatMap((parts) => sentence(parts, page)),
    ...(recorded(report) === 0 ? [] : page.wrap(`${recordedNote(report)}.`, '')),
    ...exposure(summary, page),
    ...(summary.creditsBack === 0
      ? []
      : page.wrap(
          `about ${counted(summary.creditsBack, 'credit')} ${report.command === 'plan' ? 'come' : 'came'} back by archives`,
          '',
        )),
    ...wallet(report, summary, page),
    ...(report.planHash === null ? [] : [`plan ${report.planHash}`]),
  ];
}

/** While a payment is in doubt nobody knows what the wallet holds, only between which amounts it lies. */
function wallet(
  { parentWallet: { before, after } }: PassReport,
  { creditsInDoubt, paymentsInDoubt }: Summary,
  page: Page,
): string[] {
  if (before === null || after === null) return [];
  if (creditsInDoubt === 0) return [`parent wallet ${formatCredits(before)} → ${formatCredits(after)}`];
  const range = `between ${formatCredits(after - creditsInDoubt)} and ${formatCredits(after)}`;
  return page.wrap(
    `parent wallet ${formatCredits(before)} → ${range}, ${counted(paymentsInDoubt, 'payment')} in doubt`,
    '',
    2,
  );
}

/** What may leave the parent wallet without any further declaration. */
function exposure({ refillExposure: { customers, creditsPerMonth, unbounded } }: Summary, page: Page): string[] {
  const bounded = customers - unbounded;
  const parts = [
    ...(bounded === 0
      ? []
      : [`at most ${counted(creditsPerMonth, 'credit')} a month to ${counted(bounded, 'customer')}`]),
    ...(unbounded === 0 ? [] : [`without an upper bound to ${counted(unbounded, 'customer')}`]),
  ];
  return parts.length === 0 ? [] : page.wrap(`refill exposure: ${parts.join(', ')}`, '');
}

function nothingToDo(report: PassReport, summary: Summary): string {
  const customers = counted(summary.customers, 'customer');
  const stalled = report.customers.filter(({ phase }) => phase === 'Stalled').length;
  const held = report.customers.filter(({ phase }) => phase === 'Held').length;
  const parts = [
    ...(stalled === 0 ? [] : [`${formatCredits(stalled)} ${stalled === 1 ? 'needs' : 'need'} a person`]),
    ...(held === 0 ? [] : [`${formatCredits(held)} ${held === 1 ? 'waits' : 'wait'}`]),
    ...(report.brokenFiles.length === 0 ? [] : [`${counted(report.brokenFiles.length, 'file')} cannot be used`]),
  ];
  if (parts.length > 0) return `${customers}, no steps: ${parts.join(', ')}`;
  return `${customers}, nothing to do${recorded(report) === 0 ? '' : ` (${formatCredits(recorded(report))} by recorded status; --full reads everything)`}`;
}

/** Customers whose keys and ledger were not read because the recorded status covers their declaration (design 3). */
function recorded(report: PassReport): number {
  if (report.estimate) return 0;
  return report.customers.filter((customer) => !customer.readInFull && customer.steps.length === 0).length;
}

function recordedNote(report: PassReport): string {
  return `Keys and ledgers of ${counted(recorded(report), 'customer')} were not read; --full reads them`;
}

function customersTouched({ fleet }: PassReport, { touched, customers }: Summary): string {
  const share = `${formatCredits(touched)} of ${counted(customers, 'customer')}`;
  return fleet.steps.length === 0 ? share : `${share} and the fleet`;
}

type Counted = 'create' | 'change' | 'adopt' | 'removed' | 'archive' | 'mint' | 'rotate' | 'revoke';

const verbs: readonly (readonly [Counted, planned: string, done: string])[] = [
  ['create', 'to create', 'created'],
  ['change', 'to change', 'changed'],
  ['adopt', 'to adopt', 'adopted'],
  ['removed', 'to remove', 'removed'],
  ['archive', 'to archive', 'archived'],
  ['mint', 'to mint', 'minted'],
  ['rotate', 'to rotate', 'rotated'],
  ['revoke', 'to revoke', 'revoked'],
];

const keyActions: ReadonlySet<Counted> = new Set(['mint', 'rotate', 'revoke']);

/** How far it reaches: what is made and changed, the keys that die of it, the credits that leave. */
function worked(command: PassReport['command'], summary: Summary): string | null {
  const isPlan = command === 'plan';
  const counts = { ...summary, removed: summary.remove - summary.archive };
  const parts = verbs
    .filter(([name]) => counts[name] > 0)
    .map(([name, planned, done]) => {
      const count = keyActions.has(name) ? counted(counts[name], 'key') : formatCredits(counts[name]);
      return `${count} ${isPlan ? planned : done}`;
    });
  const keys = summary.keysEnding;
  // Of a revocation it goes without saying.
  const dying = keys <= summary.revoke ? [] : [`${counted(keys, 'key')} ${keys === 1 ? 'stops' : 'stop'} working`];
  // What an apply moved stands with what became of its steps.
  const money = isPlan && summary.creditsOut > 0 ? [`${counted(summary.creditsOut, 'credit')} out`] : [];
  const all = [...parts, ...dying, ...money];
  if (all.length > 0) return all.join(', ');
  return isPlan ? 'nothing moves' : null;
}

/** What became of the steps, and of an apply always what it moved, also when that is nothing. */
function progress(command: PassReport['command'], summary: Summary): string | null {
  const { done, failed, inDoubt, notStarted, blocked } = summary;
  const isApply = command === 'apply';
  const parts = [
    ...(isApply ? [`${counted(done, 'step')} done`] : []),
    ...(failed > 0 ? [`${formatCredits(failed)} failed`] : []),
    ...(inDoubt > 0 ? [`${formatCredits(inDoubt)} in doubt`] : []),
    ...(notStarted > 0 ? [`${formatCredits(notStarted)} not started`] : []),
    ...(blocked > 0 ? [isApply ? `${formatCredits(blocked)} blocked` : `${counted(blocked, 'step')} blocked`] : []),
  ];
  if (parts.length === 0) return null;
  return `${parts.join(', ')}${isApply ? `; ${moved(summary)}` : ''}`;
}

function sentence(parts: readonly (string | null)[], page: Page): string[] {
  const said = parts.filter((part) => part !== null);
  return said.length === 0 ? [] : page.wrap(`${said.join(': ')}.`, '');
}

function moved({ creditsOut, creditsInDoubt }: Summary): string {
  const moves = creditsOut === 0 ? 'no credits moved' : `${counted(creditsOut, 'credit')} moved`;
  return creditsInDoubt === 0 ? moves : `${moves}, ${formatCredits(creditsInDoubt)} in doubt`;
}

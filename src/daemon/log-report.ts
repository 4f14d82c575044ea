import type { Logger } from 'pino';
import type { PassReport } from '../core/report.ts';
import { placeText } from '../core/source.ts';

/** One line per decision: static messages, data in fields (design 8). */
export function logReport(log: Logger, report: PassReport): void {
  const { refused } = report;
  if (refused) {
    const { code, message, next, requestId } = refused;
    log.error({ code, why: message, next, requestId }, 'pass refused');
    for (const { code: problem, message: why, ...at } of refused.problems)
      log.error({ place: placeText(at), code: problem, why }, 'declaration cannot be used');
    return;
  }
  for (const { problems } of report.brokenFiles)
    for (const { code, message, ...at } of problems)
      log.error({ place: placeText(at), code, why: message }, 'declaration cannot be used');
  for (const { code, severity, message, next, at, requestId } of [
    ...report.fleet.problems.map((problem) => ({ ...problem, customer: null })),
    ...report.customers.flatMap(({ externalId, problems }) =>
      problems.map((one) => ({ ...one, customer: externalId })),
    ),
  ])
    log[severity === 'error' ? 'error' : 'warn'](
      { code, severity, why: message, next, place: placeText(at), requestId },
      'problem',
    );
  const phases: Record<string, number> = {};
  for (const { phase } of report.customers) phases[phase] = (phases[phase] ?? 0) + 1;
  const steps = [...report.fleet.steps, ...report.customers.flatMap(({ steps: own }) => own)];
  const done = steps.filter(({ outcome }) => outcome === 'done').length;
  log.info({ phases, stepsDone: done, stepsLeft: steps.length - done, requests: report.requests }, 'pass ended');
}

import type { Logger } from 'pino';
import type { Problem } from '../core/problem.ts';
import type { CustomerReport, Refusal, StepReport } from '../core/report.ts';
import { type BrokenFile, placeText } from '../core/source.ts';
import { isSettled } from '../core/status.ts';
import { type DaemonEvent, type Item, type ItemEnded, type Observer, WEBHOOKS } from './observer.ts';

/**
 * One line for each decision, and none for what is as it was: static messages, data in fields (design 8). What lasts is
 * said when it begins and when it ends, never in between; visits that change nothing are for `debug`.
 */
export function logEvents(log: Logger): Observer {
  const said = createSaid();
  const phases = new Map<Item, string>();
  const met = new Set<Item>();
  const blocked = new Set<Item>();

  function logBroken({ file, problems }: BrokenFile): void {
    for (const problem of problems) {
      // Somebody is writing it at this moment; it is looked at again by itself.
      const level = problem.code === 'FileChanging' ? 'debug' : 'error';
      log[level](
        { file, place: placeText(problem), code: problem.code, why: problem.message, next: problem.hint },
        'declaration cannot be used; its customer is frozen',
      );
    }
  }

  function logProblems(item: Item, problems: readonly Problem[]): void {
    const customer = nameOf(item);
    const { begun, ended } = said.compare(item, problems, ({ code, message }) => `${code} ${message}`);
    for (const { code, severity, message, next, at, requestId } of begun)
      log[severity === 'error' ? 'error' : 'warn'](
        { customer, code, severity, why: message, next, place: placeText(at), requestId },
        'problem',
      );
    for (const code of ended) log.info({ customer, code }, 'problem settled');
  }

  function logSteps(item: Item, steps: readonly StepReport[]): void {
    const customer = nameOf(item);
    for (const { action, resource, name, credits, outcome, detail } of steps) {
      const fields = { customer, action, resource, name, ...(credits > 0 ? { credits } : {}), detail };
      if (outcome === 'done') log.info(fields, 'step done');
      else if (outcome === 'failed') log.warn(fields, 'step failed');
      else if (outcome === 'in-doubt') log.warn(fields, 'step in doubt');
      else log.debug({ ...fields, outcome }, 'step not started');
    }
  }

  /** Guards are asked while there is something to judge; when nothing is left, they hold nothing back. */
  function noteBlocked(item: Item, steps: readonly StepReport[]): void {
    if (steps.some(({ outcome }) => outcome === 'blocked')) blocked.add(item);
    else if (blocked.delete(item) && blocked.size === 0) logProblems(GUARDS, []);
  }

  function logCustomer({ externalId, steps, problems, phase, approvalHash }: CustomerReport): void {
    logSteps(externalId, steps);
    logProblems(externalId, problems);
    noteBlocked(externalId, steps);
    const state = `${phase} ${approvalHash ?? ''}`;
    if (phases.get(externalId) === state) return;
    phases.set(externalId, state);
    // After a restart a fleet at rest is no news, and would be a line for each customer.
    const isNews = met.has(externalId) || steps.length > 0 || !isSettled(phase);
    met.add(externalId);
    const approval = approvalHash === null ? {} : { blockedBy: guardsOf(steps), approval: approvalHash };
    log[isNews ? 'info' : 'debug']({ customer: externalId, phase, ...approval }, 'customer is in another phase');
  }

  function logItem({ item, result, tookMs, retryAfterMs, failures, visit }: ItemEnded): void {
    log.debug({ customer: nameOf(item), result, tookMs: Math.round(tookMs), retryAfterMs, failures }, 'visit ended');
    if (visit?.kind === 'customer') logCustomer(visit.report);
    if (visit?.kind !== 'webhooks') return;
    logSteps(item, visit.steps);
    logProblems(item, visit.problems);
    noteBlocked(item, visit.steps);
    const { approvalHash: approval } = visit;
    if (approval !== null && approval !== phases.get(item))
      log.info({ blockedBy: guardsOf(visit.steps), approval }, 'webhooks wait for an approval');
    phases.set(item, approval ?? '');
  }

  /** What keeps everybody waiting, said when it begins and when it ends. */
  function logRefusal(about: string, refusal: Refusal | null, say: RefusalWords): void {
    const { begun, ended } = said.compare(about, refusal ? [refusal] : [], (one) => `${one.code} ${one.message}`);
    for (const { code, message: why, next, requestId, problems } of begun) {
      const isBrief = problems.length > 0 && problems.every((problem) => problem.code === 'FileChanging');
      const level = isBrief || TOLD_BY_CIRCUIT.has(code) ? 'debug' : 'error';
      say.begun(level, { code, why, next, requestId });
      for (const problem of problems)
        log[level](
          { place: placeText(problem), code: problem.code, why: problem.message, next: problem.hint },
          'declaration cannot be used',
        );
    }
    if (ended.length > 0 && !refusal) say.ended();
  }

  const frozen: RefusalWords = {
    begun: (level, fields) => log[level](fields, 'nothing is written until the declarations can be used'),
    ended: () => log.info('the declarations can be used again'),
  };
  const unreachable: RefusalWords = {
    begun: (level, fields) => log[level](fields, 'nobody can be visited until this is settled'),
    ended: () => log.info('customers are visited again'),
  };
  let isFirstLook = true;

  return (event: DaemonEvent): void => {
    switch (event.kind) {
      case 'declarations-loaded':
        logRefusal('declarations', null, frozen);
        for (const file of event.broken) logBroken(file);
        for (const file of event.mended) log.info({ file }, 'declaration can be used again');
        if (isFirstLook) log.info({ customers: event.customers, unusable: event.unusable.length }, 'declarations read');
        else for (const customer of event.changed) log.info({ customer }, 'declaration changed');
        isFirstLook = false;
        for (const customer of event.gone) phases.delete(customer);
        for (const customer of withoutUnusable(event))
          log.warn({ customer }, 'no file declares the customer any more; it is left alone');
        break;
      case 'declarations-failed':
        logRefusal('declarations', event.refusal, frozen);
        break;
      case 'view-refreshed':
        logRefusal('view', null, unreachable);
        logProblems(ORPHANS, event.orphans);
        log.debug({ organizations: event.organizations }, 'organizations listed');
        break;
      case 'view-failed':
        logRefusal('view', event.refusal, unreachable);
        break;
      case 'guards-judged':
        logProblems(GUARDS, event.problems);
        break;
      case 'item-ended':
        logItem(event);
        break;
      case 'defect':
        log.error({ err: event.error, where: event.where }, 'a defect in reconcile; please report it');
        break;
      case 'resync-ended':
        log.info({ ...event.summary, tookMs: Math.round(event.summary.tookMs) }, 'resync ended');
        break;
      case 'status-published':
        logProblems(PUBLISHING, event.problem ? [event.problem] : []);
        break;
      case 'leadership':
        // Whoever elects tells it in their own words, with the names of who leads; who is alone has nothing to tell.
        log.debug({ state: event.state }, 'leadership');
        break;
      case 'stopping':
        log.info({ waitsFor: event.waitsFor.map(nameOf), graceMs: event.graceMs }, 'daemon stops');
        break;
      case 'stopped':
        if (event.abandoned.length > 0)
          log.warn({ left: event.abandoned.map(nameOf) }, 'visits were left in doubt; the next start settles them');
        log.info('daemon stopped');
        break;
      case 'item-queued':
      case 'item-started':
        break;
    }
  };
}

/** An API that is away has a line of its own at either end, from who found it out (effects/layers/circuit.ts). */
const TOLD_BY_CIRCUIT: ReadonlySet<string> = new Set(['UNREACHABLE', 'SWITCHED_OFF']);

// Beside customers, whose identities begin with a letter or a digit.
const ORPHANS = ' orphans';
const GUARDS = ' guards';
const PUBLISHING = ' status';

/** Of whom there is no file at all: one that cannot be used has been told. */
function withoutUnusable({
  gone,
  unusable,
}: DaemonEvent & { readonly kind: 'declarations-loaded' }): readonly string[] {
  const claimed = new Set(unusable.map(({ externalId }) => externalId));
  return gone.filter((externalId) => !claimed.has(externalId));
}

function guardsOf(steps: readonly StepReport[]): string[] {
  const guards = steps.flatMap(({ blockedBy, outcome }) => (outcome === 'blocked' && blockedBy ? [blockedBy] : []));
  return [...new Set(guards)];
}

interface RefusalWords {
  readonly begun: (level: 'debug' | 'error', fields: object) => void;
  readonly ended: () => void;
}

/** Null for what concerns the whole fleet. */
function nameOf(item: Item): string | null {
  return item === WEBHOOKS || item.startsWith(' ') ? null : item;
}

/** Remembers what was said last of each subject, by a key for each thing and the code that names it. */
function createSaid() {
  const last = new Map<string, ReadonlyMap<string, string>>();
  return {
    compare<T extends { readonly code: string }>(subject: string, now: readonly T[], keyOf: (one: T) => string) {
      const before = last.get(subject) ?? new Map<string, string>();
      const current = new Map(now.map((one) => [keyOf(one), one.code]));
      if (current.size > 0) last.set(subject, current);
      else last.delete(subject);
      return {
        begun: now.filter((one) => !before.has(keyOf(one))),
        ended: [...before].flatMap(([key, code]) => (current.has(key) ? [] : [code])),
      };
    },
  };
}

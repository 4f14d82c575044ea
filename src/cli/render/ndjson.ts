import type { Approved } from '../../core/approval-difference.ts';
import type { Step } from '../../core/plan.ts';
import type { Problem } from '../../core/problem.ts';
import type { PassReport, StepOutcome } from '../../core/report.ts';
import type { ProgressEvent } from '../../engine/progress.ts';
import type { EventLine } from './event-schema.ts';
import {
  customerDocument,
  differenceDocument,
  jsonText,
  problemDocument,
  refusalDocument,
  sourceProblemDocument,
  stepDocument,
  summaryDocument,
} from './json.ts';
import { FORMAT_VERSION } from './output-schema.ts';
import { isBlocked } from './step.ts';

/** A pass as lines of JSON, each written when it happens. */
export interface EventStream {
  readonly onProgress: (event: ProgressEvent) => void;
  /** The plan, before the first step begins. */
  readonly onPlan: (plan: PassReport) => void;
  readonly end: (report: PassReport, exitCode: number, approved?: Approved) => void;
}

export interface EventStreamOptions {
  readonly write: (text: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly version: string;
}

type Untimed<T> = T extends unknown ? Omit<T, 'time'> : never;
type Emit = (line: Untimed<EventLine>) => void;

/** Writes the first line at once. */
export function createEventStream({ write, now, version }: EventStreamOptions): EventStream {
  const emit: Emit = ({ type, ...rest }) =>
    write(`${jsonText({ type, time: new Date(now()).toISOString(), ...rest })}\n`);
  const ended = new Set<string>();
  let isPlanSaid = false;
  const sayPlan = (plan: PassReport) => {
    if (isPlanSaid) return;
    isPlanSaid = true;
    emitPlan(plan, emit);
  };
  const sayEnd = (customer: string | null, step: Step, outcome: StepOutcome) => {
    ended.add(identityOf(customer, step));
    emitEnd(customer, step, outcome, emit);
  };
  emit({ type: 'version', tool: 'reconcile', version, formatVersion: FORMAT_VERSION });
  return {
    onProgress(event) {
      if (event.kind === 'planning') emit({ type: 'planning', customers: event.customers });
      else if (event.kind === 'step-started') emit({ type: 'apply_start', ...brief(event.customer, event.step) });
      else if (event.kind === 'step-ended') sayEnd(event.customer, event.step, event.outcome);
      else if (event.kind === 'waiting')
        emit({ type: 'apply_progress', externalId: event.customer, why: event.why, waitMs: Math.ceil(event.ms) });
    },
    onPlan: sayPlan,
    end(report, exitCode, approved = new Map()) {
      if (report.refused === null) {
        sayPlan(report);
        // An interrupted pass has steps that nobody ever began.
        if (report.command === 'apply') {
          for (const { externalId, steps } of partsOf(report)) {
            for (const step of steps) {
              if (!ended.has(identityOf(externalId, step))) emitEnd(externalId, step, step.outcome, emit);
            }
          }
        }
        emitOutcome(report, emit);
        for (const hash of report.staleApprovals) {
          emit({ type: 'stale_approval', ...differenceDocument(hash, report, approved) });
        }
      }
      emitEndOfStream(report, exitCode, emit);
    },
  };
}

function emitPlan(plan: PassReport, emit: Emit): void {
  for (const { externalId, steps, approvalHash } of partsOf(plan)) {
    for (const step of steps) {
      emit({ type: step.drift ? 'drift' : 'planned_change', externalId, step: stepDocument(step) });
    }
    const blocked = steps.filter(isBlocked);
    if (approvalHash === null) continue;
    const guards = [...new Set(blocked.flatMap(({ blockedBy }) => blockedBy ?? []))];
    emit({ type: 'guard', externalId, guards, steps: blocked.length, approvalHash });
  }
  // The report of an apply that nobody was asked about first has its summary at the end.
  if (plan.command === 'plan') emitSummary(plan, emit);
}

function emitOutcome(report: PassReport, emit: Emit): void {
  for (const { externalId, problems } of partsOf(report)) {
    for (const problem of problems) emit({ type: 'diagnostic', externalId, problem: problemDocument(problem) });
  }
  for (const { externalId, problems } of report.brokenFiles) {
    for (const problem of problems) emit({ type: 'diagnostic', externalId, problem: sourceProblemDocument(problem) });
  }
  for (const one of report.customers) {
    const { file, organizationId, phase, credits } = customerDocument(one);
    emit({ type: 'customer', externalId: one.externalId, file, organizationId, phase, credits });
  }
  if (report.command === 'apply') emitSummary(report, emit);
}

function emitSummary(report: PassReport, emit: Emit): void {
  const { command, estimate, planHash, parentWallet } = report;
  emit({
    type: 'change_summary',
    command,
    estimate,
    planHash,
    parentWallet: { ...parentWallet },
    summary: summaryDocument(report),
  });
}

function emitEndOfStream(report: PassReport, exitCode: number, emit: Emit): void {
  const { refused, interrupted, staleApprovals, requests } = report;
  emit({
    type: 'end',
    exitCode,
    interrupted,
    refused: refused && refusalDocument(refused),
    staleApprovals: [...staleApprovals],
    requests: { ...requests },
  });
}

function emitEnd(customer: string | null, step: Step, outcome: StepOutcome, emit: Emit): void {
  if (outcome === 'done') emit({ type: 'apply_complete', ...brief(customer, step) });
  else if (outcome !== 'planned') emit({ type: 'apply_errored', ...brief(customer, step), outcome });
}

function brief(externalId: string | null, { action, resource, name, credits }: Step) {
  return { externalId, action, resource, name, credits };
}

function identityOf(externalId: string | null, { action, resource, name }: Step): string {
  return JSON.stringify([externalId, action, resource, name]);
}

interface Part {
  readonly externalId: string | null;
  readonly steps: PassReport['fleet']['steps'];
  readonly problems: readonly Problem[];
  readonly approvalHash: string | null;
}

/** The fleet, then its customers: the order in which they are worked on. */
function partsOf({ fleet, customers }: PassReport): readonly Part[] {
  return [{ externalId: null, ...fleet }, ...customers];
}

import { type Approved, approvalDifference } from '../../core/approval-difference.ts';
import type { Json } from '../../core/canonical.ts';
import { FLEET } from '../../core/guard.ts';
import type { Fields, RefillExposure } from '../../core/plan.ts';
import type { StepIdentity } from '../../core/plan-hash.ts';
import type { Problem } from '../../core/problem.ts';
import type { CustomerReport, PassReport, Refusal, StepReport } from '../../core/report.ts';
import type { BrokenFile, SourceProblem } from '../../core/source.ts';
import {
  type ApprovalDifferenceDocument,
  type CustomerDocument,
  FORMAT_VERSION,
  type OutputDocument,
  type PassDocument,
  type ProblemDocument,
  type RefusalDocument,
  type StepDocument,
} from './output-schema.ts';
import { summarize } from './summary.ts';

/** A pass as the one JSON document of `--output json`. Ends with a line break. */
export function renderJson(report: PassReport, approved: Approved = new Map()): string {
  return renderDocument(passDocument(report, approved));
}

/** Any document as text. */
export function renderDocument(document: OutputDocument): string {
  return `${jsonText(document, 2)}\n`;
}

/** JSON whose strings can neither move a cursor nor be taken for an old command by a runner of GitHub (`##[`). */
export function jsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  return text
    .replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g, unicodeEscape)
    .replaceAll('##[', `##${unicodeEscape('[')}`);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function passDocument(report: PassReport, approved: Approved): PassDocument {
  const { refused, fleet } = report;
  return {
    formatVersion: FORMAT_VERSION,
    command: report.command,
    estimate: report.estimate,
    planHash: report.planHash,
    parentWallet: { ...report.parentWallet },
    requests: { ...report.requests },
    refused: refused && refusalDocument(refused),
    staleApprovals: [...report.staleApprovals],
    approvalDifferences: report.staleApprovals.map((hash) => differenceDocument(hash, report, approved)),
    interrupted: report.interrupted,
    fleet: {
      steps: fleet.steps.map(stepDocument),
      problems: fleet.problems.map(problemDocument),
      approvalHash: fleet.approvalHash,
    },
    summary: summaryDocument(report),
    customers: [...report.customers.map(customerDocument), ...report.brokenFiles.map(brokenDocument)],
  };
}

/** What an approval was given for, against what is planned now. */
export function differenceDocument(hash: string, report: PassReport, approved: Approved): ApprovalDifferenceDocument {
  const steps = approved.get(hash);
  if (steps === undefined) return { hash, known: false, gone: [], come: [] };
  const { gone, come } = approvalDifference(steps, report);
  return { hash, known: true, gone: gone.map(workDocument), come: come.map(workDocument) };
}

function workDocument({ customer, before, after, ...step }: StepIdentity): ApprovalDifferenceDocument['gone'][number] {
  return {
    externalId: customer === FLEET ? null : customer,
    ...step,
    before: before && mutable(before),
    after: after && mutable(after),
  };
}

export function summaryDocument(report: PassReport): PassDocument['summary'] {
  const { touched: _touched, paymentsInDoubt: _payments, ...summary } = summarize(report);
  return summary;
}

export function refusalDocument(refusal: Refusal): NonNullable<RefusalDocument> {
  return { ...refusal, problems: refusal.problems.map(sourceProblemDocument) };
}

export function customerDocument(customer: CustomerReport): CustomerDocument {
  return {
    ...customer,
    steps: customer.steps.map(stepDocument),
    problems: customer.problems.map(problemDocument),
    credits: { ...customer.credits },
    refillExposure: exposureDocument(customer.refillExposure),
  };
}

/** A file that cannot be used freezes its customer, which needs a person. */
function brokenDocument({ file, externalId, problems }: BrokenFile): CustomerDocument {
  return {
    externalId,
    file,
    organizationId: null,
    phase: 'Stalled',
    steps: [],
    problems: problems.map(sourceProblemDocument),
    approvalHash: null,
    credits: null,
    refillExposure: null,
    readInFull: false,
  };
}

export function stepDocument({ at, ...step }: StepReport): StepDocument {
  const { action, resource, name, reason, before, after, credits, drift, blockedBy, outcome, detail } = step;
  const { ends, refillExposure } = step;
  return {
    action,
    resource,
    name,
    reason,
    ...at,
    before: before && mutable(before),
    after: after && mutable(after),
    credits,
    ends: ends && { ...ends },
    refillExposure: exposureDocument(refillExposure),
    drift,
    blockedBy,
    outcome,
    detail,
  };
}

function exposureDocument(exposure: RefillExposure | null): CustomerDocument['refillExposure'] {
  return exposure && { ...exposure };
}

export function problemDocument({ code, severity, message, next, at, requestId }: Problem): ProblemDocument {
  return { code, severity, message, next, ...at, requestId, frame: null };
}

/** A problem of a file always needs a person. */
export function sourceProblemDocument(problem: SourceProblem): ProblemDocument {
  const { code, message, hint, frame, file, line, column, path } = problem;
  return {
    code,
    severity: 'error',
    message,
    next: hint ?? null,
    file,
    line,
    column,
    ...(path === undefined ? {} : { path }),
    requestId: null,
    frame: frame ?? null,
  };
}

type StepFields = NonNullable<StepDocument['before']>;

/** zod's JSON type has no readonly lists, so the values are copied. */
function mutable(fields: Fields): StepFields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, copy(value)]));
}

function copy(value: Json): StepFields[string] {
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, copy(inner)]));
}

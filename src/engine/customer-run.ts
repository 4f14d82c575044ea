import type { OrganizationWithSummary } from '../core/api.ts';
import type { Notices } from '../core/notice.ts';
import type { Problem } from '../core/problem.ts';
import type { StepOutcome } from '../core/report.ts';
import type { SourcedCustomer } from '../core/source.ts';
import type { CustomerStatus, KeyStatus } from '../core/status.ts';
import type { SecretSlot } from '../effects/secrets/store.ts';
import type { Pass } from './context.ts';

/** One customer on its way through one pass: what is known so far, filled in by the steps as they are carried out. */
export interface CustomerRun {
  readonly pass: Pass;
  readonly customer: SourcedCustomer;
  readonly notices: Notices;
  readonly status: CustomerStatus | null;
  organizationId: string | null;
  /** False until an organization that is to be adopted carries the mark: no status names it before (I11). */
  isOurs: boolean;
  /** The server's `createdAt` of the organization. */
  organizationCreatedAt: string | null;
  /** Credits granted by hand before an adoption: the base of slot 0. */
  baseline: number;
  /** What an adoption says was granted by hand; null for an organization that this tool made. */
  readonly adopted: number | null;
  /** A ledger was seen to show what senders write, so that a row which shows nothing cannot be ours (P2). */
  readonly annotationsSeen: boolean;
  /** The last read of the organization; null when there was none, or when a write has passed since. */
  organization: OrganizationWithSummary | null;
  /** What the ledger proves; null when it was not read in this pass. */
  credits: { slots: number; granted: number } | null;
  /** True when no grant is outstanding: only then may a refill be switched on (I10). */
  creditsSettled: boolean;
  /** Keys whose secret was seen to be stored, by name. */
  readonly keys: Map<string, KeyStatus>;
  /** Set when nothing more may be written for this customer. */
  frozen: boolean;
}

/** What a step came to. `problem` says why it is not done, or what is wrong although it is. */
export interface StepResult {
  readonly outcome: Exclude<StepOutcome, 'planned' | 'blocked'>;
  readonly detail: string | null;
  readonly problem: Problem | null;
}

export function done(detail: string | null = null, problem: Problem | null = null): StepResult {
  return { outcome: 'done', detail, problem };
}

/** A failed step; `in-doubt` when its problem says so (exit 8). */
export function failed(problem: Problem): StepResult {
  return { outcome: problem.severity === 'doubt' ? 'in-doubt' : 'failed', detail: null, problem };
}

export function notStarted(detail: string, problem: Problem | null = null): StepResult {
  return { outcome: 'not-started', detail, problem };
}

/** Correctness A1: the declaration as it is on disk now, immediately before money or keys move (I1'). */
export async function declarationChanged(run: CustomerRun): Promise<StepResult | null> {
  const { source } = run.pass.effects;
  if ((await source.reread(run.customer, run.pass.workspace)) === 'same') return null;
  return changedDuringRun(run.notices);
}

/** The same for what reconcile.yaml declares itself: its webhooks, and whether everything is frozen (I8). */
export async function workspaceChanged({ effects, workspace }: Pass, notices: Notices): Promise<StepResult | null> {
  const now = await effects.source.loadWorkspace();
  return now.ok && now.workspace.hash === workspace.hash ? null : changedDuringRun(notices);
}

function changedDuringRun(notices: Notices): StepResult {
  return notStarted(
    'the file changed during the run',
    notices.problem(
      '',
      'held',
      'DeclarationChanged',
      'The file changed after it was planned, so nothing more was done from the old plan.',
      {
        next: 'The next pass plans it again.',
      },
    ),
  );
}

export function keySlot(run: CustomerRun, name: string): SecretSlot {
  const { parentOrganizationId } = run.pass;
  return { parentOrganizationId, kind: 'api-key', externalId: run.customer.declaration.externalId, name };
}

/** The organization a step works on. Steps are only started when it exists; anything else is a bug. */
export function organizationIdOf(run: CustomerRun): string {
  if (run.organizationId === null) throw new Error('a step was started before its organization existed');
  return run.organizationId;
}

import type { RefillExposure, Step } from './plan.ts';
import type { Problem } from './problem.ts';
import type { BrokenFile, SourceProblem } from './source.ts';

/** What became of a planned step. `planned` is all a dry run ever says. */
export type StepOutcome = 'planned' | 'done' | 'failed' | 'in-doubt' | 'blocked' | 'not-started';

export interface StepReport extends Step {
  readonly outcome: StepOutcome;
  /** For people: why it failed or was not started, or what was made (an id, a place); null when there is nothing to add. */
  readonly detail: string | null;
}

/** See design 5: Held waits by itself, Stalled needs a person. */
export type Phase = 'Ready' | 'Progressing' | 'Held' | 'Stalled' | 'Suspended' | 'Archived';

export interface CustomerReport {
  readonly externalId: string;
  readonly file: string;
  readonly organizationId: string | null;
  readonly phase: Phase;
  readonly steps: readonly StepReport[];
  readonly problems: readonly Problem[];
  /** `sha256:…` over the customer's blocked steps; null when none is blocked. */
  readonly approvalHash: string | null;
  /** `credits` as declared, and as found on the ledger (null: not known). */
  readonly credits: { readonly declared: number; readonly granted: number | null };
  /** With the steps that run; null while no refill is on, or where the limits were not read. */
  readonly refillExposure: RefillExposure | null;
  /** True when keys and ledger were read in this pass, false when the recorded status stood in for them. */
  readonly readInFull: boolean;
}

/** One pass over the fleet, as printed in every output format. */
export interface PassReport {
  /** `plan`: a dry run; `apply`: steps were carried out. */
  readonly command: 'plan' | 'apply';
  /** True when the API was not asked: from the files and the recorded status alone. */
  readonly estimate: boolean;
  readonly customers: readonly CustomerReport[];
  /** Files that could not be used; their customers are frozen, the others go on. */
  readonly brokenFiles: readonly BrokenFile[];
  /** Webhooks and `reconcile.yaml`. */
  readonly fleet: {
    readonly steps: readonly StepReport[];
    readonly problems: readonly Problem[];
    /** Over the blocked steps of webhooks; null when none is blocked. */
    readonly approvalHash: string | null;
  };
  /** Over what is left to do, wording and order left out; null when nothing is planned. */
  readonly planHash: string | null;
  /** The parent's prepaid balance; null when it was not read because no money moves. */
  readonly parentWallet: { readonly before: number | null; readonly after: number | null };
  readonly requests: { readonly read: number; readonly write: number };
  /** Set when the pass could not begin; then nothing was written. */
  readonly refused: Refusal | null;
  /** Approvals given for this run that fit neither the plan nor the blocked steps of any customer (exit 6). */
  readonly staleApprovals: readonly string[];
  /** True when a signal cut the pass short. */
  readonly interrupted: boolean;
}

/** The report of a pass in which nothing was looked at yet, or nothing could be, but for what is given. */
export function reportWith(fields: Partial<PassReport> & Pick<PassReport, 'command'>): PassReport {
  return {
    estimate: false,
    customers: [],
    brokenFiles: [],
    fleet: { steps: [], problems: [], approvalHash: null },
    planHash: null,
    parentWallet: { before: null, after: null },
    requests: { read: 0, write: 0 },
    refused: null,
    staleApprovals: [],
    interrupted: false,
    ...fields,
  };
}

/**
 * Why a pass could not begin. `cannot-run`: not bound, wrong parent, API unreachable (exit 1). `invalid-input`: no file
 * is valid, or reconcile.yaml is not (exit 3); `problems` then says where.
 */
export interface Refusal {
  readonly kind: 'cannot-run' | 'invalid-input';
  /** Stable, CamelCase. */
  readonly code: string;
  readonly message: string;
  readonly next: string | null;
  readonly requestId: string | null;
  readonly problems: readonly SourceProblem[];
}

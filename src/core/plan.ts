import type { Json } from './canonical.ts';
import type { Problem } from './problem.ts';
import type { SourceLocation } from './source.ts';

/**
 * A plan is data: no functions, no clock, no ids that do not exist yet. It is printed, hashed, refused, and carried out
 * without further choices of meaning.
 */
export const stepActions = [
  'create', // an organization or a webhook endpoint
  'change', // fields of something that exists
  'grant', // credits from the parent wallet: real money
  'mint', // an API key, whose secret is shown once
  'rotate',
  'revoke',
  'adopt',
  'suspend',
  'resume',
  'archive',
  'remove',
] as const;

export type StepAction = (typeof stepActions)[number];

export const resourceKinds = ['organization', 'credits', 'credit-config', 'api-key', 'webhook'] as const;

export type ResourceKind = (typeof resourceKinds)[number];

/** Declared fields and amounts, as people write them in their files (`cap`, `refill`, `scopes`…). */
export type Fields = Readonly<Record<string, Json>>;

/**
 * What ends with a step, as it stood when the plan was made: people decide by it, the step does not. It moves with every
 * use of the customer, so that no hash covers it and the parent wallet of a plan does not count it.
 */
export interface Ending {
  /** Keys that stop working; null when they were not listed. */
  readonly keys: number | null;
  /** When they stop: 0 with the step itself, 24 at the end of the overlap with the key that replaces them. */
  readonly afterHours: number;
  /** The latest use of any of them; null when none was ever used. */
  readonly lastUsedAt: string | null;
  /** Credits that about come back to the parent wallet. */
  readonly creditsBack: number;
  /** Credits that running work still holds and that are lost with the step. */
  readonly creditsLost: number;
}

/** The most that auto-refill can take from the parent wallet in one billing period. */
export interface RefillExposure {
  /** null: there is no upper bound, because there is no cap. */
  readonly creditsPerMonth: number | null;
}

export interface Step {
  readonly action: StepAction;
  readonly resource: ResourceKind;
  /** The name of the key or of the webhook; null where there is one of the kind per customer. */
  readonly name: string | null;
  /** Why this step is planned, one sentence without the position. */
  readonly reason: string;
  /** The declaration that asks for it. */
  readonly at: SourceLocation;
  /** Only the fields that differ; null before a creation. */
  readonly before: Fields | null;
  readonly after: Fields | null;
  /** Credits that this step moves out of the parent wallet; 0 for all but money. */
  readonly credits: number;
  /** Of an archive and of a revocation; null for steps that end nothing. */
  readonly ends: Ending | null;
  /** On the last step that changes a customer's limits: with all of them in place, if a refill is then on. */
  readonly refillExposure: RefillExposure | null;
  /** True when the world was changed outside of us, not the declaration. */
  readonly drift: boolean;
  /** The guard that forbids the step until somebody approves; null when it may run. */
  readonly blockedBy: string | null;
}

/** What one pass is going to do for one customer. */
export interface CustomerPlan {
  readonly externalId: string;
  readonly file: string;
  readonly organizationId: string | null;
  /** In the order in which they will run. */
  readonly steps: readonly Step[];
  readonly problems: readonly Problem[];
}

import type { Json } from '../canonical.ts';
import { blockerName } from '../guard.ts';
import { formatCredits } from '../money.ts';
import type { CustomerPlan, ResourceKind, Step, StepAction } from '../plan.ts';
import type { Observation } from '../plan-customer.ts';
import type { Problem } from '../problem.ts';
import type { Phase } from '../report.ts';
import { locate, type SourcedCustomer, type SourceLocation } from '../source.ts';
import { type CustomerStatus, endOf } from '../status.ts';
import { type Knowledge, knowledgeOf, type SecretPlace } from './knowledge.ts';
import { type LastWrite, lastWriteOf } from './last-write.ts';
import { isStepOf, type Subject, subjectOf, subjectsOf } from './subjects.ts';

/**
 * - `done`: as declared.
 * - `next`: the next pass does it.
 * - `waiting`: ends or goes on by itself.
 * - `blocked`: a guard holds it until somebody approves.
 * - `in-doubt`: it was sent, and nothing shows yet what became of it.
 * - `stuck`: needs a person.
 * - `unknown`: could not be looked at.
 */
export type ExplainedState = 'done' | 'next' | 'waiting' | 'blocked' | 'in-doubt' | 'stuck' | 'unknown';

export interface ExplainedStep {
  readonly resource: ResourceKind;
  readonly name: string | null;
  readonly state: ExplainedState;
  readonly known: string;
  readonly unknown: string | null;
  /** RFC 3339; null when nobody noted it. */
  readonly since: string | null;
  /** What happens by itself. */
  readonly next: string;
  /** What a person does to settle it; null when there is nothing to settle. */
  readonly settledBy: string | null;
  readonly at: SourceLocation;
}

export interface Explanation {
  readonly externalId: string;
  readonly file: string;
  readonly organizationId: string | null;
  readonly phase: Phase;
  readonly steps: readonly ExplainedStep[];
  /** True and worth saying beside the steps. */
  readonly warnings: readonly Problem[];
}

export interface ExplainFacts {
  readonly customer: SourcedCustomer;
  /** What a pass would do now, guards included. */
  readonly plan: CustomerPlan;
  readonly phase: Phase;
  /** What approves the blocked steps; null when none is blocked. */
  readonly approvalHash: string | null;
  readonly observation: Observation | null;
  readonly status: CustomerStatus | null;
  readonly journal: readonly Readonly<Record<string, Json>>[];
  readonly placeOf: SecretPlace;
}

/** Tells of everything that a customer's file asks for how it stands, from what was just read. Decides nothing. */
export function explainCustomer(facts: ExplainFacts): Explanation {
  const { customer, plan, phase } = facts;
  const subjects = subjectsOf(customer);
  const troubles = plan.problems.filter(({ severity }) => severity !== 'warning');
  return {
    externalId: plan.externalId,
    file: plan.file,
    organizationId: plan.organizationId,
    phase,
    steps: subjects.map((subject) => {
      const own = troubles.filter((problem) => subjectOf(problem, customer, subjects) === subject);
      return explainSubject(subject, facts, own, troubles);
    }),
    warnings: plan.problems.filter(({ severity }) => severity === 'warning'),
  };
}

type Account = Pick<ExplainedStep, 'state' | 'next' | 'settledBy'> &
  Partial<Pick<ExplainedStep, 'known' | 'unknown' | 'since'>>;

function explainSubject(
  subject: Subject,
  facts: ExplainFacts,
  own: readonly Problem[],
  all: readonly Problem[],
): ExplainedStep {
  const { customer, observation, plan } = facts;
  const steps = plan.steps.filter((step) => isStepOf(subject, step));
  const write = lastWriteOf(facts.journal, plan.externalId, subject);
  const knowledge = observation
    ? knowledgeOf(subject, customer, observation, facts.placeOf)
    : unread(subject, steps.length > 0, all);
  const account = accountOf(facts, steps, own, write) ?? settled(observation !== null, all);
  const since = account.since ?? knowledge.since ?? (account.state === 'done' ? answeredAt(write) : null);
  const unknown = account.unknown ?? knowledge.unknown;
  return {
    resource: subject.resource,
    name: subject.name,
    state: account.state,
    known: account.known ?? knowledge.known,
    unknown,
    since: since === null ? null : inUtc(since),
    next: account.next,
    settledBy: account.settledBy,
    at: locate(customer, subject.pointer),
  };
}

function accountOf(
  facts: ExplainFacts,
  steps: readonly Step[],
  own: readonly Problem[],
  write: LastWrite | null,
): Account | null {
  const problem = own.find(({ severity }) => severity === 'error') ?? own[0];
  if (problem) return troubled(problem, facts.status);
  const [step] = steps;
  if (!step) return null;
  const command = `reconcile ${facts.plan.externalId}`;
  const [blocker] = steps.flatMap(({ blockedBy }) => blockedBy ?? []);
  if (blocker)
    return {
      state: 'blocked',
      next: `Nothing: ${blockerName(blocker)} holds it back until somebody approves.`,
      settledBy: facts.approvalHash === null ? null : `${command} --approve ${facts.approvalHash}`,
    };
  if (write && (write.outcome === 'unanswered' || write.outcome === 'in-doubt'))
    return {
      state: 'in-doubt',
      unknown: `What became of the request that was sent then${write.requestId === null ? '' : ` (${write.requestId})`}: nothing that was read shows it.`,
      since: write.at,
      next: 'The next pass reads again and, if nothing shows, sends the same request again. It cannot happen twice.',
      settledBy: command,
    };
  return { state: 'next', next: `The next pass ${steps.map(doing).join(' and ')}.`, settledBy: command };
}

function troubled(problem: Problem, status: CustomerStatus | null): Account {
  const conditions = status?.conditions ?? [];
  // Its own, if it has one: Ready may have been False for something else long before.
  const condition =
    conditions.find(({ type }) => type === problem.code) ?? conditions.find(({ reason }) => reason === problem.code);
  const since = condition?.lastTransitionTime ?? null;
  const said = { known: problem.message, since };
  switch (problem.severity) {
    case 'error':
      return { ...said, state: 'stuck', next: 'Nothing by itself.', settledBy: problem.next };
    case 'doubt':
      return { ...said, state: 'in-doubt', next: problem.next ?? 'The next pass reads again.', settledBy: null };
    case 'held':
    case 'waiting':
    case 'warning':
      return {
        ...said,
        state: 'waiting',
        next: [problem.next ?? 'It goes on by itself.', ...(since === null ? [] : endOf(problem, since))].join(' '),
        settledBy: null,
      };
  }
}

function settled(wasRead: boolean, all: readonly Problem[]): Account {
  if (wasRead) return { state: 'done', next: 'Nothing: it is as declared.', settledBy: null };
  const [cause] = all;
  if (!cause) return { state: 'done', next: 'Nothing: none is wanted.', settledBy: null };
  const next = cause.severity === 'error' ? 'Nothing until that is settled.' : 'The next pass looks again.';
  return { state: 'unknown', next, settledBy: null };
}

/** Without an organization there is nothing to read; with a frozen one, nothing was read. */
function unread({ resource }: Subject, isPlanned: boolean, all: readonly Problem[]): Knowledge {
  const [cause] = all;
  if (cause && !isPlanned)
    return { known: 'Nothing is known.', unknown: `It was not read, because of ${cause.code}.`, since: null };
  const known =
    resource === 'organization' ? 'No organization carries the mark of this customer.' : 'There is none yet.';
  return { known, unknown: null, since: null };
}

const VERBS: Readonly<Record<StepAction, string>> = {
  create: 'creates it',
  change: 'changes it',
  grant: 'grants',
  mint: 'mints it',
  rotate: 'rotates it',
  revoke: 'revokes it',
  adopt: 'adopts it',
  suspend: 'suspends it',
  resume: 'resumes it',
  archive: 'archives it',
  remove: 'removes it',
};

function doing({ action, credits, reason }: Step): string {
  const what = action === 'grant' ? `grants ${formatCredits(credits)} credits` : VERBS[action];
  return `${what} (${reason})`;
}

function answeredAt(write: LastWrite | null): string | null {
  return write?.outcome === 'ok' ? write.at : null;
}

/** The API prints instants in two styles (layers-api, conventions); people get one. */
function inUtc(instant: string): string | null {
  const ms = Date.parse(instant);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

import { FLEET, guard } from '../core/guard.ts';
import type { GuardFacts } from '../core/guard-rules.ts';
import { noticesFor } from '../core/notice.ts';
import { declaredExposure, planCustomerOffline } from '../core/offline/plan-customer.ts';
import { planWebhooksOffline } from '../core/offline/plan-webhooks.ts';
import { claimedIdentities } from '../core/orphans.ts';
import type { CustomerPlan } from '../core/plan.ts';
import type { Planned } from '../core/plan-customer.ts';
import { approvalHash, planHash } from '../core/plan-hash.ts';
import type { Problem } from '../core/problem.ts';
import { type CustomerReport, type PassReport, type Refusal, reportWith, type StepReport } from '../core/report.ts';
import { NO_LIMITS } from '../core/resources/credit-config.ts';
import type { Fleet, SourcedCustomer, SourcedWorkspace } from '../core/source.ts';
import { phaseOf, readCustomerStatus, readFleetStatus, recordedParent } from '../core/status.ts';
import type { DeclarationSource } from '../effects/source/source.ts';
import type { StatusResult, StatusStore } from '../effects/status/store.ts';
import { loadDeclarations } from './prepare.ts';

export interface OfflineEffects {
  readonly source: DeclarationSource;
  readonly statuses: (workspace: SourcedWorkspace['declaration']) => StatusStore;
  /** The files before a change (the base of a pull request); null when there are none at hand. */
  readonly base: DeclarationSource | null;
  /** What is recorded, as the base has it: a change under review does not say what is recorded about it. */
  readonly baseStatuses: (workspace: SourcedWorkspace['declaration']) => StatusStore;
  readonly hash: (text: string) => string;
}

export interface OfflineOptions {
  readonly customers: readonly string[];
  readonly approved: readonly string[];
  /** False for the sandbox: what passes against it recorded names its own parent. */
  readonly bindingRequired: boolean;
}

/** Plans from files and recorded status alone: no API, no lock, nothing written. An estimate. */
export async function planOffline(effects: OfflineEffects, options: OfflineOptions): Promise<PassReport> {
  const loaded = await loadDeclarations(effects.source);
  if (!loaded.ok) return estimate({ refused: loaded.refusal });
  const { workspace, fleet } = loaded;
  if (options.bindingRequired && workspace.declaration.parentOrganizationId === undefined)
    return estimate({ refused: notBound() });
  const base = effects.base ? await loadDeclarations(effects.base, true) : null;
  if (base && !base.ok) return estimate({ refused: unusableBase(base.refusal) });
  const evidence: Evidence = {
    parentOrganizationId: options.bindingRequired ? (workspace.declaration.parentOrganizationId ?? null) : null,
    base: base && { workspace: base.workspace, fleet: base.fleet },
    statuses: base ? effects.baseStatuses(base.workspace.declaration) : effects.statuses(workspace.declaration),
  };
  const isSelected = (externalId: string) => options.customers.length === 0 || options.customers.includes(externalId);
  const planned = await Promise.all(
    fleet.customers.map((customer) => planOne(customer, claimedIdentities(fleet), evidence)),
  );
  const webhooks = await planWebhooks(workspace, evidence);
  // Whoever proposes a change does not choose what it is judged by (correctness 4.6).
  const judge = evidence.base?.workspace ?? workspace;
  const facts: GuardFacts = {
    parentPrepaid: null,
    grantedToday: 0,
    limitsOf: () => NO_LIMITS,
    approved: options.approved,
    isSelected,
  };
  const plans = planned.map(({ plan }) => plan);
  const guarded = guard(plans, webhooks.steps, judge.declaration.guards, facts, effects.hash, noticesFor(judge));
  const selected = guarded.plans.filter(({ externalId }) => isSelected(externalId));
  const fleetPlan = { externalId: FLEET, steps: guarded.webhookSteps };
  return estimate({
    customers: selected.flatMap((plan) => {
      const own = planned.find(({ customer }) => customer.declaration.externalId === plan.externalId);
      return own ? [customerReport(own, plan, effects.hash)] : [];
    }),
    brokenFiles: fleet.broken,
    fleet: {
      steps: guarded.webhookSteps.map(asPlanned),
      problems: [...webhooks.problems, ...guarded.problems, ...unjudged(judge, plans), ...disappeared(fleet, evidence)],
      approvalHash: approvalHash(fleetPlan, effects.hash),
    },
    planHash: planHash([...selected, fleetPlan], effects.hash),
    staleApprovals: guarded.staleApprovals,
  });
}

/** What is known without the API. */
interface Evidence {
  /** null: whatever a recorded status names. */
  readonly parentOrganizationId: string | null;
  readonly base: { readonly workspace: SourcedWorkspace; readonly fleet: Fleet } | null;
  readonly statuses: StatusStore;
}

interface PlannedOffline {
  readonly customer: SourcedCustomer;
  readonly planned: Planned;
  readonly plan: CustomerPlan;
}

async function planOne(
  customer: SourcedCustomer,
  claimed: ReadonlySet<string>,
  { parentOrganizationId, base, statuses }: Evidence,
): Promise<PlannedOffline> {
  const { externalId } = customer.declaration;
  const notices = noticesFor(customer);
  const earlier = base?.fleet.customers.find(({ declaration }) => declaration.externalId === externalId) ?? null;
  const isNewFile = base !== null && earlier === null;
  const inFile = isNewFile && (base.workspace.declaration.status.store ?? 'inline') === 'inline';
  const raw: StatusResult<unknown> = inFile
    ? { ok: true, value: null }
    : await statuses.read({ externalId, file: (earlier ?? customer).file });
  const planned = raw.ok
    ? planCustomerOffline(
        customer,
        readCustomerStatus(raw.value, externalId, parentOrganizationId ?? recordedParent(raw.value), claimed),
        earlier,
        notices,
      )
    : { steps: [], problems: [unreadable(raw.message, notices)], granted: null };
  const { steps, problems } = planned;
  const organizationId = raw.ok ? recordedOrganization(raw.value) : null;
  return { customer, planned, plan: { externalId, file: customer.file, organizationId, steps, problems } };
}

function recordedOrganization(raw: unknown): string | null {
  if (typeof raw !== 'object' || raw === null || !('organizationId' in raw)) return null;
  return typeof raw.organizationId === 'string' ? raw.organizationId : null;
}

function unreadable(message: string, notices: ReturnType<typeof noticesFor>): Problem {
  const text = `The recorded status cannot be read: ${message}`;
  return notices.problem('/status', 'error', 'StatusUnreadable', text);
}

async function planWebhooks(workspace: SourcedWorkspace, { parentOrganizationId, base, statuses }: Evidence) {
  const notices = noticesFor(workspace);
  const raw = await statuses.read({ externalId: null, file: (base?.workspace ?? workspace).file });
  if (!raw.ok) return { steps: [], problems: [unreadable(raw.message, notices)] };
  const read = readFleetStatus(raw.value, parentOrganizationId ?? recordedParent(raw.value));
  const recorded = read.kind === 'usable' ? read.status.webhooks : [];
  const earlier = base?.workspace.declaration.webhooks ?? [];
  const steps = planWebhooksOffline(workspace.declaration.webhooks, recorded, earlier, notices);
  const isUnknown = base === null && recorded.length > 0;
  const message = 'Whether the webhooks that exist are as declared is not known offline.';
  const problems = isUnknown ? [notices.problem('/webhooks', 'warning', 'NotKnownOffline', message)] : [];
  return { steps, problems };
}

/** Guards that need the wallet or the day's ledger. */
function unjudged(workspace: SourcedWorkspace, plans: readonly CustomerPlan[]): Problem[] {
  const { minParentBalance, maxGrantPerDay } = workspace.declaration.guards;
  if (!plans.some(({ steps }) => steps.some(({ credits }) => credits > 0))) return [];
  const notices = noticesFor(workspace);
  const say = (name: string, message: string) =>
    notices.problem(`/guards/${name}`, 'warning', 'NotKnownOffline', message);
  return [
    ...(minParentBalance === undefined
      ? []
      : [say('minParentBalance', 'The parent wallet was not read, so minParentBalance is judged only by a pass.')]),
    ...(maxGrantPerDay === undefined
      ? []
      : [
          say('maxGrantPerDay', 'What was granted today was not read: maxGrantPerDay is judged as if it were nothing.'),
        ]),
  ];
}

/** Files that the base has and the change has not: absence is never an instruction. */
function disappeared(fleet: Fleet, { base }: Evidence): Problem[] {
  const claimed = claimedIdentities(fleet);
  if (base === null || fleet.broken.some(({ externalId }) => externalId === null)) return [];
  return base.fleet.customers
    .filter(({ declaration }) => !claimed.has(declaration.externalId))
    .map((gone) =>
      noticesFor(gone).problem(
        '',
        'warning',
        'Orphaned',
        `No file declares ${gone.declaration.externalId} any more. Its organization is left alone.`,
        { next: 'To offboard the customer, keep the file and set `state: archived`.' },
      ),
    );
}

function customerReport(
  { customer, planned }: PlannedOffline,
  plan: CustomerPlan,
  hash: OfflineEffects['hash'],
): CustomerReport {
  const { declaration } = customer;
  const blocked = plan.steps.some(({ blockedBy }) => blockedBy !== null);
  const unfinished = plan.steps.length > 0;
  return {
    externalId: plan.externalId,
    file: plan.file,
    organizationId: plan.organizationId,
    phase: phaseOf(declaration.state, { problems: plan.problems, blocked, unfinished }),
    steps: plan.steps.map(asPlanned),
    problems: plan.problems,
    approvalHash: approvalHash(plan, hash),
    credits: { declared: declaration.credits, granted: planned.granted },
    refillExposure: declaredExposure(declaration),
    readInFull: false,
  };
}

function asPlanned(step: CustomerPlan['steps'][number]): StepReport {
  return { ...step, outcome: step.blockedBy ? 'blocked' : 'planned', detail: null };
}

function notBound(): Refusal {
  return {
    kind: 'cannot-run',
    code: 'NotBound',
    message:
      'This workspace is not bound to a parent organization yet, so nothing that is recorded can be told to be its own.',
    next: 'Run `reconcile init` where there is an API key, and commit reconcile.yaml.',
    requestId: null,
    problems: [],
  };
}

function unusableBase(refusal: Refusal): Refusal {
  return { ...refusal, message: `The files given with --base cannot be used: ${refusal.message}` };
}

function estimate(fields: Partial<PassReport>): PassReport {
  return reportWith({ command: 'plan', estimate: true, ...fields });
}

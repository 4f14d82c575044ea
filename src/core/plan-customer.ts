import type { ApiKey, LedgerEvent, OrganizationWithSummary } from './api.ts';
import type { KeyDeclaration } from './declaration/customer.ts';
import type { LedgerView } from './ledger.ts';
import { organizationMark, readOrganizationMarker } from './marker.ts';
import type { Notices } from './notice.ts';
import type { Step } from './plan.ts';
import type { Problem } from './problem.ts';
import { adoptionMetadata, planAdoption } from './resources/adoption.ts';
import { decideKey } from './resources/api-key.ts';
import { type KeyDecision, recordedKey, type StoredKey, type StoredKeyRecord } from './resources/api-key-facts.ts';
import { planKey, scopePointer, undeclaredKeys } from './resources/api-key-plan.ts';
import { NO_LIMITS, planCreditConfig } from './resources/credit-config.ts';
import { creditWarnings, decideGrant, planGrant, recordedGrants } from './resources/credits.ts';
import { metadataFull } from './resources/metadata-limit.ts';
import { planCreation, planFields } from './resources/organization.ts';
import { ARCHIVE_WAITING, planState, type StateFacts } from './resources/state.ts';
import { scopesNotHeld } from './scopes.ts';
import type { SourcedCustomer } from './source.ts';
import type { CustomerStatus } from './status.ts';

/** What was read about a customer whose organization exists. What was not read is null. */
export interface Observation {
  readonly organization: OrganizationWithSummary;
  readonly ledger: {
    readonly view: LedgerView;
    readonly annotationsSeen: boolean;
    readonly stillRemembered: boolean;
    readonly events: readonly LedgerEvent[];
  } | null;
  readonly keys: { readonly listed: readonly ApiKey[]; readonly serverNowMs: number } | null;
  /** What the secret store holds, by key name. */
  readonly stored: ReadonlyMap<string, StoredKey>;
  /** Whose secret it keeps beside that, until that key is dead; empty when keys were not listed. */
  readonly previous: ReadonlyMap<string, StoredKeyRecord>;
  readonly status: CustomerStatus | null;
  /** The recorded status covers the declaration: what differs now was changed outside of it. */
  readonly settled: boolean;
  /** The organization was made by hand and is about to be taken over. */
  readonly adopting: boolean;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** What whoami says the parent's key holds; empty when it says nothing. */
  readonly parentScopes: readonly string[];
}

export interface Planned {
  readonly steps: readonly Step[];
  readonly problems: readonly Problem[];
  /** Credits granted so far; null when that could not be told. */
  readonly granted: number | null;
}

/** A customer without an organization: everything is to be made, in the order of design 3. */
export function planNewCustomer(customer: SourcedCustomer, parentScopes: readonly string[], notices: Notices): Planned {
  const { credits, keys } = customer.declaration;
  const grant = { kind: 'grant', slot: 0, base: 0, delta: credits, cum: credits } as const;
  const limits = { settled: false, refillMayMove: true, available: credits };
  const reason = 'no key of this name was ever minted';
  const mint = { kind: 'mint', ordinal: 0, replaces: null, retires: null, reason } as const;
  const forbidden: Problem[] = [];
  const mints = keys.flatMap((key, index) => {
    if (key.state !== 'active') return [];
    const problem = scopeProblem(key, keyPointer(index), parentScopes, notices);
    if (problem) forbidden.push(problem);
    return problem ? [] : planKey(key, keyPointer(index), mint, notices);
  });
  return {
    steps: [
      planCreation(customer, notices),
      ...(credits > 0 ? [planGrant(customer, grant, notices)] : []),
      ...planCreditConfig(customer, NO_LIMITS, limits, notices),
      ...mints,
    ],
    problems: forbidden,
    granted: 0,
  };
}

/** A customer whose organization exists: only what differs from the declaration. */
export function planExistingCustomer(customer: SourcedCustomer, observed: Observation, notices: Notices): Planned {
  const { organization, settled } = observed;
  const state = planState(customer, organization, stateFacts(observed), notices);
  // A suspended customer is frozen: only its state is reconciled (design 3).
  if (state.frozen) return { ...state, granted: grantedSoFar(observed) };
  const unmarkable = observed.adopting
    ? metadataFull(organization, adoptionMetadata(customer), '/adopt', notices)
    : null;
  if (unmarkable) return { steps: [], problems: [unmarkable], granted: null };
  const adoption = observed.adopting ? [planAdoption(customer, organization, notices)] : [];
  const fields = planFields(customer, organization, settled, notices);
  const credits = planCredits(customer, observed, notices);
  const summary = organization.summary;
  const limits = planCreditConfig(
    customer,
    summary.creditConfig,
    {
      settled,
      refillMayMove: credits.refillMayMove,
      available: summary.available + (credits.step?.credits ?? 0),
    },
    notices,
  );
  const keys = planKeys(customer, observed, notices);
  return {
    steps: [
      ...adoption,
      ...state.steps,
      ...(fields.step ? [fields.step] : []),
      ...(credits.step ? [credits.step] : []),
      ...limits,
      ...keys.steps,
    ],
    problems: [...(fields.problem ? [fields.problem] : []), ...credits.problems, ...keys.problems],
    granted: credits.granted,
  };
}

function stateFacts({ keys, status, settled, nowMs }: Observation): StateFacts {
  const waiting = status?.conditions.find(({ type }) => type === ARCHIVE_WAITING);
  return {
    keys: keys?.listed ?? null,
    settled,
    waitingSinceMs: waiting ? Date.parse(waiting.lastTransitionTime) : null,
    nowMs,
  };
}

function grantedSoFar({ ledger, status }: Observation): number | null {
  if (ledger?.view.state === 'intact') return ledger.view.granted;
  return status?.credits?.granted ?? null;
}

interface PlannedCredits {
  readonly step: Step | null;
  readonly problems: readonly Problem[];
  readonly granted: number | null;
  readonly refillMayMove: boolean;
}

function planCredits(customer: SourcedCustomer, observed: Observation, notices: Notices): PlannedCredits {
  const { ledger, organization, status } = observed;
  if (!ledger) {
    const granted = status?.credits?.granted ?? null;
    return { step: null, problems: creditWarnings(customer, granted, notices), granted, refillMayMove: true };
  }
  const recorded = recordedGrants(status, organization.id);
  const { annotationsSeen, stillRemembered } = ledger;
  const decision = decideGrant(
    customer,
    { ledger: ledger.view, recorded, parent: null, annotationsSeen, stillRemembered },
    notices,
  );
  const granted = ledger.view.state === 'intact' ? ledger.view.granted : null;
  const warnings = [
    ...creditWarnings(customer, granted, notices),
    ...foreignCredits(ledger.view, baselineOf(customer, organization), notices),
  ];
  if (decision.kind === 'refused')
    return { step: null, problems: [decision.problem, ...warnings], granted, refillMayMove: false };
  const step = decision.kind === 'grant' ? planGrant(customer, decision, notices) : null;
  return { step, problems: warnings, granted, refillMayMove: true };
}

/** Refills and transfers by hand: shown, never counted. */
function foreignCredits(ledger: LedgerView, baseline: number, notices: Notices): Problem[] {
  const foreign = ledger.state === 'intact' ? ledger.foreign : null;
  if (!foreign || foreign.credits <= baseline) return [];
  return [
    notices.problem(
      '/credits',
      'warning',
      'ForeignCredits',
      'Credits came in that this tool did not grant (auto-refill, or transfers by hand). They are not counted.',
    ),
  ];
}

function planKeys(
  customer: SourcedCustomer,
  observed: Observation,
  notices: Notices,
): { steps: Step[]; problems: Problem[] } {
  const { keys, organization, status, stored, previous } = observed;
  const steps: Step[] = [];
  const problems: Problem[] = [];
  if (!keys) return { steps, problems };
  for (const [index, declared] of customer.declaration.keys.entries()) {
    const pointer = keyPointer(index);
    const decision = decideKey(
      declared,
      pointer,
      {
        listed: keys.listed,
        serverNowMs: keys.serverNowMs,
        recorded: recordedKey(status, organization.id, declared.name),
        stored: stored.get(declared.name) ?? { kind: 'empty' },
        previous: previous.get(declared.name) ?? null,
      },
      notices,
    );
    const forbidden = makesKey(decision) ? scopeProblem(declared, pointer, observed.parentScopes, notices) : null;
    if (forbidden) problems.push(forbidden);
    const allowed = forbidden ? withoutNewKey(decision) : decision;
    if (allowed) steps.push(...planKey(declared, pointer, allowed, notices));
    if (decision.kind === 'refused') problems.push(decision.problem);
  }
  problems.push(...undeclaredKeys(customer, keys.listed, notices));
  return { steps, problems };
}

function makesKey(decision: KeyDecision): boolean {
  if (decision.kind === 'revoke') return decision.successor !== null;
  return decision.kind === 'mint' || decision.kind === 'rotate';
}

function withoutNewKey(decision: KeyDecision): KeyDecision | null {
  return decision.kind === 'revoke' ? { ...decision, successor: null } : null;
}

/** A key can be given only what the parent's key holds (organizations/api-keys/mint): said before any call. */
function scopeProblem(
  declared: KeyDeclaration,
  pointer: string,
  parentScopes: readonly string[],
  notices: Notices,
): Problem | null {
  const missing = scopesNotHeld(declared.scopes, parentScopes);
  const [first] = missing;
  if (first === undefined) return null;
  return notices.problem(
    scopePointer(declared, pointer, first),
    'error',
    'ScopeNotHeld',
    `The parent's API key does not hold ${missing.join(', ')}, so key "${declared.name}" cannot be given it.`,
    { next: 'Remove the scope, or use a parent key that holds it.' },
  );
}

export function keyPointer(index: number): string {
  return `/keys/${index}`;
}

/** The credits that count as granted before slot 0: those of an adoption, as marked or as about to be. */
export function baselineOf(customer: SourcedCustomer, organization: Pick<OrganizationWithSummary, 'metadata'>): number {
  return readOrganizationMarker(organization)?.baseline ?? customer.declaration.adopt?.grantedCredits ?? 0;
}

/** What an adoption says was granted by hand, done or about to be; null for an organization that this tool made. */
export function adoptedCredits(
  customer: SourcedCustomer,
  organization: Pick<OrganizationWithSummary, 'metadata'>,
): number | null {
  const marker = readOrganizationMarker(organization);
  if (!marker) return customer.declaration.adopt?.grantedCredits ?? null;
  return organization.metadata[organizationMark.baseline] === undefined ? null : marker.baseline;
}

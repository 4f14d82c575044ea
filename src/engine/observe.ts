import type { Ok } from '../core/answer.ts';
import type { LedgerEvent, OrganizationWithSummary } from '../core/api.ts';
import type { Inventory } from '../core/inventory.ts';
import { isAllByHand, isStillRemembered, readChildLedger, showsAnnotations } from '../core/ledger.ts';
import { type Notices, noticesFor } from '../core/notice.ts';
import {
  adoptedCredits,
  baselineOf,
  type Observation,
  type Planned,
  planExistingCustomer,
  planNewCustomer,
} from '../core/plan-customer.ts';
import type { Problem } from '../core/problem.ts';
import { vetoOnAdoption } from '../core/resources/adoption.ts';
import type { StoredKey, StoredKeyRecord } from '../core/resources/api-key-facts.ts';
import type { Identification } from '../core/resources/identification.ts';
import { vetoOnOrganization } from '../core/resources/organization.ts';
import { vetoOnListedState } from '../core/resources/state.ts';
import type { SourcedCustomer } from '../core/source.ts';
import { type CustomerStatus, covers, type ReadStatus, readCustomerStatus } from '../core/status.ts';
import type { LayersReader } from '../effects/layers/client.ts';
import type { Pass } from './context.ts';
import { problemOf } from './failure.ts';
import { identify } from './identify.ts';
import { previousKey, storedKey } from './key-memory.ts';
import { readApiKeys, readChildAllocations } from './reads.ts';

/** One customer as a pass found it, with what is planned for it. */
export interface ObservedCustomer {
  readonly customer: SourcedCustomer;
  readonly notices: Notices;
  /** The usable recorded status; null when there is none. */
  readonly status: CustomerStatus | null;
  /** What is recorded could not be read, or names another customer: it is left as it is until somebody settles it (I7). */
  readonly statusIsEvidence: boolean;
  readonly identification: Identification;
  /** Null for a customer without an organization, or one that was not read. */
  readonly observation: Observation | null;
  readonly planned: Planned;
  /** True when the recorded status stood in for a read of keys and ledger. */
  readonly covered: boolean;
  /** On the monotonic clock, before the first read. */
  readonly observedAtMs: number;
}

export interface ObserveOptions {
  readonly inventory: Inventory;
  readonly claimed: ReadonlySet<string>;
  /** Read keys and ledger even where the recorded status covers the declaration. */
  readonly full: boolean;
  /** False for customers that are only counted by guards: one that is covered is then not read at all. */
  readonly selected: boolean;
}

/** Observes and plans one customer: the reads of design 3, then the pure planner. Writes nothing. */
export async function observeCustomer(
  pass: Pass,
  customer: SourcedCustomer,
  options: ObserveOptions,
): Promise<ObservedCustomer> {
  const observedAtMs = pass.effects.clock.monotonic();
  const notices = noticesFor(customer);
  const { externalId } = customer.declaration;
  const recorded = await pass.effects.statuses.read({ externalId, file: customer.file });
  const read: ReadStatus<CustomerStatus> = recorded.ok
    ? readCustomerStatus(recorded.value, externalId, pass.parentOrganizationId, options.claimed)
    : { kind: 'none' };
  const warnings: Problem[] = [];
  if (read.kind === 'ignored') warnings.push(notices.problem('/status', 'warning', 'StatusIgnored', read.why));
  const status = read.kind === 'usable' ? read.status : null;
  const identification = await identify(pass, customer, read, options, notices);
  const statusIsEvidence = !recorded.ok || read.kind === 'foreign';
  const base = {
    customer,
    notices,
    status,
    statusIsEvidence,
    identification,
    observation: null,
    covered: false,
    observedAtMs,
  };
  const unread = (problems: readonly Problem[]): ObservedCustomer => ({
    ...base,
    planned: { steps: [], problems: [...problems, ...warnings], granted: status?.credits?.granted ?? null },
  });

  // A status that cannot be read might veto something; without it nothing is decided (I9).
  if (!recorded.ok)
    return unread([
      notices.problem(
        '/status',
        'error',
        'StatusUnreadable',
        `The recorded status cannot be read: ${recorded.message}`,
      ),
    ]);
  switch (identification.kind) {
    case 'frozen':
      return unread([identification.problem]);
    case 'none-wanted':
      return unread([]);
    case 'absent': {
      const planned = planNewCustomer(customer, pass.parentScopes, notices);
      return { ...base, planned: { ...planned, problems: [...planned.problems, ...warnings] } };
    }
    case 'existing':
    case 'adoptable':
      break;
  }
  const organizationId = identification.organization.id;
  const settled = covers(status, customer.hash, organizationId);
  if (settled && !options.full && !options.selected) return { ...unread([]), covered: true };
  return observeExisting(pass, base, { organizationId, settled, full: options.full, warnings });
}

interface Existing {
  readonly organizationId: string;
  /** The recorded status covers the declaration. */
  readonly settled: boolean;
  readonly full: boolean;
  readonly warnings: readonly Problem[];
}

async function observeExisting(
  pass: Pass,
  base: Omit<ObservedCustomer, 'planned'>,
  { organizationId, settled, full, warnings }: Existing,
): Promise<ObservedCustomer> {
  const { customer, notices, status } = base;
  const { reader } = pass.effects;
  const stop = (problem: Problem): ObservedCustomer => ({
    ...base,
    planned: { steps: [], problems: [problem, ...warnings], granted: status?.credits?.granted ?? null },
  });
  const answer = await reader.getOrganization(organizationId);
  if (answer.outcome !== 'ok') return stop(problemOf(answer, 'Reading the organization', '/externalId', notices));
  const organization = answer.value;
  const adopting = base.identification.kind === 'adoptable';
  const listed = 'organization' in base.identification ? base.identification.organization.status : organization.status;
  const vetoOn = adopting ? vetoOnAdoption : vetoOnOrganization;
  const veto =
    vetoOnListedState(listed, organization, notices) ??
    vetoOn(customer, organization, pass.parentOrganizationId, notices);
  if (veto) return stop(veto);

  const { externalId, keys: declaredKeys } = customer.declaration;
  const stored = await storedKeys(
    pass,
    externalId,
    declaredKeys.map(({ name }) => name),
  );
  const nowMs = answer.meta.serverTimeMs ?? pass.effects.clock.now();
  const observation: Observation = {
    organization,
    ledger: null,
    keys: null,
    stored,
    previous: new Map(),
    status,
    settled,
    adopting,
    nowMs,
    parentScopes: pass.parentScopes,
  };
  const finish = (complete: Observation): ObservedCustomer => {
    const planned = planExistingCustomer(customer, complete, notices);
    return {
      ...base,
      covered: complete.ledger === null,
      observation: complete,
      planned: { ...planned, problems: [...planned.problems, ...warnings] },
    };
  };
  if (settled && !full && storeAgrees(status, customer, stored)) {
    const byStatus = finish(observation);
    // Status may stand in for a read only where nothing is to be written: it vetoes, it never authorises (I7, I10).
    if (byStatus.planned.steps.length === 0) return byStatus;
  }

  const events = await readChildAllocations(reader, organizationId, 'complete');
  if (events.outcome !== 'ok') return stop(problemOf(events, 'Reading the ledger', '/credits', notices));
  const keys = await readApiKeys(reader, organizationId);
  if (keys.outcome !== 'ok') return stop(problemOf(keys, 'Listing the API keys', '/keys', notices));
  const serverNowMs = keys.meta.serverTimeMs ?? pass.effects.clock.now();
  return finish({
    ...observation,
    ledger: await withParentsWord(reader, ledgerReading(customer, organization, events)),
    keys: { listed: keys.value, serverNowMs },
    previous: await previousKeys(pass, customer),
  });
}

type LedgerReading = NonNullable<Observation['ledger']>;

/** What the events of a child's ledger, all of them, say to this customer. */
export function ledgerReading(
  customer: SourcedCustomer,
  organization: OrganizationWithSummary,
  { value: events, meta }: Pick<Ok<readonly LedgerEvent[]>, 'value' | 'meta'>,
): LedgerReading {
  const { externalId, incarnation } = customer.declaration;
  const owner = {
    externalId,
    incarnation,
    organizationId: organization.id,
    baseline: baselineOf(customer, organization),
  };
  const view = readChildLedger(events, owner, true);
  const annotationsSeen = showsAnnotations(events) || isAllByHand(view, adoptedCredits(customer, organization));
  return { view, annotationsSeen, stillRemembered: isStillRemembered(events, meta.serverTimeMs), events };
}

/** Before rows that might be ours stop a first grant: the parent's newest rows may show that the API returns marks (P2). */
async function withParentsWord(reader: LayersReader, reading: LedgerReading): Promise<LedgerReading> {
  const { view, annotationsSeen } = reading;
  if (view.state === 'broken' || view.slots > 0 || view.bare.length === 0 || annotationsSeen) return reading;
  const newest = await reader.parentLedger({ limit: 100, eventType: 'allocation' });
  return newest.outcome === 'ok' ? { ...reading, annotationsSeen: showsAnnotations(newest.value.items) } : reading;
}

/** What the store holds under the names of a customer's keys. */
export async function storedKeys(
  pass: Pass,
  externalId: string,
  names: readonly string[],
): Promise<Map<string, StoredKey>> {
  const stored = new Map<string, StoredKey>();
  const { parentOrganizationId } = pass;
  for (const name of names)
    stored.set(
      name,
      await storedKey(pass.effects.secrets, { parentOrganizationId, kind: 'api-key', externalId, name }),
    );
  return stored;
}

/** Read only where keys are decided about: a converged customer does without. */
async function previousKeys(pass: Pass, customer: SourcedCustomer): Promise<Map<string, StoredKeyRecord>> {
  const previous = new Map<string, StoredKeyRecord>();
  const { parentOrganizationId } = pass;
  const { externalId } = customer.declaration;
  for (const { name } of customer.declaration.keys) {
    const record = await previousKey(pass.effects.secrets, { parentOrganizationId, kind: 'api-key', externalId, name });
    if (record) previous.set(name, record);
  }
  return previous;
}

/** A store that lost what the status says it holds is looked into, not trusted (I3). */
function storeAgrees(
  status: CustomerStatus | null,
  customer: SourcedCustomer,
  stored: ReadonlyMap<string, StoredKey>,
): boolean {
  return customer.declaration.keys
    .filter(({ state }) => state === 'active')
    .every(({ name }) => {
      const place = stored.get(name);
      const recorded = status?.keys.find((key) => key.name === name);
      // An overlap that has to end with a revocation is looked at in every pass.
      if (!recorded || recorded.replaces) return false;
      return place?.kind === 'unknown' || (place?.kind === 'holds' && place.record.id === recorded.id);
    });
}

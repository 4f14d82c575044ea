import type { Answer } from '../../core/answer.ts';
import type { ApiKey, LedgerEvent, OrganizationWithSummary } from '../../core/api.ts';
import { applyDefaults } from '../../core/declaration/defaults.ts';
import { readCustomer } from '../../core/declaration/read.ts';
import { sortAllocations } from '../../core/import/allocations.ts';
import type { Candidate } from '../../core/import/candidates.ts';
import { customerText } from '../../core/import/customer-text.ts';
import type { Inventory } from '../../core/inventory.ts';
import { readChildLedger } from '../../core/ledger.ts';
import { organizationMark, readGrantMarker, readOrganizationMarker } from '../../core/marker.ts';
import { noticesFor } from '../../core/notice.ts';
import { claimedIdentities } from '../../core/orphans.ts';
import { planExistingCustomer } from '../../core/plan-customer.ts';
import { isLive, type StoredKey } from '../../core/resources/api-key-facts.ts';
import { identifyOrganization } from '../../core/resources/identification.ts';
import type { Fleet, SourcedCustomer } from '../../core/source.ts';
import type { Pass } from '../context.ts';
import { ledgerReading, storedKeys } from '../observe.ts';
import { readApiKeys, readChildAllocations } from '../reads.ts';

/** A file that may be written for an organization that exists. */
export interface Draft {
  readonly candidate: Candidate & { readonly kind: 'importable' };
  readonly text: string;
  readonly credits: number;
  /** Credits given by hand, as `adopt` says them; null where nothing is adopted. */
  readonly grantedCredits: number | null;
  /** Live keys; those whose secret is unknown stand in the file as comments. */
  readonly keys: number;
  /** What the first pass does and says of it; `adopt organization` at most, where nothing is odd. */
  readonly firstPass: readonly string[];
}

export type Refused = Candidate & { readonly kind: 'refused' };
export type Drafted = Draft | Refused;

export interface ImportWorkspace {
  readonly fleet: Fleet;
  readonly inventory: Inventory;
  readonly fileOf: (externalId: string) => string;
}

const VERIFY = 'Compare the ledgers with `reconcile ledger verify`.';

/** Reads an organization in full, and makes the file that declares it as it is. */
export async function draftCustomer(
  pass: Pass,
  workspace: ImportWorkspace,
  candidate: Candidate & { readonly kind: 'importable' },
): Promise<Drafted> {
  const { reader, clock } = pass.effects;
  const { id } = candidate.organization;
  const refused = (why: string, next: string): Refused => ({
    kind: 'refused',
    organization: candidate.organization,
    why,
    next,
  });
  const unread = (what: string, answer: Exclude<Answer<unknown>, { outcome: 'ok' }>) =>
    refused(`${what} cannot be read: ${answer.problem.message}`, 'Try again.');
  const organization = await reader.getOrganization(id);
  if (organization.outcome !== 'ok') return unread('It', organization);
  const events = await readChildAllocations(reader, id, 'complete');
  if (events.outcome !== 'ok') return unread('Its ledger', events);
  const keys = await readApiKeys(reader, id);
  if (keys.outcome !== 'ok') return unread('Its keys', keys);

  const found: Found = { organization: organization.value, events: events.value, keys: keys.value, nowMs: clock.now() };
  const owner = ownerOf(candidate, found);
  if ('why' in owner) return refused(owner.why, owner.next);
  const { incarnation, baseline } = owner;
  const { externalId } = candidate;
  const ledger = readChildLedger(found.events, { externalId, incarnation, organizationId: id, baseline }, true);
  if (ledger.state === 'broken') return refused(`Its ledger does not add up: ${ledger.why}.`, VERIFY);
  const { granted } = ledger;
  const isAdopted =
    candidate.origin === 'by-hand' || found.organization.metadata[organizationMark.baseline] !== undefined;
  const liveKeys = found.keys.filter(isLive);
  const stored = await storedKeys(
    pass,
    externalId,
    liveKeys.map(({ name }) => name),
  );
  const text = customerText({
    ...found,
    held: heldKeys(stored),
    externalId,
    incarnation,
    baseline: isAdopted ? baseline : null,
    granted,
    unmarked: sortAllocations(found.events),
    now: `${new Date(found.nowMs).toISOString().slice(0, 19)}Z`,
    defaulted: new Set(Object.keys(pass.workspace.declaration.defaults)),
  });
  return {
    candidate,
    text,
    credits: granted,
    grantedCredits: isAdopted ? baseline : null,
    keys: liveKeys.length,
    firstPass: firstPass(pass, workspace, { externalId, text, found, stored }),
  };
}

interface Found {
  readonly organization: OrganizationWithSummary;
  readonly events: readonly LedgerEvent[];
  readonly keys: readonly ApiKey[];
  readonly nowMs: number;
}

/**
 * The incarnation, and the credits that the chain of its marked grants begins at. An organization without our mark may
 * still have grants of ours, when somebody took the mark off: they are what they were, and not given by hand (I1).
 */
function ownerOf(
  { externalId, incarnation }: Candidate & { readonly kind: 'importable' },
  { organization, events }: Found,
): { readonly incarnation: number; readonly baseline: number } | { readonly why: string; readonly next: string } {
  const marker = readOrganizationMarker(organization);
  if (marker) return marker;
  for (const event of events.toReversed()) {
    const read = readGrantMarker(event);
    if (read.kind === 'malformed')
      return { why: `Its ledger holds a mark that cannot be read: ${read.why}.`, next: VERIFY };
    if (read.kind === 'unmarked') continue;
    if (read.marker.externalId !== externalId)
      return {
        why: `Its ledger holds grants to ${read.marker.externalId}, which its metadata does not name any more.`,
        next: `Set its metadata to externalId: ${read.marker.externalId}, then import it.`,
      };
    return { incarnation: read.marker.incarnation, baseline: read.marker.base };
  }
  const { byHand, unclear } = sortAllocations(events);
  return { incarnation, baseline: byHand.credits + unclear.credits };
}

function heldKeys(stored: ReadonlyMap<string, StoredKey>): ReadonlySet<string> {
  return new Set([...stored.values()].flatMap((place) => (place.kind === 'holds' ? place.record.id : [])));
}

interface Drawn {
  readonly externalId: string;
  readonly text: string;
  readonly found: Found;
  readonly stored: ReadonlyMap<string, StoredKey>;
}

/** What a pass makes of the file, by the same functions: the proof that importing it moves nothing. */
function firstPass(
  pass: Pass,
  { fleet, inventory, fileOf }: ImportWorkspace,
  { externalId, text, found, stored }: Drawn,
): string[] {
  const file = fileOf(externalId);
  const reading = readCustomer(file, text);
  if (!reading.ok) throw new Error(`the file made for ${externalId} cannot be read: ${reading.problems[0]?.message}`);
  const { declaration, origins } = applyDefaults(reading.declaration, pass.workspace);
  const { positions } = reading;
  const customer: SourcedCustomer = { declaration, origins, positions, file, hash: '', status: undefined };
  const notices = noticesFor(customer);
  const claimed = new Set([...claimedIdentities(fleet), externalId]);
  const identified = identifyOrganization(customer, inventory, { kind: 'none' }, claimed, notices);
  if (identified.kind === 'frozen') return [identified.problem.code];
  const planned = planExistingCustomer(
    customer,
    {
      organization: found.organization,
      ledger: ledgerReading(customer, found.organization, { value: found.events, meta: { serverTimeMs: found.nowMs } }),
      keys: { listed: found.keys, serverNowMs: found.nowMs },
      stored,
      previous: new Map(),
      status: null,
      settled: false,
      adopting: identified.kind === 'adoptable',
      nowMs: found.nowMs,
      parentScopes: pass.parentScopes,
    },
    notices,
  );
  return [
    ...planned.steps.map(({ action, resource, name }) => [action, resource, name ?? ''].join(' ').trim()),
    ...new Set(planned.problems.map(({ code }) => code)),
  ];
}

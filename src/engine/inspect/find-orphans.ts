import pLimit from 'p-limit';
import type { OrganizationStatus } from '../../core/api.ts';
import { inventoryOf } from '../../core/inventory.ts';
import { readChildLedger } from '../../core/ledger.ts';
import { noticesFor } from '../../core/notice.ts';
import { claimedIdentities, type Orphan, orphansIn } from '../../core/orphans.ts';
import type { Problem } from '../../core/problem.ts';
import type { Refusal } from '../../core/report.ts';
import { isLive } from '../../core/resources/api-key-facts.ts';
import { undeclaredWebhooks } from '../../core/resources/webhook.ts';
import type { BrokenFile, SourcedCustomer } from '../../core/source.ts';
import { readCustomerStatus } from '../../core/status.ts';
import type { Effects, Pass } from '../context.ts';
import { cannotRead } from '../failure.ts';
import { identify } from '../identify.ts';
import type { ObserveOptions } from '../observe.ts';
import { type PrepareOptions, preparePass } from '../prepare.ts';
import { readApiKeys, readChildAllocations, readOrganizations, readWebhooks } from '../reads.ts';

export interface FindOrphansOptions extends PrepareOptions {
  readonly concurrency: number;
}

/** An organization with our mark that no file declares. What could not be read is null. */
export interface OrphanedOrganization {
  readonly externalId: string;
  readonly incarnation: number;
  readonly organizationId: string;
  readonly name: string;
  readonly status: OrganizationStatus;
  /** Credits that this tool granted it, those of an adoption included. */
  readonly granted: number | null;
  readonly available: number | null;
  readonly liveKeys: number | null;
}

/** A file whose organization is gone, or ended. */
export interface StrayFile {
  readonly externalId: string;
  readonly file: string;
  readonly problem: Problem;
}

export type OrphanSearch =
  | {
      readonly ok: true;
      readonly organizations: readonly OrphanedOrganization[];
      readonly files: readonly StrayFile[];
      /** Endpoints with our mark that reconcile.yaml does not declare. */
      readonly webhooks: readonly Problem[];
      /** Files whose identity cannot be read: each may be the file of one of the organizations. */
      readonly unreadable: readonly BrokenFile[];
    }
  | { readonly ok: false; readonly refusal: Refusal };

/** Finds what the files and the API know of that the other does not. GET only; nothing is done about any of it (I5). */
export async function findOrphans(effects: Effects, options: FindOrphansOptions): Promise<OrphanSearch> {
  const prepared = await preparePass(effects, options);
  if (!prepared.ok) return prepared;
  const { pass, fleet } = prepared;
  const { reader } = effects;
  const listing = await readOrganizations(reader);
  if (listing.outcome !== 'ok')
    return { ok: false, refusal: cannotRead('The organizations cannot be listed', listing) };
  const endpoints = await readWebhooks(reader);
  if (endpoints.outcome !== 'ok') return { ok: false, refusal: cannotRead('The webhooks cannot be listed', endpoints) };

  const inventory = inventoryOf(listing.value);
  const claimed = claimedIdentities(fleet);
  const limit = pLimit(options.concurrency);
  const organizations = await limit.map(orphansIn(fleet, inventory), (orphan) => describe(effects, orphan));
  const files = await limit.map([...fleet.customers], (customer) => strayFile(pass, customer, { inventory, claimed }));
  const { workspace } = pass;
  return {
    ok: true,
    organizations,
    files: files.filter((file) => file !== null),
    webhooks: undeclaredWebhooks(workspace.declaration.webhooks, endpoints.value, noticesFor(workspace)),
    unreadable: fleet.broken.filter(({ externalId }) => externalId === null),
  };
}

/** Three GETs for each, so that a person sees what is at stake. */
async function describe({ reader }: Effects, { organization, marker }: Orphan): Promise<OrphanedOrganization> {
  const { id, name, status } = organization;
  const { externalId, incarnation, baseline } = marker;
  const details = await reader.getOrganization(id);
  const events = await readChildAllocations(reader, id, 'newest-mark');
  const keys = await readApiKeys(reader, id);
  const owner = { externalId, incarnation, organizationId: id, baseline };
  const ledger = events.outcome === 'ok' ? readChildLedger(events.value, owner, false) : null;
  return {
    externalId,
    incarnation,
    organizationId: id,
    name,
    status,
    granted: ledger?.state === 'intact' ? ledger.granted : null,
    available: details.outcome === 'ok' ? details.value.summary.available : null,
    liveKeys: keys.outcome === 'ok' ? keys.value.filter(isLive).length : null,
  };
}

/** What says that the organization of a file is not there any more; other troubles are those of a pass. */
const STRAY: ReadonlySet<string> = new Set(['OrganizationArchived', 'OrgMissing', 'AdoptionTargetMissing']);

async function strayFile(
  pass: Pass,
  customer: SourcedCustomer,
  { inventory, claimed }: Pick<ObserveOptions, 'inventory' | 'claimed'>,
): Promise<StrayFile | null> {
  const { externalId } = customer.declaration;
  const { file } = customer;
  const notices = noticesFor(customer);
  const recorded = await pass.effects.statuses.read({ externalId, file });
  const status = readCustomerStatus(
    recorded.ok ? recorded.value : null,
    externalId,
    pass.parentOrganizationId,
    claimed,
  );
  const identified = await identify(pass, customer, status, { inventory, claimed }, notices);
  const problem = identified.kind === 'frozen' ? identified.problem : null;
  return problem && STRAY.has(problem.code) ? { externalId, file, problem } : null;
}

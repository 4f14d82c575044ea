import { uuid } from '../chance.ts';
import { type Fields, mergeMetadata, metadataProblem, readFields } from '../fields.ts';
import { paginate } from '../pagination.ts';
import { isRefusal, refusal, validation } from '../refusals.ts';
import { type Actor, type Outcome, type ReadContext, type Route, success, type WriteContext } from '../route.ts';
import type { Metadata, OrganizationRow } from '../state.ts';
import { organizationTime } from '../times.ts';
import { availableOf, balanceOf, emptyWallet, walletOf } from '../wallet.ts';
import { directChild, livingChild } from './children.ts';
import { creditConfigView } from './credit-config.ts';

const NAME = { min: 1, max: 128 };
const BILLING_EMAIL = { min: 1, max: 320 };
const STATUSES = ['active', 'suspended', 'archived'] as const;

function organizationView(row: OrganizationRow): Record<string, unknown> {
  return {
    id: row.id,
    parentOrganizationId: row.parentOrganizationId,
    name: row.name,
    status: row.status,
    metadata: row.metadata,
    billingEmail: row.billingEmail,
    archivedAt: row.archivedAtMs === null ? null : organizationTime(row.archivedAtMs),
    createdAt: organizationTime(row.createdAtMs),
    updatedAt: organizationTime(row.updatedAtMs),
  };
}

export interface NewOrganization {
  readonly name: string;
  readonly metadata: Metadata;
  readonly billingEmail: string | null;
}

/** Adds an active child with an empty wallet. Nothing about it is unique: a repeated call makes a second one. */
export function addChild(actor: Actor, parentId: string, { name, metadata, billingEmail }: NewOrganization) {
  const { world, nowMs } = actor;
  const row: OrganizationRow = {
    id: `org_${uuid(world.chance)}`,
    parentOrganizationId: parentId,
    name,
    status: 'active',
    metadata: mergeMetadata({}, metadata),
    billingEmail,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    archivedAtMs: null,
  };
  world.organizations.put(row);
  world.wallets.put(emptyWallet(row.id, nowMs));
  actor.record({ kind: 'organization.create', organizationId: row.id });
  return row;
}

/** organizations/create-organization */
function createOrganization(context: WriteContext): Outcome {
  const fields = readFields(context.body);
  fields.require('name');
  const name = fields.text('name', NAME);
  const billingEmail = fields.textOrNull('billingEmail', BILLING_EMAIL) ?? null;
  const metadata = fields.metadata('metadata') ?? {};
  const tooMuch = metadataProblem(metadata, 'metadata');
  if (tooMuch) fields.problems.push(tooMuch);
  if (context.caller.organization.parentOrganizationId !== null) {
    fields.problems.push({ field: 'organization', message: 'a child organization cannot have children' });
  }
  if (fields.problems.length > 0 || name === undefined) return validation(fields.problems);
  const row = addChild(context, context.caller.organization.id, { name, metadata, billingEmail });
  return success(organizationView(row), context.behaviour.createStatus);
}

/** organizations/list-organizations: the caller's direct children; the only filter is one status. */
function listOrganizations({ view, caller, query, behaviour }: ReadContext): Outcome {
  const wanted = query.getAll('status');
  const status = STATUSES.find((known) => known === wanted[0]);
  if (wanted.length > 1 || (wanted.length === 1 && status === undefined)) {
    return validation([{ field: 'status', message: `must be one of ${STATUSES.join(', ')}` }]);
  }
  const isShown = (row: OrganizationRow) =>
    status === undefined ? behaviour.archivedListedUnasked || row.status !== 'archived' : row.status === status;
  const rows = [...view.organizations.of(caller.organization.id)].filter(isShown);
  const page = paginate(rows, query, { max: 200, default: 25 }, behaviour);
  if (isRefusal(page)) return page;
  return success({ items: page.rows.map(organizationView), nextCursor: page.nextCursor });
}

/** organizations/get-organization: the only answer with a summary. Projects are not simulated, so there are none. */
function getOrganization(context: ReadContext): Outcome {
  const child = directChild(context.view, context);
  if (isRefusal(child)) return child;
  const wallet = walletOf(context.view, child.id, context.nowMs);
  const summary = {
    projectCount: 0,
    balance: balanceOf(wallet),
    available: availableOf(wallet),
    creditConfig: creditConfigView(wallet),
  };
  return success({ ...organizationView(child), summary });
}

/** The metadata after a patch: null clears, `""` unsets; replaced as a whole when the behaviour says so. */
function patchedMetadata(current: Metadata, patch: Metadata | null | undefined, merges: boolean): Metadata {
  if (patch === undefined) return current;
  if (patch === null) return {};
  return mergeMetadata(merges ? current : {}, patch);
}

/** Changes the fields that were sent. Returns the row unchanged, `updatedAt` included, when nothing differs. */
function patchRow(actor: Actor, row: OrganizationRow, fields: Fields): Outcome | OrganizationRow {
  const name = fields.text('name', NAME) ?? row.name;
  const email = fields.textOrNull('billingEmail', BILLING_EMAIL);
  const metadataPatch = fields.metadataOrNull('metadata');
  const metadata = patchedMetadata(row.metadata, metadataPatch, actor.behaviour.patchMergesMetadata);
  const tooMuch = metadataProblem(metadata, 'metadata');
  if (tooMuch) fields.problems.push(tooMuch);
  fields.requireAny('name', 'billingEmail', 'metadata');
  if (fields.problems.length > 0) return validation(fields.problems);
  const changed = { ...row, name, billingEmail: email === undefined ? row.billingEmail : email, metadata };
  if (JSON.stringify(changed) === JSON.stringify(row)) return row;
  const next = { ...changed, updatedAtMs: actor.nowMs };
  actor.world.organizations.put(next);
  actor.record({ kind: 'organization.patch', organizationId: row.id });
  return next;
}

/** organizations/patch-organization */
function patchOrganization(context: WriteContext): Outcome {
  const child = livingChild(context.world, context);
  if (isRefusal(child)) return child;
  const patched = patchRow(context, child, readFields(context.body));
  return 'kind' in patched ? patched : success(organizationView(patched));
}

/** Suspends or resumes by state: repeating it changes nothing; an archived organization is a 409. */
export function setStatus(actor: Actor, row: OrganizationRow, status: 'active' | 'suspended'): OrganizationRow {
  if (row.status === status) return row;
  const next: OrganizationRow = { ...row, status, updatedAtMs: actor.nowMs };
  actor.world.organizations.put(next);
  const kind = status === 'active' ? 'organization.resume' : 'organization.suspend';
  actor.record({ kind, organizationId: row.id });
  return next;
}

/** organizations/suspend-organization, resume-organization */
function statusHandler(status: 'active' | 'suspended') {
  return (context: WriteContext): Outcome => {
    const child = directChild(context.world, context);
    if (isRefusal(child)) return child;
    if (child.status === 'archived') return refusal('CONFLICT', 'The organization is archived.');
    return success(organizationView(setStatus(context, child, status)));
  };
}

const admin = { scope: 'org:admin' } as const;

export const organizationRoutes: readonly Route[] = [
  { ...admin, method: 'POST', path: '/v1/organizations', handle: createOrganization },
  { ...admin, method: 'GET', path: '/v1/organizations', freshness: 'list', handle: listOrganizations },
  { ...admin, method: 'GET', path: '/v1/organizations/:', freshness: 'list', handle: getOrganization },
  { ...admin, method: 'PATCH', path: '/v1/organizations/:', handle: patchOrganization },
  { ...admin, method: 'POST', path: '/v1/organizations/:/suspend', handle: statusHandler('suspended') },
  { ...admin, method: 'POST', path: '/v1/organizations/:/resume', handle: statusHandler('active') },
];

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { claimedIdentities } from '../../core/orphans.ts';
import type { Fleet, SourcedCustomer, SourcedWorkspace } from '../../core/source.ts';
import { type CustomerStatus, isSettled, readCustomerStatus, recordedParent } from '../../core/status.ts';
import { unknownCustomer } from '../../core/unknown-customer.ts';
import type { StatusResult, StatusStore } from '../../effects/status/store.ts';
import { type ClusterAccess, withCluster } from '../cluster.ts';
import type { StatusOptions } from '../commands.ts';
import { sourceOf } from '../compose.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { outputPage } from '../pages.ts';
import { refusalExitCode, refusalText, refuseFiles, refuseInWords } from '../reading.ts';
import { renderDocument } from '../render/json.ts';
import { FORMAT_VERSION, type StatusRow } from '../render/output-schema.ts';
import { renderStatusTable } from '../render/status-table.ts';
import { runDirectoryOf, statusStoreOf } from '../stores.ts';
import { withLiveBalances } from './live-balances.ts';

/** Prints what the last passes recorded, trouble first; 3 when there is nothing that can be read. Only `--live` calls the API. */
export async function status(options: StatusOptions, context: CommandContext): Promise<number> {
  return withCluster(options.from, context.environment, (cluster) => printStatus(options, context, cluster));
}

async function printStatus(options: StatusOptions, context: CommandContext, cluster: ClusterAccess): Promise<number> {
  const directory = resolve(options.directory);
  const source = sourceOf(directory, cluster);
  const workspace = await source.loadWorkspace();
  if (!workspace.ok) return refuseFiles(context, workspace.problems);
  const fleet = await source.loadFleet(workspace.workspace);
  if (!fleet.ok)
    return refuseFiles(context, fleet.problems, fleet.isUnknown ? exitCodes.cannotRun : exitCodes.invalidInput);
  const { sandbox } = options;
  const place = { directory, sandbox, environment: context.environment, cluster };
  const store = statusStoreOf(place, workspace.workspace.declaration);
  const unknown = unknownAmong(options.customers ?? [], fleet.fleet);
  if (unknown !== null) return refuseInWords(context, unknown);
  const all = await statusRows(fleet.fleet, workspace.workspace, store, sandbox);
  const recorded = all.filter((row) => isAskedFor(row, options));
  const read = options.live
    ? await withLiveBalances(recorded, options, context)
    : { ok: true as const, rows: recorded };
  if (!read.ok) {
    context.stderr(refusalText(read.refusal, context));
    return refusalExitCode(read.refusal);
  }
  const { rows } = read;
  context.stdout(
    options.output === 'json'
      ? renderDocument({ formatVersion: FORMAT_VERSION, command: 'status', customers: [...rows] })
      : renderStatusTable({ rows, customers: all.length, live: options.live }, outputPage(context, options.color)),
  );
  if (options.output === 'text' && !sandbox && isOnlyTried(all, directory))
    context.stderr('What passes against the sandbox recorded is shown by `reconcile status --sandbox`.\n');
  return exitCodes.ok;
}

/** Whoever has only ever run `--sandbox` here, and looks for what it did. */
function isOnlyTried(rows: readonly StatusRow[], directory: string): boolean {
  return rows.every(({ reason }) => reason === 'NothingRecorded') && existsSync(runDirectoryOf(directory, true));
}

function unknownAmong(wanted: readonly string[], fleet: Fleet): string | null {
  const known = claimedIdentities(fleet);
  const [name] = wanted.filter((externalId) => !known.has(externalId));
  if (name === undefined) return null;
  const { message, next } = unknownCustomer(name, known);
  return `${message}\n${next}`;
}

function isAskedFor(row: StatusRow, { customers = [], unsettled = false }: StatusOptions): boolean {
  const isNamed = customers.length === 0 || customers.some((externalId) => externalId === row.externalId);
  return isNamed && !(unsettled && row.phase !== null && isSettled(row.phase) && !row.outdated);
}

async function statusRows(
  fleet: Fleet,
  workspace: SourcedWorkspace,
  store: StatusStore,
  sandbox: boolean,
): Promise<StatusRow[]> {
  const claimed = new Set(fleet.customers.map(({ declaration }) => declaration.externalId));
  const rows: StatusRow[] = fleet.broken.map(({ file, externalId, problems }) => ({
    ...nothingRecorded(externalId, file),
    reason: 'InvalidFile',
    message: `${problems[0]?.message ?? 'The file cannot be used.'} See \`reconcile validate\`.`,
  }));
  for (const customer of fleet.customers) {
    const raw = await store.read({ externalId: customer.declaration.externalId, file: customer.file });
    // No workspace is bound to the sandbox's parent: what passes against it recorded is its own.
    const parent = sandbox && raw.ok ? recordedParent(raw.value) : workspace.declaration.parentOrganizationId;
    rows.push(statusRow(customer, raw, parent, claimed));
  }
  return rows.toSorted(byTrouble);
}

function statusRow(
  customer: SourcedCustomer,
  raw: StatusResult<unknown>,
  parentOrganizationId: string | undefined,
  claimed: ReadonlySet<string>,
): StatusRow {
  const { declaration, file } = customer;
  const { externalId } = declaration;
  const nothing = { ...nothingRecorded(externalId, file), credits: { declared: declaration.credits, granted: null } };
  if (!raw.ok) return { ...nothing, reason: 'UnreadableStatus', message: raw.message };
  const read = readCustomerStatus(raw.value, externalId, parentOrganizationId ?? '', claimed);
  if (read.kind === 'none') return nothing;
  if (read.kind === 'usable') return recordedRow(customer, read.status);
  if (parentOrganizationId === undefined) {
    return { ...nothing, reason: 'NotBound', message: 'The workspace is bound to no parent; run `reconcile init`.' };
  }
  if (read.kind === 'ignored') return { ...nothing, reason: 'IgnoredStatus', message: read.why };
  return {
    ...nothing,
    reason: 'IdentityChanged',
    message: `The recorded status belongs to ${read.externalId}: the identity was edited.`,
  };
}

function recordedRow({ declaration, file, hash }: SourcedCustomer, recorded: CustomerStatus): StatusRow {
  const ready = recorded.conditions.find(({ type }) => type === 'Ready');
  return {
    externalId: declaration.externalId,
    file,
    organizationId: recorded.organizationId,
    phase: recorded.phase,
    reason: ready?.reason ?? recorded.phase,
    message: ready?.message ?? null,
    credits: { declared: declaration.credits, granted: recorded.credits?.granted ?? null },
    outdated: recorded.declaration !== hash,
    live: null,
  };
}

function nothingRecorded(externalId: string | null, file: string): StatusRow {
  return {
    externalId,
    file,
    organizationId: null,
    phase: null,
    reason: 'NothingRecorded',
    message: null,
    credits: { declared: null, granted: null },
    outdated: false,
    live: null,
  };
}

/** What needs a person comes first, what is settled last. */
const order: readonly StatusRow['phase'][] = ['Stalled', 'Held', 'Progressing', 'Suspended', 'Archived', 'Ready'];

function byTrouble(a: StatusRow, b: StatusRow): number {
  const [first, second] = [nameOf(a), nameOf(b)];
  return rank(a) - rank(b) || (first < second ? -1 : first > second ? 1 : 0);
}

/** A status that cannot be used is trouble of the first order; one that was never written is only news. */
function rank({ phase, reason }: StatusRow): number {
  if (phase !== null) return order.indexOf(phase);
  return reason === 'NothingRecorded' ? order.indexOf('Progressing') : -1;
}

function nameOf({ externalId, file }: StatusRow): string {
  return externalId ?? file;
}

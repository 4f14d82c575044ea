import { parse } from 'yaml';
import { z } from 'zod';
import type { SandboxState } from '../../src/sandbox/index.ts';
import type { LeakScanner } from '../support/oracle-leaks.ts';
import type { Declarations } from './declarations.ts';
import { SHARED, statusIn, type Writer } from './writer.ts';

/** What must hold after every kill, judged on the sandbox's own state and on the writers' disks (correctness 1). */

export type Report = (invariant: string, message: string) => void;

export function judgeWorld(
  state: SandboxState,
  declarations: Declarations,
  writers: readonly Writer[],
  report: Report,
): void {
  judgeMoney(state, declarations, report);
  judgeOrganizations(state, declarations, report);
  judgeKeys(state, declarations, report);
  const stored = writers.flatMap((writer) => [...storedSecrets(writer)]);
  for (const { what, secret } of liveSecrets(state)) {
    const isReplayable = state.idempotency.some(({ body }) => body.includes(secret));
    if (!stored.includes(secret) && !isReplayable) report('I3', `the secret of ${what} is lost`);
  }
}

/** I1 with its slots, conservation, and the count of what was executed. */
function judgeMoney(state: SandboxState, declarations: Declarations, report: Report): void {
  const granted = new Map<string, number[]>();
  let transfers = 0;
  for (const { credits, eventType, metadata } of state.ledger) {
    if (eventType !== 'allocation') continue;
    transfers += credits;
    if (credits < 0 || metadata?.['rcn'] !== '1') continue;
    const amounts = granted.get(metadata['cust'] ?? '') ?? [];
    if (metadata['slot'] !== String(amounts.length))
      report('I1', `slot ${metadata['slot']} of ${metadata['cust']} follows ${amounts.length} grants`);
    granted.set(metadata['cust'] ?? '', [...amounts, credits]);
  }
  if (transfers !== 0) report('I1', `transfers do not add up: ${transfers} credits appeared or vanished`);
  for (const [customer, amounts] of granted) {
    const most = Math.max(0, ...declarations.versions(customer).map(({ credits }) => credits));
    const sum = amounts.reduce((total, credits) => total + credits, 0);
    if (sum > most) report('I1', `${customer}: ${sum} credits were granted, ${most} were declared at most`);
  }
  const executed = state.operations.filter(({ kind }) => kind === 'credits.allocate').length;
  const marked = [...granted.values()].flat().length;
  if (executed !== marked) report('I1', `${executed} allocations were executed, ${marked} are marked`);
}

/** I2, I5 and I10: one organization a customer, limited only as somebody declared. */
function judgeOrganizations(state: SandboxState, declarations: Declarations, report: Report): void {
  const seen = new Set<string>();
  for (const { id, metadata } of state.organizations) {
    const externalId = metadata['externalId'];
    if (externalId === undefined) continue;
    const versions = declarations.versions(externalId);
    if (versions.length === 0) report('I5', `${externalId} was created, which nobody declared`);
    if (seen.has(externalId)) report('I2', `two organizations were made for ${externalId}`);
    seen.add(externalId);
    const wallet = state.wallets.find((row) => row.id === id);
    const cap = wallet?.monthlyCreditCap ?? null;
    const refill = wallet?.refillAmount ?? null;
    if (cap !== null && versions.every((version) => version.cap !== cap))
      report('I5', `the cap of ${externalId} is ${cap}, which nobody declared`);
    if (refill !== null && versions.every((version) => version.refill?.amount !== refill))
      report('I5', `the refill of ${externalId} is ${refill}, which nobody declared`);
    if (refill !== null && cap === null) report('I10', `${externalId} is refilled without a cap`);
    const hasKey = state.apiKeys.some(({ organizationId }) => organizationId === id);
    if (hasKey && cap === null) report('I10', `a key of ${externalId} works before its cap does`);
    const isFunded = state.ledger.some((row) => row.organizationId === id && row.metadata?.['rcn'] === '1');
    const isFree = versions.some(({ credits }) => credits === 0);
    if (refill !== null && !isFunded && !isFree)
      report('I10', `${externalId} is refilled before it was granted anything`);
  }
}

/** I3, I5: a key of each name, made and rotated as often as somebody asked. */
function judgeKeys(state: SandboxState, declarations: Declarations, report: Report): void {
  const made = new Map<string, { live: number; minted: number; rotated: number }>();
  for (const key of state.apiKeys) {
    const organization = state.organizations.find(({ id }) => id === key.organizationId);
    const externalId = organization?.metadata['externalId'];
    if (externalId === undefined) continue;
    const what = `${externalId}/${key.name}`;
    const count = made.get(what) ?? { live: 0, minted: 0, rotated: 0 };
    const isRotated = state.apiKeys.some(({ supersededBy }) => supersededBy === key.id);
    if (isRotated) count.rotated += 1;
    else count.minted += 1;
    if (key.status === 'active' && key.supersededBy === null) count.live += 1;
    made.set(what, count);
    const wanted = declarations
      .versions(externalId)
      .flatMap(({ keys }) => keys.filter(({ name }) => name === key.name));
    const renewals = new Set(wanted.flatMap(({ createdAfter }) => createdAfter ?? [])).size;
    if (wanted.length === 0) report('I5', `key ${what} was minted, which nobody declared`);
    if (key.revokedAtMs !== null) report('I3', `key ${what} was revoked, which nobody declared`);
    if (count.live > 1) report('I3', `${count.live} live keys are called ${what}`);
    if (count.minted > 1) report('I5', `key ${what} was minted ${count.minted} times`);
    if (count.rotated > renewals)
      report('I5', `key ${what} was rotated ${count.rotated} times, asked for ${renewals} times`);
  }
  const endpoints = state.operations.filter(({ kind }) => kind === 'webhook.create').length;
  if (endpoints > 1) report('I5', `${endpoints} webhook endpoints were created, one is declared`);
}

export interface LiveSecret {
  readonly what: string;
  readonly secret: string;
  /** Null for the signing secret of a webhook. */
  readonly key: { readonly name: string; readonly externalId: string } | null;
}

/** Credentials that we made and that work: a superseded key works for a day, but its successor's secret is what counts. */
export function liveSecrets(state: SandboxState): readonly LiveSecret[] {
  const children = new Set(
    state.organizations.flatMap(({ id, parentOrganizationId }) => (parentOrganizationId ? [id] : [])),
  );
  const externalIds = new Map(state.organizations.map(({ id, metadata }) => [id, metadata['externalId']]));
  const keys = state.apiKeys
    .filter((key) => children.has(key.organizationId) && key.status === 'active' && key.supersededBy === null)
    .map(({ name, id, secret, organizationId }) => ({
      what: `key "${name}" (${id})`,
      secret,
      key: { name, externalId: externalIds.get(organizationId) ?? '' },
    }));
  return [
    ...keys,
    ...state.webhookEndpoints.map(({ id, signingSecret }) => ({
      what: `webhook ${id}`,
      secret: signingSecret,
      key: null,
    })),
  ];
}

const STORES = ['.reconcile/secrets/', `${SHARED}/secrets/`];

function isInStore(path: string): boolean {
  return STORES.some((store) => path.startsWith(store));
}

export function storedSecrets(writer: Writer): ReadonlySet<string> {
  return new Set([...writer.files()].filter(([path]) => isInStore(path)).map(([, { text }]) => text));
}

/** I4, I11 and the half of I3 that is about status, on one writer's disk. Nobody may write to it meanwhile. */
export function judgeDisk(writer: Writer, state: SandboxState, leaks: LeakScanner, report: Report): void {
  const files = writer.files();
  const stored = storedSecrets(writer);
  for (const [path, { text, mode }] of files) {
    if (!isInStore(path)) {
      if (leaks.leaksIn(text)) report('I4', `a secret stands in ${path}`);
    } else if ((mode & 0o077) !== 0 && !path.endsWith('.gitignore')) report('I4', `${path} can be read by others`);
  }
  for (const [path, { text }] of files)
    if (/(^|\/)status\/[^/]+\.yaml$/.test(path)) judgeStatus(path, statusIn(text), state, stored, report);
  for (const [file, declared] of writer.texts) {
    const text = writer.read(file);
    const rest = text.slice(declared.length);
    if (!text.startsWith(declared) || (rest !== '' && !/^\n?status:/.test(rest)))
      report('I11', `${file} is no longer what a person wrote:\n${text}`);
    judgeStatus(file, statusIn(text), state, stored, report);
  }
}

const statusShape = z.object({
  status: z.object({
    organizationId: z.string().nullish(),
    credits: z.object({ granted: z.number().nullish() }).nullish(),
    keys: z.array(z.object({ id: z.string() })).nullish(),
    webhooks: z.array(z.object({ id: z.string() })).nullish(),
  }),
});

function judgeStatus(
  file: string,
  text: string,
  state: SandboxState,
  stored: ReadonlySet<string>,
  report: Report,
): void {
  if (text === '') return;
  const read = statusShape.safeParse(parse(text));
  if (!read.success) {
    report('I11', `the status in ${file} cannot be read:\n${text}`);
    return;
  }
  const { organizationId, credits, keys, webhooks } = read.data.status;
  for (const { id } of [...(keys ?? []), ...(webhooks ?? [])]) {
    const secret =
      state.apiKeys.find((key) => key.id === id)?.secret ??
      state.webhookEndpoints.find((endpoint) => endpoint.id === id)?.signingSecret;
    if (secret === undefined) report('I11', `the status in ${file} names ${id}, which does not exist`);
    else if (!stored.has(secret))
      report('I3', `the status in ${file} names ${id}, whose secret the store does not hold`);
  }
  const granted = state.ledger
    .filter((row) => row.organizationId === organizationId && row.metadata?.['rcn'] === '1')
    .reduce((total, row) => total + row.credits, 0);
  if ((credits?.granted ?? 0) > granted)
    report(
      'I11',
      `the status in ${file} says that ${credits?.granted} credits were granted; the ledger says ${granted}`,
    );
}

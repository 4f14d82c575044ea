import type { Operation, SandboxState } from '../../src/sandbox/index.ts';
import type { OracleFacts } from './oracle.ts';
import { type DeclaredCustomer, scopeText } from './oracle-declarations.ts';

/** Executed operations by kind and by whom (`api credits.allocate`), so that "created, then deleted" cannot hide. */
export type OperationCounts = Readonly<Record<string, number>>;

export interface WorldJudge {
  judge(state: SandboxState): void;
  counts(): OperationCounts;
}

/** Judges the ground truth after each change: every new operation by itself, and the world as a whole. */
export function createWorldJudge(facts: OracleFacts): WorldJudge {
  const before = facts.sandbox.snapshot();
  let seen = before.operations.length;
  let walletsBefore = new Map(before.wallets.map((wallet) => [wallet.id, wallet]));
  const counts: Record<string, number> = {};
  return {
    judge(state) {
      for (const operation of state.operations.slice(seen)) {
        const kind = `${operation.by} ${operation.kind}`;
        counts[kind] = (counts[kind] ?? 0) + 1;
        judgeOperation(facts, operation, state, walletsBefore);
      }
      seen = state.operations.length;
      walletsBefore = new Map(state.wallets.map((wallet) => [wallet.id, wallet]));
      judgeLedgers(facts, state);
      judgeUniqueness(facts, state);
      judgeConservation(facts, state);
    },
    counts: () => ({ ...counts }),
  };
}

type Wallets = ReadonlyMap<string, SandboxState['wallets'][number]>;

interface Change {
  readonly operation: Operation;
  readonly state: SandboxState;
  readonly walletsBefore: Wallets;
  readonly externalId: string;
  readonly versions: readonly DeclaredCustomer[];
}

function judgeOperation(facts: OracleFacts, operation: Operation, state: SandboxState, walletsBefore: Wallets): void {
  const { kind, by, organizationId } = operation;
  if (kind === 'credits.refill' && state.operations.every((one) => one.kind !== 'credits.spend'))
    facts.report('I10', `a refill moved money into ${organizationId} although nothing was spent`);
  if (by !== 'api') return;
  const organization = state.organizations.find(({ id }) => id === organizationId);
  const externalId = organization?.metadata['externalId'] ?? '';
  const versions = facts.declarations.versions(externalId);
  judgesOfOurs[kind]?.(facts, { operation, state, walletsBefore, externalId, versions });
}

const asks = ({ versions }: Change, wanted: string) => versions.some(({ state }) => state === wanted);

/** What each kind of our own operations must be justified by; the others need no declaration. */
const judgesOfOurs: { readonly [kind in Operation['kind']]?: (facts: OracleFacts, change: Change) => void } = {
  'organization.create': ({ report }, { operation, state, versions, externalId }) => {
    const made = state.organizations.find(({ id }) => id === operation.organizationId);
    if (versions.every(({ incarnation }) => String(incarnation) !== made?.metadata['rcn_inc']))
      report('I5', `an organization was created for ${externalId}, which no accepted version declares`);
  },
  'organization.archive': ({ report }, change) => {
    if (!asks(change, 'archived')) report('I5', `${change.externalId} was archived, which nobody declared`);
  },
  'organization.suspend': ({ report }, change) => {
    if (!asks(change, 'suspended') && !asks(change, 'archived'))
      report('I5', `${change.externalId} was suspended, which nobody declared`);
  },
  'organization.resume': ({ report }, change) => {
    if (change.versions.at(-1)?.state !== 'active' || !asks(change, 'suspended'))
      report('I5', `${change.externalId} was resumed, which nobody declared`);
  },
  'credits.allocate': (facts, { operation, state }) => judgeGrant(facts, operation, state),
  'credit-config.patch': (facts, { operation, state, walletsBefore }) =>
    judgeLimits(facts, operation.organizationId, state, walletsBefore),
  'key.mint': (facts, { operation, state }) => judgeKey(facts, operation, state),
  'key.rotate': (facts, { operation, state }) => judgeKey(facts, operation, state),
  'key.revoke': (facts, { operation, state }) => judgeKey(facts, operation, state),
  'webhook.create': ({ report, declarations }, { operation, state }) => {
    const endpoint = state.webhookEndpoints.find(({ id }) => id === operation.endpointId);
    const name = endpoint?.metadata['rcn_name'] ?? '';
    if (!declarations.webhookNames().has(name)) report('I5', `webhook "${name}" was created, which nobody declared`);
    const ofName = state.webhookEndpoints.filter(({ metadata }) => metadata['rcn_name'] === name);
    if (ofName.length > 1) report('I2', `${ofName.length} endpoints were created for webhook "${name}"`);
  },
  'webhook.delete': ({ report, declarations }, { operation }) => {
    if (declarations.deletedWebhooks().size === 0)
      report('I5', `webhook endpoint ${operation.endpointId} was deleted, which nobody declared`);
  },
};

/** A grant carries a mark, and ends at an amount that some accepted version declared (I1, I1'). */
function judgeGrant({ declarations, report }: OracleFacts, operation: Operation, state: SandboxState): void {
  const row = state.ledger.findLast(
    ({ organizationId, eventType, credits }) =>
      organizationId === operation.organizationId && eventType === 'allocation' && credits === operation.credits,
  );
  const { cust = '', cum = '', org, inc } = row?.metadata ?? {};
  if (row?.metadata?.['rcn'] !== '1') {
    report('I1', `${operation.credits} credits moved without a mark`);
    return;
  }
  if (org !== operation.organizationId)
    report('I6', `credits marked for ${org} moved into ${operation.organizationId}`);
  const declared = declarations.versions(cust).filter(({ incarnation }) => String(incarnation) === inc);
  if (!declared.some(({ credits }) => String(credits) === cum))
    report('I1', `a grant brings ${cust} to ${cum} credits, which no accepted version declares`);
}

/** A refill is switched on only behind a declared grant that is on the ledger, and with a cap (I10). */
function judgeLimits(
  { declarations, report }: OracleFacts,
  organizationId: string,
  state: SandboxState,
  walletsBefore: Wallets,
): void {
  const wallet = state.wallets.find(({ id }) => id === organizationId);
  const before = walletsBefore.get(organizationId);
  const organization = state.organizations.find(({ id }) => id === organizationId);
  const externalId = organization?.metadata['externalId'] ?? '';
  const versions = declarations.versions(externalId);
  const isOneOf = (values: readonly unknown[], value: unknown, old: unknown) => value === old || values.includes(value);
  if (!wallet) return;
  const caps = versions.map(({ cap }) => cap);
  if (!isOneOf(caps, wallet.monthlyCreditCap, before?.monthlyCreditCap ?? null))
    report('I5', `the cap of ${externalId} became ${wallet.monthlyCreditCap}, which nobody declared`);
  const amounts = versions.map(({ refill }) => (refill === undefined ? undefined : (refill?.amount ?? null)));
  if (!isOneOf(amounts, wallet.refillAmount, before?.refillAmount ?? null))
    report('I5', `the refill of ${externalId} became ${wallet.refillAmount}, which nobody declared`);
  if (wallet.refillAmount === null || (before?.refillAmount ?? null) !== null) return;
  if (wallet.monthlyCreditCap === null) report('I10', `the refill of ${externalId} was switched on without a cap`);
  const granted = grantedTo(organizationId, state);
  const declared = versions.filter(({ refill }) => refill).map(({ credits, adopted }) => credits - adopted);
  if (granted < Math.min(...declared))
    report('I10', `the refill of ${externalId} was switched on with ${granted} credits granted`);
}

/** Minted, rotated and revoked only as often as somebody asked for it (I3, I5). */
function judgeKey({ declarations, sandbox, report }: OracleFacts, operation: Operation, state: SandboxState): void {
  const row = state.apiKeys.find(({ id }) => id === operation.keyId);
  const organization = state.organizations.find(({ id }) => id === operation.organizationId);
  const externalId = organization?.metadata['externalId'] ?? '';
  const name = row?.name ?? '';
  const wanted = declarations.versions(externalId).flatMap(({ keys }) => keys.filter((key) => key.name === name));
  const what = `key "${name}" of ${externalId}`;
  if (!row || wanted.length === 0) {
    report('I5', `${operation.kind} of ${what}, which nobody declared`);
    return;
  }
  const asWanted = wanted.filter((key) => key.scopes === scopeText(row.scopes) && key.env === row.env);
  if (operation.kind === 'key.revoke') {
    // An archive, which has its own judge, revokes what there is.
    const isAsked = wanted.some(({ state: wish }) => wish === 'revoked') || organization?.status === 'archived';
    const replacement = state.apiKeys.find(
      (other) =>
        other.id !== row.id &&
        other.organizationId === row.organizationId &&
        other.name === name &&
        other.status === 'active' &&
        sandbox.clock.now() - other.createdAtMs >= 24 * 3_600_000,
    );
    if (!isAsked && !replacement) report('I3', `${what} was revoked, which nobody declared`);
    return;
  }
  if (asWanted.every(({ state: wish }) => wish !== 'active')) report('I5', `${what} was made other than declared`);
  const made = state.operations.filter(
    ({ kind, by, organizationId, keyId }) =>
      by === 'api' &&
      (kind === 'key.mint' || kind === 'key.rotate') &&
      organizationId === operation.organizationId &&
      state.apiKeys.some((key) => key.id === keyId && key.name === name),
  ).length;
  const asked = new Set(wanted.map(({ scopes, env, createdAfter }) => `${scopes} ${env} ${createdAfter}`)).size;
  if (made > asked) report('I5', `${what} was made ${made} times, asked for ${asked} times`);
}

function grantedTo(organizationId: string, state: SandboxState): number {
  let granted = 0;
  for (const row of state.ledger)
    if (row.organizationId === organizationId && row.eventType === 'allocation' && row.metadata?.['rcn'] === '1')
      granted += row.credits;
  return granted;
}

/** I1 over all organizations of a customer's incarnation, and the slots of each without gap or repetition. */
function judgeLedgers({ declarations, report }: OracleFacts, state: SandboxState): void {
  const paid = new Map<string, number>();
  const next = new Map<string, { slot: number; cum: number }>();
  let marked = 0;
  for (const { organizationId, credits, eventType, metadata } of state.ledger) {
    if (eventType !== 'allocation' || metadata?.['rcn'] !== '1' || credits < 0) continue;
    marked += 1;
    const { cust = '', inc = '', slot, base, cum, delta } = metadata;
    const owner = `${cust} ${inc}`;
    paid.set(owner, (paid.get(owner) ?? 0) + credits);
    const adopted = Number(state.organizations.find(({ id }) => id === organizationId)?.metadata['rcn_base'] ?? '0');
    const expected = next.get(organizationId) ?? { slot: 0, cum: adopted };
    if (slot !== String(expected.slot) || base !== String(expected.cum) || delta !== String(credits))
      report('I1', `the ledger of ${cust} breaks at slot ${slot}: base ${base}, delta ${delta} of ${credits} credits`);
    next.set(organizationId, { slot: expected.slot + 1, cum: Number(cum) });
  }
  const executed = state.operations.filter(({ kind, by }) => kind === 'credits.allocate' && by === 'api').length;
  if (executed !== marked) report('I1', `${executed} allocations were executed, ${marked} are marked on the ledgers`);
  for (const [owner, credits] of paid) {
    const [cust = '', inc] = owner.split(' ');
    const declared = declarations.versions(cust).filter(({ incarnation }) => String(incarnation) === inc);
    const most = Math.max(0, ...declared.map((version) => version.credits - version.adopted));
    if (credits > most) report('I1', `${owner}: ${credits} credits were granted, ${most} were declared at most`);
  }
}

function judgeUniqueness({ report }: OracleFacts, state: SandboxState): void {
  const live = new Map<string, number>();
  const madeByUs = new Set(
    state.operations.flatMap(({ kind, by, organizationId }) =>
      kind === 'organization.create' && by === 'api' ? [organizationId] : [],
    ),
  );
  for (const { id, status, metadata } of state.organizations) {
    const externalId = metadata['externalId'];
    if (externalId === undefined || status === 'archived' || !madeByUs.has(id)) continue;
    const count = (live.get(externalId) ?? 0) + 1;
    live.set(externalId, count);
    if (count > 1) report('I2', `${count} live organizations were made for ${externalId}`);
  }
}

/** Bank style: what left the parent came into the children, and every wallet is the sum of its ledger. */
function judgeConservation({ sandbox, report }: OracleFacts, state: SandboxState): void {
  const sums = new Map<string, number>();
  let transfers = 0;
  for (const { organizationId, credits, eventType } of state.ledger) {
    sums.set(organizationId, (sums.get(organizationId) ?? 0) + credits);
    if (eventType === 'allocation') transfers += credits;
  }
  if (!sandbox.behaviour().archivePostsNegativeAllocation) return;
  if (transfers !== 0) report('I1', `transfers do not add up: ${transfers} credits appeared or vanished`);
  for (const { id, prepaidBalance, includedThisPeriod } of state.wallets) {
    if (includedThisPeriod === 0 && prepaidBalance !== (sums.get(id) ?? 0))
      report('I1', `the wallet of ${id} holds ${prepaidBalance}, its ledger adds up to ${sums.get(id) ?? 0}`);
  }
}

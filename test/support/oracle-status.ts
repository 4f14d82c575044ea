import type { SandboxState } from '../../src/sandbox/index.ts';
import type { OracleFacts, Workspace } from './oracle.ts';
import { scopeText } from './oracle-declarations.ts';
import { storedTexts } from './oracle-secrets.ts';

/** Judges a file that holds a `status:` block, at the moment it was written (I3, I11). */
export function judgeStatusFile(facts: OracleFacts, workspace: Workspace, file: string, state: SandboxState): void {
  const { declarations, report } = facts;
  const text = workspace.disk.textOf(`${workspace.directory}/${file}`);
  if (text === null) return;
  const declared = declarations.textOf(file);
  const [own, status] = partsOf(text);
  if (declared !== null && partsOf(declared)[0] !== own) report('I11', `${file}: text outside of status changed`);
  // What was declared together with its status is an input, which may claim anything; what stood there before may be old.
  if (status === '' || (declared !== null && partsOf(declared)[1] === status) || facts.earlier.has(text)) return;
  judgeClaims(facts, file, status, state);
  judgeHighWater(facts, file, status);
  const externalId = /^ {2}externalId: "?([^"\n]+?)"?$/m.exec(status)?.[1];
  const reason = /reason: "?(Converged|Suspended|Archived)\b/.exec(status)?.[1];
  if (externalId === undefined || reason === undefined) return;
  if (reason === 'Converged') judgeReady(facts, file, externalId, state);
  else judgeSettledState(facts, file, externalId, reason.toLowerCase(), state);
}

/** The text without its status block, ends trimmed (a block may need a newline before it), and the block. */
function partsOf(text: string): readonly [string, string] {
  const start = /^status:/m.exec(text)?.index;
  if (start === undefined) return [text.trimEnd(), ''];
  const rest = text.slice(start);
  const next = /\n(?=[^\s#-])/.exec(rest)?.index;
  const block = next === undefined ? rest : rest.slice(0, next + 1);
  const after = next === undefined ? '' : rest.slice(next + 1);
  return [(text.slice(0, start) + after).trimEnd(), block];
}

/**
 * No status names a key whose secret no store holds, unless people took it out of there. Keys that have ended stay
 * remembered, and claim nothing.
 */
function judgeClaims(facts: OracleFacts, file: string, status: string, state: SandboxState): void {
  let stored: ReadonlySet<string> | null = null;
  const webhookIds = file === 'reconcile.yaml' ? UUIDS : null;
  const ids = status.match(webhookIds ?? KEY_IDS) ?? [];
  for (const id of ids) {
    const key = state.apiKeys.find((row) => row.id === id && row.status === 'active');
    if (key && isLostByPeople(facts, key.id)) continue;
    const secret = key?.secret ?? state.webhookEndpoints.find((endpoint) => endpoint.id === id)?.signingSecret;
    if (secret === undefined) continue;
    stored ??= storedTexts(facts);
    if (!stored.has(secret)) facts.report('I3', `${file}: status names ${id}, whose secret is in no store`);
  }
}

function isLostByPeople({ lostByPeople }: OracleFacts, id: string): boolean {
  return [...lostByPeople.values()].some((ids) => ids.includes(id));
}

/** The number of grants is a witness against stale ledgers: no later status of one organization names fewer (I7). */
function judgeHighWater({ highWater, report }: OracleFacts, file: string, status: string): void {
  const organizationId = /organizationId: (org_[0-9a-f-]{36})/.exec(status.replace(/parentOrganizationId.*/, ''))?.[1];
  const slots = Number(/\bslots: (\d+)/.exec(status)?.[1] ?? 0);
  const of = `${file} ${organizationId}`;
  const before = highWater.get(of) ?? 0;
  if (slots < before) report('I7', `${file}: status named ${before} grants, and now ${slots}`);
  highWater.set(of, Math.max(before, slots));
}

// Members only: a sentence of the API's may name whatever it likes.
const KEY_IDS = /(?<=\b(?:id|replaces): "?)key_[0-9a-f-]{36}\b/g;
/** An endpoint made by hand is named without a secret, until it has one that is ours. */
const UUIDS = /(?<=\bid: "?)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b(?="?,?\s+secret:)/g;

/** `Suspended` and `Archived` are true; `none` is settled too where nothing of the customer is left to be stopped. */
function judgeSettledState(
  { report }: OracleFacts,
  file: string,
  externalId: string,
  claimed: string,
  state: SandboxState,
): void {
  const ours = state.organizations.filter(({ metadata }) => metadata['externalId'] === externalId);
  if (ours.some(({ status }) => status !== claimed && status !== 'archived'))
    report('I11', `${file}: status says ${claimed}, but an organization of ${externalId} is not`);
}

/** `Ready` is true: the organization, its credits, its limits and its keys are as declared at this very moment. */
function judgeReady(facts: OracleFacts, file: string, externalId: string, state: SandboxState): void {
  const { declarations, sandbox } = facts;
  const versions = declarations.versions(externalId);
  // Somebody may have saved the file while the pass ran: it is judged by the version it may have seen last.
  const wrong = versions.slice(-2).map((declared) => {
    const why: string[] = [];
    const organization = state.organizations.find(
      ({ metadata, status }) =>
        status === 'active' &&
        metadata['externalId'] === externalId &&
        metadata['rcn_inc'] === String(declared.incarnation),
    );
    if (!organization) return ['no live organization carries its mark'];
    let granted = declared.adopted;
    for (const { organizationId, metadata, credits, eventType } of state.ledger)
      if (organizationId === organization.id && eventType === 'allocation' && metadata?.['rcn'] === '1')
        granted += credits;
    if (granted < declared.credits) why.push(`${granted} of ${declared.credits} credits are granted`);
    const wallet = state.wallets.find(({ id }) => id === organization.id);
    if (declared.cap !== undefined && wallet?.monthlyCreditCap !== declared.cap)
      why.push(`the cap is ${wallet?.monthlyCreditCap ?? null}`);
    if (declared.refill !== undefined && wallet?.refillAmount !== (declared.refill?.amount ?? null))
      why.push(`the refill amount is ${wallet?.refillAmount ?? null}`);
    if (declared.refill !== undefined && wallet?.refillThreshold !== (declared.refill?.threshold ?? null))
      why.push(`the refill threshold is ${wallet?.refillThreshold ?? null}`);
    const nowMs = sandbox.clock.now();
    for (const key of declared.keys) {
      const live = state.apiKeys.filter(
        (row) =>
          row.organizationId === organization.id &&
          row.name === key.name &&
          row.status === 'active' &&
          (row.graceUntilMs === null || row.graceUntilMs > nowMs) &&
          row.supersededBy === null,
      );
      if (key.state === 'revoked' && live.length > 0) why.push(`key "${key.name}" is alive`);
      if (key.state === 'active' && !live.some((row) => scopeText(row.scopes) === key.scopes && row.env === key.env))
        why.push(`key "${key.name}" is not there`);
    }
    return why;
  });
  if (wrong.length === 0 || wrong.some((why) => why.length === 0)) return;
  facts.report('I11', `${file}: status says Ready, but ${wrong.at(-1)?.join(', ')}`);
}

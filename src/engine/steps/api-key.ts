import type { Answer, Failure } from '../../core/answer.ts';
import type { ApiKey } from '../../core/api.ts';
import type { KeyDeclaration } from '../../core/declaration/customer.ts';
import type { Notices } from '../../core/notice.ts';
import type { Step } from '../../core/plan.ts';
import { keyPointer } from '../../core/plan-customer.ts';
import type { Problem } from '../../core/problem.ts';
import { decideKey } from '../../core/resources/api-key.ts';
import { aheadOfServerMs, type KeyDecision, recordedKey } from '../../core/resources/api-key-facts.ts';
import { keyOverlap } from '../../core/resources/api-key-overlap.ts';
import { scopePointer } from '../../core/resources/api-key-plan.ts';
import { scopeNamedIn } from '../../core/scopes.ts';
import type { MintedApiKey } from '../../effects/layers/client.ts';
import { writerOf } from '../context.ts';
import {
  type CustomerRun,
  declarationChanged,
  done,
  failed,
  keySlot,
  notStarted,
  organizationIdOf,
  type StepResult,
} from '../customer-run.ts';
import { journalled } from '../journalled.ts';
import { previousKey, rememberKey, rememberRevoked, storedKey } from '../key-memory.ts';
import { readApiKeys } from '../reads.ts';
import { byAnswer, retrying, type Unsettled } from '../retrying.ts';
import { keepSecret, sentenceOf } from '../secret-keeping.ts';

/**
 * Carries out what is planned for one key. The keys are listed first, and the decision is made again from that list:
 * only if it is still the planned one does anything happen (I5, I7). In doubt the same is done again: a key that was
 * made is then in the list, and repeating its request gives its secret (I3).
 */
export function executeKeyStep(run: CustomerRun, step: Step): Promise<StepResult> {
  return retrying(run.pass, run.customer.declaration.externalId, () => attemptKeyStep(run, step));
}

async function attemptKeyStep(run: CustomerRun, step: Step): Promise<StepResult | Unsettled> {
  const { customer, notices, pass } = run;
  const index = customer.declaration.keys.findIndex(({ name }) => name === step.name);
  const declared = customer.declaration.keys[index];
  if (!declared) throw new Error(`a step names a key that is not declared: ${step.name}`);
  const pointer = keyPointer(index);
  const changed = await declarationChanged(run);
  if (changed) return changed;
  const organizationId = organizationIdOf(run);
  const listing = await readApiKeys(pass.effects.reader, organizationId);
  if (listing.outcome !== 'ok') return byAnswer(listing, 'Listing the API keys', pointer, notices);
  const serverNowMs = listing.meta.serverTimeMs ?? pass.effects.clock.now();
  const decision = decideKey(
    declared,
    pointer,
    {
      listed: listing.value,
      recorded: recordedKey(run.status, organizationId, declared.name),
      stored: await storedKey(pass.effects.secrets, keySlot(run, declared.name)),
      previous: await previousKey(pass.effects.secrets, keySlot(run, declared.name)),
      serverNowMs,
    },
    notices,
  );
  switch (decision.kind) {
    case 'refused':
      return failed(decision.problem);
    case 'converged':
      if (decision.key) rememberKey(run, decision.key, listing.value);
      return done('somebody else did it meanwhile');
    case 'revoke':
      return step.action === 'revoke' ? revoke(run, pointer, decision, listing.value) : outOfDate();
    case 'rotate':
    case 'mint': {
      const early = tooEarly(declared, pointer, serverNowMs, notices);
      if (early) return early;
      return step.action === actionOf(decision) ? obtain(run, declared, pointer, decision, listing.value) : outOfDate();
    }
    case 'recover':
      return step.action === actionOf(decision) ? obtain(run, declared, pointer, decision, listing.value) : outOfDate();
  }
}

/** So long a step waits for the server's clock; a clock that is further off is for people to set right. */
const CLOCK_PATIENCE_MS = 5_000;

/** A key is made only when the server's clock has passed `createdAfter`: it would be too old at once (V2). */
function tooEarly(
  declared: KeyDeclaration,
  pointer: string,
  serverNowMs: number,
  notices: Notices,
): StepResult | Unsettled | null {
  const ms = aheadOfServerMs(declared, { serverNowMs });
  if (ms === 0) return null;
  const problem = notices.problem(
    pointer,
    'held',
    'CreatedAfterAhead',
    `Key "${declared.name}" is to be younger than ${declared.createdAfter}, which the server's clock has not reached.`,
    { next: 'It is made as soon as that time has come. If this lasts, check the clock of whoever wrote it.' },
  );
  return ms > CLOCK_PATIENCE_MS ? failed(problem) : { problem, retryAfterMs: ms };
}

type Obtaining = KeyDecision & { kind: 'mint' | 'recover' | 'rotate' };

/** Mints or rotates, or repeats either, and keeps the secret: K1–K6 of correctness 2.4 (I3). */
async function obtain(
  run: CustomerRun,
  declared: KeyDeclaration,
  pointer: string,
  decision: Obtaining,
  listed: readonly ApiKey[],
): Promise<StepResult | Unsettled> {
  const { pass, notices } = run;
  const probe = await pass.effects.secrets.probe(keySlot(run, declared.name));
  if (!probe.ok)
    return failed(
      notices.problem(pointer, 'error', 'SecretStoreUnavailable', `${sentenceOf(probe)} Nothing is minted.`, {
        next: 'A secret is shown once, so its place must be writable before a key is made.',
      }),
    );
  const answer = await request(run, declared, decision);
  if (answer.outcome === 'ok') return keep(run, declared, pointer, decision, answer.value, listed);
  const { code, retryAfterMs } = answer.problem;
  if (answer.outcome === 'in-doubt' || code === 'IDEMPOTENCY_CONFLICT')
    return { problem: mintInDoubt(declared, pointer, answer, notices), retryAfterMs };
  // The answer may say which scope the parent's key lacks, where whoami did not (organizations/api-keys/mint).
  const scope = code === 'FORBIDDEN_SCOPE' ? scopeNamedIn(answer.problem.message, declared.scopes) : null;
  return byAnswer(answer, 'Minting the API key', scopePointer(declared, pointer, scope), notices);
}

function mintInDoubt(declared: KeyDeclaration, pointer: string, failure: Failure, notices: Notices): Problem {
  return notices.problem(
    pointer,
    'doubt',
    'MintInDoubt',
    `It is not known whether key "${declared.name}" was made (${failure.problem.code}).`,
    {
      next: 'Nothing to do: the next pass lists the keys, and repeats the same request, which returns the same key.',
      requestId: failure.meta.requestId,
    },
  );
}

/** The same arguments give the same bytes and the same key, which is what makes a lost answer recoverable. */
function request(run: CustomerRun, declared: KeyDeclaration, decision: Obtaining): Promise<Answer<MintedApiKey>> {
  const { pass, customer } = run;
  const { externalId, incarnation } = customer.declaration;
  const writer = writerOf(pass);
  const organizationId = organizationIdOf(run);
  const record = { customer: externalId, organizationId, name: declared.name };
  const noteOf = ({ apiKey }: MintedApiKey) => ({ keyId: apiKey.id, prefix: apiKey.prefix });
  const by = decision.kind === 'recover' ? decision.by : decision;
  if (!('ordinal' in by)) {
    const oldKeyId = 'oldKeyId' in by ? by.oldKeyId : by.key.id;
    const key = pass.keys.rotateApiKey(externalId, incarnation, oldKeyId);
    return journalled(
      pass,
      { ...record, step: 'rotate-key' },
      () => writer.rotateApiKey(organizationId, oldKeyId, key),
      noteOf,
    );
  }
  // A repeated mint takes its body from the key that is there: an edited declaration must not make it a conflict.
  const { name, scopes, env } = decision.kind === 'recover' ? decision.key : declared;
  const body = { name, scopes: [...new Set(scopes)].toSorted(), env };
  const key = pass.keys.mintApiKey(externalId, incarnation, declared.name, by.ordinal);
  return journalled(
    pass,
    { ...record, step: 'mint-key', body },
    () => writer.mintApiKey(organizationId, body, key),
    noteOf,
  );
}

async function keep(
  run: CustomerRun,
  declared: KeyDeclaration,
  pointer: string,
  decision: Obtaining,
  minted: MintedApiKey,
  listed: readonly ApiKey[],
): Promise<StepResult> {
  const { notices, pass } = run;
  const { apiKey, secret } = minted;
  const slot = keySlot(run, declared.name);
  const kept = await keepSecret(pass, slot, {
    id: apiKey.id,
    prefix: apiKey.prefix,
    createdAt: apiKey.createdAt,
    secret,
  });
  if (!kept.ok)
    return failed(
      notices.problem(
        pointer,
        'doubt',
        'SecretNotStored',
        `Key ${apiKey.prefix} was made, but its secret could not be stored: ${sentenceOf(kept)}`,
        { next: 'Mend the store within 20 hours: the next pass asks for the same secret again.' },
      ),
    );
  // A rotation retires the old key by itself; a repeated mint is of a pass whose memory was lost before it was written.
  const retires = decision.kind === 'recover' ? undefined : decision.kind === 'mint' ? decision.retires : null;
  const entry = rememberKey(run, apiKey, listed, retires);
  const where = pass.effects.secrets.reference(slot);
  if (decision.kind === 'recover' && apiKey.id !== decision.key.id)
    return done(
      `${apiKey.prefix}, secret in ${where}`,
      notices.problem(
        pointer,
        'error',
        'ReplayWindowClosed',
        `Repeating the request made another key (${apiKey.prefix}) instead of returning ${decision.key.prefix}: that one was made by hand, or too long ago. Both are live; nothing is revoked.`,
        {
          next: `The secret of ${apiKey.prefix} is stored. Revoke ${decision.key.prefix} when nobody uses it any more.`,
        },
      ),
    );
  const replaced = listed.find(({ id }) => id === entry.replaces);
  const overlap = replaced ? keyOverlap(apiKey, replaced, pointer, notices) : null;
  return done(`${apiKey.prefix}, secret in ${where}`, overlap);
}

async function revoke(
  run: CustomerRun,
  pointer: string,
  decision: KeyDecision & { kind: 'revoke' },
  listed: readonly ApiKey[],
): Promise<StepResult> {
  const { pass, notices, customer } = run;
  const writer = writerOf(pass);
  const organizationId = organizationIdOf(run);
  const { externalId } = customer.declaration;
  for (const { id, name } of decision.keys) {
    const revoked = await retrying(pass, externalId, async () => {
      const answer = await journalled(
        pass,
        { step: 'revoke-key', customer: externalId, organizationId, name, body: { keyId: id } },
        () => writer.revokeApiKey(organizationId, id),
        ({ status }) => ({ status }),
      );
      // Idempotent by state (organizations/api-keys/delete): in doubt it is looked for, and simply said again.
      const isGone =
        answer.outcome === 'ok' ||
        (answer.problem.code === 'NOT_FOUND' && !listed.some((key) => key.id === id)) ||
        (answer.outcome === 'in-doubt' && (await isRevoked(run, id)));
      return isGone ? done() : byAnswer(answer, 'Revoking the API key', pointer, notices);
    });
    if (revoked.outcome !== 'done') return revoked;
    rememberRevoked(run, { id, name });
  }
  const entry = run.keys.get(decision.keys[0]?.name ?? '');
  if (entry?.replaces && decision.keys.some(({ id }) => id === entry.replaces))
    run.keys.set(entry.name, { ...entry, replaces: null });
  return done(decision.keys.map(({ prefix }) => prefix).join(', '));
}

async function isRevoked(run: CustomerRun, id: string): Promise<boolean> {
  const listing = await readApiKeys(run.pass.effects.reader, organizationIdOf(run));
  return listing.outcome === 'ok' && listing.value.some((key) => key.id === id && key.status === 'revoked');
}

function actionOf(decision: Obtaining): 'mint' | 'rotate' {
  if (decision.kind === 'recover') return decision.by.action;
  return decision.kind;
}

function outOfDate(): StepResult {
  return notStarted('the keys changed since they were planned; the next pass goes on');
}

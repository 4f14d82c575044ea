import type { Answer } from '../../core/answer.ts';
import type { LedgerEvent, Transfer } from '../../core/api.ts';
import {
  isAllByHand,
  isMarked,
  isStillRemembered,
  type LedgerView,
  readChildLedger,
  showsAnnotations,
  witnessOnParentLedger,
} from '../../core/ledger.ts';
import { type GrantMarker, grantDescription, grantMetadata } from '../../core/marker.ts';
import { formatCredits } from '../../core/money.ts';
import type { Step } from '../../core/plan.ts';
import {
  brokenLedger,
  decideGrant,
  type GrantDecision,
  recordedGrants,
  unmarkedLedger,
} from '../../core/resources/credits.ts';
import type { Clock } from '../../effects/clock.ts';
import { writerOf } from '../context.ts';
import {
  type CustomerRun,
  declarationChanged,
  done,
  failed,
  notStarted,
  organizationIdOf,
  type StepResult,
} from '../customer-run.ts';
import { problemOf, waitBeforeRetry } from '../failure.ts';
import { journalled } from '../journalled.ts';
import { readChildAllocations, readParentAllocations } from '../reads.ts';
import { untilVisible } from '../retrying.ts';

/** A read may be at most this old when the bytes that rest on it leave (correctness A6, the bound L of 2.8). */
const INTENT_LIFE_MS = 30_000;

/** Waits between the reads that look for the new slot on the ledger (A7). */
const VISIBLE_BACKOFF_MS: readonly number[] = [250, 500, 1_000, 2_000];

type Grant = GrantDecision & { kind: 'grant' };

/**
 * Grants what the declaration lacks: the money path, A1–A8 of correctness 2.4 (I1, I1', I6, I7). The slot's idempotency
 * key makes the API's own conflict rule a compare-and-swap: whoever disagrees about the amount is refused, reads again,
 * and finds the slot filled. In doubt the ledger is read, and only an empty slot is tried again, with the same bytes.
 */
export async function executeGrant(run: CustomerRun, step: Step): Promise<StepResult> {
  const { pass, customer } = run;
  const { externalId } = customer.declaration;
  let doubt: StepResult | null = null;
  for (let attempt = 0; ; attempt += 1) {
    const changed = await declarationChanged(run);
    if (changed) return doubt ?? changed;
    const fence = intentFence(pass.effects.clock);
    const decision = await decideFromLedgers(run);
    if ('outcome' in decision) return doubt ?? decision;
    if (decision.kind === 'refused')
      return doubt && decision.problem.severity === 'held' ? doubt : failed(decision.problem);
    if (decision.kind === 'settled') return settled(run);
    // Guards judged the planned amount; more than that has not been judged (I8).
    if (decision.delta > step.credits)
      return notStarted('the ledger changed since it was planned; the next pass goes on');
    const wallet = await walletCovers(run, decision);
    if (wallet) return doubt ?? wallet;

    const answer = await send(run, decision, fence);
    if (answer.outcome === 'ok') return confirm(run, decision, answer.value);
    const { code, retryAfterMs } = answer.problem;
    const verdict = problemOf(answer, 'Granting credits', '/credits', run.notices);
    const inDoubt = answer.outcome === 'in-doubt' || code === 'IDEMPOTENCY_CONFLICT';
    if (inDoubt) doubt = grantInDoubt(run, code, answer.meta.requestId);
    else if (!RETRIED.has(code)) return failed(verdict);
    if (!(await waitBeforeRetry(pass, externalId, verdict.message, attempt, retryAfterMs)))
      return (await settledMeanwhile(run)) ?? doubt ?? failed(verdict);
  }
}

/** Certainly not done, and worth another try: nothing reached the server, or the two clocks stopped it. */
const RETRIED: ReadonlySet<string> = new Set(['NETWORK', 'TIMEOUT', 'STALE_INTENT']);

/** A2, A3: the child's ledger, and a second witness wherever an empty answer would look like "nothing granted yet". */
async function decideFromLedgers(run: CustomerRun): Promise<GrantDecision | StepResult> {
  const { reader } = run.pass.effects;
  const organizationId = organizationIdOf(run);
  const recorded = recordedGrants(run.status, organizationId);
  const { externalId } = run.customer.declaration;
  const child = await untilVisible(run.pass, externalId, () => readLedger(run, recorded ? 'newest-mark' : 'complete'));
  if (child.outcome !== 'ok') return failed(problemOf(child, 'Reading the ledger', '/credits', run.notices));
  let parent: { slots: number; granted: number } | null = null;
  const { view, events: rows } = child.value;
  let annotationsSeen = run.annotationsSeen || isAllByHand(view, run.adopted) || showsAnnotations(rows);
  const empty = view.state === 'intact' && view.slots === 0;
  if (empty && (recorded?.slots ?? 0) === 0) {
    const since = Date.parse(run.organizationCreatedAt ?? '') - 1_000;
    const events = await readParentAllocations(reader, Number.isNaN(since) ? 0 : since);
    if (events.outcome !== 'ok') return failed(problemOf(events, 'Reading the parent ledger', '/credits', run.notices));
    parent = witnessOnParentLedger(events.value, run.customer.declaration);
    annotationsSeen ||= showsAnnotations(events.value);
  }
  const known = run.credits;
  const highWater = known && known.slots > (recorded?.slots ?? 0) ? known : recorded;
  if (view.state === 'intact' && view.slots >= (highWater?.slots ?? 0))
    run.credits = { slots: view.slots, granted: view.granted };
  const stillRemembered = isStillRemembered(rows, child.meta.serverTimeMs);
  return decideGrant(
    run.customer,
    { ledger: view, recorded: highWater, parent, annotationsSeen, stillRemembered },
    run.notices,
  );
}

interface LedgerReading {
  readonly events: readonly LedgerEvent[];
  readonly view: LedgerView;
}

async function readLedger(run: CustomerRun, extent: 'complete' | 'newest-mark'): Promise<Answer<LedgerReading>> {
  const organizationId = organizationIdOf(run);
  const answer = await readChildAllocations(run.pass.effects.reader, organizationId, extent);
  if (answer.outcome !== 'ok') return answer;
  const { externalId, incarnation } = run.customer.declaration;
  const owner = { externalId, incarnation, organizationId, baseline: run.baseline };
  return {
    ...answer,
    value: { events: answer.value, view: readChildLedger(answer.value, owner, extent === 'complete') },
  };
}

/** A4: a call that the wallet cannot cover is not made, which keeps a remembered refusal out of the slot. */
async function walletCovers(run: CustomerRun, grant: Grant): Promise<StepResult | null> {
  const wallet = await run.pass.effects.reader.parentWallet();
  if (wallet.outcome !== 'ok') return failed(problemOf(wallet, 'Reading the parent wallet', '/credits', run.notices));
  if (wallet.value.prepaidBalance >= grant.delta) return null;
  return failed(
    run.notices.problem(
      '/credits',
      'held',
      'ParentShortOfCredits',
      `The parent's prepaid credits do not cover a grant of ${formatCredits(grant.delta)}.`,
      { next: 'Buy credits for the parent; the grant then goes on by itself.' },
    ),
  );
}

/** A5, A6. */
async function send(run: CustomerRun, grant: Grant, fence: () => void): Promise<Answer<Transfer>> {
  const { pass, customer } = run;
  const { externalId, incarnation } = customer.declaration;
  const writer = writerOf(pass);
  const organizationId = organizationIdOf(run);
  const marker: GrantMarker & { organizationId: string } = { externalId, incarnation, organizationId, ...grant };
  const body = { credits: grant.delta, description: grantDescription(marker), metadata: grantMetadata(marker) };
  const idempotencyKey = pass.keys.allocate(externalId, incarnation, grant.slot);
  return journalled(
    pass,
    { step: 'grant', customer: externalId, organizationId, idempotencyKey, body },
    () => writer.allocate(organizationId, body, idempotencyKey, fence),
    ({ id, allocated, replayed }) => ({ transfer: id, allocated, replayed }),
  );
}

/** A7: the answer is checked, and the grant counts only when the ledger shows its slot. */
async function confirm(run: CustomerRun, grant: Grant, transfer: Transfer): Promise<StepResult> {
  const { notices, pass } = run;
  run.organization = null;
  run.creditsSettled = false;
  if (transfer.allocated !== grant.delta) {
    run.frozen = true;
    return failed(
      notices.problem(
        '/credits',
        'doubt',
        'AllocationMismatch',
        `The API says that it moved ${formatCredits(transfer.allocated)} credits (${transfer.id}) where ${formatCredits(grant.delta)} were asked for. Nothing more is written for this customer.`,
        { next: 'Compare the ledger with `reconcile ledger verify`, then ask the provider.' },
      ),
    );
  }
  let isThereUnmarked = false;
  for (let attempt = 0; ; attempt += 1) {
    const reading = await readLedger(run, 'newest-mark');
    if (reading.outcome === 'ok' && reading.value.view.state === 'intact') {
      const { view, events } = reading.value;
      if (view.slots > grant.slot) return grantVisible(run, view, grant);
      if (view.bare.includes(grant.delta) && !showsAnnotations(events)) return movedUnmarked(run, grant);
      isThereUnmarked = events.some((event) => event.credits === grant.delta && !isMarked(event));
    }
    if (reading.outcome === 'ok' && reading.value.view.state === 'broken')
      return failed(brokenLedger(reading.value.view.why, notices));
    const backoff = VISIBLE_BACKOFF_MS[attempt];
    if (backoff === undefined) break;
    await pass.effects.clock.sleep(backoff);
  }
  if (isThereUnmarked) return movedUnmarked(run, grant);
  return failed(
    notices.problem(
      '/credits',
      'doubt',
      'GrantNotVisible',
      `The API accepted a grant of ${formatCredits(grant.delta)} credits (${transfer.id}), but the ledger does not show it yet.`,
      { next: 'Nothing to do: the next pass reads the ledger again, and the slot cannot be paid twice.' },
    ),
  );
}

/** Its row is there without our mark (P2). Status remembers the slot, which vetoes another grant of it for good (I1). */
function movedUnmarked(run: CustomerRun, grant: Grant): StepResult {
  run.credits = { slots: grant.slot + 1, granted: grant.cum };
  return done(`${formatCredits(grant.delta)} credits moved`, unmarkedLedger(run.notices));
}

function grantVisible(run: CustomerRun, view: LedgerView & { state: 'intact' }, grant: Grant): StepResult {
  run.credits = { slots: view.slots, granted: view.granted };
  run.creditsSettled = view.granted >= run.customer.declaration.credits;
  return done(`slot ${grant.slot} is on the ledger`);
}

function settled(run: CustomerRun): StepResult {
  run.creditsSettled = true;
  run.organization = null;
  return done('the ledger shows it');
}

/** The last look before giving up: an answer that was lost may be on the ledger by now. */
async function settledMeanwhile(run: CustomerRun): Promise<StepResult | null> {
  const decision = await decideFromLedgers(run);
  return 'kind' in decision && decision.kind === 'settled' ? settled(run) : null;
}

function grantInDoubt(run: CustomerRun, code: string, requestId: string | undefined): StepResult {
  const conflict = code === 'IDEMPOTENCY_CONFLICT';
  return failed(
    run.notices.problem(
      '/credits',
      'doubt',
      conflict ? 'SlotInDoubt' : 'GrantInDoubt',
      conflict
        ? 'Another request holds this slot of the ledger, and the ledger does not show it yet.'
        : `It is not known whether the grant was carried out (${code}), and the ledger does not show it yet.`,
      {
        next: 'Nothing to do: the next pass reads the ledger, and repeats the same request if the slot is still empty. It cannot pay twice.',
        requestId,
      },
    ),
  );
}

/** Correctness A6: both clocks are compared with the moment before the ledger was read, as the body's bytes leave. */
function intentFence(clock: Clock): () => void {
  const wall = clock.now();
  const monotonic = clock.monotonic();
  return () => {
    const elapsed = [clock.now() - wall, clock.monotonic() - monotonic];
    if (elapsed.some((ms) => ms < 0 || ms > INTENT_LIFE_MS))
      throw new Error('too much time passed between reading the ledger and sending the grant');
  };
}

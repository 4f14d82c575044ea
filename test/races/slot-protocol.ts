import type { LedgerEvent } from '../../src/core/api.ts';
import { idempotencyKeys } from '../../src/core/idempotency.ts';
import { type LedgerView, readChildLedger } from '../../src/core/ledger.ts';
import { grantMetadata } from '../../src/core/marker.ts';
import { decideGrant } from '../../src/core/resources/credits.ts';
import { customer, notices } from '../support/declared.ts';

/** Bounds of one exploration; times in ticks. */
export interface Protocol {
  /** How long the provider remembers a key. */
  readonly window: number;
  /** How old a read of the ledger may be. */
  readonly stale: number;
  /** How long after the read that it rests on a grant may still be executed. */
  readonly life: number;
  readonly ticks: number;
  readonly sends: number;
  /** Declared credits, one version after the other. */
  readonly specs: readonly number[];
  /** `slot` is ours; the others are known to be wrong and show that the exploration notices. */
  readonly key: 'slot' | 'target' | 'random';
  readonly readsBack: boolean;
}

export interface Verdict {
  readonly states: number;
  /** What led to more credits than were ever declared; null when nothing does. */
  readonly overGrant: readonly string[] | null;
}

interface Grant {
  readonly slot: number;
  readonly base: number;
  readonly delta: number;
}
/** On the ledger, in memory, or on the wire; `at`: when it was executed, remembered, or when its read began. */
type Timed = Grant & { readonly key: string; readonly at: number };

interface State {
  readonly tick: number;
  readonly spec: number;
  readonly sent: number;
  readonly ledger: readonly Timed[];
  readonly memory: readonly Timed[];
  readonly wire: readonly Timed[];
  /** What each writer has decided and not yet sent; a crash forgets it, which is the same as deciding anew. */
  readonly decided: readonly (Timed | null)[];
}

const owner = { externalId: 'acme', incarnation: 1, organizationId: 'org_1', baseline: 0 };
const keys = idempotencyKeys((name) => name, 'org_parent');
const wireMax = 2;

/** Visits every state that two writers can reach within the bounds, breadth first. */
export function exploreProtocol(protocol: Protocol): Verdict {
  const start: State = { tick: 0, spec: 0, sent: 0, ledger: [], memory: [], wire: [], decided: [null, null] };
  const seen = new Map<string, readonly [from: string | null, what: string]>([
    [JSON.stringify(start), [null, 'start']],
  ]);
  let frontier: State[] = [start];
  while (frontier.length > 0) {
    const next: State[] = [];
    for (const state of frontier) {
      const from = JSON.stringify(state);
      const most = Math.max(...protocol.specs.slice(0, state.spec + 1));
      if (state.ledger.reduce((total, { delta }) => total + delta, 0) > most)
        return { states: seen.size, overGrant: traceTo(from, seen) };
      for (const [what, unsorted] of successors(state, protocol)) {
        const reached = normalized(unsorted);
        const name = JSON.stringify(reached);
        if (seen.has(name)) continue;
        seen.set(name, [from, what]);
        next.push(reached);
      }
    }
    frontier = next;
  }
  return { states: seen.size, overGrant: null };
}

function traceTo(end: string, seen: ReadonlyMap<string, readonly [string | null, string]>): string[] {
  const trace: string[] = [];
  for (let at: string | null = end; at !== null; ) {
    const [from, what]: readonly [string | null, string] = seen.get(at) ?? [null, ''];
    trace.unshift(what);
    at = from;
  }
  return trace;
}

/** Writers are alike, and so are requests on the wire: their order says nothing. */
function normalized(state: State): State {
  const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  return { ...state, wire: state.wire.toSorted(byText), decided: state.decided.toSorted(byText) };
}

function* successors(state: State, protocol: Protocol): Generator<readonly [string, State]> {
  const { tick, spec, wire, memory } = state;
  if (tick < protocol.ticks) {
    const alive = wire.filter(({ at }) => tick + 1 - at <= protocol.life);
    const remembered = memory.filter(({ at }) => tick + 1 - at < protocol.window);
    yield [`tick ${tick + 1}`, { ...state, tick: tick + 1, wire: alive, memory: remembered }];
  }
  if (spec + 1 < protocol.specs.length) yield [`declare ${protocol.specs[spec + 1]}`, { ...state, spec: spec + 1 }];
  for (const [writer, decided] of state.decided.entries()) {
    yield* decided ? sends(state, writer, decided, protocol) : decides(state, writer, protocol);
  }
  for (const [index, request] of wire.entries()) {
    const rest = wire.filter((_, other) => other !== index);
    yield [`${request.key} is lost`, { ...state, wire: rest }];
    yield [`${request.key} arrives`, { ...execute(state, request), wire: rest }];
  }
}

/** Reads a ledger of any permitted age and decides with the real functions. */
function* decides(state: State, writer: number, protocol: Protocol): Generator<readonly [string, State]> {
  if (state.sent >= protocol.sends) return;
  const declared = protocol.specs[state.spec] ?? 0;
  for (let age = 0; age <= Math.min(protocol.stale, state.tick); age += 1) {
    const visible = protocol.readsBack ? state.ledger.filter(({ at }) => at <= state.tick - age) : [];
    const decision = decisionOn(declared, visible);
    if (decision === null) continue;
    const key = keyOf(decision, declared, state.sent, protocol);
    const decided = replaced(state.decided, writer, { ...decision, key, at: state.tick });
    yield [`a writer reads ${visible.length} slots, wants ${decision.delta} more`, { ...state, decided }];
  }
}

function* sends(state: State, writer: number, grant: Timed, protocol: Protocol): Generator<readonly [string, State]> {
  const decided = replaced(state.decided, writer, null);
  const isFresh = state.tick - grant.at <= protocol.life;
  if (isFresh && state.wire.length < wireMax && state.sent < protocol.sends)
    yield [
      `${grant.key} +${grant.delta} is sent`,
      { ...state, decided, sent: state.sent + 1, wire: [...state.wire, grant] },
    ];
  yield ['a writer crashes', { ...state, decided }];
}

function replaced<T>(all: readonly T[], index: number, value: T): T[] {
  return all.map((one, at) => (at === index ? value : one));
}

/** The provider: once per key and window, 409 for another amount, both without an effect. */
function execute(state: State, request: Timed): State {
  if (state.memory.some(({ key }) => key === request.key)) return state;
  const done = { ...request, at: state.tick };
  return { ...state, ledger: [...state.ledger, done], memory: [...state.memory, done] };
}

const decisions = new Map<string, Grant | null>();

function decisionOn(declared: number, visible: readonly Timed[]): Grant | null {
  const name = JSON.stringify([declared, visible.map(({ slot, base, delta }) => [slot, base, delta])]);
  const known = decisions.get(name);
  if (known !== undefined) return known;
  const sourced = customer(`externalId: acme\nname: Acme\ncredits: ${declared}\n`);
  const ledger = viewOf(visible);
  const facts = { ledger, recorded: null, parent: null, annotationsSeen: true, stillRemembered: false };
  const decision = decideGrant(sourced, facts, notices);
  const grant = decision.kind === 'grant' ? { slot: decision.slot, base: decision.base, delta: decision.delta } : null;
  decisions.set(name, grant);
  return grant;
}

function viewOf(visible: readonly Timed[]): LedgerView {
  const events = visible.map(({ slot, base, delta }, index): LedgerEvent => {
    const metadata = grantMetadata({ ...owner, slot, base, delta, cum: base + delta });
    return {
      eventId: `event ${index}`,
      eventType: 'allocation',
      credits: delta,
      metadata,
      description: null,
      createdAt: '2026-06-01T00:00:00.000Z',
    };
  });
  return readChildLedger(events.toReversed(), owner, true);
}

function keyOf({ slot }: Grant, declared: number, sent: number, { key }: Protocol): string {
  if (key === 'random') return `random ${sent}`;
  return key === 'target' ? `target ${declared}` : keys.allocate(owner.externalId, owner.incarnation, slot);
}

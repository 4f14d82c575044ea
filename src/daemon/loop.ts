import { backoffMs } from '../core/backoff.ts';
import type { Phase } from '../core/report.ts';
import type { Chance } from '../effects/chance.ts';
import type { Clock } from '../effects/clock.ts';
import type { Declarations } from '../engine/fleet/declarations.ts';
import type { FleetEngine } from '../engine/fleet/fleet-engine.ts';
import type { Visit } from '../engine/fleet/visit.ts';
import { createNap } from './nap.ts';
import { type NextVisit, nextVisit } from './next-visit.ts';
import { type Item, type Observer, WEBHOOKS } from './observer.ts';
import { createPublisher } from './publisher.ts';
import { createWorkQueue, type Taken } from './queue.ts';
import { auditHourOf, createRound, nextAudit, stepMs } from './spread.ts';

export interface LoopOptions {
  readonly engine: FleetEngine;
  readonly clock: Clock;
  readonly chance: Pick<Chance, 'random'>;
  readonly hash: (text: string) => string;
  /** Items worked on at once. */
  readonly concurrency: number;
  /** How often everybody is looked at, as it is configured now. */
  readonly resyncMs: () => number;
  /** Every visit reads keys and ledger, not only those of the audit. */
  readonly full: boolean;
  readonly observe: Observer;
}

export interface Loop {
  /** Looks at the files, and asks for visits to those whom a change concerns. */
  lookAtFiles(): Promise<void>;
  /** False while reconcile.yaml is broken, or no customer file can be used. */
  canUseFiles(): boolean;
  /** Everybody now, whatever is known of them: after a SIGHUP, and in the beginning. */
  everybody(): Promise<void>;
  /** Works until {@link Loop.close}; resolves when the last visit has ended and its status is published. */
  run(): Promise<void>;
  /** No new visit. */
  close(): void;
  /** Who is being visited. */
  active(): readonly Item[];
}

/**
 * The loop of `--watch`: one queue of customers, woken by files, by the resync, by the audit, by retries and by people.
 * It says who is to be visited and when; what a visit does is the engine's (design 3).
 */
export function createLoop(options: LoopOptions): Loop {
  const { engine, clock, chance, observe } = options;
  const queue = createWorkQueue(clock, (item, depth) => observe({ kind: 'item-queued', item, depth }));
  const publisher = createPublisher({ engine, clock, chance, observe, isIdle });
  const closing = new AbortController();
  const failures = new Map<Item, number>();
  const phases = new Map<Item, Phase>();
  /** Whose keys and ledger are to be read at the next visit. */
  const audited = new Set<Item>();
  const outage = createNap(clock);
  const pace = createNap(clock);
  const round = createRound();
  let sorted = sortedBy(null, options.hash);
  let looking: Promise<void> = Promise.resolve();
  let tally = { beganAtMs: clock.monotonic(), visits: 0, stepsDone: 0 };

  function isIdle(): boolean {
    return queue.depth() === 0 && queue.active().length === 0;
  }

  async function lookOnce(): Promise<void> {
    const loaded = await engine.load();
    if (!loaded.ok) {
      observe({ kind: 'declarations-failed', refusal: loaded.refusal });
      return;
    }
    const { declarations, changed, gone, broken, mended, workspaceChanged } = loaded;
    sorted = sortedBy(declarations, options.hash);
    for (const externalId of gone) {
      failures.delete(externalId);
      phases.delete(externalId);
    }
    const { workspace, fleet } = declarations;
    observe({
      kind: 'declarations-loaded',
      workspace: workspace.declaration,
      customers: fleet.customers.length,
      unusable: fleet.broken,
      changed,
      gone,
      broken,
      mended,
    });
    if (workspaceChanged) queue.add(WEBHOOKS, { urgent: true });
    for (const externalId of changed) {
      failures.delete(externalId);
      queue.add(externalId, { urgent: true });
    }
    // What was held back may have been approved, or the limit not be passed any more.
    if (workspaceChanged || changed.length + gone.length > 0)
      for (const [externalId, phase] of phases) if (phase === 'Stalled') queue.add(externalId);
    outage.wake();
    if (workspaceChanged) pace.wake();
  }

  /** One look at a time; whoever asks while one is under way gets another after it. */
  function lookAtFiles(): Promise<void> {
    looking = looking.then(lookOnce).catch((error: unknown) => {
      observe({ kind: 'defect', where: 'declarations', error });
    });
    return looking;
  }

  async function visit({ item, queuedMs }: Taken): Promise<void> {
    const startedMs = clock.monotonic();
    observe({ kind: 'item-started', item, queuedMs, depth: queue.depth(), active: queue.active().length });
    const full = audited.delete(item) || options.full;
    try {
      const done = item === WEBHOOKS ? await engine.visitWebhooks() : await engine.visitCustomer(item, { full });
      await follow(item, done, full, startedMs);
    } catch (error) {
      observe({ kind: 'defect', where: item === WEBHOOKS ? 'webhooks' : item, error });
      const count = (failures.get(item) ?? 0) + 1;
      failures.set(item, count);
      const retryAfterMs = backoffMs(count, chance.random());
      finish(item);
      queue.addAfter(item, retryAfterMs);
      tell(item, { result: 'error', retryAfterMs }, startedMs, null);
    }
  }

  async function follow(item: Item, done: Visit, full: boolean, startedMs: number): Promise<void> {
    const isElsewhere = done.kind === 'unavailable' || done.kind === 'frozen';
    const count = isElsewhere ? (failures.get(item) ?? 0) : (failures.get(item) ?? 0) + 1;
    const next = nextVisit(done, count, chance.random());
    if (next.result === 'success') failures.delete(item);
    else if (!isElsewhere) failures.set(item, count);
    if (done.kind === 'customer') phases.set(item, done.report.phase);
    tally = { ...tally, visits: tally.visits + 1, stepsDone: tally.stepsDone + stepsDone(done) };
    finish(item);
    tell(item, next, startedMs, done);
    if (done.kind === 'unavailable') {
      // Nobody can be visited: all wait together, and this one has not lost its place by much.
      if (full) audited.add(item);
      queue.add(item, { urgent: true });
      if (!closing.signal.aborted) await outage.sleep(done.retryAfterMs);
    } else if (next.retryAfterMs !== null && next.retryAfterMs < options.resyncMs())
      queue.addAfter(item, next.retryAfterMs);
  }

  function finish(item: Item): void {
    queue.done(item);
    publisher.noteVisit();
  }

  function tell(item: Item, next: NextVisit, startedMs: number, done: Visit | null): void {
    const tookMs = clock.monotonic() - startedMs;
    observe({ kind: 'item-ended', item, ...next, tookMs, failures: failures.get(item) ?? 0, visit: done });
  }

  async function work(): Promise<void> {
    for (let taken = await queue.take(); taken; taken = await queue.take()) await visit(taken);
  }

  /** Once everybody had a turn, files, binding, listing and webhooks are looked at anew, and so on for ever. */
  async function resync(): Promise<void> {
    while (!closing.signal.aborted) {
      await pace.sleep(stepMs(options.resyncMs(), sorted.all.length, chance.random()));
      if (closing.signal.aborted) return;
      let externalId = round.next(sorted.all);
      if (externalId === null) {
        await beginRound();
        externalId = round.next(sorted.all);
      }
      if (externalId !== null) queue.add(externalId);
    }
  }

  async function beginRound(): Promise<void> {
    const counts: Partial<Record<Phase, number>> = {};
    for (const phase of phases.values()) counts[phase] = (counts[phase] ?? 0) + 1;
    const { beganAtMs, visits, stepsDone: done } = tally;
    const now = clock.monotonic();
    tally = { beganAtMs: now, visits: 0, stepsDone: 0 };
    observe({
      kind: 'resync-ended',
      summary: { tookMs: now - beganAtMs, visits, phases: counts, stepsDone: done },
    });
    engine.refresh();
    await lookAtFiles();
    queue.add(WEBHOOKS);
  }

  async function audit(): Promise<void> {
    let until = clock.now();
    while (!closing.signal.aborted) {
      // After a clock that was set forward nothing is made up for, and one that was set back repeats nothing.
      if (Math.abs(clock.now() - until) > AUDIT_LEAP_MS) until = clock.now();
      const { externalId, atMs } = nextAudit(until, (hour) => sorted.dueIn[hour] ?? []);
      await clock.sleep(Math.max(1, atMs - clock.now()), closing.signal);
      if (closing.signal.aborted) return;
      until = atMs;
      if (externalId === null) continue;
      audited.add(externalId);
      queue.add(externalId);
    }
  }

  return {
    lookAtFiles,
    canUseFiles: () => engine.declarations() !== null,
    async everybody() {
      await lookAtFiles();
      engine.refresh();
      engine.reopen();
      outage.wake();
      failures.clear();
      queue.add(WEBHOOKS, { urgent: true });
      for (const externalId of sorted.all) queue.add(externalId);
    },
    async run() {
      tally = { ...tally, beganAtMs: clock.monotonic() };
      const workers = Array.from({ length: options.concurrency }, work);
      await Promise.all([...workers, resync(), audit()]);
      await publisher.end();
    },
    close() {
      closing.abort();
      queue.close();
      outage.wake();
      pace.wake();
    },
    active: () => queue.active(),
  };
}

/** Two hours: more than the wait between two turns of the audit can ever be. */
const AUDIT_LEAP_MS = 2 * 3_600_000;

function stepsDone(visit: Visit): number {
  const steps = visit.kind === 'customer' ? visit.report.steps : visit.kind === 'webhooks' ? visit.steps : [];
  return steps.filter(({ outcome }) => outcome === 'done').length;
}

interface SortedFleet {
  /** By name. */
  readonly all: readonly string[];
  /** By the hour of their audit. */
  readonly dueIn: readonly (readonly string[])[];
}

function sortedBy(declarations: Declarations | null, hash: (text: string) => string): SortedFleet {
  const all = [...(declarations?.customers.keys() ?? [])].toSorted((a, b) => (a < b ? -1 : 1));
  const dueIn: string[][] = Array.from({ length: 24 }, () => []);
  for (const externalId of all) dueIn[auditHourOf(externalId, hash)]?.push(externalId);
  return { all, dueIn };
}

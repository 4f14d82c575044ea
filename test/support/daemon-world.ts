import { type DaemonEnd, runDaemon } from '../../src/daemon/daemon.ts';
import { leadAlone } from '../../src/daemon/leadership.ts';
import { createLoop } from '../../src/daemon/loop.ts';
import type { DaemonEvent, ItemEnded } from '../../src/daemon/observer.ts';
import { sha256 } from '../../src/effects/chance.ts';
import { createPacer } from '../../src/effects/layers/pacer.ts';
import type { Transport, WireAnswer, WireRequest } from '../../src/effects/layers/transport.ts';
import type { Leadership } from '../../src/effects/leadership.ts';
import { createFleetEngine, type FleetEngine } from '../../src/engine/fleet/fleet-engine.ts';
import { SANDBOX_EPOCH_MS } from '../../src/sandbox/clock.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

export interface DaemonWorldOptions extends WorldOptions {
  readonly resyncMs?: number;
  readonly concurrency?: number;
  readonly approved?: readonly string[];
  readonly leadership?: Leadership;
  /** Paces as a real process does, at the tier that whoami names; else requests cost no time. */
  readonly isPaced?: boolean;
  /** How long the answer to a request takes, in virtual milliseconds; never, with Infinity. */
  readonly delayMs?: (request: WireRequest) => number;
  /** While true, no request is let in: 401. */
  readonly isRefused?: () => boolean;
  /** Requests in whose sending a bug throws. */
  readonly isBroken?: (request: WireRequest) => boolean;
  readonly onAnswer?: (request: WireRequest, answer: WireAnswer) => void;
  /** A random number in [0, 1). */
  readonly random?: () => number;
}

/** A daemon over a world, in virtual time that passes only when a test lets it. */
export interface DaemonWorld {
  readonly world: World;
  readonly clock: VirtualClock;
  readonly engine: FleetEngine;
  readonly events: readonly DaemonEvent[];
  /** Begins, and works until nothing is left that needs no time. */
  start(): Promise<void>;
  /** As after a file event: then works likewise. */
  hint(): Promise<void>;
  hangup(): Promise<void>;
  advance(ms: number): Promise<void>;
  /** The first signal; what the daemon ends with. */
  stop(): Promise<DaemonEnd>;
  /** What it ended with; null while it lives. */
  ended(): DaemonEnd | null;
  /** Requests as `GET /v1/organizations`, since the last call. */
  takeRequests(): string[];
  /** Visits that ended, since the last call. */
  takeVisits(): ItemEnded[];
  takeEvents(): DaemonEvent[];
}

const DEADLINE_MS = 30_000;

const UNAUTHENTICATED: WireAnswer = {
  kind: 'response',
  status: 401,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ error: { code: 'UNAUTHENTICATED', message: 'The key is revoked.', requestId: 'req_1' } }),
};

export function createDaemonWorld(options: DaemonWorldOptions = {}): DaemonWorld {
  const clock = createVirtualClock(SANDBOX_EPOCH_MS);
  const delayMs = options.delayMs ?? (() => 0);
  const random = options.random ?? (() => 0.5);
  const transport = (inner: Transport): Transport => ({
    async send(request): Promise<WireAnswer> {
      const ms = delayMs(request);
      if (ms > DEADLINE_MS) {
        await clock.sleep(DEADLINE_MS);
        return { kind: 'failure', certainty: 'unknown', code: 'TIMEOUT', message: 'no answer came' };
      }
      if (options.isBroken?.(request)) throw new Error('a bug, on purpose');
      const answer = await inner.send(request);
      options.onAnswer?.(request, answer);
      if (options.isRefused?.()) return UNAUTHENTICATED;
      if (ms > 0) await clock.sleep(ms);
      return answer;
    },
  });
  const world = createWorld({
    tier: 'unlimited',
    ...options,
    clock,
    transport: options.transport ?? transport,
    ...(options.isPaced ? { pacer: createPacer({ clock, chance: { random } }) } : {}),
  });
  const stop = new AbortController();
  let events: DaemonEvent[] = [];
  const observe = (event: DaemonEvent) => void events.push(event);
  const leadership = options.leadership ?? leadAlone();
  const effects = world.effects();
  const engine = createFleetEngine({
    source: effects.source,
    effectsFor: () => effects,
    bindingRequired: true,
    concurrency: options.concurrency ?? 8,
    approved: options.approved ?? [],
    clock,
    chance: { random },
    signal: AbortSignal.any([stop.signal, leadership.lost]),
    onEvent: observe,
  });
  const resyncMs = options.resyncMs ?? 600_000;
  const loop = createLoop({
    engine,
    clock,
    chance: { random },
    hash: sha256,
    concurrency: options.concurrency ?? 8,
    resyncMs: () => resyncMs,
    full: false,
    observe,
  });
  const hints = createHandmadeHints();
  let hangup: (() => void) | null = null;
  let ended: DaemonEnd | null = null;
  let life: Promise<void> = Promise.resolve();

  return {
    world,
    clock,
    engine,
    get events() {
      return events;
    },
    async start() {
      life = runDaemon({
        loop,
        hints,
        onHangup(listener) {
          hangup = listener;
          return () => {
            hangup = null;
          };
        },
        leadership,
        stop: stop.signal,
        clock,
        observe,
      }).then((end) => {
        ended = end;
      });
      await quiet(clock);
    },
    async hint() {
      hints.give();
      await quiet(clock);
    },
    async hangup() {
      hangup?.();
      await quiet(clock);
    },
    advance: (ms) => clock.advance(ms),
    async stop() {
      stop.abort();
      await clock.run(life);
      if (!ended) throw new Error('the daemon did not end');
      return ended;
    },
    ended: () => ended,
    takeRequests: () => world.requests.splice(0).map(({ method, path }) => `${method} ${path}`),
    takeVisits() {
      const visits = events.filter((event) => event.kind === 'item-ended');
      events = events.filter((event) => event.kind !== 'item-ended');
      return visits;
    },
    takeEvents() {
      const taken = events;
      events = [];
      return taken;
    },
  };
}

/** What needs no time: files are read in several turns of the event loop. */
async function quiet(clock: VirtualClock): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await clock.advance(0);
}

function createHandmadeHints() {
  let wake: () => void = () => {};
  let isGiven = false;
  return {
    give() {
      isGiven = true;
      wake();
    },
    async next(_ms: number, stop: AbortSignal): Promise<boolean> {
      const hinted = new Promise<void>((resolve) => {
        wake = resolve;
        stop.addEventListener('abort', () => resolve(), { once: true });
        if (isGiven || stop.aborted) resolve();
      });
      await hinted;
      isGiven = false;
      return !stop.aborted;
    },
    close: async () => {},
  };
}

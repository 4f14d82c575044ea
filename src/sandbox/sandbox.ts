import { defaultBehaviour, type SandboxBehaviour } from './behaviour.ts';
import { createClock, SANDBOX_EPOCH_MS, type SandboxClock } from './clock.ts';
import type { SandboxAnswer, SandboxRequest } from './exchange.ts';
import { freshState } from './fresh-state.ts';
import { handleRequest } from './handle.ts';
import { type Act, createHands, type Hands } from './hands.ts';
import { actorOf, openMachine, snapshotOf } from './machine.ts';
import type { ArmedFault, Fault, FaultRule, RateLimitTier, RequestEntry, SandboxState } from './state.ts';

export interface SandboxOptions {
  /** Same seed, same ids and secrets. The default is fixed, so that every fresh sandbox shows the same ones. */
  readonly seed?: number;
  /** The base clock in milliseconds since the epoch. Without it time stands still at 2026-06-15T12:00:00Z. */
  readonly now?: () => number;
  readonly behaviour?: Partial<SandboxBehaviour>;
  /** Rate-limit tier of the parent's first key; default `partner`. */
  readonly tier?: RateLimitTier;
  /** Prepaid credits of a fresh parent; default 1,000,000. */
  readonly prepaidCredits?: number;
  /** How many requests the log keeps at least; 0 turns it off. Default 1000. */
  readonly requestLogMax?: number;
  /** Continue from here instead of beginning afresh. */
  readonly state?: SandboxState;
  /** Called before the answer leaves whenever something worth keeping changed. */
  readonly onChange?: (snapshot: () => SandboxState) => void;
}

export interface Sandbox {
  /** Answers a request at once. `fault` strikes this request alone. */
  handle(request: SandboxRequest, fault?: Fault): SandboxAnswer;
  readonly clock: SandboxClock;
  readonly faults: {
    add(rule: FaultRule): void;
    clear(): void;
    list(): readonly ArmedFault[];
  };
  readonly hands: Hands;
  /** The request log, oldest first; it goes on growing. */
  requests(): readonly RequestEntry[];
  /** The whole state as plain JSON data; ground truth for oracles. Costs a few array copies. */
  snapshot(): SandboxState;
  /** Goes back to a snapshot, which stays as it is and may be restored again. */
  restore(state: SandboxState): void;
  behaviour(): SandboxBehaviour;
  /** Changes some of the switches from here on. */
  configure(changes: Partial<SandboxBehaviour>): void;
  /** The parent's ids and the current text of its first key. */
  parent(): { readonly organizationId: string; readonly apiKeyId: string; readonly token: string };
}

const DEFAULT_SEED = 20_260_601;

/** An API in memory: deterministic, synchronous, and forkable at any moment. */
export function createSandbox(options: SandboxOptions = {}): Sandbox {
  const clock = createClock(options.now ?? (() => SANDBOX_EPOCH_MS));
  const behaviour = { ...defaultBehaviour, ...options.behaviour };
  const machineOptions = { clock, requestLogMax: options.requestLogMax ?? 1000 };
  const state =
    options.state ??
    freshState({
      seed: options.seed ?? DEFAULT_SEED,
      nowMs: clock.now(),
      tier: options.tier ?? 'partner',
      prepaidCredits: options.prepaidCredits ?? 1_000_000,
    });
  let machine = openMachine(state, { ...machineOptions, behaviour });
  let keptVersion = machine.world.version();

  const snapshot = () => snapshotOf(machine);
  const keep = () => {
    options.onChange?.(snapshot);
    // Only now: what could not be kept is tried again with the next request.
    keptVersion = machine.world.version();
  };
  const keepIfChanged = () => {
    if (machine.world.version() !== keptVersion) keep();
  };
  const act: Act = (work) => {
    const result = work(actorOf(machine, { by: 'hand' }));
    keepIfChanged();
    return result;
  };

  return {
    handle(request, fault) {
      const answer = handleRequest(machine, request, fault);
      keepIfChanged();
      return answer;
    },
    clock: {
      now: () => clock.now(),
      advance(ms) {
        clock.advance(ms);
        keep();
      },
      set(ms) {
        clock.set(ms);
        keep();
      },
    },
    faults: {
      add: (rule) => machine.faults.add(rule),
      clear: () => machine.faults.clear(),
      list: () => machine.faults.list(),
    },
    hands: createHands(act),
    requests: () => machine.requests,
    snapshot,
    restore(next) {
      machine = openMachine(next, { ...machineOptions, behaviour: machine.behaviour });
      keep();
    },
    behaviour: () => machine.behaviour,
    configure(changes) {
      machine.behaviour = { ...machine.behaviour, ...changes };
    },
    parent() {
      const { parentOrganizationId: organizationId, parentApiKeyId: apiKeyId, apiKeys } = machine.world;
      return { organizationId, apiKeyId, token: apiKeys.get(apiKeyId)?.secret ?? '' };
    },
  };
}

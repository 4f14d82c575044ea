import type { TokenIndex } from './authentication.ts';
import type { SandboxBehaviour } from './behaviour.ts';
import { type Chance, createChance } from './chance.ts';
import type { OffsetClock } from './clock.ts';
import { createFaultBoard, type FaultBoard } from './faults.ts';
import type { Actor } from './route.ts';
import type { Bucket, Operation, RequestEntry, SandboxState } from './state.ts';
import { openWorld, type World } from './world.ts';

/** The moving parts behind one sandbox. Replaced as a whole when a state is restored. */
export interface Machine {
  readonly world: World;
  readonly clock: OffsetClock;
  readonly faults: FaultBoard;
  readonly buckets: Map<string, Bucket>;
  readonly lastUsedAtMs: Map<string, number>;
  readonly tokens: TokenIndex;
  readonly requestChance: Chance;
  readonly requests: RequestEntry[];
  /** At least this many requests are kept; 0 = none. */
  readonly requestLogMax: number;
  behaviour: SandboxBehaviour;
}

export interface MachineOptions {
  readonly clock: OffsetClock;
  readonly behaviour: SandboxBehaviour;
  readonly requestLogMax: number;
}

export function openMachine(state: SandboxState, { clock, behaviour, requestLogMax }: MachineOptions): Machine {
  const { ephemeral } = state;
  clock.setOffset(state.clockOffsetMs);
  const faults = createFaultBoard();
  faults.restore(ephemeral.faults);
  return {
    world: openWorld(state),
    clock,
    faults,
    buckets: new Map(Object.entries(ephemeral.buckets)),
    lastUsedAtMs: new Map(Object.entries(ephemeral.lastUsedAtMs)),
    tokens: new Map(),
    requestChance: createChance(ephemeral.requestChance),
    requests: [...ephemeral.requests],
    requestLogMax,
    behaviour,
  };
}

/** The whole state as plain data. It shares rows with the machine, which never changes a row in place. */
export function snapshotOf(machine: Machine): SandboxState {
  const { world } = machine;
  return {
    format: 'layers-sandbox/1',
    version: world.version(),
    chance: world.chance.state(),
    clockOffsetMs: machine.clock.offset(),
    parentOrganizationId: world.parentOrganizationId,
    parentApiKeyId: world.parentApiKeyId,
    organizations: world.organizations.dump(),
    wallets: world.wallets.dump(),
    apiKeys: world.apiKeys.dump(),
    ledger: world.ledger.dump(),
    webhookEndpoints: world.webhookEndpoints.dump(),
    deliveries: world.deliveries.dump(),
    idempotency: world.idempotency.dump(),
    transfers: world.transfers.dump(),
    operations: [...world.operations],
    ephemeral: {
      history: {
        organizations: world.organizations.history(),
        wallets: world.wallets.history(),
        apiKeys: world.apiKeys.history(),
        ledger: world.ledger.history(),
        webhookEndpoints: world.webhookEndpoints.history(),
        deliveries: world.deliveries.history(),
      },
      buckets: Object.fromEntries(machine.buckets),
      lastUsedAtMs: Object.fromEntries(machine.lastUsedAtMs),
      requests: [...machine.requests],
      requestChance: machine.requestChance.state(),
      faults: machine.faults.list(),
    },
  };
}

/** Begins a change: what it records carries `signature`, and all of it belongs to one version. */
export function actorOf(
  machine: Machine,
  signature: Pick<Operation, 'by' | 'apiKeyId' | 'idempotencyKey' | 'requestId'>,
): Actor {
  const { world, behaviour } = machine;
  const nowMs = machine.clock.now();
  world.begin(nowMs);
  return {
    world,
    nowMs,
    behaviour,
    record(operation) {
      const { by, ...details } = signature;
      world.operations.push(
        operation.kind === 'credits.refill'
          ? { ...operation, atMs: nowMs, by: 'system' }
          : { ...operation, atMs: nowMs, by, ...details },
      );
    },
  };
}

import { KEY_NAMESPACE } from '../../src/core/idempotency.ts';
import type { PassReport } from '../../src/core/report.ts';
import { Secret } from '../../src/core/secret.ts';
import { type Chance, nameUuid, sha256 } from '../../src/effects/chance.ts';
import type { Clock } from '../../src/effects/clock.ts';
import type { JournalEntry } from '../../src/effects/journal.ts';
import { createLayersClient } from '../../src/effects/layers/layers-client.ts';
import type { Transport } from '../../src/effects/layers/transport.ts';
import { createFileSecretStore } from '../../src/effects/secrets/file-store.ts';
import type { SecretStore } from '../../src/effects/secrets/store.ts';
import type { StatusStore } from '../../src/effects/status/store.ts';
import type { Effects } from '../../src/engine/context.ts';
import { runPass } from '../../src/engine/pass.ts';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { createFleetPasses } from '../support/fleet-passes.ts';
import { createMemoryFileSystem, type MemoryFileSystem } from '../support/memory-filesystem.ts';
import { type Declarations, declarationsOf } from './declaration-pool.ts';

/**
 * What a writer leaves behind when its process dies: a disk with secrets, recorded status, a journal, and its copy of
 * the declarations. Status and journal are kept as values here; how their files survive a crash is tested beside them.
 */
export interface Place {
  readonly name: string;
  declarations: Declarations;
  disk: MemoryFileSystem;
  readonly statuses: Map<string, string>;
  journal: JournalEntry[];
  /** How far this machine's clock is ahead of the server's, in milliseconds. */
  clockSkewMs: number;
  /** Counts what was written to status, journal and secrets. */
  changes: number;
  /** Processes started here; their random keys differ. */
  processes: number;
}

const secretsDirectory = '/place/secrets';

export function createPlace(name: string, declarations: Declarations): Place {
  const disk = createMemoryFileSystem();
  disk.plantDirectory('/place', 0o700);
  return {
    name,
    declarations,
    disk,
    statuses: new Map(),
    journal: [],
    clockSkewMs: 0,
    changes: 0,
    processes: 0,
  };
}

/** The lines that bind a workspace to the sandbox's parent. */
export function bindingTo(sandbox: Sandbox): string {
  const { organizationId, apiKeyId } = sandbox.parent();
  return `parentOrganizationId: ${organizationId}\napiKeyId: ${apiKeyId}\n`;
}

export function secretsOf(place: Place): SecretStore {
  const chance = chanceOf(place);
  return createFileSecretStore({ directory: secretsDirectory, fileSystem: place.disk, chance });
}

/** The same place once more; what happens at one is not seen at the other. */
export function copyOf(place: Place): Place {
  return { ...place, disk: place.disk.clone(), statuses: new Map(place.statuses), journal: [...place.journal] };
}

/** One run of the program. Who sleeps is late, and nobody else: so that the naps of one cannot reorder the others. */
export interface Process {
  sleptMs: number;
  /** Nobody else runs: while it sleeps, the time of the whole world passes. */
  readonly isAlone?: boolean;
}

export interface PassAt {
  readonly place: Place;
  readonly sandbox: Sandbox;
  readonly transport: Transport;
  readonly process?: Process;
  /** Read keys and ledgers of everybody. */
  readonly full?: boolean;
  /** As a daemon: a visit to the webhooks, then to every customer. */
  readonly visits?: boolean;
}

/** Runs one pass as a new process at a place. Everything it knows comes from the place and through the transport. */
export function passAt(run: PassAt): Promise<PassReport> {
  run.place.processes += 1;
  if (run.visits) return createFleetPasses(effectsAt(run), { full: run.full ?? false, concurrency: 1 })();
  return runPass(effectsAt(run), {
    customers: [],
    full: run.full ?? false,
    concurrency: 1,
    approved: [],
    bindingRequired: true,
    confirm: async () => true,
    signal: new AbortController().signal,
  });
}

function effectsAt({ place, sandbox, transport, process = { sleptMs: 0 } }: PassAt): Effects {
  const clock = clockOf(place, process, sandbox);
  const chance = chanceOf(place);
  let reads = 0;
  let writes = 0;
  const counting: Transport = {
    send: (request) => {
      if (request.method === 'GET') reads += 1;
      else writes += 1;
      return transport.send(request);
    },
  };
  const client = createLayersClient({
    transport: counting,
    token: () => new Secret(sandbox.parent().token),
    clock,
    chance,
  });
  const secrets = secretsOf(place);
  return {
    reader: client,
    writer: client,
    source: declarationsOf(
      () => place.declarations,
      () => clock.now(),
    ),
    statuses: statusesOf(place),
    secrets: { ...secrets, put: (slot, secret) => counted(place, () => secrets.put(slot, secret)) },
    journal: {
      append: (entry) => {
        place.changes += 1;
        place.journal.push(entry);
        return { ok: true };
      },
      entries: () => place.journal,
      unreadable: () => null,
    },
    clock,
    chance,
    hash: sha256,
    nameUuid: (name) => nameUuid(KEY_NAMESPACE, name),
    requests: () => ({ read: reads, write: writes }),
    progress: () => {},
  };
}

function clockOf(place: Place, process: Process, sandbox: Sandbox): Clock {
  return {
    now: () => sandbox.clock.now() + place.clockSkewMs + process.sleptMs,
    monotonic: () => sandbox.clock.now() + process.sleptMs,
    sleep: async (ms) => {
      if (process.isAlone) sandbox.clock.advance(ms);
      else process.sleptMs += ms;
    },
  };
}

function statusesOf(place: Place): StatusStore {
  const nameOf = (externalId: string | null) => externalId ?? '_fleet';
  return {
    read: async ({ externalId }) => {
      const text = place.statuses.get(nameOf(externalId));
      const value: unknown = text === undefined ? null : JSON.parse(text);
      return { ok: true, value };
    },
    write: async ({ externalId }, status) => {
      const text = JSON.stringify(status);
      if (place.statuses.get(nameOf(externalId)) !== text) place.changes += 1;
      place.statuses.set(nameOf(externalId), text);
      return { ok: true, value: undefined };
    },
  };
}

async function counted<T>(place: Place, work: () => Promise<T>): Promise<T> {
  place.changes += 1;
  return work();
}

function chanceOf(place: Place): Chance {
  let count = 0;
  const process = `${place.name.codePointAt(0)?.toString(16) ?? '0'}${String(place.processes)}`.padStart(8, '0');
  return {
    random: () => 0.5,
    uuid: () => {
      count += 1;
      return `${process}-0000-4000-8000-${String(count).padStart(12, '0')}`;
    },
  };
}

import { KEY_NAMESPACE } from '../../src/core/idempotency.ts';
import type { PassReport } from '../../src/core/report.ts';
import { Secret } from '../../src/core/secret.ts';
import { type Chance, nameUuid, sha256 } from '../../src/effects/chance.ts';
import type { Clock } from '../../src/effects/clock.ts';
import { createFileJournal } from '../../src/effects/file-journal.ts';
import { type CircuitEvent, createCircuit } from '../../src/effects/layers/circuit.ts';
import { createLayersClient } from '../../src/effects/layers/layers-client.ts';
import type { Transport, WireAnswer, WireRequest } from '../../src/effects/layers/transport.ts';
import { createFileSecretStore } from '../../src/effects/secrets/file-store.ts';
import { createDirectorySource } from '../../src/effects/source/directory-source.ts';
import type { DeclarationSource } from '../../src/effects/source/source.ts';
import { createDirectoryStatusStore } from '../../src/effects/status/directory-store.ts';
import { createInlineStatusStore } from '../../src/effects/status/inline-store.ts';
import { runPass } from '../../src/engine/pass.ts';
import { resumeCustomer } from '../../src/engine/resume.ts';
import { defaultBehaviour } from '../../src/sandbox/behaviour.ts';
import { createSandbox, type Fault, type Sandbox, type SandboxState } from '../../src/sandbox/index.ts';
import { createFleetPasses } from './fleet-passes.ts';
import { createMemoryFileSystem, isCrash, type MemoryFileSystem, type Operation } from './memory-filesystem.ts';
import { createOracle, type Oracle, type OracleMemory } from './oracle.ts';
import type { Variant } from './variants.ts';

export const DIRECTORY = '/workspace';

/** A moment to which a machine can go back as often as it likes. */
export interface Moment {
  readonly sandbox: SandboxState;
  readonly disk: MemoryFileSystem;
  readonly edits: readonly (readonly [file: string, text: string | null])[];
  readonly uuids: number;
  readonly memory: OracleMemory;
}

/** What people do between passes. */
export interface Stage {
  readonly sandbox: Sandbox;
  /** Saves a file of the workspace as a person does; null removes it. */
  save(file: string, text: string | null): void;
  /** Edits a file in place, its status block included. */
  edit(file: string, change: (text: string) => string): void;
  text(file: string): string;
  wait(ms: number): void;
  /** One pass of a process of its own, without faults. */
  pass(): Promise<PassReport>;
  /** `reconcile resume`, by a person who says yes. */
  resume(externalId: string): Promise<void>;
}

/** One process: a pass from its beginning to its end or its death. */
export interface ProcessHooks {
  /** Stands between the client and the server. */
  readonly onRequest?: (request: WireRequest, server: Server) => WireAnswer | null;
  /** Sees each file operation first; what it throws or answers is done to it. */
  readonly onOperation?: NonNullable<MemoryFileSystem['onOperation']>;
}

export interface Server {
  perform(request: WireRequest, fault?: Fault): WireAnswer;
  /** Ends the process at this very point. */
  die(): void;
}

export interface Ended {
  /** Null when the process died. */
  readonly report: PassReport | null;
  readonly requests: readonly WireRequest[];
  readonly operations: number;
  /** Requests that are no GET, and operations that changed the disk. */
  readonly writes: number;
  readonly changes: number;
}

/** A sandbox, a disk and the clock between them; processes come and go. */
export interface Machine extends Stage {
  readonly oracle: Oracle;
  readonly disk: MemoryFileSystem;
  now(): Moment;
  goBack(moment: Moment): void;
  /** Equal for two moments from which everything goes on alike. */
  fingerprint(options: { readonly powerMayFail: boolean }): string;
  run(hooks?: ProcessHooks): Promise<Ended>;
  perform(request: WireRequest, fault?: Fault): WireAnswer;
  /** The machine lost its power: of the unsynced changes only some survive. */
  losePower(survives: Parameters<MemoryFileSystem['losePower']>[0]): void;
  trace: ((line: string) => void) | null;
}

export interface MachineOptions {
  readonly workspaceYaml?: string;
  readonly prepaidCredits?: number;
  /** Every pass reads keys and ledgers of every customer, as with `--full`. */
  readonly full?: boolean;
  /** One process lives through all passes, as the daemon does; it must not die. */
  readonly livesOn?: boolean;
  /** Its client stops asking an API that is away, as the daemon's does, and tells this of it. */
  readonly onCircuit?: (event: CircuitEvent) => void;
}

const CHANGING: ReadonlySet<Operation['kind']> = new Set(['write', 'rename', 'unlink', 'createExclusive', 'chmod']);

export function createMachine(variant: Variant, options: MachineOptions = {}): Machine {
  const sandbox = createSandbox({
    behaviour: { ...defaultBehaviour, ...variant.behaviour },
    tier: 'unlimited',
    requestLogMax: 0,
    prepaidCredits: options.prepaidCredits ?? 1_000_000,
  });
  const { organizationId, apiKeyId, token } = sandbox.parent();
  let disk = createMemoryFileSystem();
  let oracle = createOracle(sandbox);
  let edits: (readonly [string, string | null])[] = [];
  let uuids = 0;
  let living: (() => Promise<PassReport>) | null = null;
  let present: { readonly transport: Transport; readonly progress: Told } | null = null;
  const sources = createSourcePool(
    () => disk,
    () => sandbox.clock.now() + (variant.skewMs ?? 0),
  );

  function mount(next: MemoryFileSystem): void {
    disk.onEffect = null;
    disk.onOperation = null;
    living = null;
    disk = next;
    oracle.watchDisk(disk, DIRECTORY);
  }

  function perform(request: WireRequest, fault?: Fault): WireAnswer {
    const hidesEffect = fault?.kind === 'error-after' && !sandbox.behaviour().cacheServerErrors;
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const { method, path, body } = request;
    const answer = sandbox.handle(
      { method, path, headers, ...(body === undefined ? {} : { body }) },
      hidesEffect ? undefined : fault,
    );
    oracle.afterRequest(request);
    if (answer.kind === 'none') return { kind: 'failure', certainty: 'unknown', code: 'NETWORK', message: 'reset' };
    if (!sandbox.behaviour().cacheServerErrors)
      oracle.exchanged({ method, path, requestBody: body, status: answer.status, answerBody: answer.body });
    const { status, body: text, headers: sent } = answer;
    if (!hidesEffect) return { kind: 'response', status, headers: sent, body: text };
    const error = JSON.stringify({ error: { code: 'INTERNAL', message: 'On purpose.', requestId: 'req_on_purpose' } });
    return { kind: 'response', status: 500, headers: sent, body: error };
  }

  async function run(hooks: ProcessHooks = {}): Promise<Ended> {
    const mine = disk;
    const requests: WireRequest[] = [];
    const progress: unknown[] = [];
    let operations = 0;
    let changes = 0;
    let isAlive = true;
    let bury: () => void = () => {};
    const death = new Promise<null>((resolve) => {
      bury = () => resolve(null);
    });
    const die = () => {
      isAlive = false;
      bury();
    };
    mine.onOperation = (operation) => {
      if (!isAlive) throw new Error('a dead process touched the disk');
      operations += 1;
      if (CHANGING.has(operation.kind)) changes += 1;
      machine.trace?.(`  d${operations - 1} ${operation.kind} ${operation.path}`);
      try {
        return hooks.onOperation?.(operation);
      } catch (error) {
        die();
        throw error;
      }
    };
    const server: Server = { perform, die };
    const transport: Transport = {
      async send(request) {
        if (!isAlive) return never();
        try {
          request.fence?.();
        } catch {
          return { kind: 'failure', certainty: 'nothing-sent', code: 'STALE_INTENT', message: 'too old' };
        }
        requests.push(request);
        oracle.beforeRequest(request);
        const answer = hooks.onRequest?.(request, server) ?? (isAlive ? perform(request) : null);
        machine.trace?.(
          `r${requests.length - 1} ${request.method} ${request.path} -> ${isAlive ? shortly(answer) : 'dead'}`,
        );
        return isAlive && answer ? answer : never();
      },
    };
    let report: PassReport | null = null;
    const work = options.livesOn ? livingPass(transport, progress) : passOfItsOwn(transport, progress);
    try {
      report = await Promise.race([work, death]);
      if (!isAlive) report = null;
    } catch (error) {
      if (!isCrash(error)) oracle.judgeBug(error);
      isAlive = false;
    }
    work.catch(() => {});
    if (isAlive) {
      mine.onOperation = null;
    } else {
      // What still runs of the dead process runs on the disk of the dead.
      const survivor = mine.clone();
      mine.onOperation = () => {
        throw new Error('a dead process touched the disk');
      };
      mine.onEffect = null;
      disk = survivor;
      oracle.watchDisk(disk, DIRECTORY);
    }
    if (progress.length > 0) oracle.judgeText('progress', JSON.stringify(progress));
    if (report) oracle.judgeText('the report', JSON.stringify(report));
    if (report) machine.trace?.(`report: ${summary(report)}`);
    const writes = requests.filter(({ method }) => method !== 'GET').length;
    return { report, requests, operations, writes, changes };
  }

  function passOfItsOwn(transport: Transport, progress: unknown[]): Promise<PassReport> {
    return runPass(effectsOf(disk, transport, progress), {
      customers: [],
      full: options.full ?? false,
      concurrency: 4,
      approved: [],
      bindingRequired: true,
      confirm: async () => true,
      signal: new AbortController().signal,
    });
  }

  /** The process that lives on goes through whatever transport is there now. */
  function livingPass(transport: Transport, progress: unknown[]): Promise<PassReport> {
    present = { transport, progress };
    living ??= createFleetPasses(
      effectsOf(
        disk,
        { send: async (request) => present?.transport.send(request) ?? never() },
        { push: (event) => present?.progress.push(event) },
      ),
      { full: options.full ?? false },
    );
    return living();
  }

  function effectsOf(fileSystem: MemoryFileSystem, transport: Transport, progress: Told) {
    const startMs = sandbox.clock.now();
    const clock: Clock = {
      now: () => sandbox.clock.now() + (variant.skewMs ?? 0),
      monotonic: () => sandbox.clock.now() - startMs,
      sleep: async (ms) => sandbox.clock.advance(ms),
    };
    const chance: Chance = {
      random: () => 0.5,
      uuid: () => {
        uuids += 1;
        return `00000000-0000-4000-8000-${String(uuids).padStart(12, '0')}`;
      },
    };
    const { onCircuit } = options;
    const circuit = onCircuit && createCircuit({ clock, chance, onEvent: onCircuit });
    const client = createLayersClient({
      transport,
      token: () => new Secret(token),
      clock,
      chance,
      ...(circuit ? { circuit } : {}),
    });
    return {
      reader: client,
      writer: client,
      source: sources(),
      statuses:
        variant.statusStore === 'directory'
          ? createDirectoryStatusStore({ directory: `${DIRECTORY}/status`, fileSystem, chance })
          : createInlineStatusStore({ workspaceDirectory: DIRECTORY, fileSystem, chance }),
      secrets: createFileSecretStore({
        directory: `${DIRECTORY}/.reconcile/secrets`,
        displayDirectory: '.reconcile/secrets',
        fileSystem,
        chance,
      }),
      journal: createFileJournal(`${DIRECTORY}/.reconcile/journal.jsonl`, fileSystem),
      clock,
      chance,
      hash: sha256,
      nameUuid: (name: string) => nameUuid(KEY_NAMESPACE, name),
      requests: () => ({ read: 0, write: 0 }),
      progress: (event: unknown) => progress.push(event),
    };
  }

  const machine: Machine = {
    sandbox,
    trace: null,
    get oracle() {
      return oracle;
    },
    get disk() {
      return disk;
    },
    save(file, text) {
      edits.push([file, text]);
      oracle.declare(file, text);
      machine.trace?.(`a person ${text === null ? 'removes' : 'saves'} ${file}`);
      const hook = disk.onOperation;
      disk.onOperation = null;
      const path = `${DIRECTORY}/${file}`;
      if (text !== null) disk.plant(path, text);
      else if (disk.textOf(path) !== null) {
        disk.unlink(path);
        disk.fsyncDirectory(path.slice(0, path.lastIndexOf('/')));
      }
      disk.onOperation = hook;
    },
    edit: (file, change) => machine.save(file, change(machine.text(file))),
    text: (file) => disk.textOf(`${DIRECTORY}/${file}`) ?? '',
    wait: (ms) => sandbox.clock.advance(ms),
    async pass() {
      const { report } = await run();
      if (!report) throw new Error('a pass without faults died');
      return report;
    },
    async resume(externalId) {
      const transport: Transport = { send: async (request) => perform(request) };
      const { signal } = new AbortController();
      const options = { externalId, bindingRequired: true, signal, confirm: async () => true };
      const result = await resumeCustomer(effectsOf(disk, transport, []), options);
      // Where reads are late the command cannot see that it was done, and says so.
      const isLate = result.kind === 'failed' && result.message.includes('does not read back');
      // Where the listing leaves the organization out, somebody resumes it by hand.
      const id = sandbox.snapshot().organizations.find(({ metadata }) => metadata['externalId'] === externalId)?.id;
      const isHidden = result.kind === 'not-needed' && sandbox.behaviour().listOmitsOne !== 'none';
      if (isHidden && id !== undefined) sandbox.hands.resume(id);
      else if (result.kind !== 'resumed' && !isLate) throw new Error(`${externalId} was not resumed: ${result.kind}`);
    },
    now: () => ({
      sandbox: sandbox.snapshot(),
      disk: disk.clone(),
      edits: [...edits],
      uuids,
      memory: oracle.memory(),
    }),
    goBack(moment) {
      sandbox.restore(moment.sandbox);
      uuids = moment.uuids;
      edits = [...moment.edits];
      oracle = createOracle(sandbox);
      for (const [file, text] of edits) oracle.declare(file, text);
      oracle.remember(moment.memory);
      mount(moment.disk.clone());
    },
    fingerprint: (options) =>
      sha256(
        JSON.stringify([
          sandbox.snapshot(),
          sandbox.clock.now(),
          disk.fingerprint(options),
          edits,
          uuids,
          oracle.memory(),
        ]),
      ),
    run,
    perform,
    losePower(survives) {
      disk.losePower(survives);
      oracle.judgeDisks();
    },
  };
  disk.plantDirectory(`${DIRECTORY}/.reconcile`, 0o700);
  oracle.watchDisk(disk, DIRECTORY);
  const binding = `parentOrganizationId: ${organizationId}\napiKeyId: ${apiKeyId}\n`;
  machine.save('reconcile.yaml', binding + (options.workspaceYaml ?? ''));
  return machine;
}

/** Where progress goes. */
interface Told {
  push(event: unknown): unknown;
}

function never(): Promise<never> {
  return new Promise(() => {});
}

/**
 * Sources remember what they parsed, and suites show them the same few texts a million times: one source for each state
 * of the files. It is a memory of contents only, which a new process would build again.
 */
function createSourcePool(disk: () => MemoryFileSystem, now: () => number): () => DeclarationSource {
  const pool = new Map<string, DeclarationSource>();
  const fileSystem = {
    readFile: (path: string) => disk().readFile(path),
    readDirectory: (path: string) => disk().readDirectory(path),
    stat: (path: string) => disk().stat(path),
    realPath: (path: string) => disk().realPath(path),
  };
  return () => {
    const texts = disk().textsBelow(`${DIRECTORY}/customers`);
    const key = JSON.stringify([disk().textOf(`${DIRECTORY}/reconcile.yaml`), texts]);
    const known = pool.get(key);
    if (known) return known;
    if (pool.size > 300) pool.clear();
    const made = createDirectorySource({
      workspaceDirectory: DIRECTORY,
      clock: { now },
      fileSystem: { ...createMemoryFileSystem(), ...fileSystem },
    });
    pool.set(key, made);
    return made;
  };
}

function shortly(answer: WireAnswer | null): string {
  if (!answer) return 'no answer';
  if (answer.kind === 'failure') return `${answer.code} (${answer.certainty})`;
  return `${answer.status} ${answer.body.slice(0, 160)}`;
}

function summary(report: PassReport): string {
  const customers = report.customers.map(({ externalId, phase, steps, problems }) => {
    const done = steps.map(({ action, name, outcome }) => `${action} ${name ?? ''} ${outcome}`).join(', ');
    return `${externalId} ${phase} [${done}] ${problems.map(({ code }) => code).join(', ')}`;
  });
  return [report.refused?.code ?? '', ...customers, ...report.fleet.problems.map(({ code }) => code)].join('; ');
}

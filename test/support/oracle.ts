import type { Transport, WireRequest } from '../../src/effects/layers/transport.ts';
import type { Sandbox, SandboxState } from '../../src/sandbox/index.ts';
import { checkTranscript, type Exchange, type Promised } from './ledger-checker.ts';
import type { MemoryFileSystem } from './memory-filesystem.ts';
import { createDeclarations, type Declarations } from './oracle-declarations.ts';
import { createLeakScanner, type LeakScanner } from './oracle-leaks.ts';
import { judgeRequest } from './oracle-requests.ts';
import { judgeSecrets } from './oracle-secrets.ts';
import { judgeStatusFile } from './oracle-status.ts';
import { createWorldJudge, type OperationCounts } from './oracle-world.ts';

/** A broken invariant of correctness.md section 1, with a sentence for people. */
export interface Violation {
  readonly invariant: string;
  readonly message: string;
}

export type Report = (invariant: string, message: string) => void;

/** What every part of the oracle judges by. */
export interface OracleFacts {
  readonly sandbox: Sandbox;
  readonly declarations: Declarations;
  readonly leaks: LeakScanner;
  /** Every workspace that writes for the parent: two daemons may have a disk each. */
  readonly workspaces: readonly Workspace[];
  readonly report: Report;
  /** By file and organization: the highest number of grants that its status named since a person last saved it. */
  readonly highWater: Map<string, number>;
  /** Texts with a status that stood on a disk when the oracle came: true then, whatever people have done since. */
  readonly earlier: Set<string>;
  /** By the file that people took away and did not put back: the keys whose secret may have been in it. */
  readonly lostByPeople: Map<string, readonly string[]>;
}

export interface OracleMemory {
  readonly exchanges: readonly Exchange[];
  readonly highWater: readonly (readonly [string, number])[];
  readonly lostByPeople: readonly (readonly [string, readonly string[]])[];
}

export interface Workspace {
  readonly directory: string;
  readonly disk: MemoryFileSystem;
}

/**
 * Judges after every step whether I1–I11 hold, on the sandbox's ground truth, the disks, and everything that was ever
 * declared. It costs a few microseconds when nothing changed, so that it can stand beside millions of steps.
 */
export interface Oracle {
  /** Tells what a file says from here on (`customers/acme.yaml`, `reconcile.yaml`); null: it is gone. */
  declare(file: string, text: string | null): void;
  /** Judges every change of a disk from here on; a later call with the same directory replaces the disk. */
  watchDisk(disk: MemoryFileSystem, directory: string): void;
  /** Judges every request on its way out and the world after it. */
  watchTransport(inner: Transport): Transport;
  /** For who speaks to the sandbox directly: judges a request before it goes out, and the world after it. */
  beforeRequest(request: WireRequest): void;
  afterRequest(request: WireRequest): void;
  /** What the server did with a request, whether or not the answer arrives: for the independent ledger checker. */
  exchanged(exchange: Exchange): void;
  /** What cannot be seen of the world any more; to be remembered by who goes back in time with a new oracle. */
  memory(): OracleMemory;
  /** After everything that was declared until then has been declared again. */
  remember(memory: OracleMemory): void;
  /** After a loss of power, or a disk that was changed by hand: judges all files anew. */
  judgeDisks(): void;
  /** Judges text that people or programs may see: reports, progress, errors (I4). */
  judgeText(what: string, text: string): void;
  /** An error that a pass threw: only bugs throw. */
  judgeBug(error: unknown): void;
  /** The last word: everything once more, and the ledger recomputed from the transcript. */
  judgeAll(): void;
  /** Executed operations by kind, whatever the end state hides. */
  counts(): OperationCounts;
  readonly violations: readonly Violation[];
  /** Throws with all violations, if there are any. */
  assertHolds(): void;
}

export function createOracle(sandbox: Sandbox): Oracle {
  const violations: Violation[] = [];
  const seen = new Set<string>();
  const report: Report = (invariant, message) => {
    const text = `${invariant}: ${message}`;
    if (seen.has(text)) return;
    seen.add(text);
    violations.push({ invariant, message });
  };
  const declarations = createDeclarations();
  const leaks = createLeakScanner();
  const workspaces: Workspace[] = [];
  const exchanges: Exchange[] = [];
  const highWater = new Map<string, number>();
  const lostByPeople = new Map<string, readonly string[]>();
  const earlier = new Set<string>();
  const facts: OracleFacts = {
    sandbox,
    declarations,
    leaks,
    workspaces,
    report,
    highWater,
    earlier,
    lostByPeople,
  };
  const world = createWorldJudge(facts);

  let last: SandboxState = sandbox.snapshot();
  const collectSecrets = () => {
    for (const { secret } of last.apiKeys) leaks.add(secret);
    for (const { signingSecret, previousSigningSecret } of last.webhookEndpoints) {
      leaks.add(signingSecret);
      if (previousSigningSecret !== null) leaks.add(previousSigningSecret);
    }
  };
  collectSecrets();

  const lookAtWorld = () => {
    const next = sandbox.snapshot();
    if (next.version === last.version) return;
    last = next;
    collectSecrets();
    world.judge(last);
    judgeSecrets(facts, last);
  };
  const judgeFile = (workspace: Workspace, path: string) => {
    const file = path.slice(workspace.directory.length + 1);
    if (file.startsWith('.reconcile/')) return;
    if (file.endsWith('.yaml') || file.endsWith('.yml')) judgeStatusFile(facts, workspace, file, last);
  };
  const judgeBytes = (workspace: Workspace, path: string, text: string) => {
    const isOfTheStore = path.startsWith(`${workspace.directory}/.reconcile/secrets/`);
    if (!isOfTheStore && leaks.leaksIn(text)) report('I4', `a secret stands in ${path}`);
  };

  const oracle: Oracle = {
    declare(file, text) {
      for (const of of highWater.keys()) if (of.startsWith(`${file} `)) highWater.delete(of);
      declarations.set(file, text);
      if (text === null) lostByPeople.set(file, keysKeptIn(file, sandbox.snapshot()));
      else lostByPeople.delete(file);
    },
    watchDisk(disk, directory) {
      const known = workspaces.findIndex((workspace) => workspace.directory === directory && workspaces.length === 1);
      const workspace = { disk, directory };
      if (known >= 0) workspaces[known] = workspace;
      else {
        workspaces.push(workspace);
        for (const [path, text] of disk.textsBelow(directory)) if (path.endsWith('.yaml')) earlier.add(text);
      }
      disk.onEffect = ({ kind, path, bytes }) => {
        if (bytes) judgeBytes(workspace, path, new TextDecoder().decode(bytes));
        if (kind === 'write') return;
        judgeFile(workspace, path);
        if (path.includes('/secrets/')) judgeSecrets(facts, last);
      };
    },
    watchTransport: (inner) => ({
      async send(request) {
        oracle.beforeRequest(request);
        const answer = await inner.send(request);
        oracle.afterRequest(request);
        return answer;
      },
    }),
    beforeRequest: (request) => judgeRequest(facts, request, last),
    afterRequest(request) {
      if (request.method !== 'GET') lookAtWorld();
    },
    exchanged(exchange) {
      if (exchange.path.endsWith('/allocate')) exchanges.push(exchange);
    },
    memory: () => ({ exchanges: [...exchanges], highWater: [...highWater], lostByPeople: [...lostByPeople] }),
    remember(memory) {
      exchanges.push(...memory.exchanges);
      for (const [of, slots] of memory.highWater) highWater.set(of, slots);
      // Not by the world as it is now: a key that was made after the loss was not lost.
      lostByPeople.clear();
      for (const [file, ids] of memory.lostByPeople) lostByPeople.set(file, ids);
    },
    judgeDisks() {
      // What a status once said may be lost with the power: it is what the disks hold that counts from here on.
      highWater.clear();
      lookAtWorld();
      judgeSecrets(facts, last);
      for (const workspace of workspaces) {
        for (const file of declarations.files()) judgeStatusFile(facts, workspace, file, last);
        for (const [path, text] of workspace.disk.textsBelow(workspace.directory)) judgeBytes(workspace, path, text);
      }
    },
    judgeText(what, text) {
      if (leaks.leaksIn(text)) report('I4', `a secret stands in ${what}`);
    },
    judgeBug(error) {
      report('BUG', error instanceof Error ? (error.stack ?? error.message) : String(error));
    },
    judgeAll() {
      oracle.judgeDisks();
      world.judge(last);
      for (const message of checkTranscript(exchanges, promisedBy(declarations, exchanges))) report('I1', message);
    },
    counts: () => world.counts(),
    violations,
    assertHolds() {
      if (violations.length === 0) return;
      throw new Error(violations.map(({ invariant, message }) => `${invariant}: ${message}`).join('\n'));
    },
  };
  return oracle;
}

/** The keys whose secret the file store keeps in this file: `…/customers/<externalId>/<key name>`. */
function keysKeptIn(file: string, { organizations, apiKeys }: SandboxState): string[] {
  const customerOf = new Map(organizations.map(({ id, metadata }) => [id, metadata['externalId']]));
  return apiKeys
    .filter(({ name, organizationId }) => file.endsWith(`/customers/${customerOf.get(organizationId)}/${name}`))
    .map(({ id }) => id);
}

function promisedBy(declarations: Declarations, exchanges: readonly Exchange[]): Promised[] {
  const customers = new Set(
    exchanges.flatMap(({ requestBody }) => /"cust":"([^"]+)"/.exec(requestBody ?? '')?.[1] ?? []),
  );
  return [...customers].flatMap((customer) =>
    declarations
      .versions(customer)
      .map(({ incarnation, credits, adopted }): Promised => ({ customer, incarnation, credits, adopted })),
  );
}

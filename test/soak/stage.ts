import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { openPersistentSandbox, type SandboxState } from '../../src/sandbox/index.ts';
import { createLeakScanner } from '../support/oracle-leaks.ts';
import { type SandboxProcess, startSandbox } from '../support/real-process.ts';
import type { Outcome } from './assassin.ts';
import { createDeclarations, type Declared, edited, newCustomer, yamlOf } from './declarations.ts';
import { judgeDisk, judgeWorld, liveSecrets, type Report } from './judge.ts';
import { type NetworkProxy, openProxy } from './proxy.ts';
import { createSeeded, type Seeded } from './seeded.ts';
import { createWriter, SHARED, type Writer } from './writer.ts';

const FIREHOSE = `webhooks:
  - name: firehose
    url: https://hooks.partner.example/layers
    events: [content.generated, post.published]
`;

export interface Stage {
  readonly seeded: Seeded;
  readonly sandbox: SandboxProcess;
  readonly writers: readonly Writer[];
  readonly state: () => SandboxState;
  readonly judge: (quiet: readonly Writer[], outcome: Outcome | null) => void;
  readonly report: Report;
  readonly violations: ReadonlySet<string>;
  readonly declare: (writer: Writer, customer: Declared) => void;
}

export interface StageOptions {
  readonly seed: number;
  /** Null: one or two, as chance wants it. */
  readonly writers: number | null;
  /** In the customers' own files on a disk each; beside them; or, with the secrets, on a disk that all share. */
  readonly status: 'inline' | 'directory' | 'shared';
}

/** One world from nothing, for as long as it is played in: a sandbox, and writers with a disk and a way to it each. */
export async function onStage<T>(options: StageOptions, play: (stage: Stage) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'reconcile-soak-'));
  const seeded = createSeeded(options.seed);
  const sandboxDirectory = join(home, 'sandbox');
  mkdirSync(sandboxDirectory);
  const sandbox = await startSandbox(sandboxDirectory);
  const proxies: NetworkProxy[] = [];
  const violations = new Set<string>();
  const report: Report = (invariant, message) => violations.add(`${invariant}: ${message}`);
  try {
    return await play(
      await setStage(options, { home, seeded, sandbox, sandboxDirectory, proxies, report, violations }),
    );
  } finally {
    await sandbox.stop();
    for (const proxy of proxies) await proxy.close();
    rmSync(home, { recursive: true, force: true });
  }
}

interface Place {
  readonly home: string;
  readonly seeded: Seeded;
  readonly sandbox: SandboxProcess;
  readonly sandboxDirectory: string;
  readonly proxies: NetworkProxy[];
  readonly report: Report;
  readonly violations: ReadonlySet<string>;
}

async function setStage({ seed, writers: wanted, status }: StageOptions, place: Place): Promise<Stage> {
  const { home, seeded, sandbox, sandboxDirectory, proxies, report, violations } = place;
  const { LAYERS_BASE_URL, LAYERS_API_KEY } = sandbox.environment;
  const apiKeyFile = join(home, 'api-key');
  writeFileSync(apiKeyFile, LAYERS_API_KEY, { mode: 0o600 });
  const me = whoami.parse((await sandbox.get('/v1/whoami')).body);
  const declarations = createDeclarations();
  const leaks = createLeakScanner();
  const state = () => openPersistentSandbox(sandboxDirectory).snapshot();
  const writers: Writer[] = [];
  const drawn = seeded.isHit(0.5) ? 2 : 1;
  const count = wanted ?? drawn;
  const shared = status === 'shared' ? join(home, SHARED) : null;
  for (let ordinal = 0; ordinal < count; ordinal += 1) {
    // Each has chance of its own, so that the order in which two work does not change what the other one meets.
    const proxy = await openProxy(LAYERS_BASE_URL, createSeeded(seed + 1 + ordinal));
    proxies.push(proxy);
    const directory = join(home, `workspace-${ordinal}`);
    const writer = createWriter(directory, proxy, apiKeyFile, shared);
    const binding = `parentOrganizationId: ${me.organizationId}\napiKeyId: ${me.apiKeyId}\n`;
    writer.edit('reconcile.yaml', binding + storesOf(status, shared) + FIREHOSE, false);
    writers.push(writer);
  }
  return {
    seeded,
    sandbox,
    writers,
    state,
    report,
    violations,
    judge(quiet, outcome) {
      const world = state();
      for (const { secret } of [...world.apiKeys, ...liveSecrets(world)]) leaks.add(secret);
      judgeWorld(world, declarations, writers, report);
      for (const writer of quiet) judgeDisk(writer, world, leaks, report);
      if (outcome === null) return;
      const { visible, ended } = outcome;
      for (const [what, text] of Object.entries({ visible, stdout: ended.stdout, stderr: ended.stderr }))
        if (leaks.leaksIn(text)) report('I4', `a secret stands in what is ${what}`);
    },
    declare(writer, customer) {
      declarations.declare(customer);
      writer.edit(`customers/${customer.externalId}.yaml`, yamlOf(customer), !seeded.isHit(0.08));
    },
  };
}

/** Quoted, so that the setting is not taken for the block that the tool keeps at the end of a file. */
function storesOf(status: StageOptions['status'], shared: string | null): string {
  if (shared !== null)
    return `'status': { store: directory, directory: ${shared}/status }\nsecrets: { directory: ${shared}/secrets }\n`;
  return status === 'directory' ? "'status': { store: directory, directory: status }\n" : '';
}

const whoami = z.object({ organizationId: z.string(), apiKeyId: z.string() });

/** Edits between runs: a new customer, a change in one writer's file or in all, a journal that is lost. */
export function changeSomething({ seeded, writers, declare }: Stage, customers: Declared[]): void {
  const isNew = customers.length === 0 || (customers.length < 6 && seeded.isHit(0.3));
  const index = isNew ? customers.length : seeded.between(0, customers.length - 1);
  const old = customers[index];
  const next = old ? edited(old, seeded, Date.now()) : newCustomer(index, seeded);
  customers[index] = next;
  const [first, second] = writers;
  const hears = second && !isNew && seeded.isHit(0.3) ? [seeded.pick([first ?? second, second])] : writers;
  for (const writer of hears) {
    // Two that hear of it may still disagree about the amount.
    const differs = hears.length > 1 && writer === second && seeded.isHit(0.3);
    declare(writer, differs ? { ...next, credits: next.credits + seeded.between(-5, 5) * 10 } : next);
    if (seeded.isHit(0.05)) writer.loseJournal();
  }
}

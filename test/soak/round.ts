import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { openPersistentSandbox, type SandboxState } from '../../src/sandbox/index.ts';
import { createLeakScanner } from '../support/oracle-leaks.ts';
import { type SandboxProcess, startSandbox } from '../support/real-process.ts';
import { type Outcome, randomFate, runUntil } from './assassin.ts';
import { createDeclarations, type Declared, edited, newCustomer, yamlOf } from './declarations.ts';
import { randomFault, randomWeather } from './faults.ts';
import { judgeDisk, judgeWorld, type LiveSecret, liveSecrets, type Report, storedSecrets } from './judge.ts';
import { type NetworkProxy, openProxy } from './proxy.ts';
import { createSeeded, type Seeded } from './seeded.ts';
import { createWriter, type Writer } from './writer.ts';

export interface RoundOptions {
  readonly seed: number;
  /** Kills after which the round lets the writers converge. */
  readonly kills: number;
  /** The longest SIGSTOP, in milliseconds. */
  readonly freezeMostMs: number;
}

export interface RoundResult {
  readonly seed: number;
  readonly writers: number;
  readonly kills: number;
  readonly freezes: number;
  /** Where the kills hit, and how often. */
  readonly phases: ReadonlyMap<string, number>;
  /** Passes that each writer needed after the last kill until one planned nothing. */
  readonly passesToConverge: readonly number[];
  readonly violations: readonly string[];
}

/** V1: at most so many passes after the last kill, since a write may be in doubt. */
const PASSES_TO_CONVERGE_MOST = 3;

const FIREHOSE = `webhooks:
  - name: firehose
    url: https://hooks.partner.example/layers
    events: [content.generated, post.published]
`;

interface Stage {
  readonly seeded: Seeded;
  readonly sandbox: SandboxProcess;
  readonly writers: readonly Writer[];
  readonly state: () => SandboxState;
  readonly judge: (quiet: readonly Writer[], outcome: Outcome | null) => void;
  readonly report: Report;
  readonly declare: (writer: Writer, customer: Declared) => void;
}

/** One world from nothing: real processes, killed again and again, judged after every kill, then left to converge. */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const home = mkdtempSync(join(tmpdir(), 'reconcile-soak-'));
  const seeded = createSeeded(options.seed);
  const sandboxDirectory = join(home, 'sandbox');
  mkdirSync(sandboxDirectory);
  const sandbox = await startSandbox(sandboxDirectory);
  const proxies: NetworkProxy[] = [];
  const violations = new Set<string>();
  const report: Report = (invariant, message) => violations.add(`${invariant}: ${message}`);
  try {
    const stage = await setStage(options, { home, seeded, sandbox, sandboxDirectory, proxies, report });
    const told = await killAgainAndAgain(stage, options, violations);
    const passesToConverge = violations.size > 0 ? [] : await converge(stage);
    return {
      seed: options.seed,
      writers: stage.writers.length,
      ...told,
      passesToConverge,
      violations: [...violations],
    };
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
}

async function setStage(options: RoundOptions, place: Place): Promise<Stage> {
  const { home, seeded, sandbox, sandboxDirectory, proxies, report } = place;
  const { LAYERS_BASE_URL, LAYERS_API_KEY } = sandbox.environment;
  const apiKeyFile = join(home, 'api-key');
  writeFileSync(apiKeyFile, LAYERS_API_KEY, { mode: 0o600 });
  const me = whoami.parse((await sandbox.get('/v1/whoami')).body);
  const declarations = createDeclarations();
  const leaks = createLeakScanner();
  const state = () => openPersistentSandbox(sandboxDirectory).snapshot();
  const writers: Writer[] = [];
  const count = seeded.isHit(0.5) ? 2 : 1;
  for (let ordinal = 0; ordinal < count; ordinal += 1) {
    // Each has chance of its own, so that the order in which two work does not change what the other one meets.
    const proxy = await openProxy(LAYERS_BASE_URL, createSeeded(options.seed + 1 + ordinal));
    proxies.push(proxy);
    const directory = join(home, `workspace-${ordinal}`);
    const writer = createWriter(directory, proxy, apiKeyFile);
    const binding = `parentOrganizationId: ${me.organizationId}\napiKeyId: ${me.apiKeyId}\n`;
    writer.edit('reconcile.yaml', binding + FIREHOSE, false);
    writers.push(writer);
  }
  return {
    seeded,
    sandbox,
    writers,
    state,
    report,
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

const whoami = z.object({ organizationId: z.string(), apiKeyId: z.string() });

/** More runs than this for a kill each means that the kills no longer find their moments. */
const RUNS_PER_KILL_MOST = 6;

async function killAgainAndAgain(
  stage: Stage,
  { kills, freezeMostMs }: RoundOptions,
  violations: ReadonlySet<string>,
): Promise<Pick<RoundResult, 'kills' | 'freezes' | 'phases'>> {
  const { seeded, sandbox, writers, judge } = stage;
  const customers: Declared[] = [];
  const told = { kills: 0, freezes: 0, phases: new Map<string, number>() };
  for (let run = 0; run < kills * RUNS_PER_KILL_MOST && told.kills < kills && violations.size === 0; run += 1) {
    changeSomething(stage, customers);
    if (seeded.isHit(0.4)) await sandbox.control('POST', 'faults', randomFault(seeded));
    const fates = writers.map((writer) => ({
      writer,
      fate: randomFate(seeded, freezeMostMs),
      weather: randomWeather(seeded),
    }));
    let left = fates.length;
    await Promise.all(
      fates.map(async ({ writer, fate, weather }) => {
        const outcome = await runUntil(writer, fate, weather);
        left -= 1;
        if (outcome.wasFrozen) told.freezes += 1;
        if (outcome.wasKilled) {
          told.kills += 1;
          told.phases.set(outcome.phase, (told.phases.get(outcome.phase) ?? 0) + 1);
        }
        judge(left === 0 ? writers : [writer], outcome);
      }),
    );
  }
  return told;
}

/** Edits between runs: a new customer, a change in one writer's file or in all, a journal that is lost. */
function changeSomething({ seeded, writers, declare }: Stage, customers: Declared[]): void {
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

const passDocument = z.object({
  planHash: z.string().nullable(),
  requests: z.object({ write: z.number() }),
  customers: z.array(
    z.object({
      externalId: z.string().nullable(),
      phase: z.string(),
      problems: z.array(z.object({ code: z.string() })),
    }),
  ),
});

/** Faults end, the writers agree on what is declared: each must come to rest soon, and stay there. */
async function converge(stage: Stage): Promise<number[]> {
  const { sandbox, writers, judge, report, state } = stage;
  await sandbox.control('DELETE', 'faults');
  const [first] = writers;
  for (const writer of writers) {
    writer.proxy.begin({ kind: 'calm' }, () => {});
    for (const [file, text] of first?.texts ?? []) writer.edit(file, text, true);
  }
  const passes: number[] = [];
  for (const writer of writers) passes.push(await passesUntilNothingIsPlanned(writer, stage));
  judge(writers, null);
  for (const writer of writers) {
    const stored = storedSecrets(writer);
    for (const live of liveSecrets(state()))
      if (isDeclared(live, writer) && !stored.has(live.secret))
        report('I3', `after convergence a store lacks the secret of ${live.what}`);
    await expectQuiet(writer, stage);
  }
  return passes;
}

/** A key that left the files, or that only another writer ever heard of, is left alone, its secret too. */
function isDeclared({ key }: LiveSecret, { texts }: Writer): boolean {
  return key === null || (texts.get(`customers/${key.externalId}.yaml`) ?? '').includes(`- name: ${key.name}\n`);
}

/** A key that is changed again within its overlap waits for the end of that, a day in the time of the real processes. */
function isReadyOrWaits({ phase, problems }: z.output<typeof passDocument>['customers'][number]): boolean {
  return phase === 'Ready' || (phase === 'Held' && problems.some(({ code }) => code === 'KeyOverlap'));
}

async function passesUntilNothingIsPlanned(writer: Writer, { report }: Stage): Promise<number> {
  for (let passes = 0; ; passes += 1) {
    const { stdout, stderr } = await writer.start('--full', '--output', 'json').ended;
    const document = passDocument.safeParse(parseJson(stdout));
    const isSettled = document.data?.customers.every(isReadyOrWaits) ?? false;
    if (document.data?.planHash === null && isSettled) return passes;
    if (passes < PASSES_TO_CONVERGE_MOST) continue;
    report('V1', `a writer did not converge within ${PASSES_TO_CONVERGE_MOST} passes:\n${stdout}\n${stderr}`);
    return passes;
  }
}

/** V3: a pass that writes nothing to the API and changes no file. */
async function expectQuiet(writer: Writer, { report, state }: Stage): Promise<void> {
  const before = { files: fingerprint(writer), operations: state().operations.length };
  const { stdout } = await writer.start('--output', 'json').ended;
  const document = passDocument.safeParse(parseJson(stdout));
  if (document.data?.requests.write !== 0) report('V3', `a converged writer wrote:\n${stdout}`);
  if (state().operations.length !== before.operations) report('V3', 'a converged writer changed the world');
  if (fingerprint(writer) !== before.files) report('V3', 'a converged writer changed its files');
}

function fingerprint(writer: Writer): string {
  return JSON.stringify([...writer.files()].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

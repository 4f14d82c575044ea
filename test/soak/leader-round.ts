import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesClient } from '../../src/effects/kubernetes/client.ts';
import { holderOf, type Lease, leases } from '../../src/effects/kubernetes/lease-record.ts';
import { randomFate, strike } from './assassin.ts';
import { converge } from './converge.ts';
import type { Declared } from './declarations.ts';
import { randomFault, randomWeather } from './faults.ts';
import { changeSomething, onStage, type Stage, type StageOptions } from './stage.ts';
import type { Ended, Running, Writer } from './writer.ts';

/** Two daemons of which one leads, by a Lease on a real API server; the leader is killed again and again. */
export interface LeaderRoundOptions {
  readonly seed: number;
  readonly kills: number;
  readonly status: StageOptions['status'];
  readonly leaseSeconds: number;
  /** How often a killed container is started again in its pod, which still stands in the lease: 0 to 1. */
  readonly restarts: number;
  readonly kubeconfig: string;
  readonly client: KubernetesClient;
  readonly namespace: string;
}

export interface LeaderRoundResult {
  readonly seed: number;
  readonly kills: number;
  /** Leaders that slept for longer than their lease, and had to end by themselves. */
  readonly sleeps: number;
  readonly phases: ReadonlyMap<string, number>;
  /** From the death of a leader until another one led, in seconds. */
  readonly takeovers: readonly number[];
  /** The same after SIGTERM, where the lease is released. */
  readonly handovers: readonly number[];
  readonly passesToConverge: readonly number[];
  readonly violations: readonly string[];
}

interface Replica {
  readonly writer: Writer;
  running: Running;
  /** As the lease tells it. */
  pod: string;
  startedAtMs: number;
}

interface Told {
  kills: number;
  sleeps: number;
  readonly phases: Map<string, number>;
  readonly takeovers: number[];
  readonly handovers: number[];
}

/** One death of one leader. */
interface Act {
  readonly stage: Stage;
  readonly troupe: Troupe;
  readonly leader: Replica;
  readonly customers: Declared[];
  readonly told: Told;
}

/** Somebody must lead within so long, however busy the machine is. */
const LEADERLESS_MS = 90_000;
/** A leader that meets nothing to do dies all the same. */
const IDLE_MS = 8_000;
/** To notice that another one leads, or to finish what is in flight. */
const ENDING_MS = 30_000;

export function runLeaderRound(options: LeaderRoundOptions): Promise<LeaderRoundResult> {
  const { seed, status, kills } = options;
  return onStage({ seed, writers: 2, status }, async (stage) => {
    const { violations, writers, seeded } = stage;
    const told: Told = { kills: 0, sleeps: 0, phases: new Map(), takeovers: [], handovers: [] };
    const customers: Declared[] = [];
    changeSomething(stage, customers);
    const troupe = createTroupe(stage, options);
    try {
      while (told.kills < kills && violations.size === 0) {
        const leader = await troupe.leaderAmong(troupe.replicas);
        if (leader === null || !(await troupe.standingBy(leader))) break;
        const act = { stage, troupe, leader, customers, told };
        if (seeded.isHit(0.12)) await putToSleep(act);
        else await kill(act, seeded.isHit(options.restarts));
      }
      if (violations.size === 0) await handOver(stage, troupe, told);
    } finally {
      await troupe.end();
    }
    stage.judge(writers, null);
    const passesToConverge = violations.size > 0 ? [] : await converge(stage);
    return { seed, ...told, passesToConverge, violations: [...violations] };
  });
}

/** Something is declared, the leader works on it, and dies of it. */
async function kill({ stage, troupe, leader, customers, told }: Act, isRestarted: boolean): Promise<void> {
  const { seeded, sandbox, judge } = stage;
  if (seeded.isHit(0.4)) await sandbox.control('POST', 'faults', randomFault(seeded));
  const struck = strike(() => leader.running, leader.writer.proxy, randomFate(seeded, 500), randomWeather(seeded));
  changeSomething(stage, customers);
  const idle = setTimeout(() => leader.running.child.kill('SIGKILL'), IDLE_MS);
  const outcome = await struck;
  clearTimeout(idle);
  const diedAt = performance.now();
  if (outcome.wasKilled) {
    told.kills += 1;
    told.phases.set(outcome.phase, (told.phases.get(outcome.phase) ?? 0) + 1);
  }
  // Its container is started again at once, or another pod takes its place once somebody else leads.
  if (isRestarted) troupe.start(leader, leader.pod);
  const next = await troupe.leaderAmong(isRestarted ? troupe.replicas : troupe.allBut(leader));
  if (next !== null && next !== leader) told.takeovers.push(secondsSince(diedAt));
  judge(isRestarted || troupe.sharesDisk ? [] : [leader.writer], outcome);
  if (!isRestarted) troupe.start(leader);
}

/** The leader stands still in the middle of its work until another one leads, and then goes on: it must end by itself. */
async function putToSleep({ stage, troupe, leader, customers, told }: Act): Promise<void> {
  const { seeded, judge, report } = stage;
  const { running, writer } = leader;
  const nth = seeded.between(1, 12);
  let passed = 0;
  const isReached = new Promise<void>((resolve) => {
    writer.proxy.begin(randomWeather(seeded), () => {
      passed += 1;
      if (passed === nth) resolve();
    });
  });
  changeSomething(stage, customers);
  await Promise.race([isReached, running.ended, sleep(IDLE_MS)]);
  running.child.kill('SIGSTOP');
  const stoppedAt = performance.now();
  const next = await troupe.leaderAmong(troupe.allBut(leader));
  if (next !== null) told.takeovers.push(secondsSince(stoppedAt));
  running.child.kill('SIGCONT');
  const ended = await endOf(running);
  told.sleeps += 1;
  if (ended === null) report('lease', 'a leader that slept for longer than its lease went on all the same');
  else if (ended.exitCode !== 1) report('lease', `a leader that slept ended with ${ended.exitCode}:\n${ended.stderr}`);
  judge(troupe.sharesDisk ? [] : [writer], null);
  troupe.start(leader);
}

/** In good order: one after the other is told to stop, and the lease goes on without a wait. */
async function handOver({ report }: Stage, troupe: Troupe, told: Told): Promise<void> {
  for (let left = [...troupe.replicas]; left.length > 0; ) {
    const leader = await troupe.leaderAmong(left);
    if (leader === null) return;
    left = left.filter((replica) => replica !== leader);
    const stoppedAt = performance.now();
    leader.running.child.kill('SIGTERM');
    const ended = await endOf(leader.running);
    if (ended?.exitCode !== 0) report('life', `SIGTERM ended a leader with ${ended?.exitCode}:\n${ended?.stderr}`);
    if (left.length > 0 && (await troupe.leaderAmong(left)) !== null) told.handovers.push(secondsSince(stoppedAt));
  }
}

async function endOf(running: Running): Promise<Ended | null> {
  const giveUp = new AbortController();
  const late = sleep(ENDING_MS, null, { signal: giveUp.signal }).catch(() => null);
  const ended = await Promise.race([running.ended, late]);
  giveUp.abort();
  return ended;
}

function secondsSince(at: number): number {
  return (performance.now() - at) / 1_000;
}

/** The daemons, and who of them leads. */
interface Troupe {
  readonly replicas: readonly Replica[];
  readonly sharesDisk: boolean;
  allBut(one: Replica): readonly Replica[];
  /** Starts it again, as the same pod or as another. */
  start(replica: Replica, pod?: string): void;
  /** Waits until one of them leads; null, and a violation, when none does. */
  leaderAmong(replicas: readonly Replica[]): Promise<Replica | null>;
  /** Waits until all others have seen that it leads; false, and a violation, when they do not. */
  standingBy(leader: Replica): Promise<boolean>;
  end(): Promise<void>;
}

function createTroupe({ writers, report }: Stage, options: LeaderRoundOptions): Troupe {
  const { seed, leaseSeconds, kubeconfig, client, namespace } = options;
  const name = `soak-${seed}`;
  const settings = [
    `--kubeconfig=${kubeconfig}`,
    `--lease-namespace=${namespace}`,
    `--lease-name=${name}`,
    `--lease-duration=${leaseSeconds}s`,
    '--resync=20s',
    // Two on one machine would want the same port.
    '--listen=off',
    '--listen=off',
  ];
  let started = 0;
  const begin = (writer: Writer, pod: string): Running =>
    writer.startWith({ POD_UID: pod }, '--watch', '--leader-elect', ...settings);
  const newPod = () => {
    started += 1;
    return `pod-${started}`;
  };
  const replicas = writers.map((writer): Replica => {
    const pod = newPod();
    return { writer, pod, startedAtMs: Date.now(), running: begin(writer, pod) };
  });
  return {
    replicas,
    sharesDisk: options.status === 'shared',
    allBut: (one) => replicas.filter((replica) => replica !== one),
    start(replica, pod = newPod()) {
      replica.pod = pod;
      replica.startedAtMs = Date.now();
      replica.running = begin(replica.writer, pod);
    },
    async leaderAmong(wanted) {
      const until = performance.now() + LEADERLESS_MS;
      while (performance.now() < until) {
        const lease = await client.get(leases, { namespace, name });
        const leader = wanted.find((replica) => lease.outcome === 'ok' && isHeldBy(lease.value, replica));
        if (leader && isAlive(leader)) return leader;
        // As whoever runs containers does it: one that ended by itself is started again.
        for (const replica of wanted) if (!isAlive(replica)) this.start(replica, replica.pod);
        await sleep(50);
      }
      const said = await Promise.all(wanted.map(({ running }) => stopped(running)));
      report('V1', `nobody led for ${LEADERLESS_MS / 1_000} s:\n${said.map(({ stderr }) => stderr).join('\n')}`);
      return null;
    },
    async standingBy(leader) {
      const until = performance.now() + LEADERLESS_MS;
      const waiting = () => this.allBut(leader).filter(({ running }) => !running.said().includes('"standing by"'));
      while (waiting().length > 0 && performance.now() < until) {
        for (const replica of waiting()) if (!isAlive(replica)) this.start(replica, replica.pod);
        await sleep(50);
      }
      for (const { running } of waiting()) report('V1', `a daemon does not stand by:\n${running.said()}`);
      return waiting().length === 0;
    },
    async end() {
      await Promise.all(replicas.map(({ running }) => stopped(running)));
    },
  };
}

/** In this life: a pod that was started again may still stand in the lease of its last one. */
function isHeldBy(lease: Lease, { pod, startedAtMs }: Replica): boolean {
  return holderOf(lease).endsWith(`_${pod}`) && Date.parse(lease.spec?.renewTime ?? '') > startedAtMs;
}

function isAlive({ running: { child } }: Replica): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function stopped({ child, ended }: Running): Promise<Ended> {
  child.kill('SIGKILL');
  return ended;
}

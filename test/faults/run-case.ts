import { isDeepStrictEqual } from 'node:util';
import type { WireAnswer, WireRequest } from '../../src/effects/layers/transport.ts';
import { createMachine, type Ended, type Machine, type Moment, type ProcessHooks } from '../support/machine.ts';
import type { Fault as DiskEffect, Operation } from '../support/memory-filesystem.ts';
import type { Violation } from '../support/oracle.ts';
import type { Variant } from '../support/variants.ts';
import type { Walk } from '../walks/walk.ts';
import { type DiskFault, diskFaults } from './disk-faults.ts';
import { type EndState, endStateOf } from './end-state.ts';
import { type LateMoment, type RequestFault, requestFaults } from './request-faults.ts';

/** Where a fault strikes: the nth request or file operation of the struck pass, or of the first one after it. */
export interface StrikeAt {
  readonly pass: 'struck' | 'recovery';
  readonly on: 'request' | 'operation';
  readonly index: number;
  readonly fault: string;
  /** Also strikes whatever is alike for the rest of the pass. */
  readonly sticky: boolean;
}

export interface Outcome {
  readonly violations: readonly Violation[];
  /** What the struck pass and the first recovery consisted of: where further faults may strike. */
  readonly struck: Points;
  readonly recovery: Points | null;
  readonly end: EndState;
  readonly passes: number;
}

export interface Points {
  readonly requests: readonly Pick<WireRequest, 'method' | 'path'>[];
  readonly operations: readonly Pick<Operation, 'kind' | 'path'>[];
}

/** A walk under a variant, ready to be struck over and over. */
export interface Prepared {
  readonly walk: Walk;
  readonly variant: Variant;
  readonly machine: Machine;
  readonly start: Moment;
  /** The history without faults. */
  readonly clean: Outcome;
  /** The ends that a history may have: that of no faults, and that of an edit which came before the struck pass. */
  readonly ends: readonly EndState[];
}

const requestFaultsByName = new Map(requestFaults.map((fault) => [fault.name, fault]));
const diskFaultsByName = new Map(diskFaults.map((fault) => [fault.name, fault]));

const EDITED_FIRST: StrikeAt = { pass: 'struck', on: 'request', index: 0, fault: 'edit-before', sticky: false };
const BETWEEN_PASSES_MS = 10 * 60_000;
const PASSES_MAX = 7;

export async function prepare(walk: Walk, variant: Variant): Promise<Prepared> {
  const machine = createMachine(variant, walk.options);
  await walk.before(machine);
  const start = machine.now();
  const scene = { walk, variant, machine, start };
  const clean = await play(scene, []);
  if (!walk.after) return { ...scene, clean, ends: [clean.end] };
  const early = await play(scene, [EDITED_FIRST]);
  return { ...scene, clean, ends: [clean.end, early.end] };
}

/** Plays one history: the struck pass, then passes of new processes until one of them finds nothing to do. */
export async function runCase(prepared: Prepared, strikes: readonly StrikeAt[]): Promise<Outcome> {
  const outcome = await play(prepared, strikes);
  const { variant, ends, machine } = prepared;
  if (variant.promise === 'safe') return outcome;
  const found = [...outcome.violations];
  const bound = strikes.length + 2;
  if (outcome.passes > bound)
    found.push({ invariant: 'V1', message: `${outcome.passes} passes to settle, not ${bound}` });
  const [expected = {}] = ends;
  if (!ends.some((end) => isDeepStrictEqual(outcome.end, end)))
    found.push({
      invariant: 'END',
      message: `it differs from the history without faults:\n${difference(expected, outcome.end)}`,
    });
  machine.trace?.(`settled after ${outcome.passes} passes`);
  return { ...outcome, violations: found };
}

async function play(
  { walk, machine, start }: Omit<Prepared, 'clean' | 'ends'>,
  strikes: readonly StrikeAt[],
): Promise<Outcome> {
  machine.goBack(start);
  const late: { request: WireRequest; until: LateMoment }[] = [];
  let isEdited = false;
  const edit = () => {
    if (isEdited) return;
    isEdited = true;
    walk.after?.(machine);
  };
  const releaseLate = (until: LateMoment) => {
    for (const [at, one] of [...late.entries()].reverse()) {
      if (one.until !== until) continue;
      late.splice(at, 1);
      machine.trace?.(`late: ${one.request.method} ${one.request.path}`);
      machine.perform(one.request);
    }
  };
  const runPass = async (name: StrikeAt['pass'] | 'later'): Promise<[Ended, Points]> => {
    const mine = strikes.filter(({ pass }) => pass === name);
    const struck = struckHooks(machine, mine, { late, edit, releaseLate, isRecovery: name !== 'struck' });
    machine.trace?.(`--- ${name} pass`);
    const ended = await machine.run(struck.hooks);
    const powerLoss = struck.powerLoss();
    if (powerLoss) machine.losePower(powerLoss);
    return [ended, { requests: ended.requests, operations: struck.operations }];
  };

  const [, struck] = await runPass('struck');
  edit();
  releaseLate('next-request');
  releaseLate('end-of-pass');
  machine.wait(BETWEEN_PASSES_MS);
  let recovery: Points | null = null;
  let passes = 0;
  for (; passes < PASSES_MAX; passes += 1) {
    const [ended, points] = await runPass(passes === 0 ? 'recovery' : 'later');
    if (passes === 0) recovery = points;
    if (passes === 0) releaseLate('first-write-of-recovery');
    machine.wait(BETWEEN_PASSES_MS);
    if (ended.report && ended.writes === 0 && ended.changes === 0) break;
  }
  if (late.length > 0) {
    releaseLate('after-convergence');
    // What came late may be undone once; then it is quiet for good.
    await runPass('later');
    machine.wait(BETWEEN_PASSES_MS);
    await runPass('later');
  }
  machine.oracle.judgeAll();
  return { violations: [...machine.oracle.violations], struck, recovery, end: endStateOf(machine), passes };
}

interface Surroundings {
  readonly late: { request: WireRequest; until: LateMoment }[];
  readonly edit: () => void;
  readonly releaseLate: (until: LateMoment) => void;
  readonly isRecovery: boolean;
}

interface Struck {
  readonly hooks: ProcessHooks;
  readonly operations: Pick<Operation, 'kind' | 'path'>[];
  /** What is left to happen to the disk of a process that died of it. */
  readonly powerLoss: () => DiskFault['powerLoss'] | null;
}

function struckHooks(machine: Machine, strikes: readonly StrikeAt[], around: Surroundings): Struck {
  const onRequests = strikes.filter(({ on }) => on === 'request');
  const onOperations = strikes.filter(({ on }) => on === 'operation');
  const operations: Pick<Operation, 'kind' | 'path'>[] = [];
  const pagesToCome = new Map<string, string>();
  const stuck = new Map<string, RequestFault>();
  let stuckDisk: DiskFault | null = null;
  let powerLoss: DiskFault['powerLoss'] | null = null;
  let requests = 0;

  const onRequest: NonNullable<ProcessHooks['onRequest']> = (request, server) => {
    const index = requests++;
    if (around.isRecovery && request.method !== 'GET') around.releaseLate('first-write-of-recovery');
    const waiting = around.late.some(({ until }) => until === 'next-request');
    const page = tornPage(request, pagesToCome);
    if (page) return page;
    const at = onRequests.find((one) => one.index === index);
    const route = `${request.method} ${request.path.replace(/[0-9a-f-]{36}/g, '*').replace(/[?&]cursor=[^&]*/, '')}`;
    const fault = at ? faultNamed(at.fault) : stuck.get(route);
    if (at?.sticky && fault) stuck.set(route, fault);
    const answer = fault ? fault.strike(strikeOf(machine, request, server, pagesToCome, around), request) : null;
    if (fault) machine.trace?.(`! ${fault.name} strikes ${request.method} ${request.path}`);
    const result = answer ?? machine.perform(request);
    if (waiting) around.releaseLate('next-request');
    return result;
  };

  const onOperation = (operation: Operation): DiskEffect | undefined => {
    const index = operations.length;
    operations.push({ kind: operation.kind, path: operation.path });
    const at = onOperations.find((one) => one.index === index);
    const fault = at ? diskFaultNamed(at.fault) : stuckDisk;
    if (!fault) return undefined;
    if (at?.sticky) stuckDisk = fault;
    machine.trace?.(`! ${fault.name} strikes ${operation.kind} ${operation.path}`);
    powerLoss = fault.powerLoss ?? null;
    return fault.strike();
  };
  return { hooks: { onRequest, onOperation }, operations, powerLoss: () => powerLoss };
}

function strikeOf(
  machine: Machine,
  request: WireRequest,
  server: Parameters<NonNullable<ProcessHooks['onRequest']>>[1],
  pagesToCome: Map<string, string>,
  around: Surroundings,
) {
  return {
    perform: (fault?: Parameters<typeof server.perform>[1]) => server.perform(request, fault),
    delay: (until: LateMoment) => around.late.push({ request, until }),
    wait: (ms: number) => machine.wait(ms),
    edit: around.edit,
    nextPage: (_cursor: string, body: string) => pagesToCome.set(listingOf(request), body),
    die: (): WireAnswer => {
      server.die();
      return { kind: 'failure', certainty: 'unknown', code: 'NETWORK', message: 'the process died' };
    },
  };
}

function tornPage(request: WireRequest, pagesToCome: Map<string, string>): WireAnswer | null {
  if (!request.path.includes('cursor=torn')) return null;
  const body = pagesToCome.get(listingOf(request));
  if (body === undefined) return null;
  return { kind: 'response', status: 200, headers: { 'content-type': 'application/json' }, body };
}

function listingOf({ path }: WireRequest): string {
  return path.split('?')[0] ?? path;
}

function faultNamed(name: string): RequestFault {
  const fault = requestFaultsByName.get(name);
  if (!fault) throw new Error(`there is no request fault ${name}`);
  return fault;
}

function diskFaultNamed(name: string): DiskFault {
  const fault = diskFaultsByName.get(name);
  if (!fault) throw new Error(`there is no disk fault ${name}`);
  return fault;
}

function difference(expected: unknown, found: unknown): string {
  const lines = (value: unknown) => (JSON.stringify(value, null, 1) ?? 'nothing').replaceAll('\\n', '\n').split('\n');
  const [wanted, got] = [lines(expected), lines(found)];
  const missing = wanted.filter((line) => !got.includes(line)).map((line) => `  - ${line}`);
  const extra = got.filter((line) => !wanted.includes(line)).map((line) => `  + ${line}`);
  return [...missing, ...extra].join('\n');
}

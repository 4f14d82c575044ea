import type { WireAnswer, WireRequest } from '../../src/effects/layers/transport.ts';
import type { Machine, Moment, ProcessHooks } from '../support/machine.ts';
import type { Fault as DiskEffect, Operation } from '../support/memory-filesystem.ts';
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

/** What a pass consisted of. */
export interface Points {
  readonly requests: readonly Pick<WireRequest, 'method' | 'path'>[];
  readonly operations: readonly Pick<Operation, 'kind' | 'path'>[];
}

/** A request whose sender has given up on it, and when it arrives. */
interface LateRequest {
  readonly request: WireRequest;
  readonly until: LateMoment;
}

/** Behind the struck pass, with everything that is still on its way. */
export interface Between {
  readonly moment: Moment;
  readonly late: readonly LateRequest[];
}

/** One history on a machine, pass by pass. */
export interface History {
  /** Each process lives for one pass; ten minutes go by behind it. */
  pass(name: StrikeAt['pass'] | 'later'): Promise<{ readonly points: Points; readonly isQuiet: boolean }>;
  between(): Between;
  hasLateRequests(): boolean;
  fingerprint(options: { readonly powerMayFail: boolean }): string;
  /** What is late arrives now, or never mattered; the oracle has the last word. */
  end(): Promise<EndState>;
}

const requestFaultsByName = new Map(requestFaults.map((fault) => [fault.name, fault]));
const diskFaultsByName = new Map(diskFaults.map((fault) => [fault.name, fault]));

const BETWEEN_PASSES_MS = 10 * 60_000;

/** Puts the machine to where the history begins: before the struck pass, or between it and what follows. */
export function beginHistory(
  walk: Walk,
  machine: Machine,
  strikes: readonly StrikeAt[],
  from: Moment | Between,
): History {
  const isBehind = 'moment' in from;
  machine.goBack(isBehind ? from.moment : from);
  const late: LateRequest[] = isBehind ? [...from.late] : [];
  let isEdited = isBehind;
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

  async function pass(name: StrikeAt['pass'] | 'later') {
    const mine = strikes.filter((strike) => strike.pass === name);
    const struck = struckHooks(machine, mine, { late, edit, releaseLate, isRecovery: name !== 'struck' });
    machine.trace?.(`--- ${name} pass`);
    const ended = await machine.run(struck.hooks);
    const powerLoss = struck.powerLoss();
    if (powerLoss) machine.losePower(powerLoss);
    if (name === 'struck') {
      edit();
      releaseLate('next-request');
      releaseLate('end-of-pass');
    }
    if (name === 'recovery') releaseLate('first-write-of-recovery');
    machine.wait(BETWEEN_PASSES_MS);
    const isQuiet = ended.report !== null && ended.writes === 0 && ended.changes === 0;
    return { points: { requests: ended.requests, operations: struck.operations }, isQuiet };
  }

  return {
    pass,
    between: () => ({ moment: machine.now(), late: [...late] }),
    hasLateRequests: () => late.length > 0,
    fingerprint: (options) => `${machine.fingerprint(options)} ${JSON.stringify(late)}`,
    async end() {
      if (late.length > 0) {
        releaseLate('after-convergence');
        // What came late may be undone once; then it is quiet for good.
        await pass('later');
        await pass('later');
      }
      machine.oracle.judgeAll();
      return endStateOf(machine);
    },
  };
}

interface Surroundings {
  readonly late: LateRequest[];
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

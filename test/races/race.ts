import type { PassReport } from '../../src/core/report.ts';
import type { Transport, WireAnswer, WireRequest } from '../../src/effects/layers/transport.ts';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { sandboxTransport } from '../support/sandbox-transport.ts';
import type { Choice, Footprint, Run } from './explore.ts';
import type { Oracle } from './oracle.ts';
import { type Place, type Process, passAt } from './place.ts';

export interface RaceOptions {
  readonly sandbox: Sandbox;
  /** Where each writer runs; the same place twice = two processes that share a disk. */
  readonly places: readonly Place[];
  readonly oracle: Oracle;
  /** Writers are daemons, and visit one customer after the other. */
  readonly visits?: boolean;
  /** How many faults may strike in one run. */
  readonly faultsMax: number;
  /** Called when every writer is done and nothing travels any more. */
  readonly finish: (reports: readonly (PassReport | null)[]) => Promise<void>;
}

interface Writer {
  readonly actor: string;
  readonly place: Place;
  process: Process;
  /** The request that has left and not yet arrived. */
  held: Held | null;
  /** An answer that is still on its way; its request counts as being in flight at the server. */
  answering: WireAnswer | null;
  report: PassReport | null;
  /** What its pass threw, which it never should. */
  bug: unknown;
  wake: () => void;
}

interface Held {
  readonly request: WireRequest;
  readonly answer: (answer: WireAnswer) => void;
}

const timedOut: WireAnswer = { kind: 'failure', certainty: 'unknown', code: 'TIMEOUT', message: 'no answer came' };
const inFlightMs = 1_000;

/** A read that is lost is only asked again; a process that dies at one begins anew. */
const faultsOfReads = ['crash'] as const;
const faultsOfWrites = [
  'lose the request',
  'lose the answer',
  'answer slowly',
  'time out, arrive late',
  'crash before it arrives',
  'crash after it arrived',
  'crash, arrive late',
] as const;

/**
 * Writers whose every request waits until it is chosen. What a process does between two requests is one step, because
 * nobody else sees any of it, except what it writes to a place that is shared. An answer that waits cannot be told from
 * a next request that waits, so that only an answer whose request is still in flight at the server waits on its own.
 */
export async function startRace(options: RaceOptions): Promise<Run> {
  const { sandbox, oracle, places } = options;
  const inner = sandboxTransport(sandbox);
  const late = new Map<string, WireRequest>();
  let faults = 0;
  const writers = places.map(
    (place, index): Writer => ({
      actor: `writer ${String.fromCodePoint(65 + index)}`,
      place,
      process: { sleptMs: 0 },
      held: null,
      answering: null,
      report: null,
      bug: null,
      wake: () => {},
    }),
  );

  /** Resolves when the writer waits for an answer, or is done. */
  async function untilItWaits(writer: Writer, go: () => void): Promise<void> {
    const waits = new Promise<void>((resolve) => {
      writer.wake = resolve;
    });
    go();
    await waits;
    if (writer.bug !== null) throw writer.bug;
  }

  function startProcess(writer: Writer): void {
    const process = { sleptMs: 0 };
    writer.process = process;
    writer.held = null;
    const transport: Transport = {
      send: (request) =>
        new Promise((answer) => {
          if (writer.process !== process) return;
          if (writer.held) throw new Error('one process has two requests on the wire');
          writer.held = { request, answer };
          writer.wake();
        }),
    };
    const over = (report: PassReport | null, bug: unknown): void => {
      if (writer.process !== process) return;
      writer.report = report;
      writer.bug = bug;
      writer.wake();
    };
    const { visits = false } = options;
    passAt({ place: writer.place, sandbox, transport, process, visits }).then(
      (report) => over(report, null),
      (bug: unknown) => over(null, bug),
    );
  }

  async function reply(writer: Writer, answer: WireAnswer): Promise<void> {
    const { held } = writer;
    writer.held = null;
    writer.answering = null;
    await untilItWaits(writer, () => held?.answer(answer));
  }

  async function arrive(request: WireRequest): Promise<WireAnswer> {
    if (request.method === 'GET') return inner.send(request);
    // No two writes in one millisecond: the server's listings are in the order of their times.
    sandbox.clock.advance(1);
    const answer = await inner.send(request);
    oracle.afterStep();
    return answer;
  }

  async function slowly(writer: Writer, request: WireRequest): Promise<void> {
    sandbox.faults.add({ fault: { kind: 'slow', ms: inFlightMs } });
    writer.answering = await arrive(request);
    sandbox.faults.clear();
  }

  const restart = (writer: Writer) => untilItWaits(writer, () => startProcess(writer));

  async function strike(writer: Writer, request: WireRequest, fault: string): Promise<void> {
    switch (fault) {
      case 'lose the request':
        return reply(writer, timedOut);
      case 'lose the answer':
        await arrive(request);
        return reply(writer, timedOut);
      case 'answer slowly':
        return slowly(writer, request);
      case 'time out, arrive late':
        late.set(`late request ${late.size + 1}`, withoutFence(request));
        return reply(writer, timedOut);
      case 'stand still for a minute':
        writer.process.sleptMs += 60_000;
        return reply(writer, await arrive(request));
      case 'crash':
      case 'crash before it arrives':
        return restart(writer);
      case 'crash after it arrived':
        await arrive(request);
        return restart(writer);
      case 'crash, arrive late':
        late.set(`late request ${late.size + 1}`, withoutFence(request));
        return restart(writer);
    }
    throw new Error(`there is no fault "${fault}"`);
  }

  function choicesOf({ actor, held, answering }: Writer): Choice[] {
    if (!held) return [];
    if (answering) return [{ actor, label: 'the slow answer' }];
    const { method, path, fence } = held.request;
    const line = `${method} ${path}`;
    const possible: readonly string[] = method === 'GET' ? faultsOfReads : faultsOfWrites;
    const struck = faults < options.faultsMax ? [...possible, ...(fence ? ['stand still for a minute'] : [])] : [];
    return [{ actor, label: line }, ...struck.map((fault) => ({ actor, label: `${line} [${fault}]` }))];
  }

  async function stepOf(writer: Writer, label: string): Promise<Footprint> {
    const { held, answering } = writer;
    if (!held) throw new Error('the writer has no request on the wire');
    const changesBefore = writer.place.changes;
    const fault = /\[(.+)\]$/.exec(label)?.[1];
    if (answering) {
      sandbox.clock.advance(inFlightMs);
      await reply(writer, answering);
      return 'effect';
    }
    if (fault !== undefined) {
      faults += 1;
      await strike(writer, held.request, fault);
    } else await reply(writer, await arrive(held.request));
    if (held.request.method !== 'GET' || (isShared(writer) && writer.place.changes !== changesBefore)) return 'effect';
    return fault === undefined ? 'look' : 'faulted-look';
  }

  const isShared = (writer: Writer) => writers.some((other) => other !== writer && other.place === writer.place);

  for (const writer of writers) await restart(writer);
  return {
    choices: () => [
      ...writers.flatMap(choicesOf),
      ...[...late].map(([actor, { method, path }]) => ({ actor, label: `${method} ${path} arrives` })),
    ],
    async take({ actor, label }) {
      const writer = writers.find((one) => one.actor === actor);
      if (writer) return stepOf(writer, label);
      const request = late.get(actor);
      if (request) await arrive(request);
      late.delete(actor);
      return 'effect';
    },
    finish: () => options.finish(writers.map(({ report }) => report)),
  };
}

/** Its bytes have left: no check of the sender can stop it any more. */
function withoutFence({ fence: _checked, ...request }: WireRequest): WireRequest {
  return request;
}

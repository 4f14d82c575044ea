import type { PassReport, StepReport } from '../../src/core/report.ts';
import type { WireRequest } from '../../src/effects/layers/transport.ts';
import { createMachine, type Machine, type MachineOptions, type Stage } from '../support/machine.ts';
import { variantNamed } from '../support/variants.ts';

/**
 * One event in the life of a customer: what was there before it, and the pass that meets it. Walked without faults by
 * `walks.test.ts`, told in docs/lifecycle.md, and struck by every fault at every point by the suites of `test/faults`.
 */
export interface Walk {
  readonly name: string;
  /** The event, as a person would tell it; its row in docs/lifecycle.md. */
  readonly reason: string;
  /** What no pass ever does about it, for the same row. */
  readonly never: string;
  readonly options?: MachineOptions;
  /**
   * Under faults only this is promised: that nothing forbidden happens, and that it is said. Without, every history ends
   * as the one without faults.
   */
  readonly promise?: 'safe';
  /** What happened before the pass that is struck, without faults. */
  readonly before: (stage: Stage) => Promise<void>;
  /** What a person does behind the struck pass, before anybody else runs one. */
  readonly after?: (stage: Stage) => void;
  /** Without faults: the struck pass and what follows it. One more pass after the last finds nothing to do. */
  readonly passes: readonly WalkedPass[];
}

export interface WalkedPass {
  /** Hours that pass before it. */
  readonly afterHours?: number;
  /** Steps as planned, `bolt: ` before those of other customers than acme-coffee. */
  readonly plans: readonly string[];
  /** Requests that are no GET, in order of sending. */
  readonly writes: readonly string[];
  /** Conditions that hold at the end, by code. */
  readonly says: readonly string[];
}

const HOUR_MS = 3_600_000;

/** Stands in {@link Walk.passes}: nothing was planned, sent or said. */
export const NOTHING: WalkedPass = { plans: [], writes: [], says: [] };

/** Stands there too: the public guide's customer, from nothing to Ready. */
export const ONBOARDING: WalkedPass = {
  plans: [
    'create organization',
    'grant credits, 5000 credits',
    'change cap',
    'change refill',
    'mint api-key acme-integration',
  ],
  writes: ['POST organizations', 'POST …/credits/allocate', 'PATCH …/credit-config', 'POST …/api-keys'],
  says: [],
};

/**
 * Walks it without faults: its passes, and one more, which changes nothing anywhere. With `livesOn` all of them are
 * visits of one process, which remembers what it saw before.
 */
export async function walk(
  { options, before, after, passes }: Walk,
  livesOn = false,
): Promise<{
  readonly machine: Machine;
  readonly passes: readonly WalkedPass[];
  /** The pass after the last. */
  readonly settled: WalkedPass & { readonly changes: number };
}> {
  const machine = createMachine(variantNamed('default'), { ...options, livesOn });
  await before(machine);
  // Whoever judges from here on has seen nothing of what went before, as in the suites of faults.
  machine.goBack(machine.now());
  const walked: WalkedPass[] = [];
  for (const [index, { afterHours }] of passes.entries()) {
    if (afterHours !== undefined) machine.wait(afterHours * HOUR_MS);
    walked.push({ ...(afterHours === undefined ? {} : { afterHours }), ...(await onePass(machine)).pass });
    if (index === 0) after?.(machine);
  }
  const { pass, changes } = await onePass(machine);
  machine.oracle.judgeAll();
  return { machine, passes: walked, settled: { ...pass, changes } };
}

async function onePass(machine: Machine): Promise<{ readonly pass: WalkedPass; readonly changes: number }> {
  const { report, requests, changes } = await machine.run();
  if (!report) throw new Error('a pass without faults died');
  return { pass: { plans: plansOf(report), writes: writesOf(requests), says: saysOf(report) }, changes };
}

function plansOf({ customers, fleet }: PassReport): string[] {
  const ofCustomers = customers.flatMap(({ externalId, steps }) =>
    steps.map((step) => `${externalId === 'acme-coffee' ? '' : `${externalId}: `}${stepText(step)}`),
  );
  return [...fleet.steps.map(stepText), ...ofCustomers];
}

function stepText({ action, resource, name, credits, before, after, outcome, blockedBy }: StepReport): string {
  const fields = Object.keys(after ?? before ?? {}).join(', ');
  const what = resource === 'credit-config' ? name : `${resource}${name === null ? '' : ` ${name}`}`;
  const detail = action === 'change' && resource !== 'credit-config' ? ` (${fields})` : '';
  const money = credits > 0 ? `, ${credits} credits` : '';
  const end = blockedBy ? `, blocked by ${blockedBy}` : outcome === 'done' ? '' : `, ${outcome}`;
  return `${action} ${what}${detail}${money}${end}`;
}

/** `POST …/credits/allocate`: the organization is left out, ids are named by what they are of. */
function writesOf(requests: readonly WireRequest[]): string[] {
  return requests
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => {
      const short = path
        .replace(/^\/v1\//, '')
        .replace(/^organizations\/org_[0-9a-f-]{36}/, '…')
        .replace(/key_[0-9a-f-]{36}/, '<key>')
        .replace(/[0-9a-f-]{36}/, '<endpoint>');
      return `${method} ${short}`;
    });
}

function saysOf({ customers, brokenFiles, fleet, refused }: PassReport): string[] {
  const ofCustomers = customers.flatMap(({ externalId, problems }) =>
    problems.map(({ code }) => `${externalId === 'acme-coffee' ? '' : `${externalId}: `}${code}`),
  );
  const ofFiles = brokenFiles.flatMap(({ problems }) => problems.map(({ code }) => code));
  return [...(refused ? [refused.code] : []), ...fleet.problems.map(({ code }) => code), ...ofFiles, ...ofCustomers];
}

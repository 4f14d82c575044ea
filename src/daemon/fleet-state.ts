import type { ResourceKind } from '../core/plan.ts';
import type { Problem } from '../core/problem.ts';
import type { CustomerReport, Phase, StepReport } from '../core/report.ts';
import { isSettled } from '../core/status.ts';
import { type Doubt, doubtsAfter, type Seen, seenCustomer } from './doubts.ts';

/** What the last visit to a customer, or to the fleet's webhooks, left: enough to count, and no more. */
export interface Place {
  /** False for a customer whose file is gone while a write for it is still in doubt. */
  readonly isDeclared: boolean;
  /** null before the first visit, and for webhooks. */
  readonly phase: Phase | null;
  /** Of its problems, each once. */
  readonly codes: readonly string[];
  readonly keysWithoutSecret: number;
  /** Kinds of what was found changed outside of the files. */
  readonly drift: readonly ResourceKind[];
  /** What a guard holds back, one entry per step. */
  readonly blocked: readonly Blocked[];
  readonly doubts: readonly Doubt[];
  /** When it was visited last or, before that, first declared. Wall clock, milliseconds since the epoch. */
  readonly lookedAtMs: number;
}

interface Blocked {
  readonly guard: string;
  readonly step: string;
}

/** What is known of the fleet between two scrapes: one small record per customer. */
export interface FleetState {
  /** Who is declared, if only otherwise than before. */
  declare(externalIds: readonly string[]): void;
  /** Of whom no usable file is left. What is in doubt about them stays so. */
  withdraw(externalIds: readonly string[]): void;
  /** Returns the guards that hold something back which they did not hold back before, once per step. */
  noteCustomer(report: CustomerReport): readonly string[];
  noteWebhooks(steps: readonly StepReport[], problems: readonly Problem[]): readonly string[];
  customers(): readonly Place[];
  webhooks(): Place;
}

export function createFleetState(now: () => number): FleetState {
  const customers = new Map<string, Place>();
  const declared = new Set<string>();
  let webhooks = unvisited(now());

  /** The file may have gone while its customer was being visited. */
  function keep(externalId: string, place: Place): void {
    const isDeclared = declared.has(externalId);
    if (isDeclared || place.doubts.length > 0) customers.set(externalId, { ...place, isDeclared });
    else customers.delete(externalId);
  }

  return {
    declare(externalIds) {
      for (const id of externalIds) {
        declared.add(id);
        customers.set(id, { ...(customers.get(id) ?? unvisited(now())), isDeclared: true });
      }
    },
    withdraw(externalIds) {
      for (const id of externalIds) {
        declared.delete(id);
        const place = customers.get(id);
        if (place) keep(id, place);
      }
    },
    noteCustomer(report) {
      const { externalId } = report;
      const before = customers.get(externalId) ?? unvisited(now());
      const after = placeAfter(before, report.phase, seenCustomer(report), now());
      keep(externalId, after);
      return newlyBlocked(before, after);
    },
    noteWebhooks(steps, problems) {
      const isQuiet = problems.length === 0 && steps.every(({ outcome }) => outcome === 'done');
      const seen = { steps, problems, isSettled: isQuiet, organizationId: null, granted: null };
      const before = webhooks;
      webhooks = placeAfter(before, null, seen, now());
      return newlyBlocked(before, webhooks);
    },
    customers: () => [...customers.values()],
    webhooks: () => webhooks,
  };
}

/** True, false, or null before the first visit: what the condition `Ready` says. */
export function isReady({ phase }: Place): boolean | null {
  return phase === null ? null : isSettled(phase);
}

function unvisited(atMs: number): Place {
  return {
    isDeclared: true,
    phase: null,
    codes: [],
    keysWithoutSecret: 0,
    drift: [],
    blocked: [],
    doubts: [],
    lookedAtMs: atMs,
  };
}

function placeAfter(before: Place, phase: Phase | null, seen: Seen, atMs: number): Place {
  const { steps, problems } = seen;
  return {
    isDeclared: before.isDeclared,
    phase,
    codes: [...new Set(problems.map(({ code }) => code))],
    keysWithoutSecret: problems.filter(({ code }) => code === 'SecretMissing').length,
    drift: steps.filter(({ drift }) => drift).map(({ resource }) => resource),
    blocked: steps.flatMap(({ blockedBy, action, resource, name }) =>
      blockedBy === null ? [] : [{ guard: blockedBy, step: JSON.stringify([action, resource, name]) }],
    ),
    doubts: doubtsAfter(before.doubts, seen),
    lookedAtMs: atMs,
  };
}

function newlyBlocked(before: Place, after: Place): readonly string[] {
  const known = new Set(before.blocked.map(({ guard, step }) => `${guard} ${step}`));
  return after.blocked.filter(({ guard, step }) => !known.has(`${guard} ${step}`)).map(({ guard }) => guard);
}

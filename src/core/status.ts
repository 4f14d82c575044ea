import { z } from 'zod';
import type { Json } from './canonical.ts';
import type { Problem } from './problem.ts';
import type { Phase } from './report.ts';
import { ARCHIVE_PATIENCE_MS, ARCHIVE_WAITING } from './resources/state.ts';

/**
 * What we recorded about a customer after the last pass that changed something (design 5). Status may veto, never
 * authorise: deleting, forging or rolling it back may stop a write but never cause one (I7).
 */
export const conditionSchema = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: z.string(),
});

const keyStatus = z.object({
  name: z.string(),
  id: z.string(),
  prefix: z.string().nullable().default(null),
  secret: z.string().nullable().default(null),
  /** How many keys of this name were ever seen, revoked ones included: the next mint's ordinal (P8). */
  seen: z.int().min(1).default(1),
  /** How many keys of this name were made before this one: its own ordinal. */
  ordinal: z.int().min(0).default(0),
  /** The key that this one replaced because its scopes or env changed; it is revoked after the overlap. */
  replaces: z.string().nullable().default(null),
});

/** As it is stored; the status of a custom resource has the same members. */
export const customerStatusSchema = z.object({
  externalId: z.string(),
  parentOrganizationId: z.string(),
  declaration: z.string(),
  /** Of an object in a cluster: which generation of it this is about, so that whoever waits for it knows. */
  observedGeneration: z.int().optional(),
  organizationId: z.string().nullable().default(null),
  phase: z.enum(['Ready', 'Progressing', 'Held', 'Stalled', 'Suspended', 'Archived']),
  conditions: z.array(conditionSchema).default([]),
  credits: z
    .object({ declared: z.int(), granted: z.int().nullable().default(null), slots: z.int().nullable().default(null) })
    .nullable()
    .default(null),
  keys: z.array(keyStatus).default([]),
});

const webhookStatus = z.object({
  name: z.string(),
  id: z.string(),
  secret: z.string().nullable().default(null),
  /** How many endpoints of this name there ever were: the next creation's ordinal. */
  seen: z.int().min(1).default(1),
  /** Deleted as declared: kept for the ordinal, and no reason to miss the endpoint. */
  deleted: z.boolean().default(false),
});

const fleetStatus = z.object({
  parentOrganizationId: z.string(),
  webhooks: z.array(webhookStatus).default([]),
});

export type Condition = z.output<typeof conditionSchema>;
export type KeyStatus = z.output<typeof keyStatus>;
export type CustomerStatus = z.output<typeof customerStatusSchema>;
export type WebhookStatusEntry = z.output<typeof webhookStatus>;
export type FleetStatus = z.output<typeof fleetStatus>;

/** What a recorded block is worth to the customer in whose place it was found. */
export type ReadStatus<T> =
  | { readonly kind: 'none' }
  | { readonly kind: 'usable'; readonly status: T }
  /** Not used; `why` is a sentence for a warning. */
  | { readonly kind: 'ignored'; readonly why: string }
  /** Says that this file belonged to another customer: a changed identity, which freezes (I9). */
  | { readonly kind: 'foreign'; readonly externalId: string; readonly organizationId: string | null };

/** A status as such, whoever's it is; null for anything else. */
export function parseCustomerStatus(raw: unknown): CustomerStatus | null {
  return customerStatusSchema.safeParse(raw).data ?? null;
}

export function parseFleetStatus(raw: unknown): FleetStatus | null {
  return fleetStatus.safeParse(raw).data ?? null;
}

/**
 * Reads the raw status of one customer. `claimed` are the identities of all files: a block that names another file's
 * customer was copied along with it and is ignored; one that names nobody's means that the identity was edited.
 */
export function readCustomerStatus(
  raw: unknown,
  externalId: string,
  parentOrganizationId: string,
  claimed: ReadonlySet<string>,
): ReadStatus<CustomerStatus> {
  if (raw === null || raw === undefined) return { kind: 'none' };
  const parsed = customerStatusSchema.safeParse(raw);
  if (!parsed.success) return { kind: 'ignored', why: 'The recorded status could not be read and is ignored.' };
  const status = parsed.data;
  if (status.parentOrganizationId !== parentOrganizationId)
    return { kind: 'ignored', why: 'The recorded status belongs to another parent organization and is ignored.' };
  if (status.externalId === externalId) return { kind: 'usable', status };
  if (claimed.has(status.externalId))
    return { kind: 'ignored', why: `The recorded status was copied from ${status.externalId} and is ignored.` };
  return { kind: 'foreign', externalId: status.externalId, organizationId: status.organizationId };
}

export function readFleetStatus(raw: unknown, parentOrganizationId: string): ReadStatus<FleetStatus> {
  if (raw === null || raw === undefined) return { kind: 'none' };
  const parsed = fleetStatus.safeParse(raw);
  if (!parsed.success) return { kind: 'ignored', why: 'The recorded status could not be read and is ignored.' };
  if (parsed.data.parentOrganizationId !== parentOrganizationId)
    return { kind: 'ignored', why: 'The recorded status belongs to another parent organization and is ignored.' };
  return { kind: 'usable', status: parsed.data };
}

const SETTLED: ReadonlySet<Phase> = new Set(['Ready', 'Suspended', 'Archived']);

export function isSettled(phase: Phase): boolean {
  return SETTLED.has(phase);
}

/** Whom a status says it belongs to, read or not; empty when it does not say. */
export function recordedParent(raw: unknown): string {
  if (typeof raw !== 'object' || raw === null || !('parentOrganizationId' in raw)) return '';
  return typeof raw.parentOrganizationId === 'string' ? raw.parentOrganizationId : '';
}

/** True when the recorded status says that exactly this declaration was settled for exactly this organization. */
export function covers(status: CustomerStatus | null, declarationHash: string, organizationId: string): boolean {
  return (
    status !== null &&
    status.declaration === declarationHash &&
    status.organizationId === organizationId &&
    SETTLED.has(status.phase)
  );
}

/** The phase a customer ends a pass in. Held waits by itself, Stalled needs a person (design 5). */
export function phaseOf(declaredState: 'active' | 'suspended' | 'archived', facts: PhaseFacts): Phase {
  if (facts.problems.some((problem) => problem.severity === 'error') || facts.blocked) return 'Stalled';
  if (facts.problems.some((problem) => problem.severity !== 'warning')) return 'Held';
  if (facts.unfinished) return 'Progressing';
  if (declaredState === 'suspended') return 'Suspended';
  return declaredState === 'archived' ? 'Archived' : 'Ready';
}

export interface PhaseFacts {
  readonly problems: readonly Problem[];
  /** A guard holds steps back until somebody approves. */
  readonly blocked: boolean;
  /** Steps are left that were not carried out. */
  readonly unfinished: boolean;
}

/**
 * The conditions of a phase and its problems. `lastTransitionTime` only moves when a condition flips, so that an
 * unchanged status is written as the same bytes, which means not at all (V3).
 */
export function conditionsOf(
  phase: Phase,
  problems: readonly Problem[],
  previous: readonly Condition[],
  nowIso: string,
): Condition[] {
  const cause = problems.find((problem) => problem.severity !== 'warning');
  const sinceOf = (type: string) => previous.find((one) => one.type === type)?.lastTransitionTime ?? nowIso;
  const said = (problem: Problem, text: string) => [text, ...endOf(problem, sinceOf(problem.code))].join(' ');
  const ready: Omit<Condition, 'lastTransitionTime'> =
    phase === 'Ready' || phase === 'Suspended' || phase === 'Archived'
      ? {
          type: 'Ready',
          status: 'True',
          reason: phase === 'Ready' ? 'Converged' : phase,
          message: settledMessage(phase),
        }
      : {
          type: 'Ready',
          status: 'False',
          reason: cause?.code ?? (phase === 'Stalled' ? 'ApprovalRequired' : 'Progressing'),
          message: cause ? said(cause, sentence(cause)) : unfinishedMessage(phase),
        };
  const notes = new Map<string, Omit<Condition, 'lastTransitionTime'>>();
  for (const problem of problems) {
    if ((problem === cause && !TIMED.has(problem.code)) || notes.has(problem.code)) continue;
    notes.set(problem.code, {
      type: problem.code,
      status: 'True',
      reason: problem.code,
      message: said(problem, problem.message),
    });
  }
  return [ready, ...notes.values()].map((condition) => {
    const before = previous.find(({ type }) => type === condition.type);
    const flipped = before?.status !== condition.status;
    return { ...condition, lastTransitionTime: flipped || !before ? nowIso : before.lastTransitionTime };
  });
}

/**
 * Problems that time is counted from. They stand beside Ready even when they are its reason: Ready may have been False
 * for something else long before.
 */
export const TIMED: ReadonlySet<string> = new Set([ARCHIVE_WAITING]);

/**
 * When what is waited for is over, for a problem that time is counted from; nothing for any other. Made of the time that
 * is recorded, so that it says the same in every pass (V3).
 */
export function endOf({ code, severity }: Problem, since: string): string[] {
  const sinceMs = Date.parse(since);
  if (code !== ARCHIVE_WAITING || severity !== 'waiting' || Number.isNaN(sinceMs)) return [];
  const end = new Date(sinceMs + ARCHIVE_PATIENCE_MS).toISOString().replace(/\.\d+Z$/, 'Z');
  return [`From ${end} on, an approval archives it all the same.`];
}

/** As stored: plain data, without what reading it back would fill in anyway. */
export function statusDocument(status: CustomerStatus | FleetStatus): { readonly [key: string]: Json } {
  return Object.fromEntries(
    Object.entries(status).flatMap(([member, value]) => {
      const kept = withoutDefaults(value);
      return kept === undefined || (Array.isArray(kept) && kept.length === 0) ? [] : [[member, kept]];
    }),
  );
}

function withoutDefaults(value: Json): Json | undefined {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map((item: Json) => withoutDefaults(item) ?? null);
  if (typeof value !== 'object') return value;
  const isDefault = (member: string, inner: Json) =>
    inner === null ||
    (member === 'seen' && inner === 1) ||
    (member === 'ordinal' && inner === 0) ||
    (member === 'deleted' && inner === false);
  const entries = Object.entries(value).filter(([member, inner]) => !isDefault(member, inner));
  return Object.fromEntries(entries);
}

function settledMessage(phase: Phase): string {
  if (phase === 'Suspended') return 'The organization is suspended, as declared.';
  if (phase === 'Archived') return 'The organization is archived, as declared.';
  return 'The organization is as declared.';
}

function unfinishedMessage(phase: Phase): string {
  return phase === 'Stalled' ? 'A guard holds steps back.' : 'Steps are left to do.';
}

function sentence(problem: Problem): string {
  return problem.next ? `${problem.message} ${problem.next}` : problem.message;
}

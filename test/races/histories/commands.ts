import fc from 'fast-check';
import { FIRST_CREDITS } from './files.ts';

/** What may happen between the first commit and the last. Plain data: a history is printed, shrunk and replayed. */
export type Command =
  | { readonly kind: 'edit'; readonly customer: number; readonly edit: Edit }
  /** The second writer's copy of the files becomes what the first one's is now. */
  | { readonly kind: 'pull' }
  | { readonly kind: 'pass'; readonly place: number; readonly full: boolean; readonly fault: PassFault | null }
  | { readonly kind: 'skew'; readonly place: number; readonly hours: number }
  | { readonly kind: 'wait'; readonly hours: number }
  | { readonly kind: 'hand'; readonly customer: number; readonly hand: Hand }
  /** Status and journal of a place are lost, kept for later, or put back. */
  | { readonly kind: 'memory'; readonly place: number; readonly act: 'lose' | 'keep' | 'restore' };

export type Edit =
  | { readonly what: 'credits'; readonly credits: number }
  | { readonly what: 'name'; readonly name: string }
  | { readonly what: 'cap'; readonly cap: number | null }
  | { readonly what: 'refill'; readonly on: boolean }
  | { readonly what: 'key'; readonly name: string; readonly scopes: number }
  | { readonly what: 'drop key' | 'revoke key' | 'rotate key'; readonly name: string }
  | { readonly what: 'state'; readonly state: 'active' | 'suspended' }
  | { readonly what: 'delete' | 'restore' | 'move' | 'duplicate' | 'forget duplicate' };

export type Hand = 'spend' | 'transfer' | 'fund' | 'suspend' | 'resume' | 'archive' | 'revoke key';

export interface PassFault {
  /** Counted over the requests of the pass, from 0. */
  readonly at: number;
  readonly kind: FaultKind;
}

export const FAULT_KINDS = [
  'lost-request',
  'lost-answer',
  'error-before',
  'error-after',
  'truncated-answer',
  'garbled-answer',
  'rate-limited',
  'stale-listing',
  'slow',
  'crash-before',
  'crash-after',
  'crash-late',
  'late',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

const customer = fc.nat({ max: 1 });
const place = fc.constantFrom(0, 0, 1);
const keyName = fc.constantFrom('main', 'spare');

const edits: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constant('credits'), credits: fc.constantFrom(0, 500, 2000, 3000, 5000, 9000) }),
  },
  fc.record({ what: fc.constant('name'), name: fc.constantFrom('Birch', 'Cobalt') }),
  fc.record({ what: fc.constant('cap'), cap: fc.constantFrom(null, 100, 5000) }),
  fc.record({ what: fc.constant('refill'), on: fc.boolean() }),
  { weight: 4, arbitrary: fc.record({ what: fc.constant('key'), name: keyName, scopes: fc.nat({ max: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom('drop key', 'revoke key', 'rotate key'), name: keyName }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('state'), state: fc.constantFrom('active', 'suspended') }) },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constantFrom('delete', 'restore', 'restore', 'move', 'duplicate', 'forget duplicate'),
    }),
  },
);

const fault: fc.Arbitrary<PassFault> = fc.record({ at: fc.nat({ max: 24 }), kind: fc.constantFrom(...FAULT_KINDS) });

const pass: fc.Arbitrary<Command> = fc.record({
  kind: fc.constant('pass'),
  place,
  full: fc.boolean(),
  fault: fc.option(fault, { freq: 2, nil: null }),
});

const commands: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('edit'), customer, edit: edits }) },
  { weight: 10, arbitrary: pass },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pull') }) },
  fc.record({ kind: fc.constant('skew'), place, hours: fc.constantFrom(-48, -1, 0, 2, 48) }),
  fc.record({ kind: fc.constant('wait'), hours: fc.constantFrom(1, 19, 25, 49) }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('hand'),
      customer,
      hand: fc.constantFrom('spend', 'spend', 'transfer', 'fund', 'suspend', 'resume', 'revoke key', 'archive'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('memory'), place, act: fc.constantFrom('lose', 'keep', 'restore') }),
  },
);

/** Answers that the provider's documentation leaves open, one deviation at a time (correctness 2.10). */
export const VARIANTS = [
  {},
  { ledgerMarkers: 'metadata' },
  { ledgerMarkers: 'description' },
  { inFlightDuplicate: 'replay' },
  { allocateKeyForever: false },
  { replayMemoryScope: 'parent' },
  { cacheClientErrors: true },
  { cacheServerErrors: true },
  { refillFiresOnEnable: true },
  { archivePostsNegativeAllocation: false },
  { revokedKeysListed: false },
  { createStatus: 200 },
  { bodyComparison: 'bytes' },
  { idempotencyKeyFormat: 'uuid' },
  { ledgerDelayMs: 3000 },
  { listDelayMs: 3000, keyListDelayMs: 3000 },
] as const;

export interface History {
  /** Index into {@link VARIANTS}. */
  readonly variant: number;
  readonly commands: readonly Command[];
}

export function histories(minLength: number, maxLength: number): fc.Arbitrary<History> {
  return fc.record({
    variant: fc.nat({ max: VARIANTS.length - 1 }),
    commands: fc.array(commands, { minLength, maxLength, size: 'max' }),
  });
}

const growing: fc.Arbitrary<Command> = fc.oneof(
  { weight: 2, arbitrary: pass },
  fc.record({
    kind: fc.constant('edit'),
    customer,
    edit: fc.oneof(
      fc.record({ what: fc.constant('credits'), credits: fc.constantFrom(500, 2000, 3000, 5000, 9000) }),
      fc.record({ what: fc.constant('cap'), cap: fc.constantFrom(100, 5000) }),
      fc.record({ what: fc.constant('key'), name: keyName, scopes: fc.constant(0) }),
      fc.record({ what: fc.constant('name'), name: fc.constantFrom('Birch', 'Cobalt') }),
    ),
  }),
  fc.record({ kind: fc.constant('hand'), customer, hand: fc.constant('spend') }),
);

/** Histories in which a missed moment is made up for later: with and without their faults they end alike. */
export const growingHistories: fc.Arbitrary<History> = fc.record({
  variant: fc.constant(0),
  commands: fc.array(growing, { minLength: 5, maxLength: 25, size: 'max' }).map(neverLower),
});

/** What was declared for a moment only, and lowered before a pass could see it, is nothing to be made up for. */
function neverLower(commands: readonly Command[]): Command[] {
  const declared = new Map<number, number>();
  return commands.map((command) => {
    if (command.kind !== 'edit' || command.edit.what !== 'credits') return command;
    const credits = Math.max(command.edit.credits, declared.get(command.customer) ?? FIRST_CREDITS);
    declared.set(command.customer, credits);
    return { ...command, edit: { ...command.edit, credits } };
  });
}

/** One line a command, as a person would tell it. */
export function told({ variant, commands: all }: History): string {
  return [`provider ${JSON.stringify(VARIANTS[variant])}`, ...all.map((command) => JSON.stringify(command))].join(
    '\n  ',
  );
}

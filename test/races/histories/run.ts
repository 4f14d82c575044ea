import type { Transport, WireAnswer, WireRequest } from '../../../src/effects/layers/transport.ts';
import { createSandbox, type Fault, type Sandbox } from '../../../src/sandbox/index.ts';
import { sandboxTransport } from '../../support/sandbox-transport.ts';
import { createOracle, type Declared, type Oracle, Violation } from '../oracle.ts';
import { bindingTo, createPlace, type Place, passAt } from '../place.ts';
import { settle } from '../settle.ts';
import { type Command, type Hand, type History, type PassFault, VARIANTS } from './commands.ts';
import { edited } from './edited.ts';
import { declaredOf, newFile, type Slot, yamlOf } from './files.ts';

const HOUR_MS = 3_600_000;

/** Conditions that a person has to settle, each explained to them; a history may end in them and in no others. */
const NEEDS_PERSON: ReadonlySet<string> = new Set([
  'SuspendedByHand',
  'OrganizationArchived',
  'KeyRevoked',
  'SecretMissing',
  'DuplicateKey',
  'KeyOverlap',
]);

/**
 * Where the API shows no revoked keys (P8), a key that somebody else revoked looks like one that a listing lacks. Who
 * remembers it waits for it, and a person says that it is gone; who never knew of it finds its mint's idempotency key
 * taken by another body, and waits until the API forgets that.
 */
function needsPerson(sandbox: Sandbox): ReadonlySet<string> {
  const { revokedKeysListed, cacheServerErrors } = sandbox.behaviour();
  return new Set([
    ...NEEDS_PERSON,
    ...(revokedKeysListed ? [] : ['KeyNotListed', 'MintInDoubt']),
    // A remembered 5xx is answered until the window closes (P4): there is nothing to do but to wait for that (V1).
    ...(cacheServerErrors ? ['CreationInDoubt', 'GrantInDoubt', 'SlotInDoubt', 'MintInDoubt'] : []),
  ]);
}

interface Telling {
  readonly sandbox: Sandbox;
  readonly oracle: Oracle;
  readonly places: readonly Place[];
  readonly slots: readonly Slot[];
  /** What each place's files declare. */
  readonly declared: Map<Place, readonly Declared[]>;
  readonly kept: Map<Place, ReadonlyMap<string, string>>;
  /** Requests whose sender gave up on them; they arrive before the next hour has passed, or never. */
  readonly late: WireRequest[];
}

export interface Ending {
  readonly granted: Readonly<Record<string, number>>;
  readonly live: readonly string[];
  readonly keys: readonly string[];
  readonly limits: readonly string[];
  /** Problems with which it ended, none of them unexplained. */
  readonly held: readonly string[];
}

/** Tells one history to the end, then lets it settle: two fault-free passes, three if something may be in doubt. */
export async function tell(history: History): Promise<Ending> {
  const sandbox = createSandbox({ requestLogMax: 0, behaviour: VARIANTS[history.variant] ?? {} });
  const slots = ['acme', 'birch'].map((externalId) => slotOf(externalId));
  const workspace = bindingTo(sandbox);
  const places = ['A', 'B'].map((name) => createPlace(name, { workspace, customers: {} }));
  const oracle = createOracle(sandbox, () => places);
  const telling: Telling = { sandbox, oracle, places, slots, declared: new Map(), kept: new Map(), late: [] };
  publish(telling, 0);
  publish(telling, 1);
  for (const command of history.commands) {
    await obey(telling, command);
    oracle.afterStep();
  }
  return end(telling);
}

function slotOf(externalId: string): Slot {
  return { file: newFile(externalId), deleted: null, path: `${externalId}.yaml`, isDuplicated: false };
}

/** The files of a place become what they are now in everybody's mind. */
function publish(telling: Telling, index: number): void {
  const { slots, places, declared } = telling;
  const place = places[index];
  if (!place) return;
  const customers: Record<string, string> = {};
  for (const { file, path, isDuplicated } of slots) {
    if (!file) continue;
    customers[path] = yamlOf(file);
    if (isDuplicated) customers[`copy-of-${path}`] = yamlOf(file);
  }
  place.declarations = { ...place.declarations, customers };
  declared.set(
    place,
    slots.flatMap(({ file }) => (file ? [declaredOf(file)] : [])),
  );
  readAt(telling, place);
}

/** A writer reads its files. One whose copy is older asks again for what a newer copy had replaced. */
function readAt({ declared, oracle }: Telling, place: Place): void {
  for (const one of declared.get(place) ?? []) oracle.declare(one);
}

async function obey(telling: Telling, command: Command): Promise<void> {
  const { sandbox, places, slots } = telling;
  switch (command.kind) {
    case 'edit': {
      const slot = slots[command.customer];
      if (slot) edited(slot, command.edit, sandbox.clock.now());
      return publish(telling, 0);
    }
    case 'pull':
      return publish(telling, 1);
    case 'pass': {
      const place = places[command.place];
      if (place) await passWith(telling, place, command.full, command.fault);
      return;
    }
    case 'skew': {
      const place = places[command.place];
      if (place) place.clockSkewMs = command.hours * HOUR_MS;
      return;
    }
    case 'wait':
      // A request does not travel for an hour: the bound L of correctness 2.8.
      telling.late.length = 0;
      return sandbox.clock.advance(command.hours * HOUR_MS);
    case 'hand':
      return lendHand(sandbox, slots[command.customer], command.hand);
    case 'memory': {
      const place = places[command.place];
      if (place) remember(telling, place, command.act);
    }
  }
}

function remember({ kept }: Telling, place: Place, act: 'lose' | 'keep' | 'restore'): void {
  if (act === 'keep') kept.set(place, new Map(place.statuses));
  if (act === 'keep') return;
  place.statuses.clear();
  place.journal = [];
  if (act === 'restore') for (const [name, text] of kept.get(place) ?? []) place.statuses.set(name, text);
}

function lendHand(sandbox: Sandbox, slot: Slot | undefined, hand: Hand): void {
  const { hands } = sandbox;
  if (hand === 'fund') hands.fundParent(1000);
  const { organizations, apiKeys } = sandbox.snapshot();
  const externalId = (slot?.file ?? slot?.deleted)?.externalId;
  const child = organizations.find(
    ({ metadata, status }) => metadata['externalId'] === externalId && status !== 'archived',
  );
  if (!child) return;
  if (hand === 'spend') hands.spend(child.id, 150);
  if (hand === 'transfer') hands.foreignTransfer(child.id, 70);
  if (hand === 'suspend') hands.suspend(child.id);
  if (hand === 'resume') hands.resume(child.id);
  if (hand === 'archive') hands.archive(child.id);
  const key = apiKeys.findLast(({ organizationId, status }) => organizationId === child.id && status === 'active');
  if (hand === 'revoke key' && key) hands.revokeKey(key.id);
}

const timedOut: WireAnswer = { kind: 'failure', certainty: 'unknown', code: 'TIMEOUT', message: 'no answer came' };

/** A pass as a new process. When it crashes, what it was about to do is never done. */
async function passWith(telling: Telling, place: Place, full: boolean, fault: PassFault | null): Promise<void> {
  const { sandbox, oracle, late } = telling;
  const inner = sandboxTransport(sandbox);
  await arriveLate(telling, inner);
  readAt(telling, place);
  let crash = (): void => {};
  const crashed = new Promise<'crashed'>((resolve) => {
    crash = () => resolve('crashed');
  });
  let count = 0;
  const deliver = async (request: WireRequest): Promise<WireAnswer> => {
    if (request.method !== 'GET') sandbox.clock.advance(1);
    const answer = await inner.send(request);
    if (request.method !== 'GET') oracle.afterStep();
    return answer;
  };
  const never = new Promise<WireAnswer>(() => {});
  const transport: Transport = {
    send: async (request) => {
      const strikes = fault !== null && count === fault.at;
      count += 1;
      if (!strikes) return deliver(request);
      const { fence: _checked, ...bytes } = request;
      const { kind } = fault;
      if (kind === 'late' || kind === 'crash-late') late.push(bytes);
      if (kind === 'late') return timedOut;
      if (kind === 'crash-after') await deliver(request);
      if (kind === 'crash-before' || kind === 'crash-after' || kind === 'crash-late') {
        crash();
        return never;
      }
      sandbox.faults.add({ fault: faultOf(kind) });
      return deliver(request).finally(() => sandbox.faults.clear());
    },
  };
  const pass = passAt({ place, sandbox, transport, process: { sleptMs: 0, isAlone: true }, full });
  if ((await Promise.race([pass, crashed])) !== 'crashed') await oracle.afterPass(place);
}

function faultOf(kind: Exclude<PassFault['kind'], 'late' | 'crash-late' | 'crash-after' | 'crash-before'>): Fault {
  if (kind === 'slow') return { kind, ms: 5_000 };
  return kind === 'stale-listing' ? { kind, writes: 1 } : { kind };
}

async function arriveLate({ late, oracle }: Telling, inner: Transport): Promise<void> {
  for (const request of late.splice(0)) {
    await inner.send(request);
    oracle.afterStep();
  }
}

async function end(telling: Telling): Promise<Ending> {
  const { sandbox, oracle, places, slots } = telling;
  await arriveLate(telling, sandboxTransport(sandbox));
  sandbox.hands.fundParent(1_000_000);
  for (const slot of slots) {
    slot.isDuplicated = false;
    slot.file ??= slot.deleted;
  }
  const held: string[] = [];
  for (const [index, place] of places.entries()) {
    place.clockSkewMs = 0;
    publish(telling, index);
    await settle({
      sandbox,
      place,
      oracle,
      passesMax: 3,
      needsPerson: needsPerson(sandbox),
      onHeld: (code) => held.push(code),
    });
  }
  oracle.afterStep();
  const secretless = await oracle.secretless();
  const explained = ['SecretMissing', 'MintInDoubt', 'DuplicateKey', 'SuspendedByHand', 'KeyOverlap'].some((code) =>
    held.includes(code),
  );
  if (secretless.length > 0 && !explained && everyKeyIsDeclared(telling, secretless))
    throw new Violation(`I3: nobody holds the secret of ${secretless.join(', ')}, and nobody is told`);
  return endingOf(sandbox, held);
}

/** A key that left the file, or whose customer is suspended, is left alone, its secret too. */
function everyKeyIsDeclared({ sandbox, slots }: Telling, ids: readonly string[]): boolean {
  const { apiKeys } = sandbox.snapshot();
  const declared = new Set(
    slots.flatMap(({ file }) => (file?.state === 'active' ? file.keys.map(({ name }) => name) : [])),
  );
  return apiKeys.some(({ id, name, supersededBy }) => ids.includes(id) && declared.has(name) && supersededBy === null);
}

function endingOf(sandbox: Sandbox, held: readonly string[]): Ending {
  const { operations, organizations, apiKeys, wallets, parentOrganizationId } = sandbox.snapshot();
  const nameOf = new Map(organizations.map(({ id, metadata }) => [id, metadata['externalId'] ?? '']));
  const granted: Record<string, number> = {};
  for (const { kind, by, organizationId, credits = 0 } of operations)
    if (kind === 'credits.allocate' && by === 'api') {
      const name = nameOf.get(organizationId) ?? '';
      granted[name] = (granted[name] ?? 0) + credits;
    }
  const children = organizations.filter(({ id }) => id !== parentOrganizationId);
  const byName = Object.entries(granted).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return {
    granted: Object.fromEntries(byName),
    live: children.map(({ metadata, name, status }) => `${metadata['externalId']} ${name} ${status}`).toSorted(),
    keys: apiKeys
      .filter(({ organizationId }) => organizationId !== parentOrganizationId)
      .map(
        ({ organizationId, name, scopes, status }) =>
          `${nameOf.get(organizationId)} ${name} ${scopes.join(' ')} ${status}`,
      )
      .toSorted(),
    limits: wallets
      .filter(({ id }) => id !== parentOrganizationId)
      .map(
        (wallet) =>
          `${nameOf.get(wallet.id)} ${wallet.monthlyCreditCap} ${wallet.refillThreshold} ${wallet.refillAmount}`,
      )
      .toSorted(),
    held,
  };
}

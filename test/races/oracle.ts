import { z } from 'zod';
import type { Sandbox, SandboxState } from '../../src/sandbox/index.ts';
import { type Place, secretsOf } from './place.ts';

/** What must hold whatever the interleaving: correctness 1, judged on the sandbox's own rows. */
export interface Oracle {
  /** From now on some writer may read this: the most that may ever be granted is the most ever declared (I1). */
  declare(customer: Declared): void;
  /** After everything that may have changed the sandbox. Throws a {@link Violation}. */
  afterStep(): void;
  /** After a pass at a place: nothing that it recorded claims too much (I3, I11). */
  afterPass(place: Place): Promise<void>;
  /** The ids of live keys that we minted and whose secret no place holds. */
  secretless(): Promise<readonly string[]>;
}

export interface Declared {
  readonly externalId: string;
  readonly incarnation: number;
  readonly credits: number;
  readonly keys: readonly DeclaredKey[];
  /** Default: active. */
  readonly state?: 'active' | 'suspended' | 'archived';
}

export interface DeclaredKey {
  readonly name: string;
  /** Scopes, env and createdAfter in one text: each change of it may justify one more mint. */
  readonly version: string;
  readonly state: 'active' | 'revoked';
}

export class Violation extends Error {
  override readonly name = 'Violation';
}

interface KeyHistory {
  last: string;
  /** How often it was declared otherwise than before, the first time included. */
  versions: number;
  revocable: boolean;
}

/** Knows every version of every declaration, and the marks that our organizations were born with. */
export function createOracle(sandbox: Sandbox, places: () => readonly Place[]): Oracle {
  const declaredMax = new Map<string, number>();
  const keys = new Map<string, KeyHistory>();
  const owners = new Map<string, string>();
  /** `<externalId> <state>` of every state that was ever declared. */
  const states = new Set<string>();

  function fail(invariant: string, message: string): never {
    throw new Violation(`${invariant}: ${message}`);
  }

  function learnOwners(state: SandboxState): void {
    for (const { kind, by, organizationId } of state.operations) {
      if (kind !== 'organization.create' || by !== 'api' || owners.has(organizationId)) continue;
      const metadata = state.organizations.find(({ id }) => id === organizationId)?.metadata ?? {};
      owners.set(organizationId, `${metadata['externalId'] ?? ''} i${metadata['rcn_inc'] ?? ''}`);
    }
  }

  function checkGrants(state: SandboxState): void {
    const granted = new Map<string, number>();
    for (const { kind, by, organizationId, credits = 0 } of state.operations) {
      if (kind !== 'credits.allocate' || by !== 'api') continue;
      const owner =
        owners.get(organizationId) ?? fail('I6', `credits went to ${organizationId}, which we did not make`);
      granted.set(owner, (granted.get(owner) ?? 0) + credits);
    }
    for (const [owner, total] of granted) {
      const most = declaredMax.get(owner) ?? 0;
      if (total > most) fail('I1', `${total} credits were granted to ${owner}, at most ${most} were ever declared`);
    }
  }

  function checkSlots(state: SandboxState): void {
    const next = new Map<string, { slot: number; cum: number }>();
    for (const { organizationId, metadata, credits } of state.ledger) {
      if (metadata?.['rcn'] !== '1' || organizationId === state.parentOrganizationId) continue;
      const { slot, cum } = next.get(organizationId) ?? { slot: 0, cum: 0 };
      if (metadata['org'] !== organizationId)
        fail('I6', `a grant marked for ${metadata['org']} is on ${organizationId}`);
      if (metadata['slot'] !== String(slot) || metadata['base'] !== String(cum))
        fail('I1', `slot ${metadata['slot']} from ${metadata['base']} follows ${slot} slots and ${cum} credits`);
      next.set(organizationId, { slot: slot + 1, cum: cum + credits });
    }
  }

  function checkOrganizations(state: SandboxState): void {
    const live = new Map<string, string>();
    for (const { id, status, metadata } of state.organizations) {
      if (status === 'archived' || !owners.has(id)) continue;
      const externalId = metadata['externalId'] ?? '';
      const other = live.get(externalId);
      if (other !== undefined) fail('I2', `${externalId} has two live organizations: ${other} and ${id}`);
      live.set(externalId, id);
    }
  }

  function checkKeys(state: SandboxState): void {
    const minted = new Map<string, number>();
    for (const { kind, by, organizationId, keyId } of state.operations) {
      if (by !== 'api' || (kind !== 'key.mint' && kind !== 'key.revoke' && kind !== 'key.rotate')) continue;
      const name = state.apiKeys.find(({ id }) => id === keyId)?.name ?? '';
      const owner = `${owners.get(organizationId) ?? fail('I6', `a key of ${organizationId}, not ours`)} ${name}`;
      const history = keys.get(owner) ?? fail('I5', `${owner} was never declared, yet: ${kind}`);
      if (kind === 'key.revoke') {
        if (!history.revocable) fail('I5', `${owner} was revoked, though nobody declared it revoked or changed it`);
        continue;
      }
      const count = (minted.get(owner) ?? 0) + 1;
      minted.set(owner, count);
      // A writer that lost its memory cannot know of a revoked key that the API does not show (P8): after the window of
      // its idempotency key it is made again, which docs/reliability.md says.
      if (!sandbox.behaviour().revokedKeysListed) continue;
      if (count > history.versions) fail('I5', `${owner} was made ${count} times for ${history.versions} declarations`);
    }
  }

  function checkActs(state: SandboxState): void {
    const suspendedBy = new Map<string, string>();
    for (const { kind, by, organizationId } of state.operations) {
      if (kind === 'organization.suspend') suspendedBy.set(organizationId, by);
      if (by !== 'api') continue;
      const externalId = owners.get(organizationId)?.split(' ')[0] ?? '';
      const wanted = (name: string) => states.has(`${externalId} ${name}`);
      if (kind === 'organization.resume' && suspendedBy.get(organizationId) !== 'api')
        fail('I5', `${externalId} was resumed, though somebody else had suspended it`);
      if (kind === 'organization.archive' && !wanted('archived')) fail('I5', `nobody declared ${externalId} archived`);
      if (kind === 'organization.suspend' && !wanted('suspended') && !wanted('archived'))
        fail('I5', `nobody declared ${externalId} suspended`);
    }
  }

  function checkRefill(state: SandboxState): void {
    const last = state.operations.at(-1);
    if (last?.kind !== 'credit-config.patch' || last.by !== 'api') return;
    const wallet = state.wallets.find(({ id }) => id === last.organizationId);
    if (wallet && wallet.refillAmount !== null && wallet.monthlyCreditCap === null)
      fail('I10', `${last.organizationId} refills without a cap`);
  }

  function checkConservation(state: SandboxState): void {
    const moved = state.ledger
      .filter(({ eventType }) => eventType === 'allocation')
      .reduce((total, { credits }) => total + credits, 0);
    if (moved !== 0 && sandbox.behaviour().archivePostsNegativeAllocation)
      fail('conservation', `debits and credits differ by ${moved}`);
  }

  const checks = [
    checkGrants,
    checkSlots,
    checkOrganizations,
    checkKeys,
    checkActs,
    checkRefill,
    checkConservation,
  ] as const;

  async function heldAt(place: Place, externalId: string, name: string): Promise<readonly string[]> {
    const slot = { parentOrganizationId: sandbox.parent().organizationId, kind: 'api-key', externalId, name } as const;
    const store = secretsOf(place);
    const found = await Promise.all([store.read(slot), store.readPrevious(slot)]);
    return found.flatMap((read) => (read.ok && read.value?.secret ? [read.value.secret.reveal()] : []));
  }

  return {
    declare({ externalId, incarnation, credits, keys: declaredKeys, state: declaredState = 'active' }) {
      states.add(`${externalId} ${declaredState}`);
      const owner = `${externalId} i${incarnation}`;
      declaredMax.set(owner, Math.max(declaredMax.get(owner) ?? 0, credits));
      for (const { name, version, state } of declaredKeys) {
        const history = keys.get(`${owner} ${name}`) ?? { last: '', versions: 0, revocable: false };
        const isNew = history.last !== version;
        if (isNew && history.versions > 0) history.revocable = true;
        if (isNew) history.versions += 1;
        if (state === 'revoked') history.revocable = true;
        keys.set(`${owner} ${name}`, { ...history, last: version });
      }
    },
    afterStep() {
      const state = sandbox.snapshot();
      learnOwners(state);
      for (const check of checks) check(state);
    },
    async afterPass(place) {
      const state = sandbox.snapshot();
      for (const [externalId, text] of place.statuses) {
        const read = recordedKeys.safeParse(JSON.parse(text));
        for (const { id, name } of read.success ? read.data.keys : []) {
          const row = state.apiKeys.find((key) => key.id === id);
          if (row?.status !== 'active' || row.supersededBy !== null) continue;
          const held = await heldAt(place, externalId, name);
          if (!held.includes(row.secret))
            fail('I3', `status at ${place.name} claims key ${id}, its store does not hold it`);
        }
      }
    },
    async secretless() {
      const state = sandbox.snapshot();
      const ours = new Set(
        state.operations.flatMap(({ kind, by, keyId }) => (by === 'api' && kind.startsWith('key.') && keyId) || []),
      );
      const missing: string[] = [];
      for (const { id, organizationId, name, secret, status } of state.apiKeys) {
        if (!ours.has(id) || status !== 'active') continue;
        const externalId = owners.get(organizationId)?.split(' ')[0] ?? '';
        const held = await Promise.all(places().map((place) => heldAt(place, externalId, name)));
        if (!held.flat().includes(secret)) missing.push(id);
      }
      return missing;
    },
  };
}

const recordedKeys = z.object({ keys: z.array(z.object({ id: z.string(), name: z.string() })).default([]) });

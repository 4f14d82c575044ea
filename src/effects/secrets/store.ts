import type { Secret } from '../../core/secret.ts';

/**
 * Where shown-once secrets go (invariant I3). A store is proved writable before anything is minted, and what it was
 * given is read back before anybody is told that a key is ready.
 */
export interface SecretStore {
  /** Writes, reads back and removes a probe beside the target. */
  probe(slot: SecretSlot): Promise<StoreResult<void>>;
  /** What the slot holds now; null when it is empty. */
  read(slot: SecretSlot): Promise<StoreResult<HeldSecret | null>>;
  /**
   * Moves what the slot holds to its `.previous` place (unless it is the same credential), then writes, syncs, reads
   * back and compares. Ok means that the secret is durable. Repeating it with the same credential changes nothing.
   */
  put(slot: SecretSlot, secret: StoredSecret): Promise<StoreResult<void>>;
  /**
   * Makes durable what the slot holds. A process that was killed may have left a secret that reads back and that a loss of
   * power would still take away; status vetoes every repetition of its mint, so it names a key only after this (I3).
   */
  settle(slot: SecretSlot): Promise<StoreResult<void>>;
  readPrevious(slot: SecretSlot): Promise<StoreResult<HeldSecret | null>>;
  removePrevious(slot: SecretSlot): Promise<StoreResult<void>>;
  /** How status and plans name the place: `file:<path>`, `age:<path>`. Never holds anything secret. */
  reference(slot: SecretSlot): string;
}

export interface SecretSlot {
  readonly parentOrganizationId: string;
  readonly kind: 'api-key' | 'webhook';
  /** The customer's externalId; null for a webhook, which belongs to the fleet. */
  readonly externalId: string | null;
  /** The key's or the webhook's name. */
  readonly name: string;
}

/** What a secret belongs to. */
export interface CredentialRecord {
  /** The id of the key or of the webhook endpoint. */
  readonly id: string;
  /** The key's masked prefix; null for a webhook. */
  readonly prefix: string | null;
  readonly createdAt: string | null;
}

export interface StoredSecret extends CredentialRecord {
  readonly secret: Secret;
}

/** What a store says it holds. `secret` is null where it is encrypted for somebody else to open. */
export interface HeldSecret extends CredentialRecord {
  readonly secret: Secret | null;
}

export type StoreResult<T> =
  | { readonly ok: true; readonly value: T }
  /** `message` says what failed and where, for people; never the secret. */
  | { readonly ok: false; readonly message: string };

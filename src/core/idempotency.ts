/**
 * Idempotency keys (correctness 2.2). A key is the UUIDv5 of a JSON array, never of glued strings, so that
 * `["a|b", "c"]` and `["a", "b|c"]` differ. Nothing that a deployment may spell differently (URL, environment, version,
 * flag) is in it: two writers of one step must collide. The tuples are frozen; golden vectors in the tests pin them.
 */

/** Namespace of all our names, fixed for ever. */
export const KEY_NAMESPACE = '7c1d3c2e-52a5-5b0b-9d4e-0f6f6c1a9b11';

/** UUIDv5 of a name in {@link KEY_NAMESPACE} (RFC 9562), as lower-case text. Hashing is an argument of the core. */
export type NameUuid = (name: string) => string;

/** How long after a request it may be repeated for its effect not to happen twice (P6: W is unknown below 24 h). */
export const REPLAY_WITHIN_MS = 20 * 3_600_000;

type Tuple = readonly (string | number)[];

export interface IdempotencyKeys {
  createOrganization(externalId: string, incarnation: number): string;
  /** The amount is not in the key: two writers that disagree about it collide on the slot (design 4). */
  allocate(externalId: string, incarnation: number, slot: number): string;
  /** `ordinal`: how many keys of this name the organization had before, revoked ones included. */
  mintApiKey(externalId: string, incarnation: number, keyName: string, ordinal: number): string;
  rotateApiKey(externalId: string, incarnation: number, oldKeyId: string): string;
  createWebhook(name: string, ordinal: number): string;
  rotateWebhookSecret(endpointId: string, secretCreatedAfter: string): string;
}

export function idempotencyKeys(uuid: NameUuid, parentOrganizationId: string): IdempotencyKeys {
  const key = (tuple: Tuple) => uuid(JSON.stringify(['rcn1', parentOrganizationId, ...tuple]));
  return {
    createOrganization: (externalId, incarnation) => key(['org', externalId, incarnation]),
    allocate: (externalId, incarnation, slot) => key(['alloc', externalId, incarnation, slot]),
    mintApiKey: (externalId, incarnation, keyName, ordinal) => key(['key', externalId, incarnation, keyName, ordinal]),
    rotateApiKey: (externalId, incarnation, oldKeyId) => key(['rotate', externalId, incarnation, oldKeyId]),
    createWebhook: (name, ordinal) => key(['hook', name, ordinal]),
    rotateWebhookSecret: (endpointId, secretCreatedAfter) => key(['hookrot', endpointId, secretCreatedAfter]),
  };
}

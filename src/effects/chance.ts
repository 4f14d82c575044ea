import { createHash, randomUUID } from 'node:crypto';

/** Chance and hashing, as arguments of everything that needs them. */
export interface Chance {
  /** A number in [0, 1), for jitter. */
  random(): number;
  /** A fresh UUIDv4, for the idempotency key of one intent. */
  uuid(): string;
}

export const systemChance: Chance = { random: () => Math.random(), uuid: () => randomUUID() };

/** `sha256:<hex>` of a text's UTF-8 bytes. */
export function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** The SHA-1 digest that RFC 9562 UUIDv5 is made from. */
export function sha1(bytes: Uint8Array): Uint8Array {
  return createHash('sha1').update(bytes).digest();
}

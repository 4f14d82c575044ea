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

/** UUIDv5 of a name in a namespace (RFC 9562, section 5.5), as lower-case text. */
export function nameUuid(namespace: string, name: string): string {
  const digest = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  const bytes = digest.subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

import { yamlLimits } from '../../core/declaration/yaml/limits.ts';
import type { StatusResult } from './store.ts';

/** Bytes that are not UTF-8 become U+FFFD, which no file of ours may contain: such a file is refused, not rewritten. */
export function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** A file that grew above the limit could never be read again, so it is not written. */
export function encodeWithinLimit(file: string, text: string): StatusResult<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= yamlLimits.bytes) return { ok: true, value: bytes };
  const limit = `${yamlLimits.bytes / 1024} KiB`;
  return { ok: false, message: `the status was not written into ${file}: the file would be larger than ${limit}` };
}

/** Null when nothing else is left. */
export function withoutMembers(status: unknown, names: readonly string[]): unknown {
  if (names.length === 0 || typeof status !== 'object' || status === null || Array.isArray(status)) return status;
  const members = Object.entries(status).filter(([name]) => !names.includes(name));
  return members.length === 0 ? null : Object.fromEntries(members);
}

import { isRecord } from './canonical.ts';
import type { FieldProblem } from './refusals.ts';
import type { Metadata } from './state.ts';

/**
 * Reads the fields of a body and collects everything that is wrong with them, so that one 422 names it all.
 * `undefined` means that the field was not sent; unknown fields are ignored. A value returned beside a problem is
 * never used: callers look at `problems` before they act.
 */
export interface Fields {
  readonly problems: FieldProblem[];
  sent(field: string): boolean;
  raw(field: string): unknown;
  text(field: string, limits: TextLimits): string | undefined;
  textOrNull(field: string, limits: TextLimits): string | null | undefined;
  integer(field: string, min: number): number | undefined;
  integerOrNull(field: string, min: number): number | null | undefined;
  texts(field: string, limits: { readonly min: number; readonly max: number }): readonly string[] | undefined;
  choice<const T extends string>(field: string, choices: readonly T[]): T | undefined;
  metadata(field: string): Metadata | undefined;
  metadataOrNull(field: string): Metadata | null | undefined;
  /** Adds a problem for each of these fields that was not sent. */
  require(...fields: readonly string[]): void;
  /** Adds a problem when none of these fields was sent. */
  requireAny(...fields: readonly string[]): void;
}

interface TextLimits {
  readonly min: number;
  readonly max: number;
}

/** Stripe's limits, as the pages of organizations and allocate state them. */
const METADATA = { keys: 50, keyLength: 40, valueLength: 500, bytes: 16 * 1024 } as const;

export function readFields(body: unknown): Fields {
  const problems: FieldProblem[] = [];
  const source = isRecord(body) ? body : {};
  if (!isRecord(body)) problems.push({ field: 'body', message: 'must be a JSON object' });

  const sent = (field: string) => Object.hasOwn(source, field);
  const complain = (field: string, message: string) => {
    problems.push({ field, message });
    return undefined;
  };

  function text(field: string, { min, max }: TextLimits): string | undefined {
    if (!sent(field)) return undefined;
    const value = source[field];
    if (typeof value === 'string' && value.length >= min && value.length <= max) return value;
    return complain(field, `must be a string of ${min} to ${max} characters`);
  }

  function integer(field: string, min: number): number | undefined {
    if (!sent(field)) return undefined;
    const value = source[field];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min) return value;
    return complain(field, `must be an integer of at least ${min}`);
  }

  function texts(field: string, { min, max }: TextLimits): readonly string[] | undefined {
    if (!sent(field)) return undefined;
    const value: unknown = source[field];
    const list = Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
    if (Array.isArray(value) && list.length === value.length && list.length >= min && list.length <= max) return list;
    return complain(field, `must be a list of ${min} to ${max} strings`);
  }

  function metadata(field: string): Metadata | undefined {
    if (!sent(field)) return undefined;
    const value = source[field];
    if (!isRecord(value)) return complain(field, 'must be an object of strings');
    const entries: [string, string][] = [];
    for (const [key, member] of Object.entries(value)) {
      if (typeof member === 'string' && member.length <= METADATA.valueLength && isMetadataKey(key)) {
        entries.push([key, member]);
      } else {
        complain(
          `${field}.${key}`,
          `keys have 1 to ${METADATA.keyLength}, string values up to ${METADATA.valueLength} characters`,
        );
      }
    }
    return Object.fromEntries(entries);
  }

  return {
    problems,
    sent,
    raw: (field) => source[field],
    text,
    textOrNull: (field, limits) => (source[field] === null ? null : text(field, limits)),
    integer,
    integerOrNull: (field, min) => (source[field] === null ? null : integer(field, min)),
    texts,
    choice(field, choices) {
      if (!sent(field)) return undefined;
      const found = choices.find((choice) => choice === source[field]);
      return found ?? complain(field, `must be one of ${choices.join(', ')}`);
    },
    metadata,
    metadataOrNull: (field) => (source[field] === null ? null : metadata(field)),
    require(...fields) {
      for (const field of fields) if (!sent(field)) complain(field, 'is required');
    },
    requireAny(...fields) {
      if (!fields.some(sent)) complain('body', `one of ${fields.join(', ')} is required`);
    },
  };
}

function isMetadataKey(key: string): boolean {
  return key.length >= 1 && key.length <= METADATA.keyLength;
}

/** The limits on the whole, which hold after a merge: at most 50 keys and 16 KB. */
export function metadataProblem(metadata: Metadata, field: string): FieldProblem | null {
  const keys = Object.keys(metadata).length;
  if (keys > METADATA.keys) return { field, message: `has ${keys} keys, at most ${METADATA.keys} are allowed` };
  // UTF-16 units bound the UTF-8 bytes from below and three times from above; only the doubtful cases are encoded.
  const text = JSON.stringify(metadata);
  if (text.length * 3 <= METADATA.bytes || Buffer.byteLength(text) <= METADATA.bytes) return null;
  return { field, message: `is larger than ${METADATA.bytes} bytes` };
}

/** Key by key: `""` unsets, what is not named stays (organizations/patch-organization). */
export function mergeMetadata(current: Metadata, patch: Metadata): Metadata {
  const merged = Object.entries({ ...current, ...patch }).filter(([, value]) => value !== '');
  return Object.fromEntries(merged);
}

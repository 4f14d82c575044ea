import { z } from 'zod';
import type { Page } from '../../core/api.ts';
import type { Shape } from './answers.ts';

/*
 * The pieces that answers are made of. Objects drop what they do not know, since the API may add fields at any time
 * (operational/versioning); what the documentation calls nullable may also be missing.
 */

/** Ids are opaque, but they go into paths, keys and terminals, so they are held to characters that are harmless there. */
export const idField = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/);

/** Organizations print `+00:00` with microseconds, everything else `Z`. Kept as printed. */
export const instantField = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/)
  .refine((text) => !Number.isNaN(Date.parse(text)));

/** Credits are whole numbers (concepts/credits). z.int() also refuses what a double cannot count exactly. */
export const creditsField = z.int();

export const stringsField = z.array(z.string());

export const metadataField = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});

/** A field that may be null and may be missing. */
export function orNull<T extends z.ZodType>(field: T) {
  return field.nullish().transform((value) => value ?? null);
}

/** A field that may be null or missing and then has a value of its own. */
export function orElse<T extends z.ZodType>(field: T, value: z.output<T>) {
  return field.nullish().transform((given) => given ?? value);
}

const cursorField = orNull(z.string().min(1).max(8_192));

export function pageOf<T>(item: z.ZodType<T>): z.ZodType<Page<T>> {
  return z.object({ items: z.array(item), nextCursor: cursorField });
}

export function shapeOf<T>(schema: z.ZodType<T>): Shape<T> {
  return (json) => {
    const result = schema.safeParse(json);
    return result.success
      ? { ok: true, value: result.data }
      : { ok: false, message: result.error.issues.slice(0, 3).map(describe).join('; ') };
  };
}

/** The answer to a question about one thing must be about that thing: anything else is garbled, not news. */
export function shapeAbout<T>(schema: z.ZodType<T>, askedId: string, idOf: (value: T) => string): Shape<T> {
  const shape = shapeOf(schema);
  return (json, meta) => {
    const shaped = shape(json, meta);
    if (!shaped.ok || isSameId(idOf(shaped.value), askedId)) return shaped;
    return { ok: false, message: 'it is about another id than the one asked for' };
  };
}

/** Routes take `org_<uuid>` and the bare UUID alike, and print the first (organizations/get-organization). */
export function isSameId(a: string, b: string): boolean {
  return bare(a) === bare(b);
}

function bare(id: string): string {
  return id.replace(/^[a-z]{2,5}_/, '').toLowerCase();
}

/** Words of our own only: zod's sentences and the keys of a map may quote what was received (invariant I4). */
function describe(issue: z.core.$ZodIssue): string {
  const path = issue.path.map((part) => (/^[A-Za-z0-9]{1,30}$/.test(String(part)) ? String(part) : '*')).join('.');
  const where = path === '' ? 'the answer' : path;
  if (issue.code === 'invalid_type') return `${where} should be of type ${issue.expected}`;
  if (issue.code === 'invalid_value') return `${where} should be one of ${issue.values.map(String).join(', ')}`;
  return `${where} is malformed`;
}

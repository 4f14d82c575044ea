import { z } from 'zod';
import { existingInstantPattern, instantPattern, parseInstant } from './instant.ts';

/**
 * The fields that both files use. A message of a rule is a predicate ("must …"): whoever prints it puts the member's
 * name before it. Rules that JSON Schema can express are written as `regex`, `min` and `max`, so that editors know them.
 */

/** The largest amount the grammar of amounts admits: 13 digits (correctness 2.7). */
const largestAmount = 9_999_999_999_999;

/** An identity, as it stands in a file and in the metadata of an organization. */
export const externalIdPattern: RegExp = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

export const amount = z.int().min(0).max(largestAmount);

export const count = z.int().min(0).max(999_999);

/** Controls, line separators and the marks that make a terminal show text in another order than it is written. */
const invisible = '\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069\\ufeff';
const label = new RegExp(`^(?:[^\\s${invisible}](?:[^${invisible}]*[^\\s${invisible}])?)?$`);

/** One line of text that a person reads in a plan: no controls, no white space at its ends. */
export const labelText = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(label, 'must be one line without control characters and without spaces around it');

export const organizationId = z
  .string()
  .regex(new RegExp(`^org_${uuid}$`), 'must be an organization id: org_ and a UUID in lower case');

export const endpointId = z.string().regex(new RegExp(`^${uuid}$`), 'must be a webhook endpoint id: a bare UUID');

export const instant = z
  .string()
  .regex(instantPattern, 'must be a UTC time such as 2026-11-01T00:00:00Z (RFC 3339, ending in Z)')
  .refine((text) => !instantPattern.test(text) || parseInstant(text) !== null, 'must be a day and time that exist')
  .meta({ pattern: existingInstantPattern });

/** What the API calls informational; we only keep out what no mail server would take. */
export const billingEmail = z
  .string()
  .max(254)
  .regex(
    /^[^\s@<>"(),:;[\]\\]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/,
    'must be an e-mail address such as ops@acme.example',
  )
  .nullable();

export const refill = z
  .strictObject({
    threshold: amount.meta({
      description:
        'Credits. The refill fires when the customer’s available credits (net of reservations) drop below this number. 0 or more.',
      examples: [1000],
    }),
    amount: amount.min(1).meta({
      description: 'Credits that each refill moves from the parent wallet. 1 or more: this is real money.',
      examples: [2000],
    }),
  })
  .nullable();

/** Stripe's limits (organizations/create-organization): 50 keys, of which five are kept for our own marks. */
const metadataKeysMax = 45;
/** The API's backstop is 16 KB for everything; what is left of it covers our own marks. */
const metadataBytesMax = 15_000;

export const metadata = z
  .record(
    z
      .string()
      .min(1)
      .max(40)
      .regex(/^(?!(?:externalId|rcn|rcn_.*)$)/, 'is reserved: the reconciler writes externalId, rcn and rcn_* itself'),
    z
      .string()
      .max(500)
      .meta({ description: 'A text of up to 500 characters; quote what looks like a number. "" unsets the key.' }),
  )
  .superRefine(
    (members, context) => {
      if (typeof members !== 'object' || members === null) return;
      const keys = Object.keys(members).length;
      if (keys > metadataKeysMax) {
        context.addIssue({
          code: 'custom',
          message: `must have at most ${metadataKeysMax} keys, this one has ${keys}`,
        });
      }
      const bytes = utf8Length(JSON.stringify(members));
      if (bytes > metadataBytesMax) {
        context.addIssue({
          code: 'custom',
          message: `must not be larger than 15,000 bytes as JSON (the API takes 16 KB in all), this one has ${bytes}`,
        });
      }
    },
    { when: () => true },
  )
  .meta({ maxProperties: metadataKeysMax });

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/**
 * A list of entries whose names differ by more than case or Unicode form, because file systems and people confuse such.
 * The rule runs even when a member of the list has a type error, so that one mistake does not hide another.
 */
export function namedList<T extends z.ZodType>(entry: T) {
  return z
    .array(entry)
    .superRefine(
      (list, context) =>
        refuseEqualNames(list, (index, message) =>
          context.addIssue({ code: 'custom', path: [index, 'name'], message, params: { code: 'DuplicateName' } }),
        ),
      { when: () => true },
    );
}

/** Takes what a type error may have left of the list; hence the look before every step. */
function refuseEqualNames(list: unknown, add: (index: number, message: string) => void): void {
  if (!Array.isArray(list)) return;
  const firstIndex = new Map<string, { index: number; name: string }>();
  for (const [index, entry] of list.entries()) {
    const name = nameOf(entry);
    if (name === null) continue;
    // Unicode writes some letters in two ways that look the same.
    const identity = name.normalize('NFC').toLowerCase();
    const first = firstIndex.get(identity);
    if (first === undefined) firstIndex.set(identity, { index, name });
    else add(index, howEqual(first.name, name, `entry ${first.index + 1} of the list`));
  }
}

function howEqual(first: string, second: string, entry: string): string {
  if (first === second) return `is used twice: ${entry} has the same name`;
  if (first.normalize('NFC') === second.normalize('NFC')) {
    return `looks the same as the name of ${entry}, in other characters of Unicode`;
  }
  return `differs only in case from the name of ${entry}`;
}

function nameOf(entry: unknown): string | null {
  if (typeof entry !== 'object' || entry === null || !('name' in entry)) return null;
  return typeof entry.name === 'string' ? entry.name : null;
}

const lengthMax = 300;
const considered = 64 * lengthMax;

const whiteSpace = /[\s\p{Zl}\p{Zp}]+/gu;
// Control, format (zero-width, bidirectional) characters and halves of surrogate pairs.
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}]+/gu;
// `lp_live_…`, `lp_test_…` and `whsec_…` wherever they stand, another `lp_…` only as a word of its own.
const secretShape = /(?:lp_(?:live|test)_|(?<![A-Za-z])lp_[a-z]+_|whsec_)[A-Za-z0-9_+/=-]*/gi;

/**
 * Text from outside, fit for a terminal, a log and a status: on one line, at most 300 characters, and without anything
 * that looks like a credential or is one of the `hidden` values (invariant I4). Characters that do not print are taken
 * out first, so that they cannot split a secret into pieces that nobody recognises.
 */
export function cleanText(text: string, hidden: readonly string[]): string {
  let cleaned = text.slice(0, considered).replace(whiteSpace, ' ').replace(unprintable, '');
  for (const value of hidden) cleaned = cleaned.replaceAll(value, '[secret]');
  cleaned = cleaned.replace(secretShape, '[secret]').trim();
  return cleaned.length > lengthMax ? `${cleaned.slice(0, lengthMax - 1)}…` : cleaned;
}

/**
 * The forms in which a value could come back in a message: plain, base64, base64url, hex, and a key's secret part alone
 * (`lp_<env>_<keyid>_<secret>`, api/concepts/api-keys). Values shorter than 8 characters are too common to be hidden.
 */
export function formsOf(value: string): readonly string[] {
  const secretPart = /^lp_[^_]+_[^_]+_(.+)$/s.exec(value)?.[1];
  const plain = secretPart === undefined ? [value] : [value, secretPart];
  return plain.filter((text) => text.length >= 8).flatMap(encodings);
}

function encodings(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  return [text, bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex')];
}

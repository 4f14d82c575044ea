const msPerUnit = { s: 1_000, m: 60_000, h: 3_600_000 };

export const durationPattern: RegExp = /^[1-9][0-9]{0,4}[smh]$/;

/** The same for editors, within the range: exactly what {@link parseDuration} takes. */
export const durationInRangePattern: string =
  '^(?:(?:[1-9][0-9]{0,3}|[1-7][0-9]{4}|8[0-5][0-9]{3}|86[0-3][0-9]{2}|86400)s' +
  '|(?:[1-9][0-9]{0,2}|1[0-3][0-9]{2}|14[0-3][0-9]|1440)m|(?:[1-9]|1[0-9]|2[0-4])h)$';

const longestMs = 24 * msPerUnit.h;

/** `30s`, `10m` or `1h` in milliseconds; null when the text is not of that form or is longer than 24 hours. */
export function parseDuration(text: string): number | null {
  if (!durationPattern.test(text)) return null;
  const unit = text.endsWith('s') ? msPerUnit.s : text.endsWith('m') ? msPerUnit.m : msPerUnit.h;
  const ms = Number(text.slice(0, -1)) * unit;
  return ms <= longestMs ? ms : null;
}

const msPerUnit = { s: 1_000, m: 60_000, h: 3_600_000 };

export const durationPattern: RegExp = /^[1-9][0-9]{0,4}[smh]$/;

const longestMs = 24 * msPerUnit.h;

/** `30s`, `10m` or `1h` in milliseconds; null when the text is not of that form or is longer than 24 hours. */
export function parseDuration(text: string): number | null {
  if (!durationPattern.test(text)) return null;
  const unit = text.endsWith('s') ? msPerUnit.s : text.endsWith('m') ? msPerUnit.m : msPerUnit.h;
  const ms = Number(text.slice(0, -1)) * unit;
  return ms <= longestMs ? ms : null;
}

const FIRST_MS = 1_000;
const MAX_MS = 60_000;

/**
 * How long to wait after so many failures in a row, in milliseconds: between 1 s and a ceiling that doubles from 2 s to
 * 60 s, anywhere in between (full jitter), so that what failed together does not come back together.
 *
 * @param random from 0 up to, but not including, 1
 */
export function backoffMs(failures: number, random: number): number {
  const ceiling = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(failures, 10));
  return Math.round(FIRST_MS + random * (ceiling - FIRST_MS));
}

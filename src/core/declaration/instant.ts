const grammar = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?Z$/;

/** RFC 3339 in UTC with a `Z`; the API refuses the `+00:00` form as input (layers-api 1, timestamps). */
export const instantPattern: RegExp = grammar;

/** Milliseconds since the epoch, or null when the text is no instant or names a day or hour that does not exist. */
export function parseInstant(text: string): number | null {
  const seconds = grammar.exec(text)?.[1];
  if (seconds === undefined) return null;
  const ms = Date.parse(text);
  // Date.parse turns 30 February into 2 March instead of refusing it.
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(seconds)) return null;
  return ms;
}

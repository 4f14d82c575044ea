const grammar = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?Z$/;

/** RFC 3339 in UTC with a `Z`; the API refuses the `+00:00` form as input (layers-api 1, timestamps). */
export const instantPattern: RegExp = grammar;

const day = '(?:0[1-9]|1[0-9]|2[0-8])';
const leapYear = '(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)';
const days = [
  `[0-9]{4}-(?:0[1-9]|1[0-2])-${day}`,
  '[0-9]{4}-(?:0[13-9]|1[0-2])-(?:29|30)',
  '[0-9]{4}-(?:0[13578]|1[02])-31',
  `${leapYear}-02-29`,
];

/** The same for editors, which cannot ask a calendar: exactly what {@link parseInstant} takes. */
export const existingInstantPattern: string = `^(?:${days.join('|')})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?Z$`;

/** Milliseconds since the epoch, or null when the text is no instant or names a day or hour that does not exist. */
export function parseInstant(text: string): number | null {
  const seconds = grammar.exec(text)?.[1];
  if (seconds === undefined) return null;
  const ms = Date.parse(text);
  // Date.parse turns 30 February into 2 March instead of refusing it.
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(seconds)) return null;
  return ms;
}

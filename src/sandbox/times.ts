/** `2026-06-03T18:14:02.187Z`: keys, credits, ledger, webhooks. */
export function zuluTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function zuluTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : zuluTime(ms);
}

/** `2026-06-01T14:30:00.000000+00:00`: organization rows only (organizations/create-organization). */
export function organizationTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000+00:00`;
}

/** Milliseconds since the epoch, or null for what is not UTC with `Z` (credits/list-events rejects `+00:00`). */
export function parseZuluTime(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/.test(text)) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

/** The calendar month in UTC: the billing period we chose for parents and children alike. */
export function billingPeriod(ms: number): { startMs: number; endMs: number } {
  const date = new Date(ms);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { startMs: Date.UTC(year, month, 1), endMs: Date.UTC(year, month + 1, 1) };
}

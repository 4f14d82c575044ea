import type { Refusal } from '../../core/report.ts';
import { readBalances } from '../../engine/inspect/read-balances.ts';
import type { StatusOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { openForReading } from '../reading.ts';
import type { StatusRow } from '../render/output-schema.ts';

const CONCURRENCY = 8;

export type LiveRows =
  | { readonly ok: true; readonly rows: readonly StatusRow[] }
  | { readonly ok: false; readonly refusal: Refusal };

/** Adds what each recorded organization holds now. No lock, and a client without write methods. */
export async function withLiveBalances(
  rows: readonly StatusRow[],
  options: StatusOptions,
  context: CommandContext,
): Promise<LiveRows> {
  const reading = await openForReading(options, 'reconcile status --live', context);
  if (!reading.ok) return reading;
  try {
    const ids = rows.flatMap(({ organizationId }) => organizationId ?? []);
    const balances = await readBalances(reading.effects, ids, CONCURRENCY);
    return { ok: true, rows: rows.map((row) => ({ ...row, live: balances.get(row.organizationId ?? '') ?? null })) };
  } finally {
    await reading.close();
  }
}

import { printable } from '../../core/declaration/yaml/printable.ts';
import { formatCredits } from '../../core/money.ts';
import { counted, wrap } from './layout.ts';
import type { StatusRow } from './output-schema.ts';
import type { Paint } from './palette.ts';

const headings = ['CUSTOMER', 'PHASE', 'GRANTED', 'DECLARED', 'REASON'] as const;

/** One line per customer; below it what settles the trouble, when there is any. Ends with a line break. */
export function renderStatusTable(rows: readonly StatusRow[], paint: Paint): string {
  const table = [headings, ...rows.map(cellsOf)];
  const widths = headings.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  const lines = table.map((cells) => line(cells, widths));
  const body = rows.flatMap((row, index) => [painted(lines[index + 1] ?? '', row, paint), ...explanation(row)]);
  return `${[paint('heading', lines[0] ?? ''), ...body, '', totals(rows)].join('\n')}\n`;
}

function cellsOf({ externalId, file, phase, credits, reason, outdated }: StatusRow): readonly string[] {
  return [
    printable(externalId ?? file),
    phase ?? '-',
    amount(credits.granted),
    amount(credits.declared),
    printable(reason) + (outdated ? ' (the file changed since)' : ''),
  ];
}

function amount(credits: number | null): string {
  return credits === null ? '-' : formatCredits(credits);
}

function line(cells: readonly string[], widths: readonly number[]): string {
  const isAmount = (column: number) => column === 2 || column === 3;
  return cells
    .map((cell, column) => (isAmount(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
    .join('  ')
    .trimEnd();
}

function isTrouble({ phase, reason }: StatusRow): boolean {
  return phase === 'Stalled' || phase === 'Held' || (phase === null && reason !== 'NothingRecorded');
}

function painted(text: string, row: StatusRow, paint: Paint): string {
  return isTrouble(row) ? paint(row.phase === 'Held' ? 'change' : 'trouble', text) : text;
}

function explanation(row: StatusRow): string[] {
  return isTrouble(row) && row.message !== null ? wrap(row.message, '  ') : [];
}

function totals(rows: readonly StatusRow[]): string {
  const phases = new Map<string, number>();
  for (const { phase } of rows) phases.set(phase ?? 'without status', (phases.get(phase ?? 'without status') ?? 0) + 1);
  const parts = Array.from(phases, ([phase, count]) => `${formatCredits(count)} ${phase}`);
  return `${counted(rows.length, 'customer')}: ${parts.join(', ')}.`;
}

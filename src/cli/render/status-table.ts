import { printable } from '../../core/declaration/yaml/printable.ts';
import { formatCredits } from '../../core/money.ts';
import { counted } from './layout.ts';
import type { StatusRow } from './output-schema.ts';
import type { Page } from './page.ts';
import { renderTable } from './table.ts';

interface Column {
  readonly heading: string;
  readonly isAmount: boolean;
  readonly cell: (row: StatusRow) => string;
}

const columns: readonly Column[] = [
  { heading: 'CUSTOMER', isAmount: false, cell: ({ externalId, file }) => printable(externalId ?? file) },
  { heading: 'PHASE', isAmount: false, cell: ({ phase }) => phase ?? '-' },
  { heading: 'GRANTED', isAmount: true, cell: ({ credits }) => amount(credits.granted) },
  { heading: 'DECLARED', isAmount: true, cell: ({ credits }) => amount(credits.declared) },
];

const liveColumns: readonly Column[] = [
  { heading: 'BALANCE', isAmount: true, cell: ({ live }) => amount(live?.balance ?? null) },
  { heading: 'AVAILABLE', isAmount: true, cell: ({ live }) => amount(live?.available ?? null) },
];

const reason: Column = {
  heading: 'REASON',
  isAmount: false,
  cell: (row) => printable(row.reason) + (row.outdated ? ' (the file changed since)' : ''),
};

export interface StatusTable {
  /** Those that were asked for. */
  readonly rows: readonly StatusRow[];
  /** How many there are. */
  readonly customers: number;
  readonly live: boolean;
}

/** One line per customer; below it what settles the trouble, when there is any. Ends with a line break. */
export function renderStatusTable({ rows, customers, live }: StatusTable, page: Page): string {
  if (rows.length === 0) return `${counted(customers, 'customer')}; whoever was asked for is as declared.\n`;
  const shown = [...columns, ...(live ? liveColumns : []), reason];
  const amounts = shown.flatMap(({ isAmount }, index) => (isAmount ? [index] : []));
  const [heading = '', ...lines] = renderTable(
    [shown.map((column) => column.heading), ...rows.map((row) => shown.map(({ cell }) => cell(row)))],
    amounts,
  );
  const body = rows.flatMap((row, index) => [painted(lines[index] ?? '', row, page), ...explanation(row, page)]);
  return `${[page.paint('heading', heading), ...body, '', ...totals({ rows, customers, live }, page)].join('\n')}\n`;
}

function amount(credits: number | null): string {
  return credits === null ? '-' : formatCredits(credits);
}

function isTrouble({ phase, reason: why }: StatusRow): boolean {
  return phase === 'Stalled' || phase === 'Held' || (phase === null && why !== 'NothingRecorded');
}

function painted(text: string, row: StatusRow, page: Page): string {
  return isTrouble(row) ? page.paint(row.phase === 'Held' ? 'change' : 'trouble', text) : text;
}

function explanation(row: StatusRow, page: Page): string[] {
  return [
    ...(isTrouble(row) && row.message !== null ? page.wrap(row.message, '  ') : []),
    ...(row.live?.problem ? page.wrap(`could not be read now: ${row.live.problem}`, '  ') : []),
  ];
}

function totals({ rows, customers, live }: StatusTable, page: Page): string[] {
  const phases = new Map<string, number>();
  for (const { phase } of rows) phases.set(phase ?? 'without status', (phases.get(phase ?? 'without status') ?? 0) + 1);
  const parts = Array.from(phases, ([phase, count]) => `${formatCredits(count)} ${phase}`);
  const sum = (of: (row: StatusRow) => number | null) =>
    formatCredits(rows.reduce((all, row) => all + (of(row) ?? 0), 0));
  const granted = `${sum(({ credits }) => credits.granted)} of ${sum(({ credits }) => credits.declared)} credits granted`;
  const share = `${rows.length === customers ? '' : `${formatCredits(rows.length)} of `}${counted(customers, 'customer')}`;
  const available = live ? `, ${sum((row) => row.live?.available ?? null)} available` : '';
  return [...page.wrap(`${share}: ${parts.join(', ')}.`, ''), ...page.wrap(`${granted}${available}.`, '')];
}

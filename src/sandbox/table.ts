import type { Change } from './state.ts';

export interface ReadTable<Row> {
  get(id: string): Row | undefined;
  rows(): Iterable<Row>;
  /** The rows of one group, for example the keys of one organization. */
  of(group: string): Iterable<Row>;
}

export interface Table<Row> extends ReadTable<Row> {
  put(row: Row): void;
  remove(id: string): void;
  /** The table without the changes that `isHidden` names; the newest changes must be hidden first. */
  asOf(isHidden: (change: Change<Row>) => boolean): ReadTable<Row>;
  dump(): readonly Row[];
  history(): readonly Change<Row>[];
}

export interface TableOptions<Row> {
  readonly rows: readonly Row[];
  readonly groupOf?: (row: Row) => string | null;
  readonly history?: readonly Change<Row>[];
  /** How many changes are kept for stale reads; 0 = none. */
  readonly historyMax: number;
  /** Called before every change; says which version and time it belongs to. */
  readonly onChange: () => { readonly version: number; readonly atMs: number };
}

/** Rows in order of insertion, with one optional index and the changes that a stale read takes back. */
export function createTable<Row extends { readonly id: string }>(options: TableOptions<Row>): Table<Row> {
  const { historyMax, groupOf, onChange } = options;
  const byId = new Map<string, Row>();
  const groups = new Map<string, Map<string, Row>>();
  let history: Change<Row>[] = [...(options.history ?? [])];

  function store(row: Row): void {
    byId.set(row.id, row);
    const group = groupOf?.(row);
    if (group === undefined || group === null) return;
    const members = groups.get(group);
    if (members) members.set(row.id, row);
    else groups.set(group, new Map([[row.id, row]]));
  }

  function drop(id: string): void {
    const row = byId.get(id);
    if (row === undefined) return;
    byId.delete(id);
    const group = groupOf?.(row);
    if (group !== undefined && group !== null) groups.get(group)?.delete(id);
  }

  function remember(id: string): void {
    const { version, atMs } = onChange();
    if (historyMax === 0) return;
    history.push({ version, atMs, id, before: byId.get(id) ?? null });
    if (history.length > 2 * historyMax) history = history.slice(-historyMax);
  }

  for (const row of options.rows) store(row);

  return {
    get: (id) => byId.get(id),
    rows: () => byId.values(),
    of: (group) => groups.get(group)?.values() ?? [],
    put(row) {
      remember(row.id);
      store(row);
    },
    remove(id) {
      remember(id);
      drop(id);
    },
    asOf(isHidden) {
      const past = new Map(byId);
      let hidden = 0;
      for (let at = history.length - 1; at >= 0; at -= 1) {
        const change = history[at];
        if (change === undefined || !isHidden(change)) break;
        if (change.before === null) past.delete(change.id);
        else past.set(change.id, change.before);
        hidden += 1;
      }
      return hidden === 0 ? this : createTable({ ...options, rows: [...past.values()], history: [] });
    },
    dump: () => [...byId.values()],
    history: () => [...history],
  };
}

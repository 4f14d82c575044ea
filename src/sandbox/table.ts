import type { Change } from './state.ts';

export interface ReadTable<Row> {
  get(id: string): Row | undefined;
  rows(): Iterable<Row>;
  /** The rows of one group, for example the keys of one organization. */
  of(group: string): Iterable<Row>;
}

export interface TableOptions<Row> {
  readonly groupOf?: (row: Row) => string | null;
  /** How many changes are kept for stale reads; 0 = none. */
  readonly historyMax: number;
  /** Called before every change; says which version and time it belongs to. */
  readonly onChange: () => { readonly version: number; readonly atMs: number };
}

/**
 * Rows in order of insertion, with one optional index and the changes that a stale read takes back. A suite that
 * branches opens thousands of tables a second and touches few of them, so that nothing is copied or indexed before it
 * is needed, and an untouched table gives back the very array it was opened with.
 */
export class Table<Row extends { readonly id: string }> implements ReadTable<Row> {
  readonly #options: TableOptions<Row>;
  #given: readonly Row[] | null;
  #byId: Map<string, Row> | null = null;
  #groups: Map<string, Map<string, Row>> | null = null;
  #history: readonly Change<Row>[];

  constructor(options: TableOptions<Row>, rows: readonly Row[], history: readonly Change<Row>[] = []) {
    this.#options = options;
    this.#given = rows;
    this.#history = history;
  }

  get(id: string): Row | undefined {
    return this.#index().get(id);
  }

  rows(): Iterable<Row> {
    return this.#given ?? this.#index().values();
  }

  of(group: string): Iterable<Row> {
    this.#groups ??= this.#group();
    return this.#groups.get(group)?.values() ?? [];
  }

  put(row: Row): void {
    this.#remember(row.id);
    this.#index().set(row.id, row);
    this.#addToGroup(this.#groups, row);
  }

  remove(id: string): void {
    const row = this.get(id);
    if (row === undefined) return;
    this.#remember(id);
    this.#index().delete(id);
    const group = this.#options.groupOf?.(row);
    if (group !== undefined && group !== null) this.#groups?.get(group)?.delete(id);
  }

  /** The table without its newest changes, back to the first that `isHidden` lets stand. */
  asOf(isHidden: (change: Change<Row>) => boolean): ReadTable<Row> {
    const past = new Map(this.#index());
    let hidden = 0;
    for (const change of this.#history.toReversed()) {
      if (!isHidden(change)) break;
      if (change.before === null) past.delete(change.id);
      else past.set(change.id, change.before);
      hidden += 1;
    }
    return hidden === 0 ? this : new Table(this.#options, [...past.values()]);
  }

  dump(): readonly Row[] {
    this.#given ??= [...this.#index().values()];
    return this.#given;
  }

  /** Newest last. */
  history(): readonly Change<Row>[] {
    return this.#history;
  }

  #index(): Map<string, Row> {
    this.#byId ??= new Map((this.#given ?? []).map((row) => [row.id, row]));
    return this.#byId;
  }

  #group(): Map<string, Map<string, Row>> {
    const groups = new Map<string, Map<string, Row>>();
    for (const row of this.rows()) this.#addToGroup(groups, row);
    return groups;
  }

  #addToGroup(groups: Map<string, Map<string, Row>> | null, row: Row): void {
    const group = this.#options.groupOf?.(row);
    if (groups === null || group === undefined || group === null) return;
    const members = groups.get(group);
    if (members) members.set(row.id, row);
    else groups.set(group, new Map([[row.id, row]]));
  }

  #remember(id: string): void {
    const before = this.get(id) ?? null;
    const { version, atMs } = this.#options.onChange();
    this.#given = null;
    const { historyMax } = this.#options;
    if (historyMax === 0) return;
    // Snapshots share the array, so that it grows by being replaced; it stays short.
    this.#history = [...this.#history.slice(-historyMax + 1), { version, atMs, id, before }];
  }
}

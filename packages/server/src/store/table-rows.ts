// Rows of any table, page by page in the order of its primary key, so that memory stays bounded whatever the table's size; and a
// digest of rows that does not depend on their order.

import { serverLimits } from '../core/limits.ts';
import type { Param, Tx } from '../ports/database.ts';
import type { TableShape } from './tables.ts';

export type StoredRow = Record<string, Param>;
export type RowKey = readonly Param[];

/** Rows with keys in (after, through]; null: no bound. */
export interface KeyRange {
  readonly after: RowKey | null;
  readonly through: RowKey | null;
}

export const allKeys: KeyRange = { after: null, through: null };

const columnList = (columns: readonly string[]): string => columns.map((name) => `"${name}"`).join(', ');

/** Text is compared by its bytes, as SQLite does it: a range means the same rows in every store. */
function keyList({ dialect }: Tx, { key, columns }: TableShape): string {
  const inBytes = dialect.engine === 'postgres' ? ' collate "C"' : '';
  return key.map((name) => `"${name}"${columns[name] === 'text' ? inBytes : ''}`).join(', ');
}

function conditionOf(tx: Tx, shape: TableShape, { after, through }: KeyRange): { sql: string; params: Param[] } {
  const params: Param[] = [];
  const side = (sign: string, bound: RowKey | null): string[] =>
    bound === null
      ? []
      : [`(${keyList(tx, shape)}) ${sign} (${bound.map((value) => `$${params.push(value)}`).join(', ')})`];
  const parts = [...side('>', after), ...side('<=', through)];
  return { sql: parts.length === 0 ? '' : ` where ${parts.join(' and ')}`, params };
}

export function keyOf({ key }: TableShape, row: StoredRow): RowKey {
  return key.map((name) => row[name] ?? null);
}

/** At most `limit` rows of a range, whole or only their keys, by key. */
export async function rowsIn(
  tx: Tx,
  shape: TableShape,
  range: KeyRange,
  limit: number | null,
  columns: readonly string[] = Object.keys(shape.columns),
): Promise<StoredRow[]> {
  const { sql, params } = conditionOf(tx, shape, range);
  const cut = limit === null ? '' : ` limit $${params.push(limit)}`;
  return tx.query<StoredRow>(
    `select ${columnList(columns)} from "${shape.name}"${sql} order by ${keyList(tx, shape)}${cut}`,
    params,
  );
}

/** Pages of whole rows, cut so that none is much larger than `tablePageBytes`. */
export async function* tablePages(tx: Tx, shape: TableShape, range = allKeys): AsyncGenerator<StoredRow[]> {
  let { after } = range;
  let limit: number = serverLimits.tablePageRows;
  for (;;) {
    const rows = await rowsIn(tx, shape, { ...range, after }, limit);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    if (rows.length < limit) return;
    after = keyOf(shape, last);
    limit = nextLimit(rows);
  }
}

/** Rows become larger or smaller along a table: the next page is measured by the last. */
function nextLimit(rows: readonly StoredRow[]): number {
  let bytes = 0;
  for (const row of rows) for (const value of Object.values(row)) bytes += typeof value === 'string' ? value.length : 8;
  const fitting = Math.floor((rows.length * serverLimits.tablePageBytes) / Math.max(1, bytes));
  return Math.max(1, Math.min(serverLimits.tablePageRows, fitting));
}

export async function rowsInsert(tx: Tx, shape: TableShape, rows: readonly StoredRow[]): Promise<void> {
  if (rows.length === 0) return;
  const names = Object.keys(shape.columns);
  await tx.query(
    `insert into "${shape.name}" (${columnList(names)})
     select ${names.map((name) => `x."${name}"`).join(', ')} from ${tx.dialect.rows('$1', 'x', shape.columns)}`,
    [JSON.stringify(rows)],
  );
}

export async function rowsDelete(tx: Tx, shape: TableShape, range: KeyRange): Promise<void> {
  const { sql, params } = conditionOf(tx, shape, range);
  await tx.query(`delete from "${shape.name}"${sql}`, params);
}

export async function rowsCount(tx: Tx, { name }: Pick<TableShape, 'name'>): Promise<number> {
  const [row] = await tx.query<{ n: number }>(`select count(*) as n from "${name}"`);
  return row?.n ?? 0;
}

const half = 2 ** 48;

/** The sum of the hashes of all rows: equal rows give equal digests in whatever order they come. */
export class RowsDigest {
  readonly #hash: (text: string) => string;
  readonly #columns: readonly string[];
  #count = 0;
  #low = 0;
  #high = 0;

  constructor(shape: TableShape, hash: (text: string) => string) {
    this.#hash = hash;
    this.#columns = Object.keys(shape.columns).toSorted();
  }

  add(rows: readonly StoredRow[]): this {
    for (const row of rows) {
      const hex = this.#hash(JSON.stringify(this.#columns.map((name) => row[name] ?? null)));
      this.#low = (this.#low + Number.parseInt(hex.slice(0, 12), 16)) % half;
      this.#high = (this.#high + Number.parseInt(hex.slice(12, 24), 16)) % half;
      this.#count += 1;
    }
    return this;
  }

  get count(): number {
    return this.#count;
  }

  get text(): string {
    return `${this.#count}:${this.#high.toString(16).padStart(12, '0')}${this.#low.toString(16).padStart(12, '0')}`;
  }
}

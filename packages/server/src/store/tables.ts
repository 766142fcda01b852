// The tables of a store as its engine tells them, so that whatever copies rows forgets none: names, types and primary keys.

import { Refusal } from '@tidewheel/protocol';
import type { ColumnType, Tx } from '../ports/database.ts';

export interface TableShape {
  readonly name: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** Columns of the primary key, in its order. */
  readonly key: readonly string[];
}

/** Each store has its own. */
const ownTables: ReadonlySet<string> = new Set(['schema_migration', 'store_state']);

const columnTypes: Readonly<Record<string, ColumnType>> = {
  uuid: 'uuid',
  text: 'text',
  int4: 'int',
  int8: 'bigint',
  float8: 'float',
  integer: 'bigint',
  real: 'float',
};

const columnsOf = {
  sqlite: `select s.name as "table", c.name as "column", lower(c.type) as type, c.pk as place
    from sqlite_schema s, pragma_table_info(s.name) c
    where s.type = 'table' and s.name not like 'sqlite%' order by s.name, c.cid`,
  // Partitions are parts of the table that they belong to.
  postgres: `select t.relname as "table", a.attname as "column", y.typname as type,
      coalesce(array_position(i.indkey::smallint[], a.attnum) + 1, 0) as place
    from pg_class t join pg_attribute a on a.attrelid = t.oid join pg_type y on y.oid = a.atttypid
      left join pg_index i on i.indrelid = t.oid and i.indisprimary
    where t.relnamespace = current_schema()::regnamespace and t.relkind in ('r', 'p') and not t.relispartition
      and a.attnum > 0 and not a.attisdropped
    order by t.relname, a.attnum`,
};

interface ColumnRow {
  table: string;
  column: string;
  type: string;
  place: number;
}

/** All tables that belong to the cluster's data, by name. */
export async function tablesOf(tx: Tx): Promise<TableShape[]> {
  const rows = await tx.query<ColumnRow>(columnsOf[tx.dialect.engine]);
  return [...Map.groupBy(rows, ({ table }) => table)]
    .filter(([name]) => !ownTables.has(name))
    .map(([name, columns]) => ({
      name,
      columns: Object.fromEntries(columns.map(({ column, type }) => [column, typeNamed(name, column, type)])),
      key: columns
        .filter(({ place }) => place > 0)
        .toSorted((a, b) => a.place - b.place)
        .map(({ column }) => column),
    }));
}

function typeNamed(table: string, column: string, type: string): ColumnType {
  const known = columnTypes[type];
  if (known === undefined) throw new Error(`${table}.${column} is of type ${type}, which no batch can carry`);
  return known;
}

/** Both must have the same tables and columns. Answers them with the types of PostgreSQL, if one is that: SQLite knows fewer. */
export async function tablesInBoth(source: Tx, target: Tx): Promise<TableShape[]> {
  const [there, here] = [await tablesOf(source), await tablesOf(target)];
  const [wanted, found] = [there, here].map((tables) => tables.map(wordsOf));
  const differing = [...new Set([...(wanted ?? []), ...(found ?? [])])].filter(
    (words) => wanted?.includes(words) !== true || found?.includes(words) !== true,
  );
  if (differing.length > 0)
    throw new Refusal('DATABASE_CHANGED', `the tables of the two stores differ: ${differing.slice(0, 5).join('; ')}`);
  return source.dialect.engine === 'postgres' ? there : here;
}

const wordsOf = ({ name, columns }: TableShape): string => `${name} (${Object.keys(columns).toSorted().join(', ')})`;

/** Rows of any of these tables tell that a store has been worked on. */
const telling = ['job', 'run', 'run_archive', 'schedule', 'fire', 'session', 'api_token'];

/** The name of a table with rows that no new store has; null when there is none. */
export async function tableInUse(tx: Tx): Promise<string | null> {
  for (const name of telling) {
    const rows = await tx.query(`select 1 as one from ${name} limit 1`);
    if (rows.length > 0) return name;
  }
  return null;
}

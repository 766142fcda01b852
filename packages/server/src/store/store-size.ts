// How large the store is: as a whole, which costs little and is asked all the time; table by table, for people; and what it was before.

import type { StoreStatus } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { SizeSample } from '../core/store-growth.ts';
import type { Tx } from '../ports/database.ts';

export interface StoreSize {
  usedBytes: number;
  /** Pages that are free inside the file. PostgreSQL does not tell at this price. */
  reusableBytes: number;
}

export async function storeSize(tx: Tx): Promise<StoreSize> {
  const [row] = await tx.query<StoreSize>(
    tx.dialect.engine === 'sqlite'
      ? `select (p.page_count - f.freelist_count) * s.page_size as "usedBytes", f.freelist_count * s.page_size as "reusableBytes"
         from pragma_page_count() p, pragma_freelist_count() f, pragma_page_size() s`
      : `select pg_database_size(current_database()) as "usedBytes", 0 as "reusableBytes"`,
  );
  if (row === undefined) throw new Error('the store does not tell its size');
  return row;
}

export async function sizeRecord(tx: Tx, usedBytes: number): Promise<void> {
  await tx.query('insert into store_size (at, used_bytes) values (now_ms(), $1) on conflict (at) do nothing', [
    usedBytes,
  ]);
}

/** Oldest first. */
export function sizesSince(tx: Tx, sinceMs: number): Promise<SizeSample[]> {
  return tx.query<SizeSample>(
    `select at, used_bytes as "usedBytes" from store_size where at > now_ms() - $1 order by at limit $2`,
    [sinceMs, serverLimits.storeSamples],
  );
}

type TableSize = StoreStatus['tables'][number];

/** Largest first. */
export async function tableSizes(tx: Tx): Promise<TableSize[]> {
  const sizes = tx.dialect.engine === 'sqlite' ? await estimated(tx) : await measured(tx);
  return sizes.sort((a, b) => b.bytes - a.bytes);
}

/**
 * With indexes and partitions. Bloat is what the rows would not need if they lay side by side, by their widths in the planner's statistics:
 * an estimate, and nothing of small tables.
 */
function measured(tx: Tx): Promise<TableSize[]> {
  return tx.query<TableSize>(
    `select "table", sum(bytes)::float8 as bytes, sum(rows)::float8 as rows, sum(bloat)::float8 as "bloatBytes",
       count(*) filter (where is_part) as partitions
     from (
       select coalesce(pg_partition_root(c.oid)::regclass, c.oid::regclass)::text as "table", c.relispartition as is_part,
         pg_total_relation_size(c.oid) as bytes, greatest(c.reltuples, 0) as rows,
         case when c.relpages < 100 or c.reltuples <= 0 or w.width is null then 0
           else greatest(0, c.relpages::float8 * 8192 - c.reltuples * (w.width + 32) * 1.05) end as bloat
       from pg_class c left join (
         select tablename, sum(avg_width * (1 - null_frac)) as width from pg_stats where schemaname = current_schema() group by 1
       ) w on w.tablename = c.relname
       where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace
     ) x group by 1`,
  );
}

const sampleRows = 100;
/** Counted one by one up to here: a key that is a time, as of `store_size`, leaves gaps of millions between few rows. */
const countedRows = 10_000;

/**
 * Rows one by one where they are few, else those between the first and the last rowid; the widths of the newest of them, and for each index some forty bytes a row; put to scale, so
 * that the sum is the true size of the file. To measure it SQLite would read the whole file.
 */
async function estimated(tx: Tx): Promise<TableSize[]> {
  const tables = await tx.query<{ name: string; indexes: number }>(
    `select t.name, (select count(*) from sqlite_schema i where i.type = 'index' and i.tbl_name = t.name) as indexes
     from sqlite_schema t where t.type = 'table' and t.name not like 'sqlite_%' order by t.name`,
  );
  const weighed: { table: string; rows: number; weight: number }[] = [];
  for (const { name, indexes } of tables) {
    const columns = await tx.query<{ name: string }>('select name from pragma_table_info($1)', [name]);
    const width = columns.map((column) => `coalesce(length(cast("${column.name}" as blob)), 0) + 1`).join(' + ');
    const [row] = await tx.query<{ rows: number | null; width: number | null }>(
      `select case when c.rows < ${countedRows} then c.rows
           else (select max(rowid) from "${name}") - (select min(rowid) from "${name}") + 1 end as rows,
         (select avg(w) from (select ${width} as w from "${name}" order by rowid desc limit ${sampleRows}) s) as width
       from (select count(*) as rows from (select 1 from "${name}" limit ${countedRows}) x) c`,
    );
    const rows = row?.rows ?? 0;
    weighed.push({ table: name, rows, weight: rows * ((row?.width ?? 0) + 40 * indexes) });
  }
  const all = weighed.reduce((sum, { weight }) => sum + weight, 0);
  const { usedBytes } = await storeSize(tx);
  return weighed.map(({ table, rows, weight }) => {
    return { table, rows, bytes: all === 0 ? 0 : Math.round((weight / all) * usedBytes), bloatBytes: 0, partitions: 0 };
  });
}

export async function retentionFacts(tx: Tx): Promise<Pick<StoreStatus, 'ledgerFrom' | 'lastPass'>> {
  const [row] = await tx.query<{ ledgerFrom: number; pass: string | null }>(
    'select ledger_from as "ledgerFrom", last_pass as pass from retention_state where id = 1',
  );
  const pass = row?.pass ?? null;
  return {
    ledgerFrom: row?.ledgerFrom ?? 0,
    lastPass: pass === null ? null : (JSON.parse(pass) as StoreStatus['lastPass']),
  };
}

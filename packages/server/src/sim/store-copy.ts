// All rows of the simulated store as of one moment: what a standby has, or what a backup is made of. Put back, it is as if nothing had
// happened since. The history of changes stays, because the checkers must know what was lost.

import type { Database, Tx } from '../ports/database.ts';

export interface StoreCopy {
  readonly tables: readonly { readonly name: string; readonly columns: readonly string[]; readonly rows: string }[];
  /** Number of the newest change in the history that it holds. */
  readonly seq: number;
}

export async function newestChange(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ seq: number }>('select coalesce(max(seq), 0) as seq from sim_history');
  return row?.seq ?? 0;
}

export function copyStore(db: Database): Promise<StoreCopy> {
  return db.transaction(async (tx) => {
    const names = await tx.query<{ name: string }>(
      `select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' and name <> 'sim_history' order by name`,
    );
    const tables: StoreCopy['tables'][number][] = [];
    for (const { name } of names) {
      const columns = (await tx.query<{ name: string }>('select name from pragma_table_info($1)', [name])).map(
        (column) => column.name,
      );
      const rows = await tx.query(`select ${columns.join(', ')} from ${name}`);
      tables.push({ name, columns, rows: JSON.stringify(rows.map((row) => columns.map((column) => row[column]))) });
    }
    return { tables, seq: await newestChange(tx) };
  });
}

/** Nobody may be watching meanwhile: going back is no change. */
export function putBack(db: Database, { tables }: StoreCopy): Promise<void> {
  return db.transaction(async (tx) => {
    await tx.query('pragma defer_foreign_keys = on');
    // All are emptied first: rows that are deleted take others with them.
    for (const { name } of tables) await tx.query(`delete from ${name}`);
    for (const { name, columns, rows } of tables) {
      const values = columns.map((_column, index) => `value ->> ${index}`);
      await tx.query(`insert into ${name} (${columns.join(', ')}) select ${values.join(', ')} from json_each($1)`, [
        rows,
      ]);
    }
  });
}

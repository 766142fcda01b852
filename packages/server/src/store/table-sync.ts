// Makes a table of one store the same as in another, range by range of its primary key. What is there already is compared, not written
// again: so a copy that was broken off goes on where it was, and what changed since is found by going over it once more.

import { InvariantBroken } from '../core/invariant.ts';
import { serverLimits } from '../core/limits.ts';
import type { Database, Tx } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';
import { allKeys, keyOf, type KeyRange, RowsDigest, rowsDelete, rowsIn, rowsInsert, tablePages } from './table-rows.ts';
import type { TableShape } from './tables.ts';

export interface TableSync {
  readonly source: Tx;
  readonly target: Database;
  readonly identity: Pick<Identity, 'hash'>;
  /** Told after each range: rows of the source that are in the target, and how many of them had to be written. */
  readonly progress?: (rows: number, written: number) => void;
}

/** Rows compared, and rows that had to be written. */
export interface Synced {
  rows: number;
  written: number;
}

/** Compares whole rows, and reads back what it wrote. */
export async function tableSync(sync: TableSync, shape: TableShape, range: KeyRange = allKeys): Promise<Synced> {
  const { source, target, identity, progress } = sync;
  const total = { rows: 0, written: 0 };
  let { after } = range;
  const take = async (rows: Awaited<ReturnType<typeof rowsIn>>, piece: KeyRange): Promise<void> => {
    const wanted = new RowsDigest(shape, identity.hash).add(rows).text;
    const found = async () =>
      new RowsDigest(shape, identity.hash).add(await rowsIn(target, shape, piece, rows.length + 1)).text;
    const differs = (await found()) !== wanted;
    if (differs) {
      await target.transaction(async (tx) => {
        await rowsDelete(tx, shape, piece);
        await rowsInsert(tx, shape, rows);
      });
      if ((await found()) !== wanted)
        throw new InvariantBroken(`rows of ${shape.name} did not arrive as they were sent`);
    }
    total.rows += rows.length;
    total.written += differs ? rows.length : 0;
    progress?.(rows.length, differs ? rows.length : 0);
  };
  for await (const rows of tablePages(source, shape, range)) {
    const last = rows.at(-1);
    const through = last === undefined ? null : keyOf(shape, last);
    await take(rows, { after, through });
    after = through;
  }
  // What lies behind the last row of the source.
  if (!isEmpty(after, range.through)) await take([], { after, through: range.through });
  return total;
}

/** Compares only keys, of tables whose rows never change, and copies the ranges in which they differ. */
export async function tableSyncKeys(sync: TableSync, shape: TableShape): Promise<Synced> {
  const total = { rows: 0, written: 0 };
  let after: KeyRange['after'] = null;
  for (;;) {
    const limit = serverLimits.tableKeyPageRows;
    const wanted = await rowsIn(sync.source, shape, { after, through: null }, limit, shape.key);
    const last = wanted.at(-1);
    const through = last === undefined || wanted.length < limit ? null : keyOf(shape, last);
    const found = await rowsIn(sync.target, shape, { after, through }, wanted.length + 1, shape.key);
    if (JSON.stringify(found) === JSON.stringify(wanted)) {
      total.rows += wanted.length;
      sync.progress?.(wanted.length, 0);
    } else {
      const synced = await tableSync(sync, shape, { after, through });
      total.rows += synced.rows;
      total.written += synced.written;
    }
    if (through === null) return total;
    after = through;
  }
}

function isEmpty(after: KeyRange['after'], through: KeyRange['through']): boolean {
  return through !== null && JSON.stringify(after) === JSON.stringify(through);
}

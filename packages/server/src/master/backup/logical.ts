// A store as rows that a store of either engine can take: a line of JSON for each row, one file for each table, all of one moment.

import { Refusal } from '@tidewheel/protocol';
import { serverLimits } from '../../core/limits.ts';
import type { Database } from '../../ports/database.ts';
import type { OpenPlace, RestorePlace, StoreImage } from '../../ports/store-image.ts';
import { storeState, storeStateSet } from '../../store/store-state.ts';
import { allKeys, rowsDelete, rowsIn, rowsInsert, type StoredRow, tablePages } from '../../store/table-rows.ts';
import { tableInUse, type TableShape, tablesOf } from '../../store/tables.ts';
import { linesOf } from './byte-pieces.ts';

const prefix = 'rows/';
const fileMode = 0o600;

export function logicalImage(db: Database): StoreImage {
  return {
    kind: 'logical',
    capture: (sink) =>
      db.transaction(
        async (tx) => {
          const encoder = new TextEncoder();
          async function* lines(shape: TableShape): AsyncGenerator<Uint8Array> {
            for await (const rows of tablePages(tx, shape))
              yield encoder.encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
          }
          for (const shape of await tablesOf(tx)) await sink(`${prefix}${shape.name}.jsonl`, fileMode, lines(shape));
          return {};
        },
        { snapshot: true },
      ),
  };
}

export interface LogicalPlaceOptions {
  readonly name: string;
  /** Up to date, and without any rows but those that a new store begins with. */
  readonly db: Database;
  readonly setClock: OpenPlace['setClock'];
}

/** Fills an empty store. Until it is settled no master begins on it; discarded, it is as empty as before. */
export function logicalPlace({ name, db, setClock }: LogicalPlaceOptions): RestorePlace {
  let shapes: Map<string, TableShape> | null = null;
  /** What a new store begins with. It stands in the backup as well. */
  const initial = new Map<string, StoredRow[]>();
  let settled = false;
  const begin = async (): Promise<Map<string, TableShape>> => {
    const tables = await tablesOf(db);
    await assertEmpty(db, name);
    for (const shape of tables) initial.set(shape.name, await rowsIn(db, shape, allKeys, serverLimits.tablePageRows));
    await db.transaction((tx) => storeStateSet(tx, 'filling', 'from a backup'));
    shapes = new Map(tables.map((shape) => [shape.name, shape]));
    await empty(db, tables);
    return shapes;
  };
  return {
    name,
    write: async (path, _mode, content) => {
      shapes ??= await begin();
      const shape = shapes.get(path.slice(prefix.length).replace(/\.jsonl$/, ''));
      if (shape === undefined) throw new Refusal('BACKUP_NEWER', `this binary knows no table for ${path}`);
      await writeRows(db, shape, content);
    },
    open: () => Promise.resolve({ db, setClock, close: () => Promise.resolve() }),
    settle: async () => {
      await db.transaction((tx) => storeStateSet(tx, 'open', ''));
      settled = true;
    },
    discard: async () => {
      if (settled || shapes === null) return;
      await empty(db, [...shapes.values()]);
      for (const shape of shapes.values())
        await db.transaction((tx) => rowsInsert(tx, shape, initial.get(shape.name) ?? []));
      await db.transaction((tx) => storeStateSet(tx, 'open', ''));
      shapes = null;
    },
  };
}

async function writeRows(db: Database, shape: TableShape, content: AsyncIterable<Uint8Array>): Promise<void> {
  let rows: StoredRow[] = [];
  let characters = 0;
  const flush = async (): Promise<void> => {
    const [first] = rows;
    if (first === undefined) return;
    // Columns that are newer than the backup keep their defaults.
    const columns = Object.fromEntries(Object.entries(shape.columns).filter(([column]) => column in first));
    const unknown = Object.keys(first).filter((column) => !(column in shape.columns));
    if (unknown.length > 0)
      throw new Refusal('BACKUP_NEWER', `this binary knows no column ${unknown.join(', ')} of ${shape.name}`);
    const batch = rows;
    await db.transaction((tx) => rowsInsert(tx, { ...shape, columns }, batch), { patient: true });
    [rows, characters] = [[], 0];
  };
  for await (const line of linesOf(content)) {
    rows.push(JSON.parse(line) as StoredRow);
    characters += line.length;
    if (rows.length >= serverLimits.tablePageRows || characters >= serverLimits.tablePageBytes) await flush();
  }
  await flush();
}

async function assertEmpty(db: Database, name: string): Promise<void> {
  const { state, detail } = await storeState(db);
  if (state !== 'open' && detail !== 'from a backup')
    throw new Refusal('TARGET_NOT_EMPTY', `${name} is ${state} ${detail}`);
  const table = state === 'open' ? await tableInUse(db) : null;
  if (table !== null) throw new Refusal('TARGET_NOT_EMPTY', `the table ${table} of ${name} has rows`);
}

async function empty(db: Database, tables: readonly TableShape[]): Promise<void> {
  for (const shape of tables) await db.transaction((tx) => rowsDelete(tx, shape, allKeys), { patient: true });
}

// One connection of node:sqlite, the only file that imports it. Everything in it is synchronous.
// Statements are kept prepared; rows come back as plain objects, and whole numbers go in as integers.

import { backup, DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { serverLimits } from '../../core/limits.ts';
import type { Param } from '../../ports/database.ts';
import { storableJson, storableText } from '../../ports/storable-text.ts';
import { type Translated, translate } from './dialect.ts';
import { callerError, type KeyIndex } from './errors.ts';

interface Prepared extends Translated {
  readonly statement: StatementSync;
  /** Known after the first run: until then a connection may not have seen a change that another one made. */
  columns?: readonly string[];
}

/** Counts changes of the schema, for all connections of one database: what was prepared before one is prepared again. */
export interface Schema {
  changes: number;
}

export interface ConnectionOptions {
  readonly path: string;
  readonly readOnly: boolean;
  /** The whole process stands still while it waits for another one's lock. */
  readonly busyTimeoutMs: number;
  readonly nowMs: () => number;
  readonly functions?: Readonly<Record<string, () => number>>;
  readonly schema: Schema;
}

const pagesAtOnce = 1000;

export class SqliteConnection {
  readonly #db: DatabaseSync;
  readonly #schema: Schema;
  readonly #prepared = new Map<string, Prepared>();
  #preparedAt = 0;

  constructor(options: ConnectionOptions) {
    this.#schema = options.schema;
    try {
      this.#db = new DatabaseSync(options.path, {
        readOnly: options.readOnly,
        timeout: options.busyTimeoutMs,
        enableForeignKeyConstraints: true,
        enableDoubleQuotedStringLiterals: false,
      });
    } catch (error) {
      throw callerError(error, false, () => []);
    }
    // A bigint, because a number would become a real in SQL.
    for (const [name, value] of Object.entries({ ...options.functions, now_ms: options.nowMs }))
      this.#db.function(name, { deterministic: false }, () => BigInt(Math.floor(value())));
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction;
  }

  reads(sql: string): boolean {
    return this.#prepare(sql).reads;
  }

  /** Runs statements of the driver itself: pragmas, transaction control. */
  exec(sql: string): void {
    try {
      this.#db.exec(sql);
    } catch (error) {
      throw callerError(error, sql === 'commit', (table) => this.#keysOf(table));
    }
  }

  query(sql: string, params: readonly Param[] = []): Record<string, unknown>[] {
    let committing = false;
    try {
      const prepared = this.#prepare(sql);
      committing = !prepared.reads && !this.#db.isTransaction;
      const values = params.map((value, index) => bound(value, prepared.batches.has(index)));
      const rows = prepared.statement.all(...values) as unknown as unknown[][];
      if (prepared.changesSchema) this.#schema.changes += 1;
      prepared.columns ??= prepared.statement.columns().map((column) => column.name);
      const { columns } = prepared;
      return rows.map((row) => objectOf(columns, row));
    } catch (error) {
      throw callerError(error, committing, (table) => this.#keysOf(table));
    }
  }

  /** Copies the whole database into a new file, some pages at a time in another thread. `tell`: pages done, of all. */
  async copyTo(path: string, tell: (done: number, of: number) => void): Promise<void> {
    try {
      await backup(this.#db, path, {
        rate: pagesAtOnce,
        progress: ({ totalPages, remainingPages }) => tell(totalPages - remainingPages, totalPages),
      });
    } catch (error) {
      throw callerError(error, false, () => []);
    }
  }

  close(): void {
    this.#prepared.clear();
    this.#db.close();
  }

  #prepare(sql: string): Prepared {
    if (this.#preparedAt !== this.#schema.changes) this.#prepared.clear();
    this.#preparedAt = this.#schema.changes;
    const known = this.#prepared.get(sql);
    // Taken out and put back: the map's order is then the order of last use.
    if (known !== undefined) this.#prepared.delete(sql);
    const prepared = known ?? this.#compile(sql);
    this.#prepared.set(sql, prepared);
    if (this.#prepared.size > serverLimits.preparedStatements) {
      const [oldest] = this.#prepared.keys();
      if (oldest !== undefined) this.#prepared.delete(oldest);
    }
    return prepared;
  }

  #compile(sql: string): Prepared {
    const translated = translate(sql);
    const statement = this.#db.prepare(translated.sql);
    // Arrays made into objects here are faster than copies of the null-prototype objects that node:sqlite makes:
    // 41 against 76 ms for 50,000 rows.
    statement.setReturnArrays(true);
    return { ...translated, statement };
  }

  #keysOf(table: string): KeyIndex[] {
    const list = this.#db
      .prepare(
        `select list.name, list.origin, group_concat(info.name, ',' order by info.seqno) as columns
         from pragma_index_list(?1) as list, pragma_index_info(list.name) as info where list."unique" group by list.name`,
      )
      .all(table);
    return list.map((row) => ({
      name: String(row['name']),
      origin: String(row['origin']),
      columns: String(row['columns']).split(','),
    }));
  }
}

/** node:sqlite binds every number as a real, which would divide and print differently. */
function bound(value: Param, batch: boolean): SQLInputValue {
  if (typeof value === 'string') return batch ? storableJson(value) : storableText(value);
  return Number.isSafeInteger(value) ? BigInt(value ?? 0) : value;
}

function objectOf(columns: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  columns.forEach((name, index) => {
    row[name] = values[index];
  });
  return row;
}

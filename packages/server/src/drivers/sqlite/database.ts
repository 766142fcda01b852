// The store on one SQLite file, or in memory. One transaction writes at a time: others wait in the order they came.
// On a file, reads outside transactions have a connection of their own and never wait for a writer.

import { serverLimits } from '../../core/limits.ts';
import { type Database, type Param, type Row, StoreUnavailable, type Tx } from '../../ports/database.ts';
import { SqliteConnection } from './connection.ts';
import { sqliteDialect } from './dialect.ts';

export interface SqliteOptions {
  /** A file, or `:memory:`. */
  readonly path: string;
  /** The store's clock: milliseconds since 1970. */
  readonly nowMs: () => number;
}

export function openSqlite(options: SqliteOptions): Database {
  const { path, nowMs } = options;
  const writer = new SqliteConnection({ path, nowMs, readOnly: false, busyTimeoutMs: 5000 });
  if (path === ':memory:') return new SqliteDatabase(writer, writer);
  writer.exec('pragma journal_mode = wal; pragma synchronous = full');
  return new SqliteDatabase(writer, new SqliteConnection({ path, nowMs, readOnly: true, busyTimeoutMs: 5000 }));
}

class SqliteDatabase implements Database {
  readonly dialect = sqliteDialect;
  readonly #writer: SqliteConnection;
  readonly #reader: SqliteConnection;
  /** Settles when the last transaction in the queue has ended. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #closed = false;

  constructor(writer: SqliteConnection, reader: SqliteConnection) {
    this.#writer = writer;
    this.#reader = reader;
  }

  async query<T extends object = Row>(sql: string, params: readonly Param[] = []): Promise<T[]> {
    if (this.#closed) throw new StoreUnavailable('the database is closed');
    if (this.#reader !== this.#writer && this.#reader.reads(sql)) return this.#reader.query(sql, params) as T[];
    return this.#alone(() => this.#writer.query(sql, params) as T[]);
  }

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#alone(async () => {
      this.#writer.exec('begin immediate');
      try {
        const result = await work(new SqliteTransaction(this.#writer));
        this.#writer.exec('commit');
        return result;
      } finally {
        if (this.#writer.inTransaction) this.#writer.exec('rollback');
      }
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#last;
    if (this.#reader !== this.#writer) this.#reader.close();
    this.#writer.close();
  }

  async #alone<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreUnavailable('the database is closed');
    if (this.#waiting >= serverLimits.storeQueue)
      throw new StoreUnavailable('too many transactions wait for the writer');
    this.#waiting += 1;
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }
}

class SqliteTransaction implements Tx {
  readonly dialect = sqliteDialect;
  readonly #writer: SqliteConnection;

  constructor(writer: SqliteConnection) {
    this.#writer = writer;
  }

  async query<T extends object = Row>(sql: string, params: readonly Param[] = []): Promise<T[]> {
    return this.#writer.query(sql, params) as T[];
  }
}

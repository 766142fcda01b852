// The store on one SQLite file, or in memory. One transaction writes at a time: others wait in the order they came.
// On a file, reads outside transactions have a connection of their own and do not wait for writers.

import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Refusal } from '@tidewheel/protocol';
import { invariant } from '../../core/invariant.ts';
import { serverLimits } from '../../core/limits.ts';
import {
  type Database,
  type Param,
  type Row,
  StoreUnavailable,
  type TransactionOptions,
  type Tx,
} from '../../ports/database.ts';
import { SqliteConnection } from './connection.ts';
import { sqliteDialect } from './dialect.ts';
import { type DirectoryLock, lockDatabase } from './directory-lock.ts';
import { SqliteTransaction } from './transaction.ts';

export interface SqliteOptions {
  /** A file, whose directory is made when it is missing, or `:memory:`. */
  readonly path: string;
  /** The store's clock: milliseconds since 1970. */
  readonly nowMs: () => number;
  /** More functions that SQL may call, by name, without arguments: for watchers of the store, such as the simulator's. */
  readonly functions?: Readonly<Record<string, () => number>>;
  /**
   * Lets the event loop go round once, before each transaction. The engine is synchronous: without it a chain of transactions
   * would keep sockets and timers waiting, and requests that have arrived would not be read in time to share a commit. 64
   * clients that submit one run each: 6,000 to 11,000 a second with it, 600 to 4,000 without (in turns, on a busy machine).
   * The simulator has no event loop to serve.
   */
  readonly breathe?: () => Promise<void>;
}

const busyTimeoutMs = 2000;
/** In KiB, negative as the pragma wants it; and what the log file is cut down to when it has been longer. */
const cacheSize = -32 * 1024;
const logFileBytes = 64 * 1024 * 1024;

/** Throws a Refusal when another process uses the file (DATABASE_LOCKED) or when it is damaged (DATABASE_CORRUPT). */
export function openSqlite(options: SqliteOptions): Database {
  const { path, nowMs, functions = {} } = options;
  const shared = { path, nowMs, functions, busyTimeoutMs, schema: { changes: 0 } };
  if (path === ':memory:') {
    const connection = new SqliteConnection({ ...shared, readOnly: false });
    return new SqliteDatabase(connection, connection, { breathe: options.breathe });
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const lock = lockDatabase(path);
  const opened: SqliteConnection[] = [];
  try {
    const writer = new SqliteConnection({ ...shared, readOnly: false });
    opened.push(writer);
    prepareFile(writer, path, lock.clean);
    const openReader = () => new SqliteConnection({ ...shared, readOnly: true });
    const reader = openReader();
    opened.push(reader);
    return new SqliteDatabase(writer, reader, { breathe: options.breathe, lock, openReader });
  } catch (error) {
    for (const connection of opened) connection.close();
    lock.release(false);
    throw error;
  }
}

/**
 * Beside the process that uses the file: to read, and to write a row now and then. That process sees such a row with its next read.
 * Throws STORE_UNREACHABLE when there is no file.
 */
export function openSqliteBeside(options: Omit<SqliteOptions, 'functions'>): Database {
  const { path, nowMs, breathe } = options;
  if (!existsSync(path)) throw new Refusal('STORE_UNREACHABLE', `there is no file ${path}`);
  const open = (readOnly: boolean) =>
    new SqliteConnection({ path, nowMs, busyTimeoutMs, schema: { changes: 0 }, readOnly });
  const writer = open(false);
  writer.exec('pragma synchronous = full');
  return new SqliteDatabase(writer, open(true), { breathe, openReader: () => open(true) });
}

function prepareFile(writer: SqliteConnection, path: string, clean: boolean): void {
  try {
    writer.exec(`pragma journal_mode = wal; pragma synchronous = full`);
    writer.exec(`pragma cache_size = ${cacheSize}; pragma journal_size_limit = ${logFileBytes}`);
    if (clean) return;
    const [found] = writer.query('pragma quick_check(1)').map((row) => String(row['quick_check']));
    if (found !== 'ok') throw new Refusal('DATABASE_CORRUPT', `the check says: ${found}`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(error.code, `${path} is damaged: ${error.message}`, { cause: error });
  }
}

interface Surroundings {
  readonly breathe?: SqliteOptions['breathe'];
  readonly lock?: DirectoryLock;
  /** Absent in memory, where nobody else sees the tables. */
  readonly openReader?: () => SqliteConnection;
}

class SqliteDatabase implements Database {
  readonly dialect = sqliteDialect;
  readonly #writer: SqliteConnection;
  readonly #reader: SqliteConnection;
  readonly #lock: DirectoryLock | undefined;
  readonly #breathe: SqliteOptions['breathe'];
  readonly #openReader: Surroundings['openReader'];
  readonly #snapshots = new Set<Promise<unknown>>();
  readonly #current = new AsyncLocalStorage<SqliteTransaction>();
  /** Settles when the last one in the queue has ended. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #closing: Promise<void> | undefined;

  constructor(writer: SqliteConnection, reader: SqliteConnection, { breathe, lock, openReader }: Surroundings) {
    this.#breathe = breathe;
    this.#writer = writer;
    this.#reader = reader;
    this.#lock = lock;
    this.#openReader = openReader;
  }

  async query<T extends object = Row>(sql: string, params: readonly Param[] = []): Promise<T[]> {
    this.#assertUsable();
    if (this.#onFile && this.#reader.reads(sql)) return this.#reader.query(sql, params) as T[];
    return this.#alone(() => this.#writer.query(sql, params) as T[]);
  }

  async transaction<T>(work: (tx: Tx) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    this.#assertUsable();
    if (options.snapshot !== true || this.#openReader === undefined) return this.#alone(() => this.#transact(work));
    const snapshot = this.#readAtOnce(work, this.#openReader());
    this.#snapshots.add(snapshot);
    try {
      return await snapshot;
    } finally {
      this.#snapshots.delete(snapshot);
    }
  }

  close(): Promise<void> {
    this.#closing ??= Promise.allSettled([this.#last, ...this.#snapshots]).then(() => {
      if (this.#onFile) this.#reader.close();
      this.#writer.close();
      this.#lock?.release(true);
    });
    return this.#closing;
  }

  get #onFile(): boolean {
    return this.#reader !== this.#writer;
  }

  #assertUsable(): void {
    // It would wait for the transaction that waits for it.
    invariant(
      this.#current.getStore()?.open !== true,
      'the database was asked inside a transaction: ask the transaction',
    );
    if (this.#closing !== undefined) throw new StoreUnavailable('the database is closed');
  }

  async #transact<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    this.#writer.exec('begin immediate');
    const tx = new SqliteTransaction(this.#writer);
    try {
      const result = await this.#current.run(tx, () => work(tx));
      tx.end();
      this.#writer.exec('commit');
      return result;
    } finally {
      tx.abandon();
      if (this.#writer.inTransaction) this.#writer.exec('rollback');
    }
  }

  /** On a connection of its own: as long as its transaction is open, it sees the file as it was when it first read. */
  async #readAtOnce<T>(work: (tx: Tx) => Promise<T>, reader: SqliteConnection): Promise<T> {
    const tx = new SqliteTransaction(reader);
    try {
      reader.exec('begin');
      reader.query('select count(*) from sqlite_schema');
      const result = await this.#current.run(tx, () => work(tx));
      tx.end();
      return result;
    } finally {
      tx.abandon();
      reader.close();
    }
  }

  async #alone<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#waiting >= serverLimits.storeQueue) throw new StoreUnavailable('too many wait for the one writer');
    this.#waiting += 1;
    const turn = this.#last.then(this.#breathe).then(work);
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }
}

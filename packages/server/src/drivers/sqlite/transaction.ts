// What the work of a transaction sees. As on PostgreSQL, nothing is done after the first statement that failed,
// and the transaction cannot be committed any more: work that passes on one engine passes on the other.

import { invariant } from '../../core/invariant.ts';
import type { Param, Row, Tx } from '../../ports/database.ts';
import type { SqliteConnection } from './connection.ts';
import { sqliteDialect } from './dialect.ts';

export class SqliteTransaction implements Tx {
  readonly dialect = sqliteDialect;
  readonly #connection: SqliteConnection;
  #open = true;
  #failure: { readonly error: unknown } | undefined;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  get open(): boolean {
    return this.#open;
  }

  async query<T extends object = Row>(sql: string, params: readonly Param[] = []): Promise<T[]> {
    invariant(this.#open, 'a query of a transaction that is over');
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      return this.#connection.query(sql, params) as T[];
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  /** Before the commit: takes no more statements, and throws when one had failed. */
  end(): void {
    this.#open = false;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Takes no more statements. */
  abandon(): void {
    this.#open = false;
  }
}

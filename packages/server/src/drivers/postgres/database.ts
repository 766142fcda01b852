// The store on PostgreSQL. Every statement has a limit of time, every failure one of four meanings: refused (nothing is
// committed), unknown (the commit was sent, its answer was lost), a violated constraint, or a conflict that is tried again.
//
// BEGIN is awaited before the first statement is sent. Were both under way at once and BEGIN failed by a time limit,
// the statement would commit by itself.

import { AsyncLocalStorage } from 'node:async_hooks';
import { invariant } from '../../core/invariant.ts';
import { serverLimits } from '../../core/limits.ts';
import { sqlReads } from '../../core/sql-text.ts';
import { type Clock, sleep } from '../../ports/clock.ts';
import {
  type Database,
  OutcomeUnknown,
  type Param,
  type Row,
  StoreUnavailable,
  type TransactionOptions,
  type Tx,
} from '../../ports/database.ts';
import type { Identity } from '../../ports/identity.ts';
import type { Log } from '../../ports/log.ts';
import { bootstrap } from './bootstrap.ts';
import { Connections, defaultLimits, type PostgresLimits } from './connections.ts';
import { postgresDialect } from './dialect.ts';
import { Conflict } from './errors.ts';
import { PostgresTransaction, Session } from './session.ts';

export interface PostgresOptions extends Partial<PostgresLimits> {
  readonly url: string;
  readonly clock: Clock;
  readonly identity: Pick<Identity, 'fraction'>;
  readonly log: Log;
  readonly poolSize?: number;
}

const defaultPoolSize = 10;

/** Full jitter between nothing and this, doubled with each retry. */
const retryBaseMs = 10;
const retryCapMs = 1000;

/** Refused with StoreUnavailable when the server cannot be reached, with a Refusal when it is too old. */
export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const limits = { ...defaultLimits, ...options };
  const connections = new Connections(options.url, options.poolSize ?? defaultPoolSize, limits, options.log);
  const db = new PostgresDatabase(connections, options);
  try {
    await bootstrap(db, options.log);
  } catch (error) {
    await db.close();
    throw error;
  }
  return db;
}

class PostgresDatabase implements Database {
  readonly dialect = postgresDialect;
  readonly #connections: Connections;
  readonly #clock: Clock;
  readonly #identity: Pick<Identity, 'fraction'>;
  readonly #current = new AsyncLocalStorage<PostgresTransaction>();
  #closing: Promise<void> | undefined;

  constructor(connections: Connections, options: Pick<PostgresOptions, 'clock' | 'identity'>) {
    this.#connections = connections;
    this.#clock = options.clock;
    this.#identity = options.identity;
  }

  query<T extends object = Row>(sql: string, params: readonly Param[] = []): Promise<T[]> {
    return this.#untilNoConflict(() => this.#withSession((session) => this.#single<T>(session, sql, params)));
  }

  transaction<T>(work: (tx: Tx) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return this.#untilNoConflict(() => this.#withSession((session) => this.#transact(session, work, options)));
  }

  close(): Promise<void> {
    this.#closing ??= this.#connections.close();
    return this.#closing;
  }

  async #withSession<T>(use: (session: Session) => Promise<T>): Promise<T> {
    // It would take a second connection while the first is held: with a busy pool, for ever.
    invariant(
      this.#current.getStore()?.open !== true,
      'the database was asked inside a transaction: ask the transaction',
    );
    if (this.#closing !== undefined) throw new StoreUnavailable('the database is closed');
    const client = await this.#connections.take();
    const session = new Session(client);
    try {
      return await use(session);
    } finally {
      this.#connections.give(client, session.lost, session.unsettled);
    }
  }

  async #single<T>(session: Session, sql: string, params: readonly Param[]): Promise<T[]> {
    const commits = (): boolean => !sqlReads(sql);
    const result = await session.send({ sql, params, commits });
    this.#assertConfirmed(session, commits);
    return result.rows as T[];
  }

  async #transact<T>(session: Session, work: (tx: Tx) => Promise<T>, options: TransactionOptions): Promise<T> {
    const { snapshot = false, patient = snapshot } = options;
    await session.send({ sql: `begin isolation level ${snapshot ? 'repeatable read read only' : 'read committed'}` });
    if (patient) {
      await session.send({ sql: 'set local statement_timeout = 0; set local lock_timeout = 0' });
      session.patient = true;
    }
    // Its reader waits for wherever the rows go to.
    if (snapshot) await session.send({ sql: 'set local idle_in_transaction_session_timeout = 0' });
    const tx = new PostgresTransaction(session);
    let result: T;
    try {
      result = await this.#current.run(tx, () => work(tx));
      await tx.end();
      tx.assertNothingFailed();
    } catch (error) {
      await tx.end();
      await this.#rollback(session);
      // The server's reason to give up counts, whatever the work has made of it.
      throw tx.failure instanceof Conflict ? tx.failure : error;
    }
    const { command } = await session.send({ sql: 'commit', commits: () => true });
    invariant(command === 'COMMIT', `the answer to commit was ${command}`);
    this.#assertConfirmed(session, () => true);
    return result;
  }

  async #rollback(session: Session): Promise<void> {
    try {
      if (!session.lost) await session.send({ sql: 'rollback' });
    } catch {
      // The connection is closed then, which rolls back, too.
      session.lost = true;
    }
  }

  #assertConfirmed(session: Session, commits: () => boolean): void {
    if (!this.#connections.unconfirmed(session.client) || !commits()) return;
    throw new OutcomeUnknown('PostgreSQL stopped waiting for its standby: committed here, but perhaps not there');
  }

  async #untilNoConflict<T>(attempt: () => Promise<T>): Promise<T> {
    for (let retry = 0; ; retry += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        if (retry >= serverLimits.transactionRetries) {
          throw new StoreUnavailable(`gave up after ${retry} retries: ${error.message}`, { cause: error.cause });
        }
        await sleep(this.#clock, this.#identity.fraction() * Math.min(retryCapMs, retryBaseMs * 2 ** retry));
      }
    }
  }
}

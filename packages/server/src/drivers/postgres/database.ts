// The store on PostgreSQL. Every statement has a limit of time, every failure one of four meanings: refused (nothing is
// committed), unknown (the commit was sent, its answer was lost), a violated constraint, or a conflict that is tried again.
//
// BEGIN is awaited before the first statement is sent. Were both under way at once and BEGIN failed by a time limit,
// the statement would commit by itself.

import { AsyncLocalStorage } from 'node:async_hooks';
import { Refusal } from '@tidewheel/protocol';
import { invariant } from '../../core/invariant.ts';
import { serverLimits } from '../../core/limits.ts';
import { sqlReads } from '../../core/sql-text.ts';
import { storeUrls } from '../../core/store-address.ts';
import { type Clock, sleep } from '../../ports/clock.ts';
import {
  type Database,
  OutcomeUnknown,
  type Param,
  type QueryOptions,
  type Row,
  StoreUnavailable,
  type TransactionOptions,
  type Tx,
} from '../../ports/database.ts';
import type { Identity } from '../../ports/identity.ts';
import type { Log } from '../../ports/log.ts';
import type { StoreHistory } from '../../ports/store-history.ts';
import { bootstrap } from './bootstrap.ts';
import { beginning, defaultLimits, type Pooler, type PostgresLimits } from './client-config.ts';
import { Connections, type Lent } from './connections.ts';
import { postgresDialect } from './dialect.ts';
import { Conflict } from './errors.ts';
import { factsOf, transactionFactsSql } from './server-facts.ts';
import { PostgresTransaction, Session, type Statement } from './session.ts';

export interface PostgresOptions extends Partial<PostgresLimits> {
  /** May name several servers, one of which is the primary. */
  readonly url: string;
  readonly clock: Clock;
  readonly identity: Pick<Identity, 'fraction'>;
  readonly log: Log;
  readonly poolSize?: number;
  readonly pooler?: Pooler;
}

const defaultPoolSize = 10;

/** Full jitter between nothing and this, doubled with each retry. */
const retryBaseMs = 10;
const retryCapMs = 1000;

/** Refused with StoreUnavailable when no primary can be reached, with a Refusal when it is too old. */
export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const { clock, identity, log, pooler = 'none', poolSize: size = defaultPoolSize } = options;
  const limits = { ...defaultLimits, ...options };
  const urls = storeUrls(options.url);
  if (typeof urls === 'string') throw new Refusal('INVALID_CONFIG', `store.url: expected ${urls}`);
  const connections = new Connections({ urls, size, limits, pooler, clock, identity, log });
  const db = new PostgresDatabase(connections, { clock, identity, limits, pooler });
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
  readonly history: StoreHistory;
  readonly #connections: Connections;
  readonly #clock: Clock;
  readonly #identity: Pick<Identity, 'fraction'>;
  readonly #pooled: boolean;
  readonly #begin: string;
  readonly #beginSnapshot: string;
  readonly #current = new AsyncLocalStorage<PostgresTransaction>();
  #closing: Promise<void> | undefined;

  constructor(
    connections: Connections,
    options: Pick<PostgresOptions, 'clock' | 'identity'> & { limits: PostgresLimits; pooler: Pooler },
  ) {
    this.history = connections;
    this.#connections = connections;
    this.#clock = options.clock;
    this.#identity = options.identity;
    this.#pooled = options.pooler === 'transaction';
    const begin = (snapshot: boolean): string => {
      const text = beginning(options.limits, options.pooler, snapshot);
      return this.#pooled ? `${text}; ${transactionFactsSql}` : text;
    };
    this.#begin = begin(false);
    this.#beginSnapshot = begin(true);
  }

  query<T extends object = Row>(
    sql: string,
    params: readonly Param[] = [],
    { kept = false }: QueryOptions = {},
  ): Promise<T[]> {
    return this.#untilNoConflict(() =>
      this.#withSession((session, lent) => this.#single<T>(session, lent, { sql, params, kept })),
    );
  }

  transaction<T>(work: (tx: Tx) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return this.#untilNoConflict(() =>
      this.#withSession((session, lent) => this.#transact(session, lent, work, { ...options, commits: () => true })),
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#connections.close();
    return this.#closing;
  }

  async #withSession<T>(use: (session: Session, lent: Lent) => Promise<T>): Promise<T> {
    // It would take a second connection while the first is held: with a busy pool, for ever.
    invariant(
      this.#current.getStore()?.open !== true,
      'the database was asked inside a transaction: ask the transaction',
    );
    if (this.#closing !== undefined) throw new StoreUnavailable('the database is closed');
    const lent = await this.#connections.take();
    const { client } = lent;
    const session = new Session(client, this.#connections.sessionOf(client), () => this.#connections.sent(lent));
    try {
      return await use(session, lent);
    } finally {
      this.#connections.give(lent, session.lost, session.unsettled ? session.name : null);
    }
  }

  async #single<T extends object>(session: Session, lent: Lent, statement: Statement): Promise<T[]> {
    const { sql, params } = statement;
    const commits = (): boolean => !sqlReads(sql);
    // A pooler keeps no limits of time from one transaction to the next, no statements, and tells no session that could be settled.
    if (this.#pooled) return this.#transact(session, lent, (tx) => tx.query<T>(sql, params), { commits });
    const result = await session.send({ ...statement, commits });
    this.#assertConfirmed(session, commits);
    return result.rows as T[];
  }

  async #transact<T>(
    session: Session,
    lent: Lent,
    work: (tx: Tx) => Promise<T>,
    options: TransactionOptions & { commits: () => boolean },
  ): Promise<T> {
    const { snapshot = false, patient = snapshot } = options;
    await this.#beginIn(session, lent, snapshot);
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
    const { command } = await session.send({ sql: 'commit', commits: options.commits });
    invariant(command === 'COMMIT', `the answer to commit was ${command}`);
    this.#assertConfirmed(session, options.commits);
    return result;
  }

  async #beginIn(session: Session, lent: Lent, snapshot: boolean): Promise<void> {
    if (this.#pooled) this.#connections.named(lent, null);
    const { rows } = await session.send({ sql: snapshot ? this.#beginSnapshot : this.#begin });
    if (!this.#pooled) return;
    const facts = factsOf(rows[0]);
    session.name = facts;
    this.#connections.named(lent, facts);
    if (this.#connections.leadsTo(lent, facts)) return;
    // The pooler leads to another server by now.
    session.lost = true;
    throw new StoreUnavailable(
      facts.standby ? 'this PostgreSQL server is a standby' : 'PostgreSQL has another primary',
    );
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

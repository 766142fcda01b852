// Connections to PostgreSQL: how they are opened, how values come back, and what the server says beside its answers.

import pg from 'pg';
import { serverLimits } from '../../core/limits.ts';
import { StoreUnavailable } from '../../ports/database.ts';
import type { Log } from '../../ports/log.ts';
import { connectError } from './errors.ts';
import { Unsettled } from './unsettled.ts';

export interface PostgresLimits {
  readonly connectTimeoutMs: number;
  /** Of one statement, waiting for locks included. */
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  /** A master that stopped in the middle of a transaction must not hold its locks for longer. */
  readonly idleInTransactionTimeoutMs: number;
  /** How much longer than the server we wait for an answer: then it is the network that is silent. */
  readonly answerMarginMs: number;
}

export const defaultLimits: PostgresLimits = {
  connectTimeoutMs: 5000,
  statementTimeoutMs: 10_000,
  lockTimeoutMs: 5000,
  // A master that is frozen inside a fire transaction holds its schedules for no longer than this.
  idleInTransactionTimeoutMs: 3000,
  answerMarginMs: 2000,
};

const keepAliveAfterMs = 5000;
/** Connections that nobody has needed for so long are closed. */
const idleAfterMs = 300_000;

const oid = { bool: 16, int8: 20, int2: 21, int4: 23, float4: 700, float8: 701, numeric: 1700 };

const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  // SQLite has no booleans: both engines answer 1 and 0.
  [oid.bool]: (text) => (text === 't' ? 1 : 0),
  [oid.int8]: wholeNumber,
  [oid.int2]: Number,
  [oid.int4]: Number,
  [oid.float4]: Number,
  [oid.float8]: Number,
  [oid.numeric]: Number,
};

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is beyond the whole numbers that can be represented`);
  return value;
}

function sameText(text: string): string {
  return text;
}

export function clientConfig(url: string, role: string, limits: PostgresLimits): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: `tidewheel ${role}`,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    statement_timeout: limits.statementTimeoutMs,
    lock_timeout: limits.lockTimeoutMs,
    idle_in_transaction_session_timeout: limits.idleInTransactionTimeoutMs,
    query_timeout: limits.statementTimeoutMs + limits.answerMarginMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveAfterMs,
    types: { getTypeParser: (type: number) => parsers[type] ?? sameText },
  };
}

export class Connections {
  readonly #pool: pg.Pool;
  readonly #unsettled: Unsettled;
  /** Connections whose last commit is safe on this server, but perhaps on no standby. */
  readonly #unconfirmed = new WeakSet<pg.ClientBase>();

  constructor(url: string, size: number, limits: PostgresLimits, log: Log) {
    this.#unsettled = new Unsettled(limits.connectTimeoutMs);
    this.#pool = new pg.Pool({
      ...clientConfig(url, 'store', limits),
      max: size,
      idleTimeoutMillis: idleAfterMs,
    });
    // Without these listeners the loss of a connection would end the process. Whoever uses it gets the error from its query.
    this.#pool.on('error', (error) => log.warn('an idle connection to PostgreSQL was lost', { error }));
    this.#pool.on('connect', (client) => {
      client.on('error', () => undefined);
      client.on('notice', (notice) => {
        if (isUnconfirmedCommit(notice)) this.#unconfirmed.add(client);
      });
    });
  }

  async take(): Promise<pg.PoolClient> {
    if (this.#pool.waitingCount >= serverLimits.storeQueue)
      throw new StoreUnavailable('too many wait for a connection');
    let client: pg.PoolClient | undefined;
    try {
      client = await this.#pool.connect();
      await this.#unsettled.settle(client);
      return client;
    } catch (error) {
      client?.release(true);
      throw connectError(error);
    }
  }

  /** Gives a connection back, or away when it was lost; `unsettled` when a commit was sent on it and not answered. */
  give(client: pg.PoolClient, lost: boolean, unsettled: boolean): void {
    if (unsettled) this.#unsettled.add(client);
    client.release(lost);
  }

  /** Whether the server gave up waiting for a standby in the last statement; asking forgets it. */
  unconfirmed(client: pg.ClientBase): boolean {
    return this.#unconfirmed.delete(client);
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

/** "canceling wait for synchronous replication": told by the place in the server's source, because its text is translated. */
function isUnconfirmedCommit(notice: { message?: string | undefined; routine?: string | undefined }): boolean {
  return (
    notice.routine === 'SyncRepWaitForLSN' || notice.message?.includes('wait for synchronous replication') === true
  );
}
